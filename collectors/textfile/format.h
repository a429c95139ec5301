/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text format 0.0.4 as node_exporter parses it:
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
 */
#ifndef TEXTFILE_FORMAT_H
#define TEXTFILE_FORMAT_H

#include "textfile.h"

/* ---- lines (lex.c) ---- */

struct label {
	struct ng_span name;
	struct ng_span value; /* still escaped: there is only one way to write each character */
};

enum line_kind { LINE_NOTHING, LINE_HELP, LINE_TYPE, LINE_SAMPLE };

struct line {
	enum line_kind kind;
	struct ng_span name;
	struct ng_span rest; /* help text, type or value */
	struct label *labels;
	size_t label_count, label_capacity; /* the array is reused for the next line */
};

/* Maximum number of labels in one line, and of label names in one family. */
enum { LABELS_MAX = 1000 };

/* Takes the next line from the text: 1, 0 at the end, -ENOMEM, or -EBADMSG with what was expected. */
int textfile_line(struct ng_arena *arena, struct ng_span *text, struct line *line, const char **ret_expected);

/* ---- numbers (number.c) ---- */

/* A number as accepted by Go's strconv.ParseFloat, except for hexadecimal numbers and underscores. */
struct number {
	struct ng_span text; /* part of the argument, or constant: "NaN", "+Inf", "-Inf" */
	bool special;        /* one of these three */
	bool whole;          /* only digits, and few enough to fit in 64 bits */
	bool odd;            /* must not be passed on as it is */
};
int textfile_number(struct ng_span text, struct number *ret_number);
double textfile_number_value(const struct number *number);

enum { NUMBER_ROOM = 40 };

/* Same as Go's strconv.FormatFloat(value, 'g', -1, 64), for labels; returns the end. */
char *textfile_number_label(char at[NUMBER_ROOM], double value);

/* Same as Go's conversion of a float64 to a uint64 on amd64, for counts; returns the end. */
char *textfile_number_count(char at[NUMBER_ROOM], const struct number *number);

/* The number in a form that every scraper accepts; returns the end. */
char *textfile_number_copy(char at[NUMBER_ROOM], const struct number *number);

/* ---- families while parsing (parse.c, draft.c, compound.c) ---- */

enum { TYPE_OPEN = -1, TYPE_USELESS = -2 };

struct draft {
	struct ng_span name;
	struct ng_span help;
	int type; /* enum ng_type; TYPE_OPEN before the first line; TYPE_USELESS for gauge_histogram */
	struct ng_span *labels;
	size_t label_count, label_capacity;
	size_t sample_count;
	size_t first; /* index of its first sample, once samples are sorted by family */
};

struct sample {
	uint32_t draft;
	uint32_t offset; /* of its line in the text */
};

struct parse {
	struct ng_arena *scratch; /* until the parts are made */
	struct ng_arena names;    /* for one family: its labels */
	struct ng_arena values;   /* for one line: unescaped values */
	struct ng_label *labels;
	struct source *source;
	struct ng_span text;
	struct draft *drafts;
	size_t draft_count, draft_capacity;
	uint32_t *slots; /* hash table of drafts: number + 1 */
	size_t slot_mask;
	struct line line;
	struct sample *samples; /* in the order of the text */
	size_t sample_count, sample_capacity;
	uint32_t *sorted; /* their offsets, grouped by family */

	/* values that stay text: the bytes follow each other in the arena of the source */
	char *room;
	size_t room_left;
};

/* The family that a name belongs to, created if necessary; NULL if there is no memory. */
struct draft *textfile_draft(struct parse *parse, struct ng_span name);

/* Sets the value of a series to the text written to parse->room, in which textfile_value_room provides space. */
char *textfile_value_room(struct parse *parse);
void textfile_value(struct parse *parse, struct series *series, const char *end);

/* The labels of the line: those of the draft, with "" for missing ones. -ENOMEM. */
int textfile_labels(
	struct parse *parse, const struct draft *draft, struct ng_arena *arena, struct ng_labels **ret_labels);

/* Parses a sample of the draft again, which cannot fail. */
void textfile_sample(struct parse *parse, const struct draft *draft, size_t index);

/* Makes the part of a histogram or summary. */
int textfile_compound(struct parse *parse, const struct draft *draft, struct part *part);

#endif
