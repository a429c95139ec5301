/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that stand in for the kernel's, in a directory of the test's own, and the arguments for functions that read
 * them. Anything that cannot be done fails the test.
 */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include "kernel/kernel.h"

/* ---- files ---- */

enum { SCRATCH_PATH = 1024 };

struct scratch {
	char root[64];
	int directory; /* the directory itself, O_PATH */
};

/* Creates PARENT/NAME.XXXXXX; scratch_done removes it with all its contents. */
void scratch_init(struct scratch *scratch, const char *parent, const char *name);
void scratch_done(const struct scratch *scratch);

/* Resolves a name as used in the following calls, relative to the root; "" is the root. */
void scratch_path(const struct scratch *scratch, const char *name, char ret_path[SCRATCH_PATH]);

/* The system calls with these names. */
void scratch_mkdir(const struct scratch *scratch, const char *name);
void scratch_rmdir(const struct scratch *scratch, const char *name);
void scratch_symlink(const struct scratch *scratch, const char *target, const char *name);
void scratch_unlink(const struct scratch *scratch, const char *name);

/*
 * Writes a file with exactly this text to an existing directory: scratch_mkdir_above creates the directories above it.
 */
void scratch_put(const struct scratch *scratch, const char *name, const char *text);
void scratch_mkdir_above(const struct scratch *scratch, const char *name);

/* Removes a directory with all its contents. */
void scratch_clear(const struct scratch *scratch, const char *name);

/* ---- readers ---- */

/*
 * A kernel without roots except those that are opened, and a scrape of it. It contains pointers to itself: do not move
 * it.
 */
struct probe {
	struct ng_kernel kernel;
	struct ng_arena arena; /* of the scrape */
	struct ng_scrape scrape;
	char reason[256]; /* of the scrape */
};

/* probe_done closes the roots. */
void probe_init(struct probe *probe);
void probe_done(struct probe *probe);

/* Makes a directory the root of that kind. */
void probe_open(struct probe *probe, enum ng_root root, const struct scratch *scratch, const char *name);

#endif
