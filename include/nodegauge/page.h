/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metric families and samples.
 *
 * A collector opens a family and then writes its samples, family by family; a family may be opened once per collection.
 * Its HELP and TYPE lines appear with the first sample, so a family without samples leaves no trace. Writing cannot
 * fail visibly: an error sticks to the page and the engine asks for it when the collector has returned.
 *
 * Values are exact. Kernel integers are written as integers and scaled ones as decimal fractions; a double is only for
 * what was computed in floating point.
 */
#ifndef NODEGAUGE_PAGE_H
#define NODEGAUGE_PAGE_H

#include <nodegauge/arena.h>
#include <nodegauge/text.h>

enum ng_type { NG_COUNTER, NG_GAUGE, NG_UNTYPED, NG_HISTOGRAM, NG_SUMMARY };

/* One family of a collector's descriptor. */
struct ng_family {
	const char *name; /* "node_load1"; for a dynamic family a pattern for the documentation:
			     "node_memory_<Field>_bytes" */
	const char *help; /* one sentence in our own words */
	enum ng_type type;
	/*
	 * Label names in the order of their use, separated by commas: "device,mode"; "" or NULL for none. One with a
	 * question mark behind it is there with some option only.
	 */
	const char *labels;
	bool dynamic; /* the name comes from the kernel: opened by ng_family_dynamic */
};

struct ng_page;

/* ---- labels ---- */

/* One label. The value may be any bytes; what is not UTF-8 is replaced by U+FFFD when a set is made. */
struct ng_label {
	const char *name;
	struct ng_span value;
};

/* Whether a value is kept as it is; of others some may look alike. */
bool ng_is_utf8(struct ng_span text);

/*
 * A set of labels, made once and used for any number of samples of one collector while the arena lives: that of the
 * scrape, or one that the collector keeps. The labels keep their order. No labels are NG_NO_LABELS, which is NULL.
 *
 * When there is no memory, these functions return a set that is not valid: it can be handed on to all of them, and the
 * page of the first sample that uses it fails. Who keeps a set asks ng_labels_valid.
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
 * The labels of both sets, those of `more` behind the others; no name may be in both. It may refer to the two, which
 * have to live as long. NG_LABELS_WITH(arena, labels, { "device", device })
 */
struct ng_labels *ng_labels_join(struct ng_arena *arena, struct ng_labels *labels, struct ng_labels *more);
#define NG_LABELS_WITH(arena, labels, ...) ng_labels_join((arena), (labels), NG_LABELS((arena), __VA_ARGS__))

/* As ng_labels_join, with `more` right behind the label `name`, or at the end where there is none of that name. */
struct ng_labels *ng_labels_insert(
	struct ng_arena *arena, struct ng_labels *labels, const char *name, struct ng_labels *more);

/* A set of the label `name` alone; NG_NO_LABELS where there is none. */
struct ng_labels *ng_labels_only(struct ng_arena *arena, const struct ng_labels *labels, const char *name);

/* A set of its own in the arena, and in memory of its own: to be released by free(), NULL where there is none. */
struct ng_labels *ng_labels_copy(struct ng_arena *arena, const struct ng_labels *labels);
struct ng_labels *ng_labels_keep(const struct ng_labels *labels);

/* Whether the same labels are in the same order; never of a set that is not valid. Equal sets have equal hashes. */
bool ng_labels_equal(const struct ng_labels *a, const struct ng_labels *b);
uint64_t ng_labels_hash(const struct ng_labels *labels);

/* ---- families and samples ---- */

/* Opens a family of the collector's own descriptor. */
void ng_family(struct ng_page *page, const struct ng_family *family);

/*
 * Opens a family whose name is built from kernel text. Bytes that a metric name may not have become '_'. HELP is
 * `help`. `name` is copied.
 */
void ng_family_dynamic(struct ng_page *page, enum ng_type type, struct ng_span name, struct ng_span help);

void ng_sample_u64(struct ng_page *page, struct ng_labels *labels, uint64_t value);
void ng_sample_i64(struct ng_page *page, struct ng_labels *labels, int64_t value);

/* value * 10^-places: jiffies of 1/100 s have 2 places, microseconds 6. With more than NG_PLACES_MAX the page fails. */
enum { NG_PLACES_MAX = 64 };
void ng_sample_scaled(struct ng_page *page, struct ng_labels *labels, uint64_t value, unsigned places);
void ng_sample_decimal(struct ng_page *page, struct ng_labels *labels, struct ng_decimal value);
void ng_sample_double(struct ng_page *page, struct ng_labels *labels, double value);

/*
 * A decimal number that is already text, or NaN, +Inf or -Inf: it is passed on as it stands. Of a histogram or summary
 * the suffix tells which part it is; a bucket has its bound in the label "le", a quantile, which has no suffix, in
 * "quantile".
 */
enum ng_suffix { NG_SUFFIX_NONE, NG_SUFFIX_BUCKET, NG_SUFFIX_SUM, NG_SUFFIX_COUNT };
void ng_sample_text(struct ng_page *page, enum ng_suffix suffix, struct ng_labels *labels, struct ng_span text);

/*
 * Numbers that are no samples, such as the bounds in labels. ng_double_text gives the shortest decimal that reads back
 * as the value, or NaN, +Inf, -Inf, and returns its end. ng_double_value reads what these are and any decimal number of
 * up to 400 characters; what is none gives NaN.
 */
enum { NG_DOUBLE_ROOM = 96 };
char *ng_double_text(char at[NG_DOUBLE_ROOM], double value);
double ng_double_value(struct ng_span text);

/* The two shapes that most families have: a family with one sample without labels. */
void ng_gauge_u64(struct ng_page *page, const struct ng_family *family, uint64_t value);

#endif
