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

/* A label of a sample; the value may be any bytes: it is escaped, and what is not UTF-8 replaced, where it is rendered.
 */
struct ng_label {
	const char *name;
	struct ng_span value;
};

/* Whether a value is rendered as it is; of others some may look alike. */
bool ng_is_utf8(struct ng_span text);

/*
 * Labels, rendered once and used for any number of samples while the arena lives: NG_LABELS(arena, { "cpu", cpu },
 * ...). No labels give NG_NO_LABELS. When there is no memory, the page of the first sample that uses them fails.
 */
struct ng_span ng_labels(struct ng_arena *arena, const struct ng_label *labels, size_t count);
#define NG_LABELS(arena, ...)                                                                                          \
	ng_labels((arena), (const struct ng_label[]){ __VA_ARGS__ },                                                   \
		sizeof((const struct ng_label[]){ __VA_ARGS__ }) / sizeof(struct ng_label))
#define NG_NO_LABELS ((struct ng_span){ NULL, 0 })

/* What labels are when there is no memory for them: too large for any page. */
#define NG_LABELS_FAILED ((struct ng_span){ NULL, SIZE_MAX / 2 })

/* Whether labels that are to be kept are what they should be. */
static inline bool ng_labels_valid(struct ng_span labels)
{
	return labels.size < NG_LABELS_FAILED.size;
}

/* Opens a family of the collector's own descriptor. */
void ng_family(struct ng_page *page, const struct ng_family *family);

/*
 * Opens a family whose name is built from kernel text. Bytes that a metric name may not have become '_'. HELP is
 * `help`. `name` is copied.
 */
void ng_family_dynamic(struct ng_page *page, enum ng_type type, struct ng_span name, struct ng_span help);

void ng_sample_u64(struct ng_page *page, struct ng_span labels, uint64_t value);
void ng_sample_i64(struct ng_page *page, struct ng_span labels, int64_t value);

/* value * 10^-places: jiffies of 1/100 s have 2 places, microseconds 6. With more than NG_PLACES_MAX the page fails. */
enum { NG_PLACES_MAX = 64 };
void ng_sample_scaled(struct ng_page *page, struct ng_span labels, uint64_t value, unsigned places);
void ng_sample_decimal(struct ng_page *page, struct ng_span labels, struct ng_decimal value);
void ng_sample_double(struct ng_page *page, struct ng_span labels, double value);

/* A number that is already text of the exposition format: `text` is written as it stands. `suffix` goes behind the
 * family's name (for "_bucket", "_sum", "_count" of histograms and summaries), else it is empty. */
void ng_sample_text(struct ng_page *page, struct ng_span suffix, struct ng_span labels, struct ng_span text);

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
