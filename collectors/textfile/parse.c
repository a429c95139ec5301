/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses a text into families, in two passes: the first validates all of it and collects the families with their label
 * names; the second creates the samples family by family, each with all labels of its family, as node_exporter does.
 * This way, a file needs little more memory than its output.
 */
#include "format.h"

enum { ROOM = 4096 };

/* ---- output ---- */

char *textfile_value_room(struct parse *parse)
{
	if (parse->room_left >= NUMBER_ROOM)
		return parse->room;
	/* rooms grow with the contents: a large file needs only a few, and a small one no more than its text */
	size_t room = parse->source->arena.total / 4 > ROOM ? parse->source->arena.total / 4 : ROOM;
	if (room > parse->text.size)
		room = parse->text.size;
	if (room < NUMBER_ROOM)
		room = NUMBER_ROOM;
	parse->room = ng_alloc(&parse->source->arena, room);
	parse->room_left = parse->room ? room : 0;
	return parse->room;
}

void textfile_value(struct parse *parse, struct series *series, const char *end)
{
	struct ng_span text = { parse->room, (size_t)(end - parse->room) };

	if ((text.text[0] != '0' || text.size == 1) && ng_u64(text, &series->value.whole) == 0)
		return;
	series->value.text = text.text;
	series->text_size = (uint16_t)text.size;
	parse->room += text.size;
	parse->room_left -= text.size;
}

static const struct label *find_label(const struct line *line, struct ng_span name)
{
	for (size_t i = 0; i < line->label_count; i++) {
		if (ng_span_equal(line->labels[i].name, name))
			return &line->labels[i];
	}
	return NULL;
}

static size_t unescape(char *start, struct ng_span text)
{
	char *at = start;

	for (size_t i = 0; i < text.size; i++) {
		bool escaped = text.text[i] == '\\';
		i += escaped;
		*at++ = (char)(escaped && text.text[i] == 'n' ? '\n' : text.text[i]);
	}
	return (size_t)(at - start);
}

/* The unescaped value; .text is NULL if there is no memory. */
static struct ng_span plain(struct ng_arena *arena, struct ng_span value)
{
	if (ng_span_find(value, '\\') == value.size)
		return value;
	char *start = ng_alloc(arena, value.size);
	return (struct ng_span){ start, start ? unescape(start, value) : 0 };
}

/* Makes the list of label names of a family, which all its samples have. */
static int make_names(struct parse *parse, const struct draft *draft)
{
	ng_arena_reset(&parse->names);
	parse->labels = ng_alloc(&parse->names, draft->label_count * sizeof(*parse->labels));
	for (size_t i = 0; parse->labels && i < draft->label_count; i++) {
		parse->labels[i].name = ng_copy(&parse->names, draft->labels[i]).text;
		if (!parse->labels[i].name)
			return -ENOMEM;
	}
	return parse->labels ? 0 : -ENOMEM;
}

int textfile_labels(
	struct parse *parse, const struct draft *draft, struct ng_arena *arena, struct ng_labels **ret_labels)
{
	ng_arena_reset(&parse->values);
	for (size_t i = 0; i < draft->label_count; i++) {
		const struct label *label = find_label(&parse->line, draft->labels[i]);
		parse->labels[i].value = label ? plain(&parse->values, label->value) : NG_SPAN("");
		if (!parse->labels[i].value.text)
			return -ENOMEM;
	}
	*ret_labels = ng_labels(arena, parse->labels, draft->label_count);
	return ng_labels_valid(*ret_labels) ? 0 : -ENOMEM;
}

/* ---- first pass ---- */

static int parse_type(struct ng_span text, int *ret_type)
{
	static const struct {
		const char *name;
		int type;
	} types[] = {
		{ "counter", NG_COUNTER },
		{ "gauge", NG_GAUGE },
		{ "untyped", NG_UNTYPED },
		{ "histogram", NG_HISTOGRAM },
		{ "summary", NG_SUMMARY },
		{ "gauge_histogram", TYPE_USELESS },
	};

	for (size_t i = 0; i < NG_COUNT(types); i++) {
		if (text.size == strlen(types[i].name) && strncasecmp(text.text, types[i].name, text.size) == 0) {
			*ret_type = types[i].type;
			return 0;
		}
	}
	return -EBADMSG;
}

/* The labels le of a histogram and quantile of a summary do not identify a series. */
static struct ng_span bound_label(const struct draft *draft)
{
	if (draft->type == NG_HISTOGRAM)
		return NG_SPAN("le");
	return draft->type == NG_SUMMARY ? NG_SPAN("quantile") : (struct ng_span){ NULL, 0 };
}

static int note_label(struct parse *parse, struct draft *draft, const struct label *label, const char **ret_expected)
{
	struct ng_span bound = bound_label(draft);
	struct number number;

	if (bound.size && ng_span_equal(label->name, bound)) {
		*ret_expected = "a number in le and quantile";
		return textfile_number(label->value, &number) < 0 ? -EBADMSG : 0;
	}
	for (size_t i = 0; i < draft->label_count; i++) {
		if (ng_span_equal(draft->labels[i], label->name))
			return 0;
	}
	*ret_expected = "fewer different labels in a family";
	if (draft->label_count == LABELS_MAX)
		return -EBADMSG;
	struct ng_span *name = ng_push(parse->scratch, &draft->labels, &draft->label_count, &draft->label_capacity);
	if (!name)
		return -ENOMEM;
	*name = label->name;
	return 0;
}

static int note_sample(struct parse *parse, struct draft *draft, const char *start)
{
	struct sample *sample = ng_push(parse->scratch, &parse->samples, &parse->sample_count, &parse->sample_capacity);

	if (!sample)
		return -ENOMEM;
	*sample = (struct sample){ (uint32_t)(draft - parse->drafts), (uint32_t)(start - parse->text.text) };
	draft->sample_count++;
	return 0;
}

static int note_line(struct parse *parse, const char *start, const char **ret_expected)
{
	const struct line *line = &parse->line;
	struct draft *draft = line->kind == LINE_NOTHING ? NULL : textfile_draft(parse, line->name);
	int r = 0;

	if (!draft)
		return line->kind == LINE_NOTHING ? 0 : -ENOMEM;
	switch (line->kind) {
	case LINE_HELP:
		*ret_expected = "one HELP line for each name";
		if (draft->help.text)
			return -EBADMSG;
		draft->help = line->rest;
		return 0;
	case LINE_TYPE:
		*ret_expected = "one TYPE line for each name, before its samples";
		if (draft->type != TYPE_OPEN)
			return -EBADMSG;
		*ret_expected = "counter, gauge, histogram, summary or untyped";
		return parse_type(line->rest, &draft->type);
	default:
		break;
	}
	if (draft->type == TYPE_OPEN)
		draft->type = NG_UNTYPED;
	*ret_expected = "no sample of that type";
	if (draft->type == TYPE_USELESS)
		return -EBADMSG;
	for (size_t i = 0; r == 0 && i < line->label_count; i++)
		r = note_label(parse, draft, &line->labels[i], ret_expected);
	return r < 0 ? r : note_sample(parse, draft, start);
}

static int judge(struct parse *parse, struct verdict *verdict)
{
	struct ng_span text = parse->text;

	for (;;) {
		const char *start = text.text;
		verdict->line++;
		int r = textfile_line(parse->scratch, &text, &parse->line, &verdict->expected);
		if (r > 0)
			r = note_line(parse, start, &verdict->expected);
		else if (r == 0)
			return 0;
		if (r < 0)
			return r;
	}
}

/* ---- second pass ---- */

static int sort_samples(struct parse *parse)
{
	size_t next = 0;

	parse->sorted = ng_alloc(parse->scratch, parse->sample_count * sizeof(*parse->sorted) + 1);
	if (!parse->sorted)
		return -ENOMEM;
	for (size_t i = 0; i < parse->draft_count; i++) {
		parse->drafts[i].first = next;
		next += parse->drafts[i].sample_count;
		parse->drafts[i].sample_count = 0;
	}
	for (size_t i = 0; i < parse->sample_count; i++) {
		struct draft *draft = &parse->drafts[parse->samples[i].draft];
		parse->sorted[draft->first + draft->sample_count++] = parse->samples[i].offset;
	}
	return 0;
}

void textfile_sample(struct parse *parse, const struct draft *draft, size_t index)
{
	struct ng_span text = ng_span_skip(parse->text, parse->sorted[draft->first + index]);
	const char *nothing;

	/* the label array has been sized for the largest line, and the line was valid before */
	(void)textfile_line(parse->scratch, &text, &parse->line, &nothing);
}

/* Shellsort, because qsort may allocate memory. */
static void sort_names(struct ng_span *names, size_t count)
{
	size_t gap = 1;

	while (gap < count / 3)
		gap = gap * 3 + 1;
	for (; gap > 0; gap /= 3) {
		for (size_t i = gap; i < count; i++) {
			struct ng_span moving = names[i];
			size_t at = i;
			for (; at >= gap && ng_span_compare(names[at - gap], moving) > 0; at -= gap)
				names[at] = names[at - gap];
			names[at] = moving;
		}
	}
}

static int make_simple(struct parse *parse, const struct draft *draft, struct part *part)
{
	struct number number;

	part->series = ng_alloc(&parse->source->arena, draft->sample_count * sizeof(*part->series));
	if (!part->series)
		return -ENOMEM;
	for (size_t i = 0; i < draft->sample_count; i++) {
		struct series *series = &part->series[i];
		textfile_sample(parse, draft, i);
		*series = (struct series){ .labels = NG_NO_LABELS };
		char *room = textfile_value_room(parse);
		int r = textfile_labels(parse, draft, &parse->source->arena, &series->labels);
		if (r < 0 || !room)
			return -ENOMEM;
		textfile_number(parse->line.rest, &number);
		textfile_value(parse, series, textfile_number_copy(room, &number));
	}
	part->series_count = draft->sample_count;
	return 0;
}

static int make_part(struct parse *parse, const struct draft *draft, struct part *part)
{
	*part = (struct part){ .type = (enum ng_type)draft->type };
	part->name = ng_copy(&parse->source->arena, draft->name);
	if (!part->name.text)
		return -ENOMEM;
	if (draft->help.text) {
		char *help = ng_alloc(&parse->source->arena, draft->help.size);
		if (!help)
			return -ENOMEM;
		part->help = (struct ng_span){ help, unescape(help, draft->help) };
	}
	sort_names(draft->labels, draft->label_count);
	int r = make_names(parse, draft);
	if (r < 0)
		return r;
	if (draft->type == NG_HISTOGRAM || draft->type == NG_SUMMARY)
		return textfile_compound(parse, draft, part);
	return make_simple(parse, draft, part);
}

static int make_parts(struct parse *parse)
{
	struct source *source = parse->source;
	size_t count = 0;

	for (size_t i = 0; i < parse->draft_count; i++)
		count += parse->drafts[i].sample_count > 0;
	source->parts = ng_alloc(&source->arena, count * sizeof(*source->parts) + 1);
	if (!source->parts)
		return -ENOMEM;
	for (size_t i = 0; i < parse->draft_count; i++) {
		if (parse->drafts[i].sample_count == 0)
			continue;
		int r = make_part(parse, &parse->drafts[i], &source->parts[source->part_count++]);
		if (r < 0)
			return r;
	}
	return 0;
}

int textfile_parse(struct ng_arena *scratch, struct ng_span text, struct source *source, struct verdict *ret_verdict)
{
	struct parse parse = { .scratch = scratch, .source = source, .text = text };

	*ret_verdict = (struct verdict){ 0 };
	int r = judge(&parse, ret_verdict);
	if (r == 0)
		r = sort_samples(&parse);
	if (r == 0)
		r = make_parts(&parse);
	ng_arena_done(&parse.names);
	ng_arena_done(&parse.values);
	return r;
}
