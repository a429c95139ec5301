/* SPDX-License-Identifier: Apache-2.0 */
/* For whom a connection is counted, and who gives way. */
#include "support.h"

#include "web/connections.h"

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

/* One host may take any address of its /64; each IPv4 address is a client of its own on either kind of socket. */
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

enum { ROOM = 4 };

static const struct ng_server_limits limits = {
	.connections = 3,
	.client_connections = 2,
	.header_timeout = 1,
	.idle_timeout = 1000,
	.response_timeout = 1000,
};

static bool add(struct ng_connections *all, struct ng_connection *connection, const char *client, int ret_ends[2])
{
	struct sockaddr_storage address = address_of(client);

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ret_ends), 0);
	*connection = (struct ng_connection){ 0 };
	bool added = ng_connections_add(all, connection, ret_ends[0], &address);
	connection->begun = added;
	return added;
}

static void unexpected(struct ng_connection *connection)
{
	(void)connection;
	fail();
}

/* One that gave way is counted by the limit that it hit, and not for its time as well. */
static void counted_once(void **state)
{
	struct ng_connections all;
	struct ng_connection connection[ROOM];
	int ends[ROOM][2];

	(void)state;
	ng_connections_init(&all, &limits, NULL);
	assert_true(add(&all, &connection[0], "192.0.2.1", ends[0]));
	assert_true(add(&all, &connection[1], "192.0.2.1", ends[1]));
	assert_true(add(&all, &connection[2], "192.0.2.1", ends[2]));
	assert_int_equal(all.counts.refused_client, 1);
	assert_true(connection[0].evicted);
	ng_connections_enforce(&all, UINT64_MAX - 1, unexpected);
	assert_int_equal(all.counts.timed_out, 2);
	assert_int_equal(all.counts.refused_client, 1);
	for (int i = 0; i < 3; i++)
		ng_connections_remove(&connection[i]);
	assert_int_equal(all.count, 0);
	assert_int_equal(all.evicted, 0);
	for (int i = 0; i < 3; i++) {
		close(ends[i][0]);
		close(ends[i][1]);
	}
}

/* Nobody gives way who is being answered. */
static void busy(void **state)
{
	struct ng_connections all;
	struct ng_connection connection[ROOM];
	const char *const client[ROOM] = { "192.0.2.1", "192.0.2.2", "2001:db8::1", "192.0.2.3" };
	int ends[ROOM][2];

	(void)state;
	ng_connections_init(&all, &limits, NULL);
	for (int i = 0; i < ROOM; i++) {
		assert_int_equal(add(&all, &connection[i], client[i], ends[i]), i < 3);
		if (i < 3)
			ng_connections_enter(&connection[i], NG_PHASE_HANDLER, 1);
	}
	assert_int_equal(all.counts.refused_total, 1);
	assert_false(ng_connections_evict(&all));
	ng_connections_enter(&connection[1], NG_PHASE_IDLE, 1);
	assert_true(ng_connections_evict(&all));
	assert_true(connection[1].evicted);
	for (int i = 0; i < ROOM; i++) {
		close(ends[i][0]);
		close(ends[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients),
		cmocka_unit_test(counted_once),
		cmocka_unit_test(busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
