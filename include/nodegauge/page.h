/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metric families and samples.
 *
 * A collector opens a family and then writes its samples, family by family; a family may be opened once per collection.
 * Its HELP and TYPE lines are written with the first sample, so a family without samples leaves no trace. Write
 * functions do not return errors: the page remembers the first one, and the engine checks it when the collector
 * returns.
 *
 * Values are exact. Kernel integers are written as integers and scaled ones as decimal fractions; doubles are only for
 * values computed in floating point.
 */
#ifndef NODEGAUGE_PAGE_H
#define NODEGAUGE_PAGE_H

#include <nodegauge/arena.h>
#include <nodegauge/text.h>

enum ng_type { NG_COUNTER, NG_GAUGE, NG_UNTYPED, NG_HISTOGRAM, NG_SUMMARY };

/* One family of a collector's descriptor. */
struct ng_family {
	const char *name; /* "node_load1"; for a dynamic family, a pattern for the documentation:
			     "node_memory_<Field>_bytes" */
	const char *help; /* one sentence in our own words */
	enum ng_type type;
	/*
	 * Label names in order, separated by commas: "device,mode"; "" or NULL for none. A question mark after a name
	 * means that the label is not always present.
	 */
	const char *labels;
	bool dynamic; /* the name comes from the kernel: opened with ng_family_dynamic */
};

struct ng_page;

/* ---- labels ---- */

/* One label. The value may contain any bytes; invalid UTF-8 is replaced by U+FFFD when a set is created. */
struct ng_label {
	const char *name;
	struct ng_span value;
};

/* Whether a value is kept unchanged; different invalid values may become equal. */
bool ng_is_utf8(struct ng_span text);

/*
 * A set of labels, created once and used for any number of samples of one collector for the lifetime of the arena,
 * which is that of the scrape or one that the collector keeps. The labels keep their order. NG_NO_LABELS, which is
 * NULL, is the empty set.
 *
 * If out of memory, these functions return an invalid set: it can be passed to all of them, and the page fails at the
 * first sample that uses it. A collector that keeps a set must check it with ng_labels_valid.
 */
struct ng_labels;
#define NG_NO_LABELS ((struct ng_labels *)NULL)

/* NG_LABELS(arena, { "cpu", cpu }, { "mode", mode }) */
struct ng_labels *ng_labels(struct ng_arena *arena, const struct ng_label *labels, size_t count);
#define NG_LABELS(arena, ...)                                                                                          \
	ng_labels((arena), (const struct ng_label[]){ __VA_ARGS__ },                                                   \
		sizeof((const struct ng_label[]){ __VA_ARGS__ }) / sizeof(struct ng_label))

bool ng_labels_valid(const struct ng_labels *labels);

/*
 * The labels of both sets, those of `more` last; no name may be in both. The result may refer to the two sets, which
 * must live as long. NG_LABELS_WITH(arena, labels, { "device", device })
 */
struct ng_labels *ng_labels_join(struct ng_arena *arena, struct ng_labels *labels, struct ng_labels *more);
#define NG_LABELS_WITH(arena, labels, ...) ng_labels_join((arena), (labels), NG_LABELS((arena), __VA_ARGS__))

/* Like ng_labels_join, with `more` right after the label `name`, or at the end if there is no such label. */
struct ng_labels *ng_labels_insert(
	struct ng_arena *arena, struct ng_labels *labels, const char *name, struct ng_labels *more);

/* A set with only the label `name`; NG_NO_LABELS if there is no such label. */
struct ng_labels *ng_labels_only(struct ng_arena *arena, const struct ng_labels *labels, const char *name);

/* An independent copy, in the arena or on the heap; the latter is released with free(), and NULL if out of memory. */
struct ng_labels *ng_labels_copy(struct ng_arena *arena, const struct ng_labels *labels);
struct ng_labels *ng_labels_keep(const struct ng_labels *labels);

/* Whether both have the same labels in the same order; never true for an invalid set. Equal sets have equal hashes. */
bool ng_labels_equal(const struct ng_labels *a, const struct ng_labels *b);
uint64_t ng_labels_hash(const struct ng_labels *labels);

/* ---- families and samples ---- */

/* Opens a family of the collector's own descriptor. */
void ng_family(struct ng_page *page, const struct ng_family *family);

/*
 * Opens a family whose name is built from kernel text. Bytes that are not allowed in a metric name become '_'. `help`
 * is the HELP text. `name` is copied.
 */
void ng_family_dynamic(struct ng_page *page, enum ng_type type, struct ng_span name, struct ng_span help);

void ng_sample_u64(struct ng_page *page, struct ng_labels *labels, uint64_t value);
void ng_sample_i64(struct ng_page *page, struct ng_labels *labels, int64_t value);

/* value * 10^-places: jiffies of 1/100 s have 2 places, microseconds 6. The page fails above NG_PLACES_MAX. */
enum { NG_PLACES_MAX = 64 };
void ng_sample_scaled(struct ng_page *page, struct ng_labels *labels, uint64_t value, unsigned places);
void ng_sample_decimal(struct ng_page *page, struct ng_labels *labels, struct ng_decimal value);
void ng_sample_double(struct ng_page *page, struct ng_labels *labels, double value);

/*
 * A decimal number that is already text, or NaN, +Inf or -Inf: it is passed on unchanged. For a histogram or summary,
 * the suffix says which part it is; a bucket has its bound in the label "le", and a quantile, which has no suffix, in
 * "quantile".
 */
enum ng_suffix { NG_SUFFIX_NONE, NG_SUFFIX_BUCKET, NG_SUFFIX_SUM, NG_SUFFIX_COUNT };
void ng_sample_text(struct ng_page *page, enum ng_suffix suffix, struct ng_labels *labels, struct ng_span text);

/* As ng_sample_u64, with a suffix as above. */
void ng_sample_part(struct ng_page *page, enum ng_suffix suffix, struct ng_labels *labels, uint64_t value);

/*
 * Numbers that are not samples, such as the bounds in labels. ng_double_text writes the shortest decimal that reads
 * back as the same value, or NaN, +Inf, -Inf, and returns its end. ng_double_value parses these and any decimal number
 * of up to 400 characters; anything else gives NaN.
 */
enum { NG_DOUBLE_ROOM = 96 };
char *ng_double_text(char at[NG_DOUBLE_ROOM], double value);
double ng_double_value(struct ng_span text);

/* The two shapes that most families have: a family with one sample without labels. */
void ng_gauge_u64(struct ng_page *page, const struct ng_family *family, uint64_t value);

#endif
