/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd 0.9.75 (Debian 12) to 1.0.x, for connections that we accept ourselves: connection limits and all
 * deadlines are ours, because the library's own timeout is one of inactivity, which a client can defeat with one byte
 * per second. The library gets a connection with the first request that passes the gate, and is suspended from the end
 * of each response until the next such request.
 *
 * It runs in external epoll mode; requests that would block are suspended and resumed from the same thread. This is the
 * mode in which all these releases are reliable (thread-per-connection loses wake-ups before 1.0.10).
 */
#include "http/server.h"

#include "http/accept.h"
#include "http/gate.h"
#include "kernel/kernel.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Memory that the library needs for a request: its head, a copy of its cookies, and about 60 bytes for each item. */
enum { CONNECTION_MEMORY = 3 * NG_HEAD_MAX };

/* How much is taken from a source at once. */
enum { SOURCE_ROOM = 32 << 10 };

/* While draining: how long a client that has just connected may take to send its request. */
static const uint64_t patience_ns = 400u * 1000000u;

struct connection {
	struct ng_connection base;
	struct ng_server *server;
	struct ng_gate_entry entry;
	struct sockaddr_storage address;
	socklen_t address_size;
	struct MHD_Connection *mhd; /* NULL until the library has started with it */
	unsigned passed;            /* requests that the library may take */
	bool last;                  /* none will pass after these */
	bool finished;              /* in the list of the server */
	struct connection *next_finished;
	struct ng_request request;
	uint64_t serial; /* 0 until its second request */
	bool used;
	bool kept;
	struct ng_answer answer; /* of a kept request, until it is queued */
	bool answered;
};

struct ng_server {
	struct ng_server_config config;
	struct MHD_Daemon *daemon;
	int epoll_fd;
	struct ng_connections connections;
	struct ng_acceptor acceptor;
	struct ng_gate gate;
	struct connection *finished; /* those that got their response in this run of the library */
	uint64_t serial;             /* of connections that were used twice */
	size_t unanswered;
	bool resumed; /* a connection, since the library was run */
	bool draining;
	uint64_t patient_until; /* while draining: how long to wait for requests of new connections */
};

static struct connection *connection_at(struct ng_connection *base)
{
	return (struct connection *)base;
}

static struct connection *connection_of(const struct ng_request *request)
{
	return (struct connection *)((char *)request - offsetof(struct connection, request));
}

static void library_log(void *context, const char *format, va_list arguments)
{
	char line[256];

	vsnprintf(line, sizeof(line), format, arguments);
	line[strcspn(line, "\n")] = '\0';
	/* it mistakes unix sockets for TCP */
	if (!strstr(line, "TCP_NODELAY") && !strstr(line, "TCP_CORK") && !strstr(line, "Failed to push the data"))
		ng_connections_log(&((struct ng_server *)context)->connections, "http library", line);
}

/* ---- the life of a connection ---- */

static void forget(struct connection *connection)
{
	struct ng_server *server = connection->server;
	struct connection **at = &server->finished;

	if (connection->finished) {
		while (*at != connection)
			at = &(*at)->next_finished;
		*at = connection->next_finished;
	}
	ng_connections_remove(&connection->base);
	free(connection);
	ng_acceptor_wake(&server->acceptor);
}

/* 0.9.75 does not count this as pending work. */
static void resume(struct connection *connection)
{
	connection->server->resumed = true;
	MHD_resume_connection(connection->mhd);
}

static void end_connection(struct ng_connection *base)
{
	struct connection *connection = connection_at(base);

	if (!base->begun) {
		close(base->fd);
		forget(connection);
		return;
	}
	/* the library notices the end of the connection and cleans up */
	shutdown(base->fd, SHUT_RDWR);
	if (connection->entry.waiting)
		resume(connection);
	connection->entry.waiting = false;
}

/* 0.9.75 notifies of a connection while it is handed over, 1.0 when it runs next. */
static struct connection *find_new(struct ng_server *server, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ng_connection *at = server->connections.first;

	while (at && (!at->begun || connection_at(at)->mhd || !info || at->fd != info->connect_fd))
		at = at->next;
	return at ? connection_at(at) : NULL;
}

static void connection_notice(
	void *context, struct MHD_Connection *mhd, void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	struct connection *connection = *socket_context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		connection = find_new(context, mhd);
		if (connection)
			connection->mhd = mhd;
		*socket_context = connection;
	} else if (connection) {
		*socket_context = NULL;
		forget(connection);
	}
}

/* On failure, the library closes the descriptor, and calls the notification if it had started. */
static void hand_over(struct connection *connection)
{
	struct ng_server *server = connection->server;
	struct ng_connection *at = server->connections.first;

	connection->base.begun = true;
	if (MHD_add_connection(server->daemon, connection->base.fd, (const struct sockaddr *)&connection->address,
		    connection->address_size) == MHD_YES)
		return;
	while (at && at != &connection->base)
		at = at->next;
	if (at && !connection->mhd)
		forget(connection);
}

static void pass_requests(struct ng_connection *base, unsigned requests, bool last)
{
	struct connection *connection = connection_at(base);

	connection->passed = requests;
	connection->last = last;
	if (base->begun)
		resume(connection);
	else
		hand_over(connection);
}

/* Connections whose requests all got a response wait for the next one at the gate. */
static void wait_for_requests(struct ng_server *server)
{
	struct connection *connection;

	while ((connection = server->finished)) {
		server->finished = connection->next_finished;
		connection->finished = false;
		/* the library may have continued with another request */
		if (connection->passed || connection->base.phase != NG_PHASE_IDLE || connection->base.evicted ||
			connection->base.shut)
			continue;
		MHD_suspend_connection(connection->mhd);
		ng_gate_wait(&server->gate, &connection->entry);
	}
}

static void release_answer(struct connection *connection)
{
	if (connection->answer.release)
		connection->answer.release(connection->answer.context);
	connection->answer.release = NULL;
}

static void request_completed(
	void *context, struct MHD_Connection *mhd, void **request_context, enum MHD_RequestTerminationCode code)
{
	struct ng_request *request = *request_context;

	(void)mhd;
	(void)code;
	*request_context = NULL;
	if (!request)
		return;
	struct ng_server *server = context;
	struct connection *connection = connection_of(request);
	if (connection->kept && !connection->answered)
		server->config.gone(server->config.context, request);
	release_answer(connection);
	if (request->arrived)
		server->unanswered--;
	connection->kept = false;
	connection->answered = false;
	*request = (struct ng_request){ 0 };
	ng_connections_enter(&connection->base, NG_PHASE_IDLE, ng_now());
	if (!connection->finished) {
		connection->finished = true;
		connection->next_finished = server->finished;
		server->finished = connection;
	}
}

/* ---- requests ---- */

static struct connection *connection_from(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* The start of a request; returns the request's context. */
static void *see_target(void *context, const char *target, struct MHD_Connection *mhd)
{
	struct connection *connection = connection_from(mhd);

	(void)context;
	(void)target;
	/* bytes after the checked ones may be in the library's buffer: they are not treated as a request, and a client
	 * that had sent one will resend it (RFC 9112, 9.3.2) */
	if (!connection || connection->passed == 0)
		return NULL;
	connection->passed--;
	connection->request = (struct ng_request){ 0 };
	return &connection->request;
}

static ssize_t read_source(void *context, uint64_t position, char *at, size_t size)
{
	struct ng_source *source = context;
	ssize_t n = source->read(source, at, size);

	(void)position;
	return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR;
}

static enum MHD_Result queue_answer(struct connection *connection)
{
	struct ng_answer *answer = &connection->answer;
	struct MHD_Response *response;

	if (answer->source)
		response = MHD_create_response_from_callback(
			answer->body.size, SOURCE_ROOM, read_source, answer->source, answer->release);
	else if (answer->release)
		response = MHD_create_response_from_buffer_with_free_callback_cls(
			answer->body.size, (void *)answer->body.text, answer->release, answer->context);
	else
		response = MHD_create_response_from_buffer(
			answer->body.size, (void *)answer->body.text, MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	answer->release = NULL;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
	if (answer->gzip)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	if (answer->status != MHD_HTTP_OK || answer->page)
		MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (answer->page)
		MHD_add_response_header(
			response, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
	if ((connection->last && connection->passed == 0) || connection->server->draining)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	enum MHD_Result result = MHD_queue_response(connection->mhd, answer->status, response);
	MHD_destroy_response(response);
	ng_connections_enter(&connection->base, NG_PHASE_ANSWER, ng_now());
	return result;
}

/* The path of a target in absolute form, "http://host/metrics", which servers must also accept (RFC 9112, 3.2.2). */
static struct ng_span path_of(const char *url)
{
	size_t scheme = strncasecmp(url, "http://", 7) == 0 ? 7 : strncasecmp(url, "https://", 8) == 0 ? 8 : 0;

	if (scheme == 0)
		return ng_span(url);
	const char *path = strchr(url + scheme, '/');
	return path ? ng_span(path) : NG_SPAN("/");
}

static void fill_reader(struct connection *connection)
{
	uint64_t halves[2];

	memcpy(halves, &connection->base.client->address, sizeof(halves));
	if (connection->used && !connection->serial)
		connection->serial = ++connection->server->serial;
	connection->used = true;
	connection->request.address = (halves[0] * UINT64_C(0x9e3779b97f4a7c15)) ^ halves[1];
	connection->request.connection = connection->serial;
}

static void fill_request(struct connection *connection, const char *url, const char *method)
{
	struct ng_request *request = &connection->request;

	request->method = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0 ? NG_HEAD : NG_GET;
	request->path = path_of(url);
	request->arrived = ng_now();
	fill_reader(connection);
	connection->server->unanswered++;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *mhd, const char *url, const char *method,
	const char *version, const char *upload, size_t *upload_size, void **request_context)
{
	struct ng_server *server = context;
	struct ng_request *request = *request_context;

	(void)mhd;
	(void)version;
	(void)upload;
	*upload_size = 0;
	if (!request)
		return MHD_NO;
	struct connection *connection = connection_of(request);
	if (connection->answered)
		return queue_answer(connection);
	if (!request->arrived) {
		/* a response in this first call ends the connection */
		fill_request(connection, url, method);
		return MHD_YES;
	}
	server->config.handle(server->config.context, request);
	/* a kept request is resumed first, even if it got its response meanwhile */
	return connection->answered && !connection->kept ? queue_answer(connection) : MHD_YES;
}

const char *ng_request_header(const struct ng_request *request, const char *name)
{
	return MHD_lookup_connection_value(connection_of(request)->mhd, MHD_HEADER_KIND, name);
}

struct argument_visitor {
	bool (*each)(void *context, const char *key, const char *value);
	void *context;
};

static enum MHD_Result visit_argument(void *context, enum MHD_ValueKind kind, const char *key, const char *value)
{
	const struct argument_visitor *visitor = context;

	(void)kind;
	return visitor->each(visitor->context, key, value) ? MHD_YES : MHD_NO;
}

void ng_request_arguments(const struct ng_request *request,
	bool (*each)(void *context, const char *key, const char *value), void *context)
{
	struct argument_visitor visitor = { each, context };

	MHD_get_connection_values(connection_of(request)->mhd, MHD_GET_ARGUMENT_KIND, visit_argument, &visitor);
}

void ng_request_keep(struct ng_request *request)
{
	struct connection *connection = connection_of(request);

	connection->kept = true;
	ng_connections_enter(&connection->base, NG_PHASE_HANDLER, ng_now());
	MHD_suspend_connection(connection->mhd);
}

void ng_request_answer(struct ng_request *request, const struct ng_answer *answer)
{
	struct connection *connection = connection_of(request);

	connection->answer = *answer;
	connection->answered = true;
	if (connection->kept)
		resume(connection);
}

/* ---- accepting ---- */

static void take_connection(void *context, int fd, const struct sockaddr_storage *address, socklen_t size)
{
	struct ng_server *server = context;
	struct connection *connection = calloc(1, sizeof(*connection));
	int on = 1;

	if (!connection || !ng_connections_add(&server->connections, &connection->base, fd, address)) {
		free(connection);
		close(fd);
		return;
	}
	connection->server = server;
	connection->address = *address;
	connection->address_size = size;
	if (connection->base.client->remote)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (ng_gate_add(&server->gate, &connection->entry, &connection->base) < 0)
		end_connection(&connection->base);
}

/* ---- running ---- */

int ng_server_fd(const struct ng_server *server)
{
	return server->epoll_fd;
}

static void run_library(struct ng_server *server)
{
	MHD_UNSIGNED_LONG_LONG ms;

	/* a pipelined request or a resumed connection is work without an event */
	for (int i = 0; i < 64; i++) {
		server->resumed = false;
		MHD_run(server->daemon);
		wait_for_requests(server);
		if (!server->resumed && (MHD_get_timeout(server->daemon, &ms) != MHD_YES || ms != 0))
			return;
	}
}

uint64_t ng_server_run(struct ng_server *server, uint64_t now)
{
	struct epoll_event events[32];
	int n = epoll_wait(server->epoll_fd, events, (int)(sizeof(events) / sizeof(events[0])), 0);

	/* a connection with an event ends no other; accepting may end any */
	for (int i = 0; i < n; i++) {
		if (events[i].data.u64 >= server->config.listener_count && events[i].data.u64 != UINT64_MAX)
			ng_gate_event(&server->gate, events[i].data.ptr, events[i].events);
	}
	for (int i = 0; i < n; i++) {
		if (events[i].data.u64 < server->config.listener_count && !server->draining)
			ng_acceptor_take(&server->acceptor, events[i].data.u64, now);
	}
	run_library(server);
	ng_connections_enforce(&server->connections, now);
	uint64_t next = server->connections.next_deadline;
	MHD_UNSIGNED_LONG_LONG ms;
	if (MHD_get_timeout(server->daemon, &ms) == MHD_YES && now + ms * 1000000u < next)
		next = now + ms * 1000000u;
	uint64_t again = server->draining ? UINT64_MAX : ng_acceptor_tick(&server->acceptor, now);
	if (again < next)
		next = again;
	if (server->draining && now < server->patient_until && server->patient_until < next)
		next = server->patient_until;
	return next;
}

bool ng_server_has_work(const struct ng_server *server)
{
	return server->resumed;
}

size_t ng_server_drain(struct ng_server *server)
{
	uint64_t now = ng_now();

	if (!server->draining) {
		server->draining = true;
		server->patient_until = now + patience_ns;
		ng_acceptor_stop(&server->acceptor);
	}
	/* on each later call too: those that got a response wait again */
	return server->unanswered + ng_connections_shut_waiting(&server->connections, now < server->patient_until);
}

void ng_server_count(const struct ng_server *server, struct ng_server_counts *ret_counts)
{
	*ret_counts = server->connections.counts;
}

const char *ng_server_library(void)
{
	return MHD_get_version();
}

/* ---- life ---- */

static int watch_library(struct ng_server *server)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = UINT64_MAX };

	if (!info || info->epoll_fd < 0)
		return -ENOTSUP;
	return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, info->epoll_fd, &event) < 0 ? -errno : 0;
}

/* Higher than our own limit, since connections that were shut down remain until the library runs. */
static unsigned library_limit(const struct ng_server_config *config)
{
	return config->limits.connections * 2 + NG_ACCEPTS_AT_ONCE * (unsigned)(config->listener_count + 1);
}

int ng_server_new(const struct ng_server_config *config, struct ng_error *error, struct ng_server **ret_server)
{
	struct ng_server *server = calloc(1, sizeof(*server));

	*ret_server = NULL;
	ng_error_set(error, -ENOMEM, "cannot start the HTTP server (libmicrohttpd %s)", MHD_get_version());
	if (!server)
		return -ENOMEM;
	server->config = *config;
	server->acceptor = (struct ng_acceptor){
		.listeners = config->listeners,
		.count = config->listener_count,
		.connections = &server->connections,
		.spare_fd = -1,
		.take = take_connection,
		.context = server,
	};
	ng_connections_init(&server->connections, &config->limits, end_connection, config->log);
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0, NULL, NULL,
		handle, server, MHD_OPTION_EXTERNAL_LOGGER, library_log, server, MHD_OPTION_NOTIFY_CONNECTION,
		connection_notice, server, MHD_OPTION_NOTIFY_COMPLETED, request_completed, server,
		MHD_OPTION_URI_LOG_CALLBACK, see_target, server, MHD_OPTION_CONNECTION_LIMIT, library_limit(config),
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, 0U,
		MHD_OPTION_END);
	if (!server->daemon || server->epoll_fd < 0 || watch_library(server) < 0) {
		ng_error_set(error, -EIO, "start the HTTP server (libmicrohttpd %s): %s", MHD_get_version(),
			strerror(errno));
		ng_server_free(server);
		return -EIO;
	}
	server->acceptor.epoll_fd = server->epoll_fd;
	server->gate.epoll_fd = server->epoll_fd;
	server->gate.pass = pass_requests;
	int r = ng_acceptor_start(&server->acceptor, error);
	if (r < 0) {
		ng_server_free(server);
		return r;
	}
	*ret_server = server;
	return 0;
}

void ng_server_free(struct ng_server *server)
{
	if (!server)
		return;
	for (struct ng_connection *at = server->connections.first, *next; at; at = next) {
		struct connection *connection = connection_at(at);
		next = at->next;
		if (!at->begun || connection->entry.waiting) {
			end_connection(at);
		} else if (connection->kept && !connection->answered) {
			/* there must be no suspended connections when the library stops */
			connection->kept = false;
			resume(connection);
		}
	}
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	ng_close_fd(&server->epoll_fd);
	ng_close_fd(&server->acceptor.spare_fd);
	free(server);
}
