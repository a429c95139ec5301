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
	NG_PHASE_HEAD,    /* a request has begun, or the first one is waited for */
	NG_PHASE_IDLE,    /* between requests */
	NG_PHASE_HANDLER, /* kept by the handler, which has its own deadline */
	NG_PHASE_ANSWER,
	NG_PHASE_REFUSED, /* the client is given a moment to read why */
};

struct ng_connections;

/* A client: an IPv4 address, or an IPv6 network, see ng_client_of. All of a unix socket are one. */
struct ng_client {
	struct ng_client *next, *previous;
	struct in6_addr address;
	bool remote; /* not a unix socket */
	size_t connections;
	size_t fresh; /* of them in NG_PHASE_HEAD; counted when somebody has to give way */
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
	bool shut;                                  /* shut down as the server stops */
	uint64_t looked, stuck_since, acknowledged; /* see `stuck` */
};

struct ng_connections {
	struct ng_server_limits limits;
	struct ng_connection *first; /* newest first */
	struct ng_client *clients;
	size_t count, evicted;
	uint64_t next_deadline;
	struct ng_server_counts counts;
	/* Ends one: at once, with ng_connections_remove, or by shutting it down when it has begun. */
	void (*end)(struct ng_connection *connection);
	void (*log)(const char *message, const char *detail);
	uint64_t log_minute;
	unsigned log_lines;
};

/* An object of zeroes with its limits is ready after this. */
void ng_connections_init(struct ng_connections *all, const struct ng_server_limits *limits,
	void (*end)(struct ng_connection *connection), void (*log)(const char *message, const char *detail));

/* Hands on a few lines a minute. */
void ng_connections_log(struct ng_connections *all, const char *message, const char *detail);

/* Takes in a connection that was accepted from `address`, waiting for its head; false when there is no room for it. */
bool ng_connections_add(
	struct ng_connections *all, struct ng_connection *connection, int fd, const struct sockaddr_storage *address);
void ng_connections_remove(struct ng_connection *connection);

/* Ends the one that is worth least, so that its descriptor becomes free; false when there is none. */
bool ng_connections_evict(struct ng_connections *all);

void ng_connections_enter(struct ng_connection *connection, enum ng_phase phase, uint64_t now);

/* Ends those whose time is over. */
void ng_connections_enforce(struct ng_connections *all, uint64_t now);

/*
 * Ends those that wait for a request. With patience not those whose client has just connected or sent something: it
 * returns how many of them there are.
 */
size_t ng_connections_shut_waiting(struct ng_connections *all, bool patient);

/*
 * Whom a connection is counted for: an IPv4 address, also one that came to an IPv6 socket, or the /64 network of an
 * IPv6 address, any of whose addresses one host may take. False for other kinds of sockets.
 */
bool ng_client_of(const struct sockaddr_storage *address, struct in6_addr *ret_client);

#endif
