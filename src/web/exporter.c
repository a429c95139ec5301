/* SPDX-License-Identifier: Apache-2.0 */
#include "web/exporter.h"

#include "exposition/negotiate.h"
#include "exposition/stencil.h"
#include "web/landing.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const char text_type[] = "text/plain; charset=utf-8";

/* Below this a body is sent as it is. */
enum { PACK_FROM = 1024 };

/* Requests whose deadlines lie this close may share a gather. */
static const uint64_t share_ns = 500u * 1000000u;
static const uint64_t shortest_ns = 50u * 1000000u;

/* Scrapes count against the limit once the gather that they wait for has taken this long. */
static const uint64_t patience_ns = 50u * 1000000u;

enum result { RESULT_OK, RESULT_FAILED, RESULT_BUSY, RESULT_COUNT };

/* A scrape that waits. */
struct scrape {
	struct scrape *next;
	struct ng_request *request; /* NULL when the client went away */
	uint64_t deadline;
	bool gzip, all;
	const char *type;
	bool *cell; /* the selection, one byte a cell, when not all */
};

struct ng_exporter {
	struct ng_exporter_config config;
	struct ng_engine *engine;
	struct ng_server *server;
	int event_fd;

	struct scrape *waiting, **waiting_end; /* oldest first */
	struct scrape *sharing;                /* those of the gather that is going on */
	struct scrape *spare;
	size_t waiting_count; /* of both */
	uint64_t started;     /* the gather that is going on */

	/* handed over by the gather, before it signals event_fd */
	struct ng_gzip *gzip;
	struct ng_stencil *stencil;
	bool pack; /* set before the gather starts */
	struct ng_body *body;
	int error;

	/* read by whichever thread writes the families */
	atomic_uint_least64_t results[RESULT_COUNT], in_flight, gathers, bytes[2];
	atomic_uint_least64_t connections, accepted, refused[2], timed_out;
};

/* ---- own families ---- */

enum { REQUESTS, IN_FLIGHT, ERRORS, GATHERS, BYTES, CONNECTIONS, ACCEPTED, REFUSED, FAMILIES };
static const struct ng_family families[FAMILIES] = {
	[REQUESTS] = { .name = "promhttp_metric_handler_requests_total",
		.type = NG_COUNTER,
		.labels = "code",
		.help = "Scrapes answered, by HTTP status code." },
	[IN_FLIGHT] = { .name = "promhttp_metric_handler_requests_in_flight",
		.type = NG_GAUGE,
		.help = "Scrapes that are being answered." },
	[ERRORS] = { .name = "promhttp_metric_handler_errors_total",
		.type = NG_COUNTER,
		.labels = "cause",
		.help = "Scrapes that failed as a whole, by cause." },
	[GATHERS] = { .name = "nodegauge_gathers_total",
		.type = NG_COUNTER,
		.help = "How often the collectors were run; scrapes that come together share one run." },
	[BYTES] = { .name = "nodegauge_scrape_bytes_total",
		.type = NG_COUNTER,
		.labels = "encoding",
		.help = "Bytes of metrics sent, by content encoding." },
	[CONNECTIONS] = { .name = "nodegauge_http_connections", .type = NG_GAUGE, .help = "Open HTTP connections." },
	[ACCEPTED] = { .name = "nodegauge_http_connections_accepted_total",
		.type = NG_COUNTER,
		.help = "HTTP connections accepted." },
	[REFUSED] = { .name = "nodegauge_http_connections_dropped_total",
		.type = NG_COUNTER,
		.labels = "reason",
		.help = "HTTP connections closed by a limit, by which one." },
};

static void write_families(void *context, struct ng_page *page, struct ng_arena *arena, const struct ng_family *own)
{
	struct ng_exporter *exporter = context;
	static const char *const codes[RESULT_COUNT] = { "200", "500", "503" };

	(void)arena;
	ng_family(page, &own[REQUESTS]);
	for (int i = 0; i < RESULT_COUNT; i++)
		ng_sample_u64(
			page, NG_LABELS(arena, { "code", ng_span(codes[i]) }), atomic_load(&exporter->results[i]));
	ng_gauge_u64(page, &own[IN_FLIGHT], atomic_load(&exporter->in_flight));
	ng_family(page, &own[ERRORS]);
	ng_sample_u64(page, NG_LABELS(arena, { "cause", NG_SPAN("encoding") }), 0);
	ng_sample_u64(page, NG_LABELS(arena, { "cause", NG_SPAN("gathering") }),
		atomic_load(&exporter->results[RESULT_FAILED]));
	ng_gauge_u64(page, &own[GATHERS], atomic_load(&exporter->gathers));
	ng_family(page, &own[BYTES]);
	ng_sample_u64(page, NG_LABELS(arena, { "encoding", NG_SPAN("identity") }), atomic_load(&exporter->bytes[0]));
	ng_sample_u64(page, NG_LABELS(arena, { "encoding", NG_SPAN("gzip") }), atomic_load(&exporter->bytes[1]));
	ng_gauge_u64(page, &own[CONNECTIONS], atomic_load(&exporter->connections));
	ng_gauge_u64(page, &own[ACCEPTED], atomic_load(&exporter->accepted));
	ng_family(page, &own[REFUSED]);
	ng_sample_u64(page, NG_LABELS(arena, { "reason", NG_SPAN("total_limit") }), atomic_load(&exporter->refused[0]));
	ng_sample_u64(
		page, NG_LABELS(arena, { "reason", NG_SPAN("client_limit") }), atomic_load(&exporter->refused[1]));
	ng_sample_u64(page, NG_LABELS(arena, { "reason", NG_SPAN("timeout") }), atomic_load(&exporter->timed_out));
}

const struct ng_writer ng_exporter_writer = { .families = families, .family_count = FAMILIES, .write = write_families };

static void copy_counts(struct ng_exporter *exporter)
{
	struct ng_server_counts counts;

	ng_server_count(exporter->server, &counts);
	atomic_store(&exporter->connections, counts.connections);
	atomic_store(&exporter->accepted, counts.accepted);
	atomic_store(&exporter->refused[0], counts.refused_total);
	atomic_store(&exporter->refused[1], counts.refused_client);
	atomic_store(&exporter->timed_out, counts.timed_out);
}

/* ---- plain answers ---- */

static void answer_text(struct ng_request *request, unsigned status, struct ng_span text)
{
	ng_request_answer(request, &(struct ng_answer){ .status = status,
					   .type = text_type,
					   .body = text,
					   .close = request->bad || request->has_body });
}

/* Text in malloc'ed memory, which the answer takes over. */
static void answer_owned(struct ng_request *request, unsigned status, const char *type, struct ng_span text)
{
	if (!text.text) {
		answer_text(request, 500, NG_SPAN("Out of memory.\n"));
		return;
	}
	ng_request_answer(request, &(struct ng_answer){ .status = status,
					   .type = type,
					   .page = type != text_type,
					   .body = text,
					   .release = free,
					   .context = (void *)text.text });
}

static void answer_format(struct ng_request *request, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void answer_format(struct ng_request *request, unsigned status, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	int n = vasprintf(&text, format, arguments);
	va_end(arguments);
	answer_owned(request, status, text_type, n < 0 ? NG_NO_LABELS : (struct ng_span){ text, (size_t)n });
}

/* ---- which collectors ---- */

struct filter {
	struct ng_exporter *exporter;
	struct scrape *scrape;
	size_t collected, excluded; /* arguments of each kind */
	char bad[96];               /* the first name that is unknown or disabled */
	bool disabled;
};

static size_t find_cell(const struct ng_exporter *exporter, const char *name)
{
	size_t count = ng_engine_cell_count(exporter->engine), i;

	for (i = 0; i < count && strcmp(ng_engine_cell_name(exporter->engine, i), name) != 0;)
		i++;
	return i;
}

static bool filter_argument(void *context, const char *key, const char *value)
{
	struct filter *filter = context;
	const struct ng_exporter *exporter = filter->exporter;
	size_t count = ng_engine_cell_count(exporter->engine);
	bool collect = strcmp(key, "collect[]") == 0, exclude = strcmp(key, "exclude[]") == 0;
	const char *name = value ? value : "";

	if (!collect && !exclude)
		return true;
	if (filter->collected + filter->excluded == 0)
		memset(filter->scrape->cell, exclude, count);
	filter->collected += collect;
	filter->excluded += exclude;
	size_t i = find_cell(exporter, name);
	if (i < count) {
		filter->scrape->cell[i] = collect;
	} else if (collect && !filter->bad[0]) {
		snprintf(filter->bad, sizeof(filter->bad), "%s", *name ? name : " ");
		filter->disabled = ng_registry_find(exporter->config.registry, ng_span(name)) != NULL;
	}
	return true;
}

/* Reads collect[] and exclude[]; answers the request itself and returns false when they are wrong. */
static bool select_cells(struct ng_exporter *exporter, struct ng_request *request, struct scrape *scrape)
{
	struct filter filter = { .exporter = exporter, .scrape = scrape };
	size_t count = ng_engine_cell_count(exporter->engine);
	bool any = false;

	ng_request_arguments(request, filter_argument, &filter);
	scrape->all = filter.collected + filter.excluded == 0;
	if (filter.collected && filter.excluded) {
		answer_text(request, 400, NG_SPAN("Combined collect and exclude queries are not allowed."));
		return false;
	}
	if (filter.bad[0]) {
		answer_format(request, 400,
			"Couldn't create filtered metrics handler: couldn't create collector: %s collector: %s",
			filter.disabled ? "disabled" : "missing", filter.bad);
		return false;
	}
	for (size_t i = 0; i < count && !any; i++)
		any = scrape->cell[i];
	scrape->all = scrape->all || !any; /* nothing left means everything, as node_exporter has it */
	return true;
}

/* ---- the deadline of a scrape ---- */

/*
 * Our own limit, or what the scraper says less what the answer needs on its way: half a second, of short time-outs a
 * tenth.
 */
static uint64_t scrape_deadline(const struct ng_exporter *exporter, const struct ng_request *request)
{
	const char *text = ng_request_header(request, "X-Prometheus-Scrape-Timeout-Seconds");
	uint64_t limit = exporter->config.scrape_timeout;
	struct ng_decimal seconds;

	if (text && ng_decimal(ng_span(text), &seconds) == 0 && seconds.digits > 0) {
		double asked = (double)seconds.digits;
		while (seconds.places--)
			asked /= 10;
		asked = asked < 5 ? asked * 0.9 : asked - 0.5;
		if (asked * 1e9 < (double)limit)
			limit = (uint64_t)(asked * 1e9);
	}
	return request->arrived + (limit < shortest_ns ? shortest_ns : limit);
}

/* ---- gathers ---- */

static void pack(struct ng_exporter *exporter, struct ng_body *body)
{
	struct ng_span text = { body->page.text, body->page.size };

	if (ng_stencil_pack(exporter->stencil, &body->page, &body->packed))
		return;
	if (ng_gzip_pack(exporter->gzip, text, &body->packed) < 0)
		body->packed.size = 0; /* then it goes out as it is */
}

static void gather_finished(void *context, struct ng_body *body, int error)
{
	struct ng_exporter *exporter = context;

	if (body && exporter->pack && body->page.size >= PACK_FROM)
		pack(exporter, body);
	exporter->body = body;
	exporter->error = error;
	atomic_fetch_add(&exporter->gathers, 1);
	/* also what makes the two writes above seen by the main thread */
	eventfd_write(exporter->event_fd, 1);
}

static void free_scrape(struct ng_exporter *exporter, struct scrape *scrape)
{
	exporter->waiting_count--;
	atomic_fetch_sub(&exporter->in_flight, 1);
	scrape->next = exporter->spare;
	exporter->spare = scrape;
}

static bool may_share(const struct ng_exporter *exporter, const struct scrape *first, const struct scrape *other)
{
	uint64_t apart = first->deadline > other->deadline ? first->deadline - other->deadline
							   : other->deadline - first->deadline;

	if (first->all != other->all || apart > share_ns)
		return false;
	return first->all || memcmp(first->cell, other->cell, ng_engine_cell_count(exporter->engine)) == 0;
}

/* Moves the oldest waiting scrape and all that may share its gather to `sharing`. */
static uint64_t take_sharing(struct ng_exporter *exporter)
{
	struct scrape **at = &exporter->waiting, **end = &exporter->sharing;
	uint64_t deadline = UINT64_MAX;

	exporter->pack = false;
	while (*at) {
		struct scrape *scrape = *at;
		if (!scrape->request) {
			*at = scrape->next;
			free_scrape(exporter, scrape);
			continue;
		}
		if (exporter->sharing && !may_share(exporter, exporter->sharing, scrape)) {
			at = &scrape->next;
			continue;
		}
		*at = scrape->next;
		scrape->next = NULL;
		*end = scrape;
		end = &scrape->next;
		exporter->pack = exporter->pack || scrape->gzip;
		if (scrape->deadline < deadline)
			deadline = scrape->deadline;
	}
	exporter->waiting_end = at;
	return deadline;
}

/* When a scrape that waits behind a gather needs the next one to start. */
static uint64_t leave_by(const struct scrape *scrape)
{
	uint64_t span = (scrape->deadline - scrape->request->arrived) / 2;

	return scrape->deadline - (span < share_ns ? span : share_ns);
}

static void start_gather(struct ng_exporter *exporter)
{
	if (exporter->sharing || !exporter->waiting)
		return;
	uint64_t deadline = take_sharing(exporter);
	if (!exporter->sharing)
		return;
	struct ng_selection selection = { .cell = exporter->sharing->all ? NULL : exporter->sharing->cell };
	copy_counts(exporter);
	exporter->started = ng_now();
	for (const struct scrape *scrape = exporter->waiting; scrape; scrape = scrape->next) {
		if (scrape->request && leave_by(scrape) < deadline)
			deadline = leave_by(scrape);
	}
	if (deadline < exporter->started + shortest_ns)
		deadline = exporter->started + shortest_ns;
	int r = ng_engine_start(exporter->engine, &selection, deadline, gather_finished, exporter);
	if (r < 0)
		gather_finished(exporter, NULL, r);
}

static void release_body(void *body)
{
	ng_body_release(body);
}

static void answer_scrape(struct ng_exporter *exporter, struct scrape *scrape, struct ng_body *body)
{
	if (!body) {
		atomic_fetch_add(&exporter->results[RESULT_FAILED], 1);
		answer_format(scrape->request, 500, "An error has occurred while serving metrics:\n\n%s\n",
			strerror(-exporter->error));
		return;
	}
	bool packed = scrape->gzip && body->packed.size > 0;
	struct ng_span text = { body->page.text, body->page.size };
	if (packed)
		text = (struct ng_span){ body->packed.bytes, body->packed.size };
	atomic_fetch_add(&exporter->results[RESULT_OK], 1);
	atomic_fetch_add(&exporter->bytes[packed], text.size);
	atomic_fetch_add(&body->references, 1);
	ng_request_answer(scrape->request, &(struct ng_answer){ .status = 200,
						   .type = scrape->type,
						   .gzip = packed,
						   .body = text,
						   .release = release_body,
						   .context = body });
}

void ng_exporter_run(struct ng_exporter *exporter)
{
	eventfd_t count;

	if (eventfd_read(exporter->event_fd, &count) < 0)
		return;
	struct ng_body *body = exporter->body;
	exporter->body = NULL;
	while (exporter->sharing) {
		struct scrape *scrape = exporter->sharing;
		exporter->sharing = scrape->next;
		if (scrape->request)
			answer_scrape(exporter, scrape, body);
		free_scrape(exporter, scrape);
	}
	if (body)
		ng_body_release(body);
	start_gather(exporter);
}

/* ---- requests ---- */

static struct scrape *new_scrape(struct ng_exporter *exporter)
{
	struct scrape *scrape = exporter->spare;

	if (scrape) {
		exporter->spare = scrape->next;
		return scrape;
	}
	size_t count = ng_engine_cell_count(exporter->engine);
	scrape = calloc(1, sizeof(*scrape) + count + 1);
	if (scrape)
		scrape->cell = (bool *)(scrape + 1);
	return scrape;
}

static void refuse(struct ng_exporter *exporter, struct ng_request *request)
{
	atomic_fetch_add(&exporter->results[RESULT_BUSY], 1);
	answer_format(request, 503, "Limit of concurrent requests reached (%llu), try again later.\n",
		(unsigned long long)exporter->config.max_requests);
}

/* Answers those behind the first `keep` of a list; returns how many of `keep` are left. */
static uint64_t refuse_behind(struct ng_exporter *exporter, struct scrape *list, uint64_t keep)
{
	for (struct scrape *scrape = list; scrape; scrape = scrape->next) {
		if (!scrape->request)
			continue;
		if (keep) {
			keep--;
			continue;
		}
		refuse(exporter, scrape->request);
		scrape->request = NULL;
	}
	return keep;
}

static bool patient(const struct ng_exporter *exporter, uint64_t now)
{
	return !exporter->config.max_requests || !exporter->sharing || now < exporter->started + patience_ns;
}

uint64_t ng_exporter_tick(struct ng_exporter *exporter, uint64_t now)
{
	if (!exporter->sharing || exporter->waiting_count <= exporter->config.max_requests)
		return UINT64_MAX;
	if (patient(exporter, now))
		return exporter->config.max_requests ? exporter->started + patience_ns : UINT64_MAX;
	uint64_t left = refuse_behind(exporter, exporter->sharing, exporter->config.max_requests);
	refuse_behind(exporter, exporter->waiting, left);
	return UINT64_MAX;
}

void ng_exporter_hurry(struct ng_exporter *exporter, uint64_t deadline)
{
	for (struct scrape *scrape = exporter->waiting; scrape; scrape = scrape->next) {
		if (deadline < scrape->deadline)
			scrape->deadline = deadline;
	}
	ng_engine_hurry(exporter->engine, deadline);
}

static size_t requests_waiting(const struct ng_exporter *exporter)
{
	size_t count = 0;

	for (const struct scrape *scrape = exporter->sharing; scrape; scrape = scrape->next)
		count += scrape->request != NULL;
	for (const struct scrape *scrape = exporter->waiting; scrape; scrape = scrape->next)
		count += scrape->request != NULL;
	return count;
}

static void handle_scrape(struct ng_exporter *exporter, struct ng_request *request)
{
	if (!patient(exporter, request->arrived) && requests_waiting(exporter) >= exporter->config.max_requests) {
		refuse(exporter, request);
		return;
	}
	struct scrape *scrape = new_scrape(exporter);
	if (!scrape) {
		answer_text(request, 500, NG_SPAN("Out of memory.\n"));
		return;
	}
	exporter->waiting_count++;
	atomic_fetch_add(&exporter->in_flight, 1);
	memset(scrape->cell, 1, ng_engine_cell_count(exporter->engine));
	if (!select_cells(exporter, request, scrape)) {
		free_scrape(exporter, scrape);
		return;
	}
	scrape->next = NULL;
	scrape->request = request;
	scrape->deadline = scrape_deadline(exporter, request);
	scrape->gzip = ng_negotiate_gzip(ng_request_header(request, "Accept-Encoding"));
	scrape->type = ng_negotiate_type(ng_request_header(request, "Accept"));
	request->link = scrape;
	*exporter->waiting_end = scrape;
	exporter->waiting_end = &scrape->next;
	ng_request_keep(request);
	if (exporter->sharing)
		ng_engine_hurry(exporter->engine, leave_by(scrape));
	start_gather(exporter);
}

void ng_exporter_gone(void *context, struct ng_request *request)
{
	struct scrape *scrape = request->link;

	(void)context;
	if (scrape)
		scrape->request = NULL;
}

void ng_exporter_handle(void *context, struct ng_request *request)
{
	struct ng_exporter *exporter = context;
	struct ng_span path = request->path;

	if (request->bad)
		answer_text(request, 400,
			NG_SPAN("Bad request: a target longer than 2048 bytes or with a NUL byte, no Host, or a header "
				"twice.\n"));
	else if (request->method == NG_OTHER)
		ng_request_answer(request, &(struct ng_answer){ .status = 405,
						   .type = text_type,
						   .allow = "GET, HEAD",
						   .close = request->has_body,
						   .body = NG_SPAN("Method not allowed: GET and HEAD are.\n") });
	else if (request->has_body)
		answer_text(request, 413, NG_SPAN("A request with a body is not accepted here.\n"));
	else if (ng_span_equal(path, ng_span(exporter->config.telemetry_path)))
		handle_scrape(exporter, request);
	else if (ng_span_equal(path, NG_SPAN("/-/healthy")))
		answer_text(request, 200, NG_SPAN("nodegauge is healthy.\n"));
	else if (ng_span_equal(path, NG_SPAN("/-/ready")))
		answer_text(request, 200, NG_SPAN("nodegauge is ready.\n"));
	else if (ng_span_equal(path, NG_SPAN("/")))
		answer_owned(request, 200, "text/html; charset=UTF-8",
			ng_landing_render(
				exporter->engine, exporter->config.registry, exporter->config.telemetry_path));
	else
		answer_text(request, 404, NG_SPAN("404 page not found\n"));
}

/* ---- life ---- */

int ng_exporter_fd(const struct ng_exporter *exporter)
{
	return exporter->event_fd;
}

struct ng_exporter *ng_exporter_new(const struct ng_exporter_config *config)
{
	struct ng_exporter *exporter = calloc(1, sizeof(*exporter));

	if (!exporter)
		return NULL;
	exporter->config = *config;
	exporter->waiting_end = &exporter->waiting;
	exporter->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	exporter->gzip = ng_gzip_new();
	exporter->stencil = ng_stencil_new();
	if (exporter->event_fd < 0 || !exporter->gzip || !exporter->stencil) {
		ng_exporter_free(exporter);
		return NULL;
	}
	return exporter;
}

void ng_exporter_attach(struct ng_exporter *exporter, struct ng_engine *engine, struct ng_server *server)
{
	exporter->engine = engine;
	exporter->server = server;
}

static void free_list(struct scrape *scrape)
{
	while (scrape) {
		struct scrape *next = scrape->next;
		free(scrape);
		scrape = next;
	}
}

void ng_exporter_free(struct ng_exporter *exporter)
{
	if (!exporter)
		return;
	free_list(exporter->waiting);
	free_list(exporter->sharing);
	free_list(exporter->spare);
	if (exporter->body)
		ng_body_release(exporter->body);
	ng_gzip_free(exporter->gzip);
	ng_stencil_free(exporter->stencil);
	if (exporter->event_fd >= 0)
		close(exporter->event_fd);
	free(exporter);
}
