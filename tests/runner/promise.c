/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a response against the descriptors of its collectors. */
#include "instance.h"

#include <stdio.h>

bool family_is_own(struct ng_span name)
{
	static const struct ng_span own[] = {
		NG_SPAN("node_scrape_collector_"),
		NG_SPAN("nodegauge_"),
		NG_SPAN("node_exporter_build_info"),
		NG_SPAN("process_"),
		NG_SPAN("promhttp_"),
	};

	for (size_t i = 0; i < NG_COUNT(own); i++) {
		if (ng_span_starts(name, own[i]))
			return true;
	}
	return false;
}

/* "node_memory_<Field>_bytes": the part in angle brackets matches any text. */
static bool matches_dynamic(const char *pattern, struct ng_span name)
{
	if (*pattern == '\0')
		return name.size == 0;
	if (*pattern != '<')
		return name.size && *pattern == name.text[0] && matches_dynamic(pattern + 1, ng_span_skip(name, 1));
	pattern = strchr(pattern, '>');
	for (size_t n = 0; pattern && n <= name.size; n++) {
		if (matches_dynamic(pattern + 1, ng_span_skip(name, n)))
			return true;
	}
	return false;
}

const struct ng_family *family_of(const struct ng_collector *collector, struct ng_span name)
{
	const struct ng_family *dynamic = NULL;

	for (size_t i = 0; i < collector->family_count; i++) {
		const struct ng_family *family = &collector->families[i];
		if (!family->dynamic && ng_span_equal(ng_span(family->name), name))
			return family;
		if (family->dynamic && !dynamic && matches_dynamic(family->name, name))
			dynamic = family;
	}
	return dynamic;
}

static const char *const types[] = {
	[NG_COUNTER] = "counter",
	[NG_GAUGE] = "gauge",
	[NG_UNTYPED] = "untyped",
	[NG_HISTOGRAM] = "histogram",
	[NG_SUMMARY] = "summary",
};

/* The labels of a sample in their order, without those that histograms and summaries add. */
static void label_names(const struct exposition *exposition, const struct prom_sample *sample, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sample->label_count; i++) {
		struct ng_span name = exposition->label[sample->first_label + i].name;
		if (ng_span_equal(name, NG_SPAN("le")) || ng_span_equal(name, NG_SPAN("quantile")))
			continue;
		int n = snprintf(out + used, size - used, "%s%.*s", used ? "," : "", (int)name.size, name.text);
		if (n < 0 || (size_t)n >= size - used)
			return;
		used += (size_t)n;
	}
}

/*
 * A label followed by a question mark exists only with some option. Families that describe a device may leave out
 * labels for which there is no value.
 */
static bool labels_are_promised(const char *names, const char *promised, bool may_lack)
{
	struct ng_span rest = ng_span(promised), given = ng_span(names), name, next;
	bool more = ng_part_next(&given, ',', &name);

	if (!more && may_lack)
		return !*promised;
	while (ng_part_next(&rest, ',', &next)) {
		bool optional = ng_span_ends(next, NG_SPAN("?"));
		next.size -= optional;
		if (more && ng_span_equal(name, next))
			more = ng_part_next(&given, ',', &name);
		else if (!optional && !may_lack)
			return false;
	}
	return !more;
}

static bool check_labels(
	struct exposition *exposition, const struct prom_family *found, const struct ng_family *promised)
{
	const char *right = promised->labels ? promised->labels : "";
	char names[512];

	for (size_t i = 0; i < exposition->sample_count; i++) {
		if (&exposition->family[exposition->sample[i].family] != found)
			continue;
		label_names(exposition, &exposition->sample[i], names, sizeof(names));
		if (!labels_are_promised(names, right, ng_span_ends(found->name, NG_SPAN("_info"))))
			return exposition_fail(exposition, "line %u: %s has the labels '%s', not '%s'",
				exposition->sample[i].line, promised->name, names, right);
	}
	return true;
}

static bool check_family(struct instance *instance, struct exposition *exposition, const struct prom_family *found)
{
	const struct ng_family *promised = NULL;
	struct ng_cell_view view = { 0 };

	for (size_t i = 0; !promised && i < ng_engine_cell_count(instance->engine); i++) {
		ng_engine_view(instance->engine, i, &view);
		promised = family_of(view.collector, found->name);
		if (promised && view.result < 0)
			promised = NULL;
	}
	if (!promised)
		return exposition_fail(
			exposition, "%.*s is of no collector that succeeded", (int)found->name.size, found->name.text);
	if (promised->dynamic)
		return true;
	if (!ng_span_equal(found->type, ng_span(types[promised->type])))
		return exposition_fail(exposition, "%s is a %.*s, not a %s", promised->name, (int)found->type.size,
			found->type.text, types[promised->type]);
	return check_labels(exposition, found, promised);
}

static bool check_cell(struct exposition *exposition, const struct ng_cell_view *view)
{
	static const char *const names[] = { "node_scrape_collector_success",
		"node_scrape_collector_duration_seconds" };

	for (size_t i = 0; i < NG_COUNT(names); i++) {
		char key[256];
		snprintf(key, sizeof(key), "%s{collector=\"%s\"}", names[i], view->collector->name);
		const struct prom_sample *sample = exposition_sample(exposition, ng_span(key));
		if (!sample || (i == 0 && sample->value != (view->result == 0)) || !(sample->value >= 0))
			return exposition_fail(exposition, "%s is %s, the engine says %d (%s)", key,
				sample ? "wrong" : "missing", view->result, view->reason);
	}
	if (view->result < 0 && view->result != -ENODATA && !view->reason[0])
		return exposition_fail(exposition, "%s failed and does not say why", view->collector->name);
	return true;
}

bool instance_check(struct instance *instance, struct exposition *exposition)
{
	if (!exposition_read(exposition, instance->text))
		return false;
	for (size_t i = 0; i < ng_engine_cell_count(instance->engine); i++) {
		struct ng_cell_view view;
		ng_engine_view(instance->engine, i, &view);
		if (!check_cell(exposition, &view))
			return false;
	}
	for (size_t i = 0; i < exposition->family_count; i++) {
		if (!family_is_own(exposition->family[i].name) &&
			!check_family(instance, exposition, &exposition->family[i]))
			return false;
	}
	return true;
}
