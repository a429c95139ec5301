/* SPDX-License-Identifier: Apache-2.0 */
#include "web/connections.h"

#include "kernel/kernel.h"

#include <linux/tcp.h>
#include <string.h>
#include <sys/ioctl.h>

enum { LOG_LINES_A_MINUTE = 10 };
static const uint64_t minute_ns = 60u * (uint64_t)1000000000u;

void ng_connections_init(struct ng_connections *all, const struct ng_server_limits *limits,
	void (*log)(const char *message, const char *detail))
{
	*all = (struct ng_connections){ .limits = *limits, .next_deadline = UINT64_MAX, .log = log };
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

static bool same_client(const struct ng_connection *a, const struct ng_connection *b)
{
	return a->has_client && b->has_client && memcmp(&a->client, &b->client, sizeof(a->client)) == 0;
}

/* ---- who may stay ---- */

/*
 * Of the connections (those of one client, when it is given) the one goes that has waited longest for its first
 * request, or else longest for a further one.
 */
static bool evict(struct ng_connections *all, const struct ng_connection *client, uint64_t *counter)
{
	struct ng_connection *fresh = NULL, *idle = NULL;

	for (struct ng_connection *at = all->first; at; at = at->next) {
		if (at->evicted || !at->begun || (client && !same_client(at, client)))
			continue;
		if (at->phase == NG_PHASE_HEAD)
			fresh = at;
		else if (at->phase == NG_PHASE_IDLE)
			idle = at;
	}
	struct ng_connection *victim = fresh ? fresh : idle;
	if (!victim)
		return false;
	shutdown(victim->fd, SHUT_RDWR);
	victim->evicted = true;
	all->evicted++;
	++*counter;
	return true;
}

bool ng_connections_evict(struct ng_connections *all)
{
	return evict(all, NULL, &all->counts.refused_total);
}

/* Connections that come beyond a limit take the place of those that never get on with their request. */
static bool admit(struct ng_connections *all, const struct ng_connection *connection)
{
	struct ng_server_counts *counts = &all->counts;
	unsigned same = 0;

	for (const struct ng_connection *at = all->first; at; at = at->next)
		same += !at->evicted && same_client(at, connection);
	if (same >= all->limits.client_connections && !evict(all, connection, &counts->refused_client)) {
		counts->refused_client++;
		ng_connections_log(all, "connection refused",
			"too many connections from one address, see --web.max-connections-per-client");
		return false;
	}
	if (all->count - all->evicted >= all->limits.connections && !ng_connections_evict(all)) {
		counts->refused_total++;
		ng_connections_log(all, "connection refused", "too many connections, see --web.max-connections");
		return false;
	}
	return true;
}

bool ng_connections_add(
	struct ng_connections *all, struct ng_connection *connection, int fd, const struct sockaddr_storage *address)
{
	connection->all = all;
	connection->fd = fd;
	connection->has_client = ng_client_of(address, &connection->client);
	if (!admit(all, connection))
		return false;
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

	for (struct ng_connection *at = all->first; at; at = at->next) {
		if (at->shut || !at->begun || (at->phase != NG_PHASE_HEAD && at->phase != NG_PHASE_IDLE))
			continue;
		if (patient && (at->phase == NG_PHASE_HEAD || has_bytes(at))) {
			left++;
			continue;
		}
		shutdown(at->fd, SHUT_RDWR);
		at->shut = true;
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
	};

	connection->phase = phase;
	connection->deadline = phase == NG_PHASE_HANDLER ? UINT64_MAX : now + limit[phase];
	if (connection->deadline < all->next_deadline)
		all->next_deadline = connection->deadline;
	if (phase == NG_PHASE_IDLE) {
		connection->received = 0;
		if (now + all->limits.header_timeout < all->next_deadline)
			all->next_deadline = now + all->limits.header_timeout;
	}
}

/* A further request that has begun and does not get on: bytes have come since the last look, and the head is not
 * complete. */
static bool stalled_head(struct ng_connection *connection)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	if (!connection->has_client || getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0 ||
		size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof(info.tcpi_bytes_received))
		return false;
	uint64_t before = connection->received;
	connection->received = info.tcpi_bytes_received + 1;
	return before && connection->received > before;
}

/* When to look at it next; its deadline may have become now. */
static uint64_t next_look(struct ng_connection *connection, uint64_t now)
{
	uint64_t soon = now + connection->all->limits.header_timeout;

	if (connection->phase != NG_PHASE_IDLE)
		return connection->deadline;
	if (stalled_head(connection))
		connection->deadline = now;
	return soon < connection->deadline ? soon : connection->deadline;
}

void ng_connections_enforce(struct ng_connections *all, uint64_t now, void (*drop)(struct ng_connection *connection))
{
	if (now < all->next_deadline)
		return;
	all->next_deadline = UINT64_MAX;
	for (struct ng_connection *at = all->first, *next; at; at = next) {
		uint64_t look = next_look(at, now);
		next = at->next;
		if (now >= at->deadline && !at->begun) {
			drop(at); /* the library has closed it */
		} else if (now >= at->deadline) {
			/* the library sees the end of the connection and clears up */
			shutdown(at->fd, SHUT_RDWR);
			at->deadline = UINT64_MAX;
			all->counts.timed_out += !at->evicted;
		} else if (look < all->next_deadline) {
			all->next_deadline = look;
		}
	}
}
