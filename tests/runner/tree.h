/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of small files: copied, changed by a list of steps, walked, removed. Every test works on a copy of its own. */
#ifndef TESTS_TREE_H
#define TESTS_TREE_H

#include <nodegauge/text.h>
#include <sys/types.h>

struct tree_entry {
	char *path; /* relative to the tree */
	mode_t mode;
	off_t size;
};

struct tree_entries {
	struct tree_entry *entry; /* sorted by path: a directory comes before its contents */
	size_t count;
};

/* Creates a directory, in memory if possible; the caller frees its path. */
char *tree_new(void);

/*
 * Copies files, directories, links and FIFOs with their modes; creates the target directory. False with a message on
 * stderr.
 */
bool tree_copy(const char *from, const char *to);

void tree_remove(const char *path);

/*
 * Changes a tree according to the lines of a file, see README.md: "dir PATH", "link PATH TARGET", "file PATH TEXT", ...
 * False with a message in `error`.
 */
bool tree_make(const char *tree, const char *steps, char *error, size_t error_size);

/* Lists everything below. */
void tree_list(const char *tree, struct tree_entries *ret_entries);
void tree_entries_done(struct tree_entries *entries);

/*
 * Whole files. tree_read returns a NUL-terminated malloc'ed text, or .text NULL; tree_write returns true if all of it
 * was written.
 */
struct ng_span tree_read(const char *path);
bool tree_write(const char *path, const void *bytes, size_t size);

/* Returns `text` with every "@ROOT@" replaced, malloc'ed. */
char *tree_with_root(const char *text, const char *root);

/* printf into malloc'ed memory. */
char *format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
