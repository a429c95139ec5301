/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that stand for those of the kernel, in a directory that a test has for itself, and what a reader of them is
 * called with. What cannot be done fails the test.
 */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include "kernel/kernel.h"

/* ---- files ---- */

enum { SCRATCH_PATH = 1024 };

struct scratch {
	char root[64];
	int directory; /* it, O_PATH */
};

/* Makes PARENT/NAME.XXXXXX; scratch_done removes it with all that is in it. */
void scratch_init(struct scratch *scratch, const char *parent, const char *name);
void scratch_done(const struct scratch *scratch);

/* What the names of the following calls are below the root; "" is the root. */
void scratch_path(const struct scratch *scratch, const char *name, char ret_path[SCRATCH_PATH]);

/* The system calls of these names. */
void scratch_mkdir(const struct scratch *scratch, const char *name);
void scratch_rmdir(const struct scratch *scratch, const char *name);
void scratch_symlink(const struct scratch *scratch, const char *target, const char *name);
void scratch_unlink(const struct scratch *scratch, const char *name);

/* A file with this text and no other, in a directory that is there: scratch_mkdir_above makes all that it lies in. */
void scratch_put(const struct scratch *scratch, const char *name, const char *text);
void scratch_mkdir_above(const struct scratch *scratch, const char *name);

/* Removes a directory with all that is in it. */
void scratch_clear(const struct scratch *scratch, const char *name);

/* ---- readers ---- */

/* A kernel without roots but those that are opened, and a scrape of it. It points to itself: it must not be moved. */
struct probe {
	struct ng_kernel kernel;
	struct ng_arena arena; /* of the scrape */
	struct ng_scrape scrape;
	char reason[256]; /* of the scrape */
};

/* probe_done closes the roots. */
void probe_init(struct probe *probe);
void probe_done(struct probe *probe);

/* Makes a directory a root. */
void probe_open(struct probe *probe, enum ng_root root, const struct scratch *scratch, const char *name);

#endif
