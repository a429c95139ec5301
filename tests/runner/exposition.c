/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict reader of the text format.
 *
 *     # HELP node_disk_reads_completed_total Reads that were completed.
 *     # TYPE node_disk_reads_completed_total counter
 *     node_disk_reads_completed_total{device="sda"} 4711
 *
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#include "exposition_read.h"

#include <stdarg.h>
#include <stdio.h>

struct reader {
	struct exposition *out;
	struct ng_span text; /* the rest */
	struct ng_span line;
	unsigned number;
	bool expected; /* reads an expectation */
	size_t family; /* the current one, or SIZE_MAX */
};

static bool reject(struct reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool reject(struct reader *reader, const char *format, ...)
{
	char what[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	snprintf(reader->out->error, sizeof(reader->out->error), "line %u: %s", reader->number, what);
	return false;
}

/* ---- lines ---- */

static struct ng_span up_to_space(struct ng_span *rest)
{
	size_t n = ng_span_find(*rest, ' ');
	struct ng_span word = { rest->text, n };

	*rest = ng_span_skip(*rest, n + 1);
	return word;
}

static bool family_close(struct reader *reader)
{
	const struct prom_family *family;

	if (reader->family == SIZE_MAX || reader->expected)
		return true;
	family = &reader->out->family[reader->family];
	if (!family->has_help || !family->has_type)
		return reject(reader, "%.*s has no %s", (int)family->name.size, family->name.text,
			family->has_help ? "TYPE" : "HELP");
	if (family->sample_count == 0)
		return reject(reader, "%.*s has no samples", (int)family->name.size, family->name.text);
	return true;
}

static bool family_open(struct reader *reader, struct ng_span name)
{
	struct exposition *out = reader->out;

	if (reader->family != SIZE_MAX && ng_span_equal(out->family[reader->family].name, name))
		return true;
	if (!family_close(reader))
		return false;
	if (!lexis_name(name, true))
		return reject(reader, "'%.*s' is no metric name", (int)name.size, name.text);
	exposition_new_family(out)->name = name;
	reader->family = out->family_count - 1;
	if (exposition_enter_family(out))
		return true;
	if (!reader->expected)
		return reject(reader, "%.*s appears in two places", (int)name.size, name.text);
	out->family_count--;
	reader->family = (size_t)(exposition_family(out, name) - out->family);
	return true;
}

static bool read_comment(struct reader *reader)
{
	struct ng_span rest = ng_span_skip(reader->line, 2);
	struct ng_span keyword = up_to_space(&rest), name = up_to_space(&rest);
	bool help = ng_span_equal(keyword, NG_SPAN("HELP"));
	struct prom_family *family;

	if (!help && !ng_span_equal(keyword, NG_SPAN("TYPE")))
		return reader->expected || reject(reader, "a comment that is neither HELP nor TYPE");
	if (!family_open(reader, name))
		return false;
	family = &reader->out->family[reader->family];
	if (help ? family->has_help : family->has_type)
		return reader->expected || reject(reader, "a second %s", help ? "HELP" : "TYPE");
	if (family->sample_count && !reader->expected)
		return reject(reader, "%s behind samples", help ? "HELP" : "TYPE");
	if (help) {
		family->has_help = true;
		return lexis_escapes(rest, "\\n") || reject(reader, "an unknown escape in HELP");
	}
	family->has_type = true;
	family->type = rest;
	if (!ng_span_equal(rest, NG_SPAN("counter")) && !ng_span_equal(rest, NG_SPAN("gauge")) &&
		!ng_span_equal(rest, NG_SPAN("untyped")) && !ng_span_equal(rest, NG_SPAN("histogram")) &&
		!ng_span_equal(rest, NG_SPAN("summary")))
		return reject(reader, "the type '%.*s'", (int)rest.size, rest.text);
	return true;
}

/* Removes name="value" from the front. */
static bool read_label(struct reader *reader, struct ng_span *rest, struct prom_sample *sample)
{
	struct prom_label *label = exposition_new_label(reader->out);
	size_t n = ng_span_find(*rest, '=');

	label->name = (struct ng_span){ rest->text, n };
	*rest = ng_span_skip(*rest, n + 1);
	if (!lexis_name(label->name, false) || ng_span_starts(label->name, NG_SPAN("__")))
		return reject(reader, "'%.*s' is no label name", (int)label->name.size, label->name.text);
	if (rest->size == 0 || rest->text[0] != '"')
		return reject(reader, "a label value without quotes");
	*rest = ng_span_skip(*rest, 1);
	for (n = 0; n < rest->size && rest->text[n] != '"'; n++)
		n += rest->text[n] == '\\';
	if (n >= rest->size)
		return reject(reader, "a label value without an end");
	label->value = (struct ng_span){ rest->text, n };
	*rest = ng_span_skip(*rest, n + 1);
	if (!lexis_escapes(label->value, "\\n\""))
		return reject(reader, "an unknown escape in the label %.*s", (int)label->name.size, label->name.text);
	for (size_t i = 0; i < sample->label_count; i++) {
		if (ng_span_equal(reader->out->label[sample->first_label + i].name, label->name))
			return reject(reader, "the label %.*s twice", (int)label->name.size, label->name.text);
	}
	sample->label_count++;
	if (reader->expected && ng_span_equal(label->value, NG_SPAN("*")))
		sample->wild = true;
	return true;
}

static bool read_labels(struct reader *reader, struct ng_span *rest, struct prom_sample *sample)
{
	*rest = ng_span_skip(*rest, 1);
	for (;;) {
		if (!read_label(reader, rest, sample))
			return false;
		if (rest->size && rest->text[0] == '}') {
			*rest = ng_span_skip(*rest, 1);
			return true;
		}
		if (rest->size == 0 || rest->text[0] != ',')
			return reject(reader, "neither ',' nor '}' behind a label");
		*rest = ng_span_skip(*rest, 1);
	}
}

/* The family that a sample belongs to, given the current one. */
static bool sample_family(struct reader *reader, const struct prom_sample *sample)
{
	struct ng_span name = sample->name, suffix;
	const struct prom_family *family;

	if (reader->family == SIZE_MAX)
		return reader->expected ? family_open(reader, name) : reject(reader, "a sample without HELP and TYPE");
	family = &reader->out->family[reader->family];
	if (ng_span_equal(name, family->name)) {
		if (ng_span_equal(family->type, NG_SPAN("histogram")))
			return reject(reader, "a histogram's sample without suffix");
		if (ng_span_equal(family->type, NG_SPAN("summary")) &&
			!exposition_label(reader->out, sample, NG_SPAN("quantile")))
			return reject(reader, "a summary's sample without the label quantile");
		return true;
	}
	if (ng_span_starts(name, family->name)) {
		bool histogram = ng_span_equal(family->type, NG_SPAN("histogram"));
		suffix = ng_span_skip(name, family->name.size);
		if ((histogram || ng_span_equal(family->type, NG_SPAN("summary"))) &&
			(ng_span_equal(suffix, NG_SPAN("_sum")) || ng_span_equal(suffix, NG_SPAN("_count"))))
			return true;
		if (histogram && ng_span_equal(suffix, NG_SPAN("_bucket")))
			return exposition_label(reader->out, sample, NG_SPAN("le")) ||
			       reject(reader, "a bucket without the label le");
	}
	if (reader->expected)
		return family_open(reader, name);
	return reject(
		reader, "%.*s inside of %.*s", (int)name.size, name.text, (int)family->name.size, family->name.text);
}

static bool read_sample(struct reader *reader)
{
	struct exposition *out = reader->out;
	struct prom_sample *sample = exposition_new_sample(out);
	struct ng_span rest = reader->line;
	size_t n = 0;

	while (n < rest.size && rest.text[n] != '{' && rest.text[n] != ' ')
		n++;
	sample->line = reader->number;
	sample->name = (struct ng_span){ rest.text, n };
	sample->first_label = out->label_count;
	if (!lexis_name(sample->name, true))
		return reject(reader, "'%.*s' is no metric name", (int)n, rest.text);
	rest = ng_span_skip(rest, n);
	if (rest.size && rest.text[0] == '{' && !read_labels(reader, &rest, sample))
		return false;
	if (rest.size == 0 || rest.text[0] != ' ')
		return reject(reader, "no space before the number");
	sample->number = ng_span_skip(rest, 1);
	if (reader->expected && ng_span_equal(sample->number, NG_SPAN("*")))
		sample->wild = true;
	else if (!lexis_number(sample->number, &sample->value))
		return reject(reader, "'%.*s' is no number", (int)sample->number.size, sample->number.text);
	if (!sample_family(reader, sample))
		return false;
	sample->family = reader->family;
	out->family[reader->family].sample_count++;
	exposition_make_key(out);
	if (!exposition_enter_sample(out) && !(out->lax & LAX_TWICE))
		return reject(reader, "%.*s twice", (int)sample->key_size, out->keys + sample->key_at);
	return true;
}

static bool read_line(struct reader *reader)
{
	if (!lexis_utf8(reader->line))
		return reject(reader, "not UTF-8");
	if (reader->line.size == 0)
		return reader->expected || reject(reader, "a blank line");
	if (ng_span_starts(reader->line, NG_SPAN("# ")))
		return read_comment(reader);
	return read_sample(reader);
}

/* ---- histograms ---- */

static bool bucket_follows(const struct exposition *out, const struct prom_sample *a, const struct prom_sample *b)
{
	for (size_t i = 0; i < b->label_count; i++) {
		const struct prom_label *label = &out->label[b->first_label + i], *other;
		if (ng_span_equal(label->name, NG_SPAN("le")))
			continue;
		other = exposition_label(out, a, label->name);
		if (!other || !ng_span_equal(other->value, label->value))
			return false;
	}
	return a->label_count == b->label_count && ng_span_equal(a->name, b->name);
}

static bool check_histograms(struct reader *reader)
{
	const struct exposition *out = reader->out;

	for (size_t i = 0; i < out->sample_count; i++) {
		const struct prom_sample *sample = &out->sample[i], *next = sample + 1;
		const struct prom_label *le;
		if (!ng_span_equal(out->family[sample->family].type, NG_SPAN("histogram")) ||
			!ng_span_ends(sample->name, NG_SPAN("_bucket")))
			continue;
		reader->number = sample->line;
		le = exposition_label(out, sample, NG_SPAN("le"));
		if (i + 1 < out->sample_count && bucket_follows(out, sample, next)) {
			if (next->value < sample->value)
				return reject(reader, "a bucket larger than its successor");
		} else if (!le || !ng_span_equal(le->value, NG_SPAN("+Inf"))) {
			return reject(reader, "the last bucket is not +Inf");
		}
	}
	return true;
}

/* ---- both kinds of text ---- */

static bool read_all(struct exposition *out, struct ng_span text, bool expected)
{
	struct reader reader = { .out = out, .text = text, .expected = expected, .family = SIZE_MAX };

	exposition_reset(out);
	while (reader.text.size) {
		size_t n = ng_span_find(reader.text, '\n');
		reader.number++;
		if (n == reader.text.size && !expected)
			return reject(&reader, "the last line has no end");
		reader.line = (struct ng_span){ reader.text.text, n };
		reader.text = ng_span_skip(reader.text, n + 1);
		if (!read_line(&reader))
			return false;
	}
	return family_close(&reader) && (expected || (out->lax & LAX_HISTOGRAMS) || check_histograms(&reader));
}

bool exposition_read(struct exposition *exposition, struct ng_span text)
{
	return read_all(exposition, text, false);
}

bool exposition_read_expected(struct exposition *exposition, struct ng_span text)
{
	return read_all(exposition, text, true);
}
