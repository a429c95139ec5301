/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server: only the implementation of this header uses libmicrohttpd.
 *
 * It has no thread of its own. The main loop waits for ng_server_fd and for the time that ng_server_run returns, and
 * then calls ng_server_run. The handler responds to a request immediately, or keeps it to respond later, from the same
 * thread.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/error.h"
#include "http/listen.h"

#include <nodegauge/text.h>
#include <sys/types.h>

struct ng_server;
struct ng_request;

struct ng_server_limits {
	unsigned connections, client_connections;                /* in total, and per client address */
	uint64_t header_timeout, idle_timeout, response_timeout; /* ns */
};

struct ng_server_config {
	struct ng_server_limits limits;
	struct ng_listener *listeners; /* borrowed */
	size_t listener_count;
	/* Called for each valid request, a GET or HEAD without a body: ends with ng_request_answer, or keeps it with
	 * ng_request_keep. */
	void (*handle)(void *context, struct ng_request *request);
	/* Called when a kept request goes away before it got a response: it must no longer be used. */
	void (*gone)(void *context, struct ng_request *request);
	void *context;
	void (*log)(const char *message,
		const char *detail); /* from the library and about refused connections; rate-limited */
};

int ng_server_new(const struct ng_server_config *config, struct ng_error *error, struct ng_server **ret_server);

/* Closes all connections. */
void ng_server_free(struct ng_server *server);

/* An epoll descriptor, readable when ng_server_run has work. */
int ng_server_fd(const struct ng_server *server);

/* Does all pending work. Returns when to call again at the latest (CLOCK_MONOTONIC ns), UINT64_MAX for never. */
uint64_t ng_server_run(struct ng_server *server, uint64_t now);

/* Whether responses were given or connections ended since it was run: it must be run again immediately. */
bool ng_server_has_work(const struct ng_server *server);

/*
 * Stops accepting connections; requests in flight still get their responses, and so do, for a moment, those of clients
 * that have just connected. To be called again until it returns 0, the number of incomplete responses.
 */
size_t ng_server_drain(struct ng_server *server);

/* Since startup. */
struct ng_server_counts {
	uint64_t connections; /* now */
	uint64_t accepted, refused_total, refused_client, timed_out;
};
void ng_server_count(const struct ng_server *server, struct ng_server_counts *ret_counts);

const char *ng_server_library(void);

/* ---- requests ---- */

enum ng_method { NG_GET, NG_HEAD };

struct ng_request {
	enum ng_method method;
	struct ng_span path; /* decoded */
	/* for the handler */
	void *link;
	uint64_t arrived; /* CLOCK_MONOTONIC ns */
	/* the client, see exporter/readers.h: a number for its address, and one for its connection once that is
	 * reused */
	uint64_t address, connection;
};

/* A header's value, NULL if there is none; borrowed for the lifetime of the request. */
const char *ng_request_header(const struct ng_request *request, const char *name);

/* Calls `each` for every query argument, decoded; value may be NULL. Stops when it returns false. */
void ng_request_arguments(const struct ng_request *request,
	bool (*each)(void *context, const char *key, const char *value), void *context);

void ng_request_keep(struct ng_request *request);

/* A body that is produced while it is sent: writes at most `size` bytes. 0 or an error before its end closes the
 * connection. */
struct ng_source {
	ssize_t (*read)(struct ng_source *source, char *at, size_t size);
};

/* The body is shared: `release` is called with `context` when it has been sent or the client went away. */
struct ng_answer {
	unsigned status;
	const char *type; /* Content-Type */
	bool gzip;
	bool page; /* a document for browsers: with a content security policy */
	struct ng_span body;
	struct ng_source *source; /* if set, it is the context too, and `body` has only the size */
	void (*release)(void *context);
	void *context;
};
void ng_request_answer(struct ng_request *request, const struct ng_answer *answer);

#endif
