/* SPDX-License-Identifier: Apache-2.0 */
#include "exporter/exporter.h"

#include "exporter/answers.h"
#include "exporter/landing.h"
#include "exporter/scrapes.h"
#include "exposition/negotiate.h"

#include <stdio.h>
#include <stdlib.h>

struct ng_exporter {
	struct ng_exporter_config config;
	struct ng_engine *engine;
	struct ng_scrapes scrapes;
};

/* ---- own families ---- */

enum { REQUESTS, IN_FLIGHT, ERRORS, GATHERS, BYTES, CONNECTIONS, ACCEPTED, REFUSED, FAMILIES };
static const struct ng_family families[FAMILIES] = {
	[REQUESTS] = { .name = "promhttp_metric_handler_requests_total",
		.type = NG_COUNTER,
		.labels = "code",
		.help = "Scrape responses, by HTTP status code." },
	[IN_FLIGHT] = { .name = "promhttp_metric_handler_requests_in_flight",
		.type = NG_GAUGE,
		.help = "Scrapes in progress." },
	[ERRORS] = { .name = "promhttp_metric_handler_errors_total",
		.type = NG_COUNTER,
		.labels = "cause",
		.help = "Scrapes that failed as a whole, by cause." },
	[GATHERS] = { .name = "nodegauge_gathers_total",
		.type = NG_COUNTER,
		.help = "Collector runs; concurrent scrapes share one run." },
	[BYTES] = { .name = "nodegauge_scrape_bytes_total",
		.type = NG_COUNTER,
		.labels = "encoding",
		.help = "Bytes sent in scrape responses, by content encoding." },
	[CONNECTIONS] = { .name = "nodegauge_http_connections", .type = NG_GAUGE, .help = "Open HTTP connections." },
	[ACCEPTED] = { .name = "nodegauge_http_connections_accepted_total",
		.type = NG_COUNTER,
		.help = "HTTP connections accepted." },
	[REFUSED] = { .name = "nodegauge_http_connections_dropped_total",
		.type = NG_COUNTER,
		.labels = "reason",
		.help = "HTTP connections closed because of a limit, by reason." },
};

static void write_families(void *context, struct ng_scrape *scrape, const struct ng_family *own)
{
	const struct ng_scrapes *scrapes = &((struct ng_exporter *)context)->scrapes;
	struct ng_page *page = scrape->page;
	struct ng_arena *arena = scrape->arena;
	static const char *const codes[NG_RESULT_COUNT] = { "200", "500", "503" };

	ng_family(page, &own[REQUESTS]);
	for (int i = 0; i < NG_RESULT_COUNT; i++)
		ng_sample_u64(page, NG_LABELS(arena, { "code", ng_span(codes[i]) }), atomic_load(&scrapes->results[i]));
	ng_gauge_u64(page, &own[IN_FLIGHT], atomic_load(&scrapes->in_flight));
	ng_family(page, &own[ERRORS]);
	ng_sample_u64(page, NG_LABELS(arena, { "cause", NG_SPAN("encoding") }), 0);
	ng_sample_u64(page, NG_LABELS(arena, { "cause", NG_SPAN("gathering") }),
		atomic_load(&scrapes->results[NG_RESULT_FAILED]));
	ng_gauge_u64(page, &own[GATHERS], atomic_load(&scrapes->gathers));
	ng_family(page, &own[BYTES]);
	ng_sample_u64(page, NG_LABELS(arena, { "encoding", NG_SPAN("identity") }), atomic_load(&scrapes->bytes[0]));
	ng_sample_u64(page, NG_LABELS(arena, { "encoding", NG_SPAN("gzip") }), atomic_load(&scrapes->bytes[1]));
	ng_gauge_u64(page, &own[CONNECTIONS], atomic_load(&scrapes->connections));
	ng_gauge_u64(page, &own[ACCEPTED], atomic_load(&scrapes->accepted));
	ng_family(page, &own[REFUSED]);
	ng_sample_u64(page, NG_LABELS(arena, { "reason", NG_SPAN("total_limit") }), atomic_load(&scrapes->refused[0]));
	ng_sample_u64(page, NG_LABELS(arena, { "reason", NG_SPAN("client_limit") }), atomic_load(&scrapes->refused[1]));
	ng_sample_u64(page, NG_LABELS(arena, { "reason", NG_SPAN("timeout") }), atomic_load(&scrapes->timed_out));
}

const struct ng_writer ng_exporter_writer = { .families = families, .family_count = FAMILIES, .write = write_families };

/* ---- which collectors ---- */

struct filter {
	struct ng_exporter *exporter;
	struct ng_waiting *scrape;
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

/* Parses collect[] and exclude[]; if they are invalid, responds to the request and returns false. */
static bool select_cells(struct ng_exporter *exporter, struct ng_request *request, struct ng_waiting *scrape)
{
	struct filter filter = { .exporter = exporter, .scrape = scrape };
	size_t count = ng_engine_cell_count(exporter->engine);
	bool any = false;

	ng_request_arguments(request, filter_argument, &filter);
	scrape->all = filter.collected + filter.excluded == 0;
	if (filter.collected && filter.excluded) {
		ng_answer_text(request, 400, NG_SPAN("Combined collect and exclude queries are not allowed."));
		return false;
	}
	if (filter.bad[0]) {
		ng_answer_format(request, 400,
			"Couldn't create filtered metrics handler: couldn't create collector: %s collector: %s",
			filter.disabled ? "disabled" : "missing", filter.bad);
		return false;
	}
	for (size_t i = 0; i < count && !any; i++)
		any = scrape->cell[i];
	scrape->all = scrape->all || !any; /* an empty selection means everything, as in node_exporter */
	return true;
}

/* ---- the deadline of a scrape ---- */

/*
 * Our own limit, or the scraper's timeout minus the time for delivering the response: half a second, or a tenth of
 * short timeouts.
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
	return request->arrived + (limit < NG_SHORTEST_GATHER_NS ? NG_SHORTEST_GATHER_NS : limit);
}

/* ---- requests ---- */

static void handle_scrape(struct ng_exporter *exporter, struct ng_request *request)
{
	struct ng_waiting *scrape = ng_scrapes_new(&exporter->scrapes, request);

	if (!scrape)
		return;
	if (!select_cells(exporter, request, scrape)) {
		ng_scrapes_drop(&exporter->scrapes, scrape);
		return;
	}
	scrape->deadline = scrape_deadline(exporter, request);
	scrape->gzip = ng_negotiate_gzip(ng_request_header(request, "Accept-Encoding"));
	scrape->type = ng_negotiate_type(ng_request_header(request, "Accept"), &scrape->format);
	request->link = scrape;
	ng_scrapes_add(&exporter->scrapes, scrape);
}

void ng_exporter_gone(void *context, struct ng_request *request)
{
	struct ng_waiting *scrape = request->link;

	(void)context;
	if (scrape)
		scrape->request = NULL;
}

void ng_exporter_handle(void *context, struct ng_request *request)
{
	struct ng_exporter *exporter = context;
	struct ng_span path = request->path;

	if (ng_span_equal(path, ng_span(exporter->config.telemetry_path)))
		handle_scrape(exporter, request);
	else if (ng_span_equal(path, NG_SPAN("/-/healthy")))
		ng_answer_text(request, 200, NG_SPAN("nodegauge is healthy.\n"));
	else if (ng_span_equal(path, NG_SPAN("/-/ready")))
		ng_answer_text(request, 200, NG_SPAN("nodegauge is ready.\n"));
	else if (ng_span_equal(path, NG_SPAN("/")))
		ng_answer_owned(request, 200, "text/html; charset=UTF-8",
			ng_landing_render(
				exporter->engine, exporter->config.registry, exporter->config.telemetry_path));
	else
		ng_answer_text(request, 404, NG_SPAN("404 page not found\n"));
}

/* ---- life ---- */

int ng_exporter_fd(const struct ng_exporter *exporter)
{
	return exporter->scrapes.event_fd;
}

void ng_exporter_run(struct ng_exporter *exporter)
{
	ng_scrapes_run(&exporter->scrapes);
}

uint64_t ng_exporter_tick(struct ng_exporter *exporter, uint64_t now)
{
	return ng_scrapes_tick(&exporter->scrapes, now);
}

void ng_exporter_hurry(struct ng_exporter *exporter, uint64_t deadline)
{
	ng_scrapes_hurry(&exporter->scrapes, deadline);
}

struct ng_exporter *ng_exporter_new(const struct ng_exporter_config *config)
{
	struct ng_exporter *exporter = calloc(1, sizeof(*exporter));

	if (!exporter)
		return NULL;
	exporter->config = *config;
	if (ng_scrapes_init(&exporter->scrapes, config->max_requests) < 0) {
		ng_exporter_free(exporter);
		return NULL;
	}
	return exporter;
}

void ng_exporter_attach(struct ng_exporter *exporter, struct ng_engine *engine, struct ng_server *server)
{
	exporter->engine = engine;
	exporter->scrapes.engine = engine;
	exporter->scrapes.server = server;
}

void ng_exporter_free(struct ng_exporter *exporter)
{
	if (!exporter)
		return;
	ng_scrapes_done(&exporter->scrapes);
	free(exporter);
}
