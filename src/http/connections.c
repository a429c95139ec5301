/* SPDX-License-Identifier: Apache-2.0 */
#include "http/connections.h"

#include "kernel/kernel.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum { LOG_LINES_A_MINUTE = 10 };
static const uint64_t second_ns = 1000000000u;
static const uint64_t minute_ns = 60u * (uint64_t)1000000000u;

void ng_connections_init(struct ng_connections *all, const struct ng_server_limits *limits,
	void (*end)(struct ng_connection *connection), void (*log)(const char *message, const char *detail))
{
	*all = (struct ng_connections){ .limits = *limits, .next_deadline = UINT64_MAX, .end = end, .log = log };
}

void ng_connections_log(struct ng_connections *all, const char *message, const char *detail)
{
	uint64_t minute = ng_now() / minute_ns;

	if (minute != all->log_minute) {
		all->log_minute = minute;
		all->log_lines = 0;
	}
	if (all->log && all->log_lines++ < LOG_LINES_A_MINUTE)
		all->log(message, detail);
}

/* ---- clients ---- */

bool ng_client_of(const struct sockaddr_storage *address, struct in6_addr *ret_client)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;

	*ret_client = (struct in6_addr){ 0 };
	if (address->ss_family == AF_INET) {
		ret_client->s6_addr[10] = ret_client->s6_addr[11] = 0xff;
		memcpy(&ret_client->s6_addr[12], &four->sin_addr, sizeof(four->sin_addr));
		return true;
	}
	if (address->ss_family != AF_INET6)
		return false;
	memcpy(ret_client, &six->sin6_addr, IN6_IS_ADDR_V4MAPPED(&six->sin6_addr) ? 16 : 8);
	return true;
}

/* The client of an address, with one more connection; NULL if out of memory. */
static struct ng_client *join_client(struct ng_connections *all, const struct sockaddr_storage *address)
{
	struct ng_client *client = all->clients;
	struct in6_addr key;
	bool remote = ng_client_of(address, &key);

	while (client && (client->remote != remote || memcmp(&client->address, &key, sizeof(key)) != 0))
		client = client->next;
	if (!client) {
		client = calloc(1, sizeof(*client));
		if (!client)
			return NULL;
		*client = (struct ng_client){ .next = all->clients, .address = key, .remote = remote };
		if (client->next)
			client->next->previous = client;
		all->clients = client;
	}
	client->connections++;
	return client;
}

static void leave_client(struct ng_connections *all, struct ng_client *client)
{
	if (--client->connections)
		return;
	if (client->previous)
		client->previous->next = client->next;
	else
		all->clients = client->next;
	if (client->next)
		client->next->previous = client->previous;
	free(client);
}

/* ---- which connections may stay ---- */

/* The value of a connection, lowest first. */
enum worth {
	STUCK,    /* does not read what it is sent, or has not sent a head in time */
	REFUSED,  /* has got its last response */
	CROWDING, /* waits for its first request, like too many of its client's */
	IDLE,
	FRESH, /* just connected */
	ANSWERED,
	NEEDED, /* in the handler; never closed to make room */
};

/*
 * The amount that the library sends does not tell a client that does not read from one that reads slowly, because the
 * kernel buffers a lot: what counts is whether the client acknowledges something within a second. Checks only now and
 * then, so that a crowd of new connections does not cost a system call for every connection.
 */
static bool stuck(struct ng_connection *connection, uint64_t now)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);
	int unsent = 0;

	if (now - connection->looked >= second_ns / 10) {
		connection->looked = now;
		if (!connection->client->remote || ioctl(connection->fd, SIOCOUTQ, &unsent) < 0 || unsent == 0 ||
			getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0 ||
			size < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof(info.tcpi_bytes_acked)) {
			connection->stuck_since = 0;
		} else if (!connection->stuck_since || info.tcpi_bytes_acked != connection->acknowledged) {
			connection->stuck_since = now;
			connection->acknowledged = info.tcpi_bytes_acked;
		}
	}
	return connection->stuck_since && now - connection->stuck_since >= second_ns;
}

static enum worth worth_of(struct ng_connection *connection, uint64_t now, bool crowded)
{
	if (stuck(connection, now))
		return STUCK;
	switch (connection->phase) {
	case NG_PHASE_HEAD:
		return now - connection->entered >= second_ns ? STUCK : crowded ? CROWDING : FRESH;
	case NG_PHASE_IDLE:
		return IDLE;
	case NG_PHASE_ANSWER:
		return ANSWERED;
	case NG_PHASE_REFUSED:
		return REFUSED;
	default:
		return NEEDED;
	}
}

/* Counts those that wait for their head, per client and in total. */
static size_t count_fresh(struct ng_connections *all)
{
	size_t fresh = 0;

	for (struct ng_client *client = all->clients; client; client = client->next)
		client->fresh = 0;
	for (const struct ng_connection *at = all->first; at; at = at->next) {
		fresh += at->phase == NG_PHASE_HEAD && !at->evicted;
		at->client->fresh += at->phase == NG_PHASE_HEAD && !at->evicted;
	}
	return fresh;
}

/* New connections get a quarter of the room, in total and per client. */
static bool crowded(const struct ng_connections *all, const struct ng_client *client, size_t fresh)
{
	return fresh > (all->limits.connections + 3) / 4 || client->fresh > (all->limits.client_connections + 3) / 4;
}

/*
 * The connection to close: the least valuable one among the clients with the most connections, and among equals, the
 * one that has been so for longest. A new connection does not displace clients with fewer connections than its own, and
 * with `own`, only its own client's.
 */
static struct ng_connection *choose_victim(struct ng_connections *all, const struct ng_client *newcomer, bool own)
{
	struct ng_connection *victim = NULL;
	enum worth least = NEEDED;
	uint64_t now = ng_now();
	size_t fresh = count_fresh(all);

	for (struct ng_connection *at = all->first; at; at = at->next) {
		const struct ng_client *client = at->client;
		if (at->evicted || (own && client != newcomer) ||
			(newcomer && client->connections < newcomer->connections) ||
			(victim && client->connections < victim->client->connections))
			continue;
		enum worth worth = worth_of(at, now, crowded(all, client, fresh));
		if (worth == NEEDED)
			continue;
		bool more = victim && client->connections > victim->client->connections;
		if (!victim || more || worth < least || (worth == least && at->entered < victim->entered)) {
			victim = at;
			least = worth;
		}
	}
	return victim;
}

static bool evict(struct ng_connections *all, const struct ng_client *newcomer, bool own, uint64_t *counter)
{
	struct ng_connection *victim = choose_victim(all, newcomer, own);

	if (!victim)
		return false;
	victim->evicted = true;
	all->evicted++;
	++*counter;
	all->end(victim);
	return true;
}

bool ng_connections_evict(struct ng_connections *all)
{
	return evict(all, NULL, false, &all->counts.refused_total);
}

/* Connections over a limit displace others. */
static bool admit(struct ng_connections *all, const struct ng_client *client)
{
	struct ng_server_counts *counts = &all->counts;
	size_t same = 0;

	if (client->remote && client->connections > all->limits.client_connections) {
		for (const struct ng_connection *at = all->first; at; at = at->next)
			same += !at->evicted && at->client == client;
		if (same >= all->limits.client_connections && !evict(all, client, true, &counts->refused_client)) {
			counts->refused_client++;
			ng_connections_log(all, "connection refused",
				"too many connections from one address, see --web.max-connections-per-client");
			return false;
		}
	}
	if (all->count - all->evicted >= all->limits.connections &&
		!evict(all, client, false, &counts->refused_total)) {
		counts->refused_total++;
		ng_connections_log(all, "connection refused", "too many connections, see --web.max-connections");
		return false;
	}
	return true;
}

bool ng_connections_add(
	struct ng_connections *all, struct ng_connection *connection, int fd, const struct sockaddr_storage *address)
{
	struct ng_client *client = join_client(all, address);

	if (!client)
		return false;
	if (!admit(all, client)) {
		leave_client(all, client);
		return false;
	}
	connection->all = all;
	connection->client = client;
	connection->fd = fd;
	connection->next = all->first;
	if (connection->next)
		connection->next->previous = connection;
	all->first = connection;
	all->count++;
	all->counts.accepted++;
	all->counts.connections = all->count;
	ng_connections_enter(connection, NG_PHASE_HEAD, ng_now());
	return true;
}

void ng_connections_remove(struct ng_connection *connection)
{
	struct ng_connections *all = connection->all;

	if (connection->previous)
		connection->previous->next = connection->next;
	else
		all->first = connection->next;
	if (connection->next)
		connection->next->previous = connection->previous;
	leave_client(all, connection->client);
	all->count--;
	all->evicted -= connection->evicted;
	all->counts.connections = all->count;
}

static bool has_bytes(const struct ng_connection *connection)
{
	int bytes = 0;

	return ioctl(connection->fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

size_t ng_connections_shut_waiting(struct ng_connections *all, bool patient)
{
	size_t left = 0;

	for (struct ng_connection *at = all->first, *next; at; at = next) {
		next = at->next;
		if (at->shut || (at->phase != NG_PHASE_HEAD && at->phase != NG_PHASE_IDLE))
			continue;
		if (patient && (at->phase == NG_PHASE_HEAD || has_bytes(at))) {
			left++;
			continue;
		}
		at->shut = true;
		all->end(at);
	}
	return left;
}

/* ---- deadlines ---- */

void ng_connections_enter(struct ng_connection *connection, enum ng_phase phase, uint64_t now)
{
	struct ng_connections *all = connection->all;
	const uint64_t limit[] = {
		[NG_PHASE_HEAD] = all->limits.header_timeout,
		[NG_PHASE_IDLE] = all->limits.idle_timeout,
		[NG_PHASE_HANDLER] = 0,
		[NG_PHASE_ANSWER] = all->limits.response_timeout,
		[NG_PHASE_REFUSED] = second_ns,
	};

	connection->phase = phase;
	connection->entered = now;
	connection->deadline = phase == NG_PHASE_HANDLER ? UINT64_MAX : now + limit[phase];
	if (connection->deadline < all->next_deadline)
		all->next_deadline = connection->deadline;
}

void ng_connections_enforce(struct ng_connections *all, uint64_t now)
{
	if (now < all->next_deadline)
		return;
	all->next_deadline = UINT64_MAX;
	for (struct ng_connection *at = all->first, *next; at; at = next) {
		next = at->next;
		if (now >= at->deadline) {
			at->deadline = UINT64_MAX;
			all->counts.timed_out += !at->evicted && at->phase != NG_PHASE_REFUSED;
			all->end(at);
		} else if (at->deadline < all->next_deadline) {
			all->next_deadline = at->deadline;
		}
	}
}
