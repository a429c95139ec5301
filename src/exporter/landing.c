/* SPDX-License-Identifier: Apache-2.0 */
#include "exporter/landing.h"

#include "exporter/version.h"

#include <stdio.h>
#include <stdlib.h>

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>nodegauge</title>\n"
	"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><style>\n"
	"body{font:15px/1.4 system-ui,sans-serif;margin:1em auto;max-width:60em;padding:0 1em;color:#222}\n"
	"body{overflow-wrap:anywhere}table{border-collapse:collapse}\n"
	"td,th{padding:.15em 1em .15em 0;text-align:left;vertical-align:top}\n"
	"td.time,th.time{text-align:right;white-space:nowrap;padding-right:0;font-variant-numeric:tabular-nums}\n"
	"td.name{white-space:nowrap}.bad{color:#b00020}.off,.none{color:#777}\n"
	"</style></head><body>\n";

/* Escapes text for HTML: reasons contain names chosen by others. */
static void put_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*text, out);
		}
	}
}

/* In display order: states that need attention come first. */
enum state { STUCK, FAILS, LEAVES_OUT, WORKS, RUNNING, NOTHING, NOT_ASKED, OFF, STATES };

static const struct {
	const char *text, *class, *counted;
} states[STATES] = {
	[STUCK] = { "stuck", "bad", "stuck" },
	[FAILS] = { "failing", "bad", "failing" },
	[LEAVES_OUT] = { "incomplete", "bad", "incomplete" },
	[WORKS] = { "working", "", "working" },
	[RUNNING] = { "running", "none", "running" },
	[NOTHING] = { "nothing to report", "none", "with nothing to report" },
	[NOT_ASKED] = { "not scraped yet", "none", "not scraped yet" },
	[OFF] = { "off", "off", "off" },
};

struct row {
	struct ng_cell_view view; /* if enabled */
	const char *name;
	enum state state;
};

static enum state state_of(const struct ng_cell_view *view)
{
	if (view->stuck)
		return STUCK;
	if (view->running)
		return RUNNING;
	if (!view->collected)
		return NOT_ASKED;
	if (view->result == -ENODATA)
		return NOTHING;
	if (view->result < 0)
		return FAILS;
	return view->reason[0] ? LEAVES_OUT : WORKS;
}

static void fill_rows(struct row *rows, struct ng_engine *engine, const struct ng_registry *registry)
{
	size_t next = 0, count = ng_engine_cell_count(engine);

	for (size_t i = 0; i < registry->count; i++) {
		struct row *row = &rows[i];
		row->name = registry->item[i]->name;
		row->state = OFF;
		if (next < count)
			ng_engine_view(engine, next, &row->view);
		if (next < count && row->view.collector == registry->item[i]) {
			row->state = state_of(&row->view);
			next++;
		}
	}
}

static void put_row(FILE *out, const struct row *row)
{
	fprintf(out, "<tr%s><td class=\"name\">%s</td><td class=\"%s\">%s", row->state == OFF ? " class=\"off\"" : "",
		row->name, states[row->state].class, states[row->state].text);
	if (row->state != OFF && row->state != RUNNING && row->view.reason[0]) {
		fputs(": ", out);
		put_text(out, row->view.reason);
	}
	fputs("</td><td class=\"time\">", out);
	if (row->state != OFF && row->view.collected)
		fprintf(out, "%.3f ms", (double)row->view.duration / 1e6);
	fputs("</td></tr>\n", out);
}

/* "45 collectors: 1 failing, ...", without states that do not occur. */
static void put_summary(FILE *out, const struct row *rows, size_t count)
{
	size_t in[STATES] = { 0 };
	const char *before = ": ";

	for (size_t i = 0; i < count; i++)
		in[rows[i].state]++;
	bool bad = in[STUCK] || in[FAILS] || in[LEAVES_OUT];
	fprintf(out, "<p%s>%zu collectors", bad ? " class=\"bad\"" : "", count);
	for (size_t i = 0; i < STATES; i++) {
		if (!in[i])
			continue;
		fprintf(out, "%s%zu %s", before, in[i], i < RUNNING && in[i] == 1 ? states[i].text : states[i].counted);
		before = ", ";
	}
	fputs("</p>\n", out);
}

static void put_collectors(FILE *out, struct ng_engine *engine, const struct ng_registry *registry)
{
	struct row *rows = calloc(registry->count + 1, sizeof(*rows));

	if (!rows)
		return;
	fill_rows(rows, engine, registry);
	put_summary(out, rows, registry->count);
	fputs("<table>\n<tr><th>Collector</th><th>State</th><th class=\"time\">Last run</th></tr>\n", out);
	for (size_t state = 0; state < STATES; state++) {
		for (size_t i = 0; i < registry->count; i++) {
			if (rows[i].state == state)
				put_row(out, &rows[i]);
		}
	}
	fputs("</table>\n", out);
	free(rows);
}

struct ng_span ng_landing_render(
	struct ng_engine *engine, const struct ng_registry *registry, const char *telemetry_path)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return (struct ng_span){ NULL, 0 };
	fputs(head, out);
	fprintf(out, "<h1>nodegauge</h1>\n<p>Version %s, revision %s</p>\n<p><a href=\"", ng_version, ng_revision);
	put_text(out, telemetry_path);
	fputs("\">Metrics</a> &middot; <a href=\"/-/healthy\">Healthy</a> &middot; <a "
	      "href=\"/-/ready\">Ready</a></p>\n",
		out);
	put_collectors(out, engine, registry);
	fputs("</body></html>\n", out);
	if (fclose(out) != 0) {
		free(text);
		return (struct ng_span){ NULL, 0 };
	}
	return (struct ng_span){ text, size };
}
