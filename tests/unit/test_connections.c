/* SPDX-License-Identifier: Apache-2.0 */
/* Which client a connection counts for, and which connection gives way. */
#include "support.h"

#include "http/connections.h"
#include "kernel/kernel.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

static struct sockaddr_storage address_of(const char *text)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in *four = (void *)&address;
	struct sockaddr_in6 *six = (void *)&address;

	if (inet_pton(AF_INET, text, &four->sin_addr) == 1)
		four->sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1)
		six->sin6_family = AF_INET6;
	else
		address.ss_family = AF_UNIX;
	return address;
}

static bool same(const char *a, const char *b)
{
	struct sockaddr_storage from_a = address_of(a), from_b = address_of(b);
	struct in6_addr client_a, client_b;

	assert_true(ng_client_of(&from_a, &client_a));
	assert_true(ng_client_of(&from_b, &client_b));
	return memcmp(&client_a, &client_b, sizeof(client_a)) == 0;
}

/* One host may use any address of its /64; each IPv4 address is a client of its own on either kind of socket. */
static void clients(void **state)
{
	struct sockaddr_storage local = address_of("unix");
	struct in6_addr client;

	(void)state;
	assert_true(same("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"));
	assert_false(same("2001:db8:1:2::1", "2001:db8:1:3::1"));
	assert_true(same("192.0.2.1", "::ffff:192.0.2.1"));
	assert_false(same("192.0.2.1", "192.0.2.2"));
	assert_false(same("::ffff:192.0.2.1", "::ffff:192.0.2.2"));
	assert_false(same("::1", "127.0.0.1"));
	assert_false(ng_client_of(&local, &client));
}

enum { ROOM = 6 };
static const uint64_t second_ns = 1000000000u;

static const struct ng_server_limits limits = {
	.connections = 4,
	.client_connections = 3,
	.header_timeout = 1,
	.idle_timeout = 1000,
	.response_timeout = 1000,
};

struct scene {
	struct ng_connections all;
	struct ng_connection connection[ROOM];
	int ends[ROOM][2];
	int count;
};

static struct ng_connection *last_ended;

static void note_end(struct ng_connection *connection)
{
	last_ended = connection;
}

static void set_up(struct scene *scene)
{
	*scene = (struct scene){ 0 };
	last_ended = NULL;
	ng_connections_init(&scene->all, &limits, note_end, NULL);
}

static void tear_down(struct scene *scene)
{
	while (scene->all.first)
		ng_connections_remove(scene->all.first);
	assert_int_equal(scene->all.count, 0);
	assert_int_equal(scene->all.evicted, 0);
	assert_null(scene->all.clients);
	for (int i = 0; i < scene->count; i++) {
		close(scene->ends[i][0]);
		close(scene->ends[i][1]);
	}
}

/* A connection that entered its phase some seconds ago, or NULL if it was refused. */
static struct ng_connection *add(struct scene *scene, const char *client, enum ng_phase phase, uint64_t seconds)
{
	struct sockaddr_storage address = address_of(client);
	struct ng_connection *connection = &scene->connection[scene->count];

	assert_true(scene->count < ROOM);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, scene->ends[scene->count]), 0);
	if (!ng_connections_add(&scene->all, connection, scene->ends[scene->count++][0], &address))
		return NULL;
	ng_connections_enter(connection, phase, ng_now() - seconds * second_ns);
	return connection;
}

/* A connection that was closed to make room counts only for the limit that it hit, not for its timeout as well. */
static void counted_once(void **state)
{
	struct scene scene;

	(void)state;
	set_up(&scene);
	struct ng_connection *first = add(&scene, "192.0.2.1", NG_PHASE_HEAD, 0);
	for (int i = 0; i < 3; i++)
		add(&scene, "192.0.2.1", NG_PHASE_HEAD, 0);
	assert_int_equal(scene.all.counts.refused_client, 1);
	assert_true(first->evicted);
	ng_connections_enforce(&scene.all, UINT64_MAX - 1);
	assert_int_equal(scene.all.counts.timed_out, 3);
	assert_int_equal(scene.all.counts.refused_client, 1);
	tear_down(&scene);
}

/* Connections that wait for the handler are never closed. */
static void busy(void **state)
{
	struct scene scene;

	(void)state;
	set_up(&scene);
	struct ng_connection *one = add(&scene, "192.0.2.1", NG_PHASE_HANDLER, 5);
	add(&scene, "192.0.2.2", NG_PHASE_HANDLER, 5);
	add(&scene, "2001:db8::1", NG_PHASE_HANDLER, 5);
	add(&scene, "192.0.2.3", NG_PHASE_HANDLER, 5);
	assert_null(add(&scene, "192.0.2.4", NG_PHASE_HEAD, 0));
	assert_int_equal(scene.all.counts.refused_total, 1);
	assert_false(ng_connections_evict(&scene.all));
	ng_connections_enter(one, NG_PHASE_IDLE, ng_now());
	assert_true(ng_connections_evict(&scene.all));
	assert_ptr_equal(last_ended, one);
	tear_down(&scene);
}

/*
 * The client with the most connections loses one, whatever they are doing; clients with fewer than the newcomer lose
 * none.
 */
static void largest_share(void **state)
{
	struct scene scene;

	(void)state;
	set_up(&scene);
	add(&scene, "192.0.2.1", NG_PHASE_IDLE, 100);
	add(&scene, "2001:db8::1", NG_PHASE_ANSWER, 1);
	struct ng_connection *older = add(&scene, "2001:db8::2", NG_PHASE_ANSWER, 2);
	add(&scene, "2001:db8::3", NG_PHASE_ANSWER, 1);
	assert_non_null(add(&scene, "192.0.2.2", NG_PHASE_HEAD, 0));
	assert_ptr_equal(last_ended, older);
	tear_down(&scene);

	set_up(&scene);
	add(&scene, "192.0.2.1", NG_PHASE_IDLE, 100);
	add(&scene, "192.0.2.2", NG_PHASE_IDLE, 100);
	add(&scene, "192.0.2.3", NG_PHASE_HANDLER, 1);
	add(&scene, "192.0.2.3", NG_PHASE_HANDLER, 1);
	assert_null(add(&scene, "192.0.2.3", NG_PHASE_HEAD, 0));
	assert_null(last_ended);
	tear_down(&scene);
}

/* Of one client's connections: late heads first, then idle ones, then new ones, then those being served. */
static void least_worth(void **state)
{
	struct scene scene;

	(void)state;
	set_up(&scene);
	struct ng_connection *answered = add(&scene, "192.0.2.1", NG_PHASE_ANSWER, 9);
	struct ng_connection *fresh = add(&scene, "192.0.2.2", NG_PHASE_HEAD, 0);
	struct ng_connection *idle = add(&scene, "192.0.2.3", NG_PHASE_IDLE, 0);
	struct ng_connection *late = add(&scene, "192.0.2.4", NG_PHASE_HEAD, 2);
	struct ng_connection *const order[] = { late, idle, fresh, answered };
	for (size_t i = 0; i < 4; i++) {
		assert_true(ng_connections_evict(&scene.all));
		assert_ptr_equal(last_ended, order[i]);
	}
	assert_false(ng_connections_evict(&scene.all));
	tear_down(&scene);
}

/* Connections that have not sent a request yet get at most a quarter of the room. */
static void crowd_of_newcomers(void **state)
{
	struct scene scene;

	(void)state;
	set_up(&scene);
	add(&scene, "192.0.2.1", NG_PHASE_IDLE, 100);
	struct ng_connection *first = add(&scene, "192.0.2.2", NG_PHASE_HEAD, 0);
	add(&scene, "192.0.2.3", NG_PHASE_HEAD, 0);
	assert_true(ng_connections_evict(&scene.all));
	assert_ptr_equal(last_ended, first);
	tear_down(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients),
		cmocka_unit_test(counted_once),
		cmocka_unit_test(busy),
		cmocka_unit_test(largest_share),
		cmocka_unit_test(least_worth),
		cmocka_unit_test(crowd_of_newcomers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
