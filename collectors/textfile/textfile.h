/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the files of this collector.
 *
 * Data flow: scan.c finds the files and source.c reads those that changed; parse.c turns a text into families (lex.c
 * parses lines, number.c parses numbers, draft.c finds the family of a sample, compound.c assembles histograms and
 * summaries); merge.c joins the families of all files, and textfile.c writes them.
 */
#ifndef TEXTFILE_H
#define TEXTFILE_H

#include "base/table.h"
#include "kernel/file_version.h"

#include <nodegauge/collector.h>
#include <sys/stat.h>
#include <time.h>

/*
 * Limits on the cost of files. All parts together, and the page made from them, take at most MEMORY_FACTOR times the
 * allowed total size of the files; parsing one file temporarily takes at most PARSE_FACTOR times its allowed size plus
 * PARSE_ROOM. With the defaults this fits into 64 MiB along with everything else.
 */
enum { MEMORY_FACTOR = 3, PARSE_FACTOR = 4, PARSE_ROOM = 64 << 10, FILES_MAX = 10000, FOLDERS_MAX = 1000 };

/* Up to these sizes, memory is kept for the next read: per file, and for arenas that exist once. */
enum { KEEP_FILE = 8 << 10, KEEP = 64 << 10 };

static inline void textfile_reset(struct ng_arena *arena, size_t keep)
{
	if (arena->total > keep)
		ng_arena_done(arena);
	else
		ng_arena_reset(arena);
}

/* Copies the text to `at`; returns the end. */
static inline char *text_put(char *at, struct ng_span text)
{
	if (text.size)
		memcpy(at, text.text, text.size);
	return at + text.size;
}

/* ---- families ---- */

/* One sample of the output. */
struct series {
	struct ng_labels *labels;
	union {
		uint64_t whole;
		const char *text;
	} value;
	uint16_t text_size; /* 0 if the value is an integer that would be formatted the same way */
	uint8_t suffix;     /* enum ng_suffix */
	bool dropped;       /* an earlier file or line already has it */
};

/* One metric of a histogram or summary, which consists of several lines. For other types each line stands alone. */
struct compound {
	struct ng_labels *labels; /* without le or quantile */
	uint32_t first, count;    /* in the family's series */
};

/* A family of one file. */
struct part {
	struct ng_span name;
	struct ng_span help; /* as written in the file; .text is NULL if there is none */
	enum ng_type type;
	struct series *series;
	size_t series_count;
	struct compound *compounds; /* NULL for other types */
	size_t compound_count;
	const char *path;  /* of its file */
	struct part *next; /* the same family in a later file */
};

/* ---- files ---- */

struct source {
	const char *name;         /* in its folder */
	const char *path;         /* as displayed, and for opening */
	struct ng_labels *labels; /* {file="path"} */
	bool read;                /* the other members belong to `version` */
	struct ng_file_version version;
	bool unsettled; /* so recently changed that the next change could look the same: read it again */
	bool refused;
	unsigned line; /* where; 0 for the whole file */
	const char *expected;
	size_t cost;  /* bytes while it is shown: its parts and its share of the page */
	size_t needs; /* 0, or the memory that must be free before it is read again */
	struct ng_arena arena;
	struct part *parts;
	size_t part_count;
};

struct folder {
	const char *path;
	bool listed;
	bool unsettled;
	bool cut; /* there are more files than allowed */
	struct ng_file_version version;
	struct ng_arena arena, spare; /* the strings and the array of sources; `spare` is for the next listing */
	struct source *sources;
	size_t source_count;
};

/* A family of all files. */
struct family {
	struct ng_span name;
	struct ng_span help;  /* from the first part that has one */
	struct ng_span shown; /* the help text that is output */
	bool conflict;        /* two parts had different ones: no further part is accepted */
	struct part *first, *last;
	size_t key_count;       /* number of label sets, each of which must be unique */
	const char *sources[3]; /* paths of its first files */
	size_t source_count;
};

/* A conflict of a file with the others, in the words of the log. */
struct clash {
	const char *path;
	const char *expected;
};

struct merged {
	struct ng_arena arena;
	struct family *families;
	size_t count;
	uint64_t dropped; /* series */
	struct clash *clashes;
	size_t clash_count, clash_capacity;
};

struct textfile {
	struct ng_list patterns;
	uint64_t file_limit, total_limit;                 /* in bytes, for one file and for all of them */
	const char *file_text, *total_text, *memory_text; /* the expectations that files above these limits violate */
	struct ng_arena arena;                            /* the array of folders, rebuilt when it changes */
	struct ng_arena scratch;                          /* for one file, or for merging */
	struct folder *folders;
	size_t folder_count;
	bool failed; /* something could not be read, or was rejected */
	bool stale;  /* the families are not up to date with the files */
	struct merged merged;
};

/* source.c: discards what was read, because the file is rejected or must be read again. */
void textfile_source_empty(struct source *source);
void textfile_source_refuse(struct source *source, unsigned line, const char *expected);

/* Rejects a file until the memory that it needs is free. */
void textfile_source_postpone(const struct textfile *textfile, struct source *source, size_t needs);

/*
 * Opens, reads and parses; `room` limits the cost of the file. A rejected file is not an error; errors are transient,
 * and the next scrape retries.
 */
int textfile_source_read(struct textfile *textfile, struct ng_scrape *scrape, struct source *source, size_t room);

/* scan.c: brings folders and files up to date. `ret_changed` tells whether the files must be merged again. */
int textfile_scan(struct textfile *textfile, struct ng_scrape *scrape, bool *ret_changed);
void textfile_forget(struct textfile *textfile);

/* glob.c: the directories that match the patterns, as cleaned paths, in the scrape's arena. */
struct paths {
	const char **path;
	size_t count, capacity;
	bool cut; /* there are more than FOLDERS_MAX */
};
int textfile_glob(const struct ng_list *patterns, struct ng_scrape *scrape, struct paths *ret_paths);

/* The names in a directory, including one that can only be opened with a capability; -EFBIG if there are too many. */
int textfile_names(struct ng_scrape *scrape, int directory, struct ng_names *ret_names);

/* "a//b/./c/../d/" is "a/b/d". */
const char *textfile_clean(struct ng_arena *arena, const char *path);

/* merge.c: merges all sources that were not rejected. -ENOMEM is the only error. */
int textfile_merge(struct textfile *textfile);

/* textfile.c: the collector's own families, which no file may contain. */
bool textfile_reserved(struct ng_span name);

/* ---- parsing ---- */

/* Why a text is rejected. */
struct verdict {
	unsigned line;
	const char *expected;
};

/*
 * 0 with the source's parts set; -EBADMSG with the verdict; -ENOMEM, also if the limits of the two arenas are exceeded.
 */
int textfile_parse(struct ng_arena *scratch, struct ng_span text, struct source *source, struct verdict *ret_verdict);

#endif
