/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the tree of control groups share. From the lowest: cgroup_places, cgroup_watch, cgroup_nodes,
 * cgroup_walk, cgroup_events, cgroups.
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
	int place_fd[NG_CGROUP_PLACES]; /* O_PATH; equal where it is the same hierarchy; -1 for none */
	enum ng_cgroup_place walked;    /* whose directories are the groups */
	uint64_t device;                /* st_dev of the walked hierarchy */
	char description[160];
	uint64_t limit, descriptors;

	struct ng_table by_generation;
	struct ng_table by_watch;
	struct ng_table by_name; /* of parent and name; those with one key are linked */
	uint64_t secret;         /* so that nobody can make names with one key */
	int inotify;             /* or -1 */
	bool overflown;          /* events were lost: the next update walks */
	bool begun;              /* the first walk is over */
	bool telling;            /* a group is added as inotify told of it */
	bool went;               /* a group that was to be added had gone */
	uint64_t unwatched;      /* groups that should be watched and are not */
	uint64_t missing;        /* groups of which a file should be */
	uint64_t kept;           /* directory descriptors */
	uint64_t refused, overflows;
};

/* ---- where ---- */

/* Finds the mounts below the root that was given; -1 everywhere and NG_CGROUP_NONE where there are none. */
void ng_cgroups_find_places(struct ng_cgroups *cgroups, int root);
void ng_cgroups_close_places(struct ng_cgroups *cgroups);

/* The directory of a group, O_PATH; -EXDEV where something is mounted on the way, which is no part of the tree. */
int ng_cgroup_open(int directory, const char *path);

/* ---- the tree ---- */

/* A child was seen: adds it with all below it, unless it is known. */
int ng_cgroups_add_child(
	struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *parent, const char *name);

/* A group without descriptors or watches, as the last child of its parent; NULL when there is no memory. */
struct ng_cgroup *ng_cgroups_make(
	struct ng_cgroups *cgroups, struct ng_cgroup *parent, const char *name, uint64_t generation);

/* The child of that name, or NULL. */
struct ng_cgroup *ng_cgroups_child(const struct ng_cgroups *cgroups, const struct ng_cgroup *parent, const char *name);

/* Compares the directories below a group with its children. */
int ng_cgroups_relist(struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *group);

/* The first of all, with all below it. */
int ng_cgroups_add_root(struct ng_scrape *scrape, struct ng_cgroups *cgroups);

/* Lists a group and those below it again where their link counts do not fit, or all of them with `distrust`. */
int ng_cgroups_walk(struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *group, bool distrust);

/* ---- watching ---- */

void ng_cgroups_open_watches(struct ng_cgroups *cgroups);

/* What the flags of `added` ask for; the directory is one of the group's own. */
void ng_cgroups_watch(struct ng_cgroups *cgroups, struct ng_cgroup *group, int directory, unsigned flags);

/* Once more those for which there was no room. */
void ng_cgroups_watch_missing(struct ng_scrape *scrape, struct ng_cgroups *cgroups);

void ng_cgroups_unwatch(struct ng_cgroups *cgroups, struct ng_cgroup *group);

/* Takes the events that have come. */
int ng_cgroups_take_events(struct ng_scrape *scrape, struct ng_cgroups *cgroups);

#endif
