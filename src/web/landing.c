/* SPDX-License-Identifier: Apache-2.0 */
#include "web/landing.h"

#include "host/version.h"

#include <stdio.h>
#include <stdlib.h>

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>nodegauge</title>\n"
	"<meta name=\"viewport\" content=\"width=device-width\"><style>\n"
	"body{font:15px/1.4 system-ui,sans-serif;margin:2em auto;max-width:60em;padding:0 1em;color:#222}\n"
	"table{border-collapse:collapse}td,th{padding:.15em 1em .15em 0;text-align:left;vertical-align:top}\n"
	".bad{color:#b00020}.off,.none{color:#777}td.time{text-align:right;font-variant-numeric:tabular-nums}\n"
	"</style></head><body>\n";

/* Text for HTML: reasons hold names that others chose. */
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

static void put_cell(FILE *out, const struct ng_cell_view *view)
{
	const char *state = "works", *class = "";

	if (!view->collected && !view->running) {
		state = "not asked yet";
		class = "none";
	} else if (view->running) {
		state = "running";
		class = "none";
	} else if (view->stuck) {
		state = "stuck";
		class = "bad";
	} else if (view->result == -ENODATA) {
		state = "nothing to report";
		class = "none";
	} else if (view->result < 0) {
		state = "fails";
		class = "bad";
	}
	fprintf(out, "<tr><td>%s</td><td class=\"%s\">%s", view->collector->name, class, state);
	if (!view->running && view->reason[0]) {
		fputs(": ", out);
		put_text(out, view->reason);
	}
	fputs("</td><td class=\"time\">", out);
	if (view->collected)
		fprintf(out, "%.3f ms", (double)view->duration / 1e6);
	fputs("</td></tr>\n", out);
}

static void put_cells(FILE *out, struct ng_engine *engine, const struct ng_registry *registry)
{
	size_t next = 0, count = ng_engine_cell_count(engine);
	struct ng_cell_view view;

	fputs("<table>\n<tr><th>Collector</th><th>State</th><th>Last duration</th></tr>\n", out);
	for (size_t i = 0; i < registry->count; i++) {
		if (next < count) {
			ng_engine_view(engine, next, &view);
			if (view.collector == registry->item[i]) {
				put_cell(out, &view);
				next++;
				continue;
			}
		}
		fprintf(out, "<tr class=\"off\"><td>%s</td><td>off</td><td></td></tr>\n", registry->item[i]->name);
	}
	fputs("</table>\n", out);
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
	put_cells(out, engine, registry);
	fputs("</body></html>\n", out);
	if (fclose(out) != 0) {
		free(text);
		return (struct ng_span){ NULL, 0 };
	}
	return (struct ng_span){ text, size };
}
