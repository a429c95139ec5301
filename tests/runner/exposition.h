/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses the text format 0.0.4, more strictly than any scraper.
 *
 * It shares no code with the daemon: a bug in both would go unnoticed. Memory is kept between readings.
 */
#ifndef TESTS_EXPOSITION_H
#define TESTS_EXPOSITION_H

#include <nodegauge/text.h>

struct prom_family {
	struct ng_span name;
	struct ng_span type; /* empty if an expectation has none */
	size_t sample_count;
	bool has_help, has_type;
};

struct prom_label {
	struct ng_span name;
	struct ng_span value; /* escaped, as written: the format has one spelling for each value */
};

struct prom_sample {
	struct ng_span name; /* with _bucket, _sum, _count */
	struct ng_span number;
	double value;
	size_t first_label, label_count; /* in exposition->label, in the order written */
	size_t key_at, key_size;         /* in exposition->keys: name and sorted labels */
	size_t family;
	unsigned line;
	bool wild; /* in expectations: a label value or the number is "*" */
};

/* Leniency for invalid input. */
enum {
	LAX_TWICE = 1,      /* duplicate series: garbage may repeat names */
	LAX_HISTOGRAMS = 2, /* inconsistent buckets: a file may have them */
};

struct prom_index {
	uint32_t *slot;
	size_t size; /* a power of two */
};

struct exposition {
	struct prom_family *family;
	struct prom_sample *sample;
	struct prom_label *label;
	char *keys;
	size_t family_count, sample_count, label_count, keys_size;
	size_t family_room, sample_room, label_room, keys_room;
	struct prom_index families, samples;
	char error[512];
	unsigned lax; /* set by the user */
};

/*
 * Reads a whole response; `text` stays borrowed. False with ->error if it is malformed: a missing HELP or TYPE, a
 * family in two places or without samples, a duplicate series, an escape, name or number that the format does not
 * allow, invalid UTF-8, an inconsistent histogram.
 */
bool exposition_read(struct exposition *exposition, struct ng_span text);

/*
 * Reads an expectation: HELP and TYPE may be missing, "*" matches any number or label value, blank lines are
 * separators.
 */
bool exposition_read_expected(struct exposition *exposition, struct ng_span text);

void exposition_done(struct exposition *exposition);

/* Sets ->error; returns false. */
bool exposition_fail(struct exposition *exposition, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* NULL if there is none. */
const struct prom_family *exposition_family(const struct exposition *exposition, struct ng_span name);
const struct prom_sample *exposition_sample(const struct exposition *exposition, struct ng_span key);
const struct prom_label *exposition_label(
	const struct exposition *exposition, const struct prom_sample *sample, struct ng_span name);

static inline struct ng_span exposition_key(const struct exposition *exposition, const struct prom_sample *sample)
{
	return (struct ng_span){ exposition->keys + sample->key_at, sample->key_size };
}

/* Selects the families that take part in a comparison. */
typedef bool prom_wanted(void *context, struct ng_span family);

/*
 * Whether both have the same series with the same values, in any order, and families of the same type if the
 * expectation has one. Numbers are equal as doubles or to 15 digits. Otherwise the first differences are in
 * `actual->error`. `wanted` selects the families, NULL all.
 */
bool exposition_equal(const struct exposition *expected, struct exposition *actual, prom_wanted *wanted, void *context);

/*
 * The same, but series may be missing, which are counted, and info series may lack labels; all others must be as
 * expected.
 */
bool exposition_within(const struct exposition *expected, struct exposition *actual, prom_wanted *wanted, void *context,
	size_t *ret_missing);

#endif
