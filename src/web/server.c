/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd 0.9.75 (Debian 12) to 1.0.x, as a parser of connections that we accept ourselves: limits in all and per
 * client and all deadlines are ours, because its own time-out is one of inactivity, which one byte a second defeats.
 *
 * It runs in external epoll mode, and what blocks is suspended and resumed from the same thread: the mode in which all
 * these releases are sound (thread-per-connection loses wake-ups before 1.0.10).
 */
#include "web/server.h"

#include "kernel/kernel.h"

#include <errno.h>
#include <linux/tcp.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	TARGET_MAX = 2048,         /* bytes of a request target */
	CONNECTION_MEMORY = 16384, /* for a head; longer ones are answered with 431 */
	ACCEPTS_AT_ONCE = 64,
	LOG_LINES_A_MINUTE = 10,
};
static const uint64_t second = 1000000000u;
static const uint64_t accept_pause = 100u * 1000000u;

enum phase {
	PHASE_HEAD,    /* of the first request */
	PHASE_IDLE,    /* between requests, or in the head of a further one */
	PHASE_HANDLER, /* kept by the handler, which has its own deadline */
	PHASE_ANSWER,
};

struct connection {
	struct connection *next, *previous;
	struct ng_server *server;
	struct MHD_Connection *mhd;
	int fd;
	enum phase phase;
	uint64_t deadline;
	struct in6_addr client;
	bool has_client;   /* not a unix socket */
	uint64_t received; /* bytes when it was last looked at while idle */
	struct ng_request request;
	bool kept;
	bool evicted;            /* shut down to make room; the library has not noticed yet */
	struct ng_answer answer; /* of a kept request, until it is queued */
	bool answered;
};

struct ng_server {
	struct ng_server_config config;
	struct MHD_Daemon *daemon;
	int epoll_fd;
	struct connection *connections; /* newest first */
	size_t count, evicted, unanswered;
	uint64_t next_deadline;
	uint64_t accept_again; /* paused until then after an error; 0 when not */
	bool draining;
	struct ng_server_counts counts;
	uint64_t log_minute;
	unsigned log_lines;
};

static struct connection *connection_of(const struct ng_request *request)
{
	return (struct connection *)((char *)request - offsetof(struct connection, request));
}

static void limited_log(struct ng_server *server, const char *message, const char *detail)
{
	uint64_t minute = ng_now() / (60 * second);

	if (minute != server->log_minute) {
		server->log_minute = minute;
		server->log_lines = 0;
	}
	if (server->config.log && server->log_lines++ < LOG_LINES_A_MINUTE)
		server->config.log(message, detail);
}

static void library_log(void *context, const char *format, va_list arguments)
{
	char line[256];

	vsnprintf(line, sizeof(line), format, arguments);
	line[strcspn(line, "\n")] = '\0';
	/* it takes unix sockets for TCP */
	if (!strstr(line, "TCP_NODELAY") && !strstr(line, "TCP_CORK") && !strstr(line, "Failed to push the data"))
		limited_log(context, "http library", line);
}

static void enter(struct connection *connection, enum phase phase, uint64_t now)
{
	const struct ng_server_limits *limits = &connection->server->config.limits;
	const uint64_t limit[] = {
		[PHASE_HEAD] = limits->header_timeout,
		[PHASE_IDLE] = limits->idle_timeout,
		[PHASE_HANDLER] = 0,
		[PHASE_ANSWER] = limits->response_timeout,
	};

	connection->phase = phase;
	connection->deadline = phase == PHASE_HANDLER ? UINT64_MAX : now + limit[phase];
	if (connection->deadline < connection->server->next_deadline)
		connection->server->next_deadline = connection->deadline;
	if (phase == PHASE_IDLE) {
		connection->received = 0;
		if (now + limits->header_timeout < connection->server->next_deadline)
			connection->server->next_deadline = now + limits->header_timeout;
	}
}

/* ---- the life of a connection ---- */

static void forget(struct connection *connection)
{
	struct ng_server *server = connection->server;

	if (connection->previous)
		connection->previous->next = connection->next;
	else
		server->connections = connection->next;
	if (connection->next)
		connection->next->previous = connection->previous;
	server->count--;
	server->evicted -= connection->evicted;
	server->counts.connections = server->count;
	free(connection);
}

/* 0.9.75 tells of a connection while it is handed over, 1.0 when it runs next. */
static struct connection *find_new(struct ng_server *server, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct connection *at = server->connections;

	while (at && (at->mhd || !info || at->fd != info->connect_fd))
		at = at->next;
	return at;
}

static void connection_notice(
	void *context, struct MHD_Connection *mhd, void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	struct ng_server *server = context;
	struct connection *connection = *socket_context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		connection = find_new(server, mhd);
		if (connection)
			connection->mhd = mhd;
		*socket_context = connection;
	} else if (connection) {
		*socket_context = NULL;
		forget(connection);
		if (server->accept_again)
			server->accept_again = 1; /* there is a descriptor again */
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
	enter(connection, PHASE_IDLE, ng_now());
}

/* ---- requests ---- */

static struct connection *connection_from(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/*
 * Sees the request target before the library parses it; what it returns is the request's context.
 *
 * libmicrohttpd 1.0.0 to 1.0.6 crash on a long query of arguments without values when no header follows: a target that
 * is too long is made one argument with a value.
 */
static void *see_target(void *context, const char *target, struct MHD_Connection *mhd)
{
	struct connection *connection = connection_from(mhd);

	(void)context;
	if (!connection)
		return NULL;
	connection->request = (struct ng_request){ 0 };
	connection->request.bad = strlen(target) > TARGET_MAX || strstr(target, "%00") != NULL;
	char *query = strchr((char *)target, '?');
	if (strlen(target) > TARGET_MAX && query && query[1]) {
		query[1] = '=';
		for (char *at = query + 2; *at; at++) {
			if (*at == '&')
				*at = 'x';
		}
	}
	return &connection->request;
}

static enum MHD_Result queue_answer(struct connection *connection)
{
	struct ng_answer *answer = &connection->answer;
	struct MHD_Response *response;

	if (answer->release)
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
	if (answer->allow)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, answer->allow);
	if (answer->status != MHD_HTTP_OK || answer->page)
		MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (answer->page)
		MHD_add_response_header(
			response, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
	if (answer->close || connection->server->draining)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	enum MHD_Result result = MHD_queue_response(connection->mhd, answer->status, response);
	MHD_destroy_response(response);
	enter(connection, PHASE_ANSWER, ng_now());
	return result;
}

/* What the headers say of the request's shape; the library takes the first of several for granted. */
struct shape {
	unsigned hosts, lengths;
	bool body;
};

static enum MHD_Result see_header(void *context, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct shape *shape = context;

	(void)kind;
	if (strcasecmp(key, MHD_HTTP_HEADER_HOST) == 0)
		shape->hosts++;
	else if (strcasecmp(key, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0)
		shape->body = true;
	else if (strcasecmp(key, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
		shape->lengths++;
		shape->body = shape->body || !value || strcmp(value, "0") != 0;
	}
	return MHD_YES;
}

static void fill_request(struct connection *connection, const char *url, const char *method, const char *version)
{
	struct ng_request *request = &connection->request;
	struct shape shape = { 0 };

	request->method = strcmp(method, MHD_HTTP_METHOD_GET) == 0    ? NG_GET
			  : strcmp(method, MHD_HTTP_METHOD_HEAD) == 0 ? NG_HEAD
								      : NG_OTHER;
	request->path = ng_span(url);
	request->arrived = ng_now();
	MHD_get_connection_values(connection->mhd, MHD_HEADER_KIND, see_header, &shape);
	request->has_body = shape.body;
	request->bad = request->bad || shape.hosts > 1 || shape.lengths > 1 ||
		       (shape.hosts == 0 && strcmp(version, MHD_HTTP_VERSION_1_1) == 0);
	connection->server->unanswered++;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *mhd, const char *url, const char *method,
	const char *version, const char *upload, size_t *upload_size, void **request_context)
{
	struct ng_server *server = context;
	struct ng_request *request = *request_context;

	(void)mhd;
	(void)upload;
	*upload_size = 0;
	if (!request)
		return MHD_NO;
	struct connection *connection = connection_of(request);
	if (connection->answered)
		return queue_answer(connection);
	if (!request->arrived) {
		fill_request(connection, url, method, version);
		/* what is answered in this first call ends the connection: right for what may have a body, and for
		 * nothing else */
		if (!request->has_body && !request->bad && request->method != NG_OTHER)
			return MHD_YES;
	}
	server->config.handle(server->config.context, request);
	return connection->answered ? queue_answer(connection) : MHD_YES;
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
	enter(connection, PHASE_HANDLER, ng_now());
	MHD_suspend_connection(connection->mhd);
}

void ng_request_answer(struct ng_request *request, const struct ng_answer *answer)
{
	struct connection *connection = connection_of(request);

	connection->answer = *answer;
	connection->answered = true;
	if (connection->kept)
		MHD_resume_connection(connection->mhd);
}

/* ---- accepting ---- */

static void client_of(const struct sockaddr_storage *address, struct connection *connection)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;

	connection->has_client = true;
	if (address->ss_family == AF_INET6)
		connection->client = six->sin6_addr;
	else if (address->ss_family == AF_INET)
		memcpy(&connection->client, &four->sin_addr, sizeof(four->sin_addr));
	else
		connection->has_client = false;
}

static bool same_client(const struct connection *a, const struct connection *b)
{
	return a->has_client && b->has_client && memcmp(&a->client, &b->client, sizeof(a->client)) == 0;
}

/*
 * Makes room: of the connections (those of one client, when it is given) the one goes that has waited longest for its
 * first request, or else longest for a further one. False when all of them are being answered.
 */
static bool evict_one(struct ng_server *server, const struct connection *client)
{
	struct connection *fresh = NULL, *idle = NULL;

	for (struct connection *at = server->connections; at; at = at->next) {
		if (at->evicted || !at->mhd || (client && !same_client(at, client)))
			continue;
		if (at->phase == PHASE_HEAD)
			fresh = at;
		else if (at->phase == PHASE_IDLE)
			idle = at;
	}
	struct connection *victim = fresh ? fresh : idle;
	if (!victim)
		return false;
	shutdown(victim->fd, SHUT_RDWR);
	victim->evicted = true;
	server->evicted++;
	return true;
}

/* Connections that come beyond a limit take the place of those that never get on with their request. */
static bool admit(struct ng_server *server, const struct connection *connection)
{
	unsigned same = 0;

	for (const struct connection *at = server->connections; at; at = at->next)
		same += !at->evicted && same_client(at, connection);
	if (same >= server->config.limits.client_connections && !evict_one(server, connection)) {
		server->counts.refused_client++;
		limited_log(server, "connection refused",
			"too many connections from one address, see --web.max-connections-per-client");
		return false;
	}
	if (server->count - server->evicted >= server->config.limits.connections && !evict_one(server, NULL)) {
		server->counts.refused_total++;
		limited_log(server, "connection refused", "too many connections, see --web.max-connections");
		return false;
	}
	return true;
}

static void take_connection(struct ng_server *server, int fd, const struct sockaddr_storage *address, socklen_t size)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int on = 1;

	if (connection) {
		connection->server = server;
		connection->fd = fd;
		client_of(address, connection);
	}
	if (!connection || !admit(server, connection)) {
		free(connection);
		close(fd);
		return;
	}
	if (connection->has_client)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	connection->next = server->connections;
	if (connection->next)
		connection->next->previous = connection;
	server->connections = connection;
	server->count++;
	server->counts.accepted++;
	server->counts.connections = server->count;
	enter(connection, PHASE_HEAD, ng_now());
	/* the library closes the descriptor when it fails, and tells the notice if it had begun */
	if (MHD_add_connection(server->daemon, fd, (const struct sockaddr *)address, size) != MHD_YES &&
		server->connections == connection && !connection->mhd)
		forget(connection);
}

static void watch_listeners(struct ng_server *server, bool on)
{
	for (size_t i = 0; i < server->config.listener_count; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u64 = i };
		epoll_ctl(server->epoll_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, server->config.listeners[i].fd, &event);
	}
}

static void accept_from(struct ng_server *server, const struct ng_listener *listener, uint64_t now)
{
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		struct sockaddr_storage address = { 0 };
		socklen_t size = sizeof(address);
		int fd = accept4(listener->fd, (struct sockaddr *)&address, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			take_connection(server, fd, &address, size);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
			limited_log(server, "cannot accept connections", strerror(errno));
			evict_one(server, NULL);
			watch_listeners(server, false);
			server->accept_again = now + accept_pause;
		}
		return;
	}
}

/* ---- deadlines ---- */

/* A further request that has begun and does not get on: bytes have come since the last look, and the head is not
 * complete. */
static bool stalled_head(struct connection *connection)
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

static void enforce_deadlines(struct ng_server *server, uint64_t now)
{
	if (now < server->next_deadline)
		return;
	server->next_deadline = UINT64_MAX;
	for (struct connection *at = server->connections, *next; at; at = next) {
		uint64_t look = at->deadline;
		next = at->next;
		if (at->phase == PHASE_IDLE) {
			if (stalled_head(at))
				at->deadline = now;
			else if (now + server->config.limits.header_timeout < look)
				look = now + server->config.limits.header_timeout;
		}
		if (now >= at->deadline && !at->mhd) {
			forget(at); /* never begun: the library has closed it */
			continue;
		}
		if (now >= at->deadline) {
			/* the library sees the end of the connection and clears up */
			shutdown(at->fd, SHUT_RDWR);
			at->deadline = UINT64_MAX;
			server->counts.timed_out++;
			continue;
		}
		if (look < server->next_deadline)
			server->next_deadline = look;
	}
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
		MHD_run(server->daemon);
		if (MHD_get_timeout(server->daemon, &ms) != MHD_YES || ms != 0)
			return;
	}
}

uint64_t ng_server_run(struct ng_server *server, uint64_t now)
{
	struct epoll_event events[32];
	int n = epoll_wait(server->epoll_fd, events, (int)(sizeof(events) / sizeof(events[0])), 0);

	for (int i = 0; i < n; i++) {
		if (events[i].data.u64 < server->config.listener_count && !server->draining)
			accept_from(server, &server->config.listeners[events[i].data.u64], now);
	}
	run_library(server);
	enforce_deadlines(server, now);
	if (server->accept_again && now >= server->accept_again && !server->draining) {
		server->accept_again = 0;
		watch_listeners(server, true);
	}
	uint64_t next = server->next_deadline;
	MHD_UNSIGNED_LONG_LONG ms;
	if (MHD_get_timeout(server->daemon, &ms) == MHD_YES && now + ms * 1000000u < next)
		next = now + ms * 1000000u;
	if (server->accept_again && server->accept_again < next)
		next = server->accept_again;
	return next;
}

size_t ng_server_drain(struct ng_server *server)
{
	if (!server->draining) {
		server->draining = true;
		if (!server->accept_again)
			watch_listeners(server, false);
		for (struct connection *at = server->connections; at; at = at->next) {
			if (at->mhd && (at->phase == PHASE_HEAD || at->phase == PHASE_IDLE))
				shutdown(at->fd, SHUT_RDWR);
		}
	}
	return server->unanswered;
}

void ng_server_count(const struct ng_server *server, struct ng_server_counts *ret_counts)
{
	*ret_counts = server->counts;
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

/* Beyond our own limit, as connections that were shut down are there until the library runs. */
static unsigned library_limit(const struct ng_server_config *config)
{
	return config->limits.connections * 2 + ACCEPTS_AT_ONCE * (unsigned)(config->listener_count + 1);
}

int ng_server_new(const struct ng_server_config *config, char *error, size_t error_size, struct ng_server **ret_server)
{
	struct ng_server *server = calloc(1, sizeof(*server));

	*ret_server = NULL;
	snprintf(error, error_size, "cannot start the HTTP server (libmicrohttpd %s)", MHD_get_version());
	if (!server)
		return -ENOMEM;
	server->config = *config;
	server->next_deadline = UINT64_MAX;
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0, NULL, NULL,
		handle, server, MHD_OPTION_EXTERNAL_LOGGER, library_log, server, MHD_OPTION_NOTIFY_CONNECTION,
		connection_notice, server, MHD_OPTION_NOTIFY_COMPLETED, request_completed, server,
		MHD_OPTION_URI_LOG_CALLBACK, see_target, server, MHD_OPTION_CONNECTION_LIMIT, library_limit(config),
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, 0U,
		MHD_OPTION_END);
	if (!server->daemon || server->epoll_fd < 0 || watch_library(server) < 0) {
		ng_server_free(server);
		return -EIO;
	}
	watch_listeners(server, true);
	*ret_server = server;
	return 0;
}

void ng_server_free(struct ng_server *server)
{
	if (!server)
		return;
	for (struct connection *at = server->connections; at; at = at->next) {
		/* a suspended connection may not be there when the library stops */
		if (at->kept && !at->answered) {
			at->kept = false;
			MHD_resume_connection(at->mhd);
		}
	}
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	if (server->epoll_fd >= 0)
		close(server->epoll_fd);
	free(server);
}
