/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of this collector. */
#ifndef FILESYSTEM_H
#define FILESYSTEM_H

#include "kernel/guard.h"
#include "kernel/mounts.h"
#include <nodegauge/collector.h>
#include <sys/vfs.h>

/* A statfs on a helper thread. Lives as long as its mount is in the table, and until its thread returns. */
struct probe {
	struct ng_task task;
	bool kept;  /* by the table that is being made */
	bool fresh; /* made for it */
	int error;
	struct statfs fs;
	char path[];
};

/* What statfs tells of changes that the table is silent about. */
struct witness {
	bool known;
	bool read_only;
	int error;
	uint64_t id; /* f_fsid */
};

struct row {
	struct ng_mount mount;
	struct ng_span point;     /* the label */
	const char *path;         /* for statfs */
	struct ng_labels *labels; /* of one that answered */
	struct ng_labels *info;
	bool read_only;
	bool may_hang;
	struct probe *probe; /* NULL where statfs cannot hang */
	uint32_t turn;       /* how many rows of the same server have a probe and come before */
	uint32_t followers;  /* and after, if there are none before */

	/* of this scrape */
	bool timeout;
	int error; /* 0 or a negative errno */
	struct statfs fs;
	struct witness witness;
};

/* What is kept of the text as long as it does not change. */
struct table {
	struct ng_arena arena;
	struct ng_span text;
	struct row *rows;
	size_t count;
	struct ng_task **tasks; /* one of each server, then the second of each, and so on */
	size_t task_count;
	const struct ng_mount **ext4; /* those that are writable */
	size_t ext4_count;
	unsigned *bad; /* lines that are no mounts */
	size_t bad_count, bad_capacity;
};

struct filesystem {
	struct ng_filter points, types;
	struct ng_pattern *old_points, *old_types;
	uint64_t timeout, workers;
	struct ng_mounts mounts;
	struct ng_guard *guard;
	struct table tables[2]; /* the second one while the first is replaced */
};

/* Gives each row that may hang its probe, and orders them. Ownership is as with filesystem_table, which calls it. */
int filesystem_probes(
	struct filesystem *filesystem, struct ng_scrape *scrape, const struct table *before, struct table *table);

/*
 * Makes `table`, which is empty, of `text`. It shares probes with `before`: after success those that are `kept` are the
 * table's, the others are the caller's to free. On error `before` is as it was and `table` is to be emptied.
 */
int filesystem_table(struct filesystem *filesystem, struct ng_scrape *scrape, struct ng_span text,
	const struct table *before, struct table *table);

/* Says of each mount whether no path leads to it. -ENOMEM is the only error. */
int filesystem_hide(struct ng_arena *arena, const struct ng_mount *mounts, size_t count, bool *hidden);

#define FILESYSTEM_LINE "ids, device, root, mount point, options, '-', type, source and options"

/* The kinds of file systems by what may hang: nothing, statfs, or also every path below them. */
enum trust { TRUST_ALL, TRUST_PATHS, TRUST_NOTHING };
enum trust filesystem_trust(struct ng_span type);

#endif
