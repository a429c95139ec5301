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
 * What files may cost. All parts together and the page made of them take at most MEMORY_FACTOR times the bytes that the
 * files may have; parsing one file takes at most PARSE_FACTOR times the bytes that it may have and PARSE_ROOM, for that
 * moment. With the defaults this fits into 64 MiB beside everything else.
 */
enum { MEMORY_FACTOR = 3, PARSE_FACTOR = 4, PARSE_ROOM = 64 << 10, FILES_MAX = 10000, FOLDERS_MAX = 1000 };

/* Up to these sizes memory is kept for the next reading: of one file, and of what there is once. */
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
	uint16_t text_size; /* 0 where the value is a whole number that would be written just so */
	uint8_t suffix;     /* enum ng_suffix */
	bool dropped;       /* an earlier file, or line, has it already */
};

/* Of a histogram or summary: the lines that belong together. For other types each line is for itself. */
struct compound {
	struct ng_labels *labels; /* without le or quantile */
	uint32_t first, count;    /* of the family's series */
};

/* A family of one file. */
struct part {
	struct ng_span name;
	struct ng_span help; /* as it stands in the file; .text is NULL where there is none */
	enum ng_type type;
	struct series *series;
	size_t series_count;
	struct compound *compounds; /* NULL for a type without */
	size_t compound_count;
	const char *path;  /* of its file */
	struct part *next; /* of the same family in a later file */
};

/* ---- files ---- */

struct source {
	const char *name;         /* in its folder */
	const char *path;         /* as it is shown; for opening, too */
	struct ng_labels *labels; /* {file="path"} */
	bool read;                /* the rest is that of `version` */
	struct ng_file_version version;
	bool unsettled; /* so new that the next change could look the same: to be read again */
	bool refused;
	unsigned line; /* where; 0 for the file as a whole */
	const char *expected;
	size_t cost;  /* bytes while it is shown: its parts and their share of the page */
	size_t needs; /* 0, or how much memory has to be free for it to be read again */
	struct ng_arena arena;
	struct part *parts;
	size_t part_count;
};

struct folder {
	const char *path;
	bool listed;
	bool unsettled;
	bool cut; /* there are more files than are taken */
	struct ng_file_version version;
	struct ng_arena arena, spare; /* the strings and the array of sources; the other one for the next listing */
	struct source *sources;
	size_t source_count;
};

/* A family of all files. */
struct family {
	struct ng_span name;
	struct ng_span help;  /* of the first part that has one */
	struct ng_span shown; /* the help text of the output */
	bool conflict;        /* two parts had different ones: no further part is taken */
	struct part *first, *last;
	size_t key_count;       /* label sets, of which none may be there twice */
	const char *sources[3]; /* paths of its first files */
	size_t source_count;
};

/* What of a file does not fit to the others; the texts of the log. */
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
	uint64_t file_limit, total_limit;                 /* bytes of one file, and of all */
	const char *file_text, *total_text, *memory_text; /* what is expected of files beyond these */
	struct ng_arena arena;                            /* the array of folders, made anew when it changes */
	struct ng_arena scratch;                          /* for one file, or for merging */
	struct folder *folders;
	size_t folder_count;
	bool failed; /* something could not be read, or was refused */
	bool stale;  /* the families are not those of the files */
	struct merged merged;
};

/* source.c: forgets what was read: it is refused, or to be read anew. */
void textfile_source_empty(struct source *source);
void textfile_source_refuse(struct source *source, unsigned line, const char *expected);

/* Refuses a file until as much memory is free as it needs. */
void textfile_source_postpone(const struct textfile *textfile, struct source *source, size_t needs);

/*
 * Opens, reads and parses; `room` is what the file may cost. A file that is refused is no error; errors are those of
 * one moment, after which it is tried again at the next scrape.
 */
int textfile_source_read(struct textfile *textfile, struct source *source, size_t room);

/* scan.c: brings folders and files up to date. `ret_changed` tells whether anything has to be merged anew. */
int textfile_scan(struct textfile *textfile, struct ng_scrape *scrape, bool *ret_changed);
void textfile_forget(struct textfile *textfile);

/* glob.c: the directories that the patterns stand for, cleaned, in the arena of the scrape. */
struct paths {
	const char **path;
	size_t count, capacity;
	bool cut; /* there are more than FOLDERS_MAX */
};
int textfile_glob(const struct ng_list *patterns, struct ng_scrape *scrape, struct paths *ret_paths);

/* The names in a directory, also in one that is closed to us where a capability opens it; -EFBIG for too many. */
int textfile_names(struct ng_scrape *scrape, int directory, struct ng_names *ret_names);

/* "a//b/./c/../d/" is "a/b/d". */
const char *textfile_clean(struct ng_arena *arena, const char *path);

/* merge.c: from all sources that were not refused. -ENOMEM is the only error. */
int textfile_merge(struct textfile *textfile);

/* textfile.c: the families of the collector itself, which no file may have. */
bool textfile_reserved(struct ng_span name);

/* ---- from text to parts ---- */

/* Why a text is refused. */
struct verdict {
	unsigned line;
	const char *expected;
};

/*
 * 0 with the source's parts filled in; -EBADMSG with the verdict; -ENOMEM, also for what becomes larger than the limits
 * of the two arenas.
 */
int textfile_parse(struct ng_arena *scratch, struct ng_span text, struct source *source, struct verdict *ret_verdict);

#endif
