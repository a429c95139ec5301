/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a client sends them, to the whole server with one collector behind it. Whatever comes, a connection ends,
 * and an answer with the metrics is whole: of the length that it says, and well-formed.
 */
#include "../runner/exposition.h"
#include "../runner/tree.h"
#include "engine/registry.h"
#include "exporter/exporter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ng_registry registry;
static struct ng_engine *engine;
static struct ng_exporter *exporter;
static struct ng_server *server;
static struct ng_listener listener;
static char *place, *address;

static void clean_up(void)
{
	tree_remove(place);
}

static void stay_silent(const char *message, const char *detail)
{
	(void)message;
	(void)detail;
}

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "ERROR: %s\n", what);
	abort();
}

static void start_server(void)
{
	struct ng_choice choices[2] = { { .collector = ng_registry_find(&registry, NG_SPAN("loadavg")) } };
	struct ng_exporter_config exporting = {
		.telemetry_path = "/metrics",
		.max_requests = 40,
		.scrape_timeout = UINT64_C(5000000000),
		.registry = &registry,
	};
	struct ng_engine_config config = { .choices = choices, .choice_count = 1, .writer_count = 1 };
	struct ng_server_config serving = {
		.limits = { 64, 64, 3000000, 3000000,
			UINT64_C(1000000000) }, /* a client that waits is not waited for */
		.listeners = &listener,
		.listener_count = 1,
		.handle = ng_exporter_handle,
		.gone = ng_exporter_gone,
		.log = stay_silent,
	};
	struct ng_error error = { "" };
	static struct ng_writer writer;

	for (size_t i = 0; i < NG_ROOTS; i++)
		config.roots[i] = place;
	exporter = ng_exporter_new(&exporting);
	writer = ng_exporter_writer;
	writer.context = exporter;
	config.writers = &writer;
	serving.context = exporter;
	if (!exporter || ng_engine_new(&config, &error, &engine) < 0 ||
		ng_listen_open(address, &(struct ng_socket_access){ .mode = 0600 }, &listener, &error) < 0 ||
		ng_server_new(&serving, &error, &server) < 0)
		must(false, error.text);
	ng_exporter_attach(exporter, engine, server);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] = "0.25 0.50 0.75 1/100 4711\n";

	(void)argc;
	(void)argv;
	place = tree_new();
	atexit(clean_up);
	address = format("unix:%s/socket", place);
	char *path = format("%s/loadavg", place);
	tree_write(path, text, strlen(text));
	free(path);
	must(ng_registry_init(&registry) == 0, "no registry");
	start_server();
	return 0;
}

static int connect_client(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s/socket", place);
	must(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0, "cannot connect");
	return fd;
}

/* What the main loop does, for as long as there is something to do. */
static void serve(void)
{
	uint64_t now = ng_now(), next = ng_server_run(server, now);
	struct pollfd waits[] = {
		{ .fd = ng_server_fd(server), .events = POLLIN },
		{ .fd = ng_exporter_fd(exporter), .events = POLLIN },
	};

	ng_engine_tick(engine, now);
	ng_exporter_tick(exporter, now);
	poll(waits, 2, next <= now ? 0 : 1);
	if (waits[1].revents)
		ng_exporter_run(exporter);
}

static char answer[1 << 20];

/* Sends everything, closes its side, and reads until the server closes; false when that takes too long. */
static bool talk(int fd, const char *bytes, size_t size, size_t *ret_size)
{
	uint64_t until = ng_now() + UINT64_C(8000000000);
	size_t sent = 0, got = 0;
	bool closed = false;

	while (ng_now() < until) {
		while (sent < size) {
			ssize_t n = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);
			if (n <= 0)
				break;
			sent += (size_t)n;
		}
		if (sent == size && !closed) {
			shutdown(fd, SHUT_WR);
			closed = true;
		}
		serve();
		ssize_t n = recv(fd, answer + got, sizeof(answer) - got, 0);
		if (n > 0)
			got += (size_t)n;
		else if (n == 0 || errno != EAGAIN) {
			*ret_size = got;
			return true;
		}
	}
	return false;
}

/*
 * What may never be served, by rules that are simpler than the server's: up to the first empty line no byte but text
 * and whole line ends, no line that begins with a blank or has one before its colon, and nothing that has a body.
 */
static void judge_request(struct ng_span bytes)
{
	static const char *const words[] = { "\nTransfer-Encoding:", "\nContent-Length: 1" };
	bool first = true;

	while (bytes.size && (bytes.text[0] == '\r' || bytes.text[0] == '\n'))
		bytes = ng_span_skip(bytes, 1);
	for (const char *at = bytes.text, *end = at + bytes.size; at < end;) {
		const char *line = at, *stop = memchr(at, '\n', (size_t)(end - at)), *colon;
		must(stop != NULL, "half a head was served");
		at = stop + 1;
		stop -= stop > line && stop[-1] == '\r';
		if (stop == line)
			break;
		for (const char *c = line; c < stop; c++)
			must((unsigned char)*c >= ' ' || *c == '\t', "a control character was served");
		colon = memchr(line, ':', (size_t)(stop - line));
		must(first || (colon && colon > line && colon[-1] != ' ' && colon[-1] != '\t' && *line != ' ' &&
				      *line != '\t'),
			"a bad header line was served");
		for (size_t i = 0; i < NG_COUNT(words); i++)
			must(first || strncasecmp(line, words[i] + 1, strlen(words[i] + 1)) != 0 ||
					stop - line < (ptrdiff_t)strlen(words[i] + 1),
				"a request with a body was served");
		first = false;
	}
}

/* Judges the first answer of those that came. */
static void judge(struct ng_span request, struct ng_span all)
{
	static struct exposition exposition;
	struct ng_span head, line;
	const char *end = all.size ? memmem(all.text, all.size, "\r\n\r\n", 4) : NULL;
	uint64_t length = UINT64_MAX;
	bool text = false, packed = false;

	if (!ng_span_starts(all, NG_SPAN("HTTP/1.")) || all.size < 12)
		return;
	must(end != NULL, "a head without end");
	if (memcmp(all.text + 9, "200", 3) != 0)
		return;
	judge_request(request);
	head = (struct ng_span){ all.text, (size_t)(end - all.text) };
	while (ng_line_next(&head, &line)) {
		line = ng_trim(line);
		if (ng_span_starts(line, NG_SPAN("Content-Length: ")))
			must(ng_u64(ng_span_skip(line, 16), &length) == 0, "no length");
		text = text || ng_span_starts(line, NG_SPAN("Content-Type: text/plain; version=0.0.4"));
		packed = packed || ng_span_starts(line, NG_SPAN("Content-Encoding: "));
	}
	must(length != UINT64_MAX, "an answer without its length");
	struct ng_span body = ng_span_skip(all, (size_t)(end + 4 - all.text));
	if (!text || packed || body.size == 0) /* HEAD has none */
		return;
	must(body.size >= length, "a cut answer");
	must(exposition_read(&exposition, (struct ng_span){ body.text, length }), exposition.error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t got = 0;
	int fd = connect_client();

	must(talk(fd, (const char *)data, size, &got), "the connection does not end");
	close(fd);
	judge((struct ng_span){ (const char *)data, size }, (struct ng_span){ answer, got });
	return 0;
}
