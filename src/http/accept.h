/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accepts connections, even if this process is out of descriptors.
 *
 * accept4 fails for lack of a descriptor before it checks for a connection, and a connection that is not accepted keeps
 * its listener ready. So one spare descriptor is reserved to accept a connection in place of an idle one, or to reject
 * it immediately.
 */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include "base/error.h"
#include "http/connections.h"
#include "http/listen.h"

enum { NG_ACCEPTS_AT_ONCE = 64 };

struct ng_acceptor {
	const struct ng_listener *listeners; /* borrowed */
	size_t count;
	struct ng_connections *connections;
	int epoll_fd;     /* borrowed; its events of a listener carry the listener's index */
	int spare_fd;     /* -1 while it is in use */
	uint64_t again;   /* paused until then after an error; 0 if not paused */
	uint64_t starved; /* when descriptors last ran out; 0 for never */
	/* Receives a new descriptor and owns it. */
	void (*take)(void *context, int fd, const struct sockaddr_storage *address, socklen_t size);
	void *context;
};

/*
 * Starts watching the listeners. Lowers the connection limit to what the descriptor limit allows, and fails if that is
 * none. To be called once all permanent descriptors are open.
 */
int ng_acceptor_start(struct ng_acceptor *acceptor, struct ng_error *error);

/* To be called when a listener is ready. */
void ng_acceptor_take(struct ng_acceptor *acceptor, size_t listener, uint64_t now);

/* To be called after connections ended; returns when to call again at the latest. */
uint64_t ng_acceptor_tick(struct ng_acceptor *acceptor, uint64_t now);

/* A descriptor has become free. */
void ng_acceptor_wake(struct ng_acceptor *acceptor);

/* Stops accepting permanently. */
void ng_acceptor_stop(struct ng_acceptor *acceptor);

#endif
