/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connection accounting: how many there are in total and per client, which one is closed if there are too many, and the
 * deadline of each. Deals with sockets only, not with HTTP or its library.
 */
#ifndef HTTP_CONNECTIONS_H
#define HTTP_CONNECTIONS_H

#include "http/server.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum ng_phase {
	NG_PHASE_HEAD,    /* a request has begun, or the first one is awaited */
	NG_PHASE_IDLE,    /* between requests */
	NG_PHASE_HANDLER, /* kept by the handler, which has its own deadline */
	NG_PHASE_ANSWER,
	NG_PHASE_REFUSED, /* the client gets a moment to read the reason */
};

struct ng_connections;

/* A client: an IPv4 address or an IPv6 network, see ng_client_of. All connections to a unix socket are one client. */
struct ng_client {
	struct ng_client *next, *previous;
	struct in6_addr address;
	bool remote; /* not a unix socket */
	size_t connections;
	size_t fresh; /* of these, in NG_PHASE_HEAD; counted when a connection has to be closed */
};

/* One connection; its owner's object begins with it. */
struct ng_connection {
	struct ng_connection *next, *previous;
	struct ng_connections *all;
	struct ng_client *client;
	int fd;
	enum ng_phase phase;
	uint64_t entered, deadline;                 /* of the phase */
	bool begun;                                 /* the library has it and closes it */
	bool evicted;                               /* shut down to make room; the library has not noticed yet */
	bool shut;                                  /* shut down because the server is stopping */
	uint64_t looked, stuck_since, acknowledged; /* see `stuck` */
};

struct ng_connections {
	struct ng_server_limits limits;
	struct ng_connection *first; /* newest first */
	struct ng_client *clients;
	size_t count, evicted;
	uint64_t next_deadline;
	struct ng_server_counts counts;
	/* Ends one: immediately, with ng_connections_remove, or by shutting it down if it has begun. */
	void (*end)(struct ng_connection *connection);
	void (*log)(const char *message, const char *detail);
	uint64_t log_minute;
	unsigned log_lines;
};

/* Initialises a zeroed object that has its limits set. */
void ng_connections_init(struct ng_connections *all, const struct ng_server_limits *limits,
	void (*end)(struct ng_connection *connection), void (*log)(const char *message, const char *detail));

/* Passes on a few lines per minute. */
void ng_connections_log(struct ng_connections *all, const char *message, const char *detail);

/* Adds a connection accepted from `address`, which waits for its head; false if there is no room for it. */
bool ng_connections_add(
	struct ng_connections *all, struct ng_connection *connection, int fd, const struct sockaddr_storage *address);
void ng_connections_remove(struct ng_connection *connection);

/* Ends the least valuable one to free its descriptor; false if there is none. */
bool ng_connections_evict(struct ng_connections *all);

void ng_connections_enter(struct ng_connection *connection, enum ng_phase phase, uint64_t now);

/* Ends those whose deadline has passed. */
void ng_connections_enforce(struct ng_connections *all, uint64_t now);

/*
 * Ends those that are waiting for a request. With patience, spares those whose client has just connected or sent
 * something, and returns their number.
 */
size_t ng_connections_shut_waiting(struct ng_connections *all, bool patient);

/*
 * The client that a connection counts for: an IPv4 address, even on an IPv6 socket, or the /64 network of an IPv6
 * address, since one host may use any address in it. False for other kinds of sockets.
 */
bool ng_client_of(const struct sockaddr_storage *address, struct in6_addr *ret_client);

#endif
