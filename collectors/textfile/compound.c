/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Histograms and summaries: the lines with the same set of labels become one metric. As in node_exporter, the last of
 * several equal lines counts, buckets are sorted, a missing +Inf bucket is the count, and a missing sum or count is 0.
 */
#include "format.h"

#include <math.h>

struct metric {
	struct ng_labels *labels;
	struct number count, sum;
};

struct bound {
	uint32_t metric, order;
	double value;
	struct number number;
};

struct work {
	struct parse *parse;
	const struct draft *draft;
	struct part *part;
	bool histogram;
	struct metric *metrics;
	size_t metric_count, metric_capacity;
	uint32_t *slots; /* hash table of metrics: number + 1 */
	size_t slot_mask;
	struct bound *bounds;
	size_t bound_count, bound_capacity;
};

static const struct number zero = { .text = NG_SPAN("0"), .whole = true };

/* ---- gathering ---- */

/* The metric with the labels of the line; NULL if there is no memory. */
static struct metric *metric_of_line(struct work *work)
{
	struct ng_labels *labels;

	if (textfile_labels(work->parse, work->draft, &work->parse->values, &labels) < 0)
		return NULL;
	size_t at = ng_labels_hash(labels);
	for (; work->slots[at & work->slot_mask]; at++) {
		struct metric *metric = &work->metrics[work->slots[at & work->slot_mask] - 1];
		if (ng_labels_equal(metric->labels, labels))
			return metric;
	}
	labels = ng_labels_copy(&work->parse->source->arena, labels);
	struct metric *metric =
		ng_push(work->parse->scratch, &work->metrics, &work->metric_count, &work->metric_capacity);
	if (!metric || !ng_labels_valid(labels))
		return NULL;
	*metric = (struct metric){ .labels = labels, .count = zero, .sum = zero };
	work->slots[at & work->slot_mask] = (uint32_t)work->metric_count;
	return metric;
}

static const struct label *bound_of_line(const struct work *work)
{
	const struct line *line = &work->parse->line;

	for (size_t i = 0; i < line->label_count; i++) {
		if (ng_span_equal(line->labels[i].name, work->histogram ? NG_SPAN("le") : NG_SPAN("quantile")))
			return &line->labels[i];
	}
	return NULL;
}

static int gather_line(struct work *work)
{
	const struct line *line = &work->parse->line;
	struct ng_span suffix = ng_span_skip(line->name, work->draft->name.size);
	const struct label *label = bound_of_line(work);
	struct metric *metric = metric_of_line(work);
	struct number number, limit;

	if (!metric)
		return -ENOMEM;
	textfile_number(line->rest, &number);
	if (ng_span_equal(suffix, NG_SPAN("_count")))
		metric->count = number;
	else if (ng_span_equal(suffix, NG_SPAN("_sum")))
		metric->sum = number;
	else if (label) {
		textfile_number(label->value, &limit);
		double value = textfile_number_value(&limit);
		if (isnan(value))
			return 0;
		struct bound *bound =
			ng_push(work->parse->scratch, &work->bounds, &work->bound_count, &work->bound_capacity);
		if (!bound)
			return -ENOMEM;
		*bound = (struct bound){ .metric = (uint32_t)(metric - work->metrics),
			.order = (uint32_t)work->bound_count,
			.value = value,
			.number = number };
	}
	return 0;
}

static int gather(struct work *work)
{
	size_t size = 16;

	while (size < work->draft->sample_count * 2)
		size *= 2;
	work->slots = ng_alloc0(work->parse->scratch, size * sizeof(*work->slots));
	if (!work->slots)
		return -ENOMEM;
	work->slot_mask = size - 1;
	for (size_t i = 0; i < work->draft->sample_count; i++) {
		textfile_sample(work->parse, work->draft, i);
		int r = gather_line(work);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool before(const struct bound *a, const struct bound *b)
{
	if (a->metric != b->metric)
		return a->metric < b->metric;
	return a->value != b->value ? a->value < b->value : a->order < b->order;
}

/* Shellsort, because qsort may allocate memory. */
static void sort_bounds(struct bound *bounds, size_t count)
{
	size_t gap = 1;

	while (gap < count / 3)
		gap = gap * 3 + 1;
	for (; gap > 0; gap /= 3) {
		for (size_t i = gap; i < count; i++) {
			struct bound moving = bounds[i];
			size_t at = i;
			for (; at >= gap && before(&moving, &bounds[at - gap]); at -= gap)
				bounds[at] = bounds[at - gap];
			bounds[at] = moving;
		}
	}
}

/* Sorts them, and keeps only the last of equal ones. */
static void order_bounds(struct work *work)
{
	size_t kept = 0;

	sort_bounds(work->bounds, work->bound_count);
	for (size_t i = 0; i < work->bound_count; i++) {
		const struct bound *bound = &work->bounds[i], *next = bound + 1;
		if (i + 1 < work->bound_count && next->metric == bound->metric && next->value == bound->value)
			continue;
		work->bounds[kept++] = *bound;
	}
	work->bound_count = kept;
}

/* ---- rendering ---- */

static struct ng_labels *with_bound(struct work *work, struct ng_labels *labels, double bound)
{
	char text[NUMBER_ROOM];
	const char *end = textfile_number_label(text, bound);

	/* a response repeats all labels for each bound, so they count against the limit for each */
	return ng_labels_copy(&work->parse->source->arena,
		NG_LABELS_WITH(&work->parse->values, labels,
			{ work->histogram ? "le" : "quantile", { text, (size_t)(end - text) } }));
}

/* One line. `bound` is NULL for sum and count. Buckets and counts are integers. */
static int render(struct work *work, struct ng_labels *labels, const double *bound, enum ng_suffix suffix,
	const struct number *number)
{
	char *room = textfile_value_room(work->parse), *end;
	struct series *series = &work->part->series[work->part->series_count];

	ng_arena_reset(&work->parse->values);
	if (bound)
		labels = with_bound(work, labels, *bound);
	if (!room || !ng_labels_valid(labels))
		return -ENOMEM;
	end = suffix == NG_SUFFIX_BUCKET || suffix == NG_SUFFIX_COUNT ? textfile_number_count(room, number)
								      : textfile_number_copy(room, number);
	*series = (struct series){ .labels = labels, .suffix = (uint8_t)suffix };
	textfile_value(work->parse, series, end);
	work->part->series_count++;
	return 0;
}

/* The buckets or quantiles of a metric, starting at `*next`. */
static int render_bounds(struct work *work, size_t index, size_t *next)
{
	const struct metric *metric = &work->metrics[index];
	enum ng_suffix suffix = work->histogram ? NG_SUFFIX_BUCKET : NG_SUFFIX_NONE;
	double last = 0;
	int r = 0;

	for (; r == 0 && *next < work->bound_count && work->bounds[*next].metric == index; ++*next) {
		const struct bound *bound = &work->bounds[*next];
		last = bound->value;
		r = render(work, metric->labels, &bound->value, suffix, &bound->number);
	}
	if (r == 0 && work->histogram && !(isinf(last) && last > 0)) {
		last = INFINITY;
		r = render(work, metric->labels, &last, suffix, &metric->count);
	}
	return r;
}

static int render_metrics(struct work *work)
{
	size_t lines = work->bound_count + 3 * work->metric_count, next = 0;
	struct ng_arena *arena = &work->parse->source->arena;
	int r = 0;

	work->part->series = ng_alloc(arena, lines * sizeof(*work->part->series));
	work->part->compounds = ng_alloc(arena, work->metric_count * sizeof(*work->part->compounds));
	if (!work->part->series || !work->part->compounds)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < work->metric_count; i++) {
		const struct metric *metric = &work->metrics[i];
		size_t first = work->part->series_count;
		r = render_bounds(work, i, &next);
		if (r == 0)
			r = render(work, metric->labels, NULL, NG_SUFFIX_SUM, &metric->sum);
		if (r == 0)
			r = render(work, metric->labels, NULL, NG_SUFFIX_COUNT, &metric->count);
		work->part->compounds[i] = (struct compound){ metric->labels, (uint32_t)first,
			(uint32_t)(work->part->series_count - first) };
	}
	work->part->compound_count = work->metric_count;
	return r;
}

int textfile_compound(struct parse *parse, const struct draft *draft, struct part *part)
{
	struct work work = { .parse = parse, .draft = draft, .part = part, .histogram = draft->type == NG_HISTOGRAM };

	int r = gather(&work);
	if (r < 0)
		return r;
	order_bounds(&work);
	return render_metrics(&work);
}
