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
	struct tree_entry *entry; /* sorted by path: a directory stands before what is in it */
	size_t count;
};

/* A new directory in memory where the system has such a place; its path is freed by the caller. */
char *tree_new(void);

/* Files, directories, links, FIFOs with their modes; the target directory is made. False with a message on stderr. */
bool tree_copy(const char *from, const char *to);

void tree_remove(const char *path);

/*
 * Changes a tree by the lines of a file, see README.md: "dir PATH", "link PATH TARGET", "file PATH TEXT", ... False
 * with a message in `error`.
 */
bool tree_make(const char *tree, const char *steps, char *error, size_t error_size);

/* Everything below. */
void tree_list(const char *tree, struct tree_entries *ret_entries);
void tree_entries_done(struct tree_entries *entries);

/* Whole files. Reading gives a terminated text of malloc, or .text NULL; writing is true when all of it is there. */
struct ng_span tree_read(const char *path);
bool tree_write(const char *path, const void *bytes, size_t size);

/* `text` with every "@ROOT@" replaced, in memory of malloc. */
char *tree_with_root(const char *text, const char *root);

/* printf into memory of malloc. */
char *format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
