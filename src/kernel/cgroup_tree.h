/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the files of the cgroup tree. From the lowest: cgroup_places, cgroup_watch, cgroup_nodes, cgroup_walk,
 * cgroup_events, cgroups.
 */
#ifndef KERNEL_CGROUP_TREE_H
#define KERNEL_CGROUP_TREE_H

#include "base/table.h"

#include "kernel/cgroups.h"
#include <nodegauge/collector.h>

struct ng_cgroups {
	struct ng_cgroups_hooks hooks;
	struct ng_cgroup *root;
	enum ng_cgroup_mode mode;
	int place_fd[NG_CGROUP_PLACES]; /* O_PATH; equal for the same hierarchy; -1 if there is none */
	enum ng_cgroup_place walked;    /* the hierarchy whose directories make up the tree */
	uint64_t device;                /* st_dev of the walked hierarchy */
	char description[160];
	uint64_t limit, descriptors;

	struct ng_table by_generation;
	struct ng_table by_watch;
	struct ng_table by_name; /* by parent and name; nodes with the same key are linked */
	uint64_t secret;         /* random, so that nobody can choose names with the same key */
	int inotify;             /* or -1 */
	bool overflown;          /* events were lost: the next update walks */
	bool begun;              /* the first walk has finished */
	bool telling;            /* a cgroup is being added because inotify reported it */
	bool went;               /* a cgroup that was to be added was already gone */
	uint64_t unwatched;      /* cgroups that should be watched but are not */
	uint64_t missing;        /* cgroups of which a file should be watched but is not */
	uint64_t kept;           /* directory descriptors */
	uint64_t refused, overflows;
};

/* ---- places ---- */

/* Finds the mounts below the given root; without any, sets -1 everywhere and NG_CGROUP_NONE. */
void ng_cgroups_find_places(struct ng_cgroups *cgroups, int root);
void ng_cgroups_close_places(struct ng_cgroups *cgroups);

/* The directory of a cgroup, O_PATH; -EXDEV if the path crosses a mount, which is not part of the tree. */
int ng_cgroup_open(int directory, const char *path);

/* ---- the tree ---- */

/* Adds a child that was seen, and everything below it, unless it is known. */
int ng_cgroups_add_child(
	struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *parent, const char *name);

/* Adds a cgroup without descriptors or watches as the last child of its parent; NULL if there is no memory. */
struct ng_cgroup *ng_cgroups_make(
	struct ng_cgroups *cgroups, struct ng_cgroup *parent, const char *name, uint64_t generation);

/* The child with that name, or NULL. */
struct ng_cgroup *ng_cgroups_child(const struct ng_cgroups *cgroups, const struct ng_cgroup *parent, const char *name);

/* Compares the directories below a cgroup with its children. */
int ng_cgroups_relist(struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *group);

/* Adds the root and everything below it. */
int ng_cgroups_add_root(struct ng_scrape *scrape, struct ng_cgroups *cgroups);

/* Lists a cgroup and its descendants again if their link counts do not match, or all of them with `distrust`. */
int ng_cgroups_walk(struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *group, bool distrust);

/* ---- watching ---- */

void ng_cgroups_open_watches(struct ng_cgroups *cgroups);

/* Adds the watches requested by the flags of `added`; `directory` is the cgroup's own directory. */
void ng_cgroups_watch(struct ng_cgroups *cgroups, struct ng_cgroup *group, int directory, unsigned flags);

/* Retries the watches for which there was no room. */
void ng_cgroups_watch_missing(struct ng_scrape *scrape, struct ng_cgroups *cgroups);

void ng_cgroups_unwatch(struct ng_cgroups *cgroups, struct ng_cgroup *group);

/* Processes pending events. */
int ng_cgroups_take_events(struct ng_scrape *scrape, struct ng_cgroups *cgroups);

#endif
