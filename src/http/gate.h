/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate in front of the HTTP library: a connection that waits for a request is watched here, and its bytes are
 * checked while they are still in the socket. The library reads them only once complete, valid heads have arrived;
 * anything else is rejected here, and the library never sees it.
 *
 * If several requests arrive together, those before an incomplete or invalid one pass, and the connection is closed
 * after them, since the library reads everything that has arrived, including what has not been checked.
 */
#ifndef HTTP_GATE_H
#define HTTP_GATE_H

#include "http/connections.h"
#include "http/request_head.h"

struct ng_gate_entry {
	struct ng_connection *connection; /* borrowed */
	bool waiting;                     /* for a head; the library does not read */
	unsigned missed;                  /* events that arrived while it was not waiting */
	size_t seen;                      /* bytes already checked without finding a complete head */
};

struct ng_gate {
	int epoll_fd; /* borrowed; the events of an entry carry its address */
	/* Lets this many requests through; with `last`, the connection is closed after them. */
	void (*pass)(struct ng_connection *connection, unsigned requests, bool last);
	char bytes[NG_HEAD_MAX];
};

/* Watches a new connection, until its descriptor is closed; 0 or a negative errno. */
int ng_gate_add(struct ng_gate *gate, struct ng_gate_entry *entry, struct ng_connection *connection);

/* Waits for the next request of an entry; from here on, the library reads nothing. */
void ng_gate_wait(struct ng_gate *gate, struct ng_gate_entry *entry);

/* To be called on an event of the entry; its connection may end. */
void ng_gate_event(struct ng_gate *gate, struct ng_gate_entry *entry, unsigned events);

#endif
