/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of this collector. */
#ifndef FILESYSTEM_H
#define FILESYSTEM_H

#include "kernel/guard.h"
#include "kernel/mounts.h"
#include <nodegauge/collector.h>
#include <sys/vfs.h>

/* A statfs call on a helper thread. Lives as long as its mount is in the table, and until its thread returns. */
struct probe {
	struct ng_task task;
	struct probe *next;
	bool kept; /* by the current table */
	int error;
	struct statfs fs;
	char path[];
};

/* Results of statfs that reveal changes which the mount table does not show. */
struct witness {
	bool known;
	bool read_only;
	int error;
	uint64_t id; /* f_fsid */
};

struct row {
	struct ng_mount mount;
	struct ng_span point;     /* as in the label */
	const char *path;         /* for statfs */
	struct ng_labels *labels; /* while statfs succeeds */
	struct ng_labels *info;
	bool read_only;
	bool may_hang;
	struct probe *probe; /* NULL if statfs cannot hang */
	uint32_t turn;       /* number of earlier rows of the same server that have a probe */
	uint32_t followers;  /* number of later ones, if there are none before */

	/* of this scrape */
	bool timeout;
	int error; /* 0 or a negative errno */
	struct statfs fs;
	struct witness witness;
};

/* Derived from the text and kept until it changes. */
struct table {
	struct ng_arena arena;
	struct ng_span text;
	struct row *rows;
	size_t count;
	struct ng_task **tasks; /* one task of each server, then the second of each, and so on */
	size_t task_count;
	const struct ng_mount **ext4; /* the writable ones */
	size_t ext4_count;
	unsigned *bad; /* lines that could not be parsed as mounts */
	size_t bad_count, bad_capacity;
};

struct filesystem {
	struct ng_filter points, types;
	struct ng_pattern *old_points, *old_types;
	uint64_t timeout, workers;
	struct ng_mounts mounts;
	struct ng_guard *guard;
	struct table table;
	struct probe *probes; /* of this table and, if it could not be completed, the one before */
};

/* Assigns a probe to each row that may hang, and orders them; frees those of mounts that have gone. */
int filesystem_probes(struct filesystem *filesystem, struct ng_scrape *scrape);
void filesystem_probes_done(struct filesystem *filesystem);

/* Builds the table, which must be empty, from `text`. On error the caller must empty it. */
int filesystem_table(struct filesystem *filesystem, struct ng_scrape *scrape, struct ng_span text);

/* Sets for each mount whether it is unreachable by any path. -ENOMEM is the only error. */
int filesystem_hide(struct ng_arena *arena, const struct ng_mount *mounts, size_t count, bool *hidden);

#define FILESYSTEM_LINE "ids, device, root, mount point, options, '-', type, source and options"

/* File system types by what may hang: nothing, statfs, or also every path below the mount. */
enum trust { TRUST_ALL, TRUST_PATHS, TRUST_NOTHING };
enum trust filesystem_trust(struct ng_span type);

#endif
