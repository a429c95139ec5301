/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroup tree.
 *
 * One object per collector that needs it, in the collector's state. On cgroup v2, inotify reports new and removed
 * cgroups, and every update compares the number of directories below each cgroup (st_nlink, which kernfs keeps exact)
 * with the known number; if watches run out, and on v1, every update walks the whole tree. A cgroup is a path and a
 * generation: the directory's inode is the kernel's 64-bit ID of the cgroup, so a path that was removed and recreated
 * is a different cgroup.
 *
 * Each cgroup keeps one directory descriptor (O_PATH) and no open files, since an open file that was read once holds a
 * page of kernel memory; over the budget of descriptors, cgroups are opened by path, and the inode is checked.
 *
 * Kernel: Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/, fs/kernfs/.
 */
#ifndef KERNEL_CGROUPS_H
#define KERNEL_CGROUPS_H

#include <nodegauge/files.h>

enum ng_cgroup_mode { NG_CGROUP_NONE, NG_CGROUP_V2, NG_CGROUP_V1, NG_CGROUP_HYBRID };

/* Where to look for a file. On v2 these are all the same directory. */
enum ng_cgroup_place {
	NG_CGROUP_UNIFIED, /* cgroup.*, *.pressure */
	NG_CGROUP_CPU,
	NG_CGROUP_CPUACCT,
	NG_CGROUP_MEMORY,
	NG_CGROUP_BLKIO,
	NG_CGROUP_PIDS,
	NG_CGROUP_HUGETLB,
	NG_CGROUP_PLACES,
	NG_CGROUP_WALKED = NG_CGROUP_PLACES, /* the hierarchy whose directories are walked */
};

struct ng_cgroup {
	struct ng_cgroup *parent;
	struct ng_cgroup *first, *last; /* children: sorted by name as found by a walk, later ones at the end */
	struct ng_cgroup *next, *before;
	struct ng_cgroup *same; /* the next one in the table of names */
	uint64_t generation;
	const char *name; /* of the directory; "" for the root */
	uint32_t name_size;
	uint32_t children;
	uint32_t refused; /* directories below it that are not followed: over the limit */
	uint16_t depth;   /* 0 for the root */
	bool descend;     /* cgroups below it are followed */
	bool scarce;      /* it and everything below it: see NG_CGROUP_SCARCE */
	bool marked;      /* used by walks */
	bool fresh;       /* its creation was reported: it is not older than the last update */
	bool born;        /* it is younger than our knowledge of its parent: all its counts happened while we watched */
	bool listed;      /* children found from now on are fresh */
	uint8_t missing;  /* NG_CGROUP_EVENTS, NG_CGROUP_OOMS: watches that could not be added */
	bool unopened;    /* a directory below it could not be opened: it will not count as new later */
	bool covered;     /* there is a mount on a directory below it, which is not followed */
	int directory;    /* O_PATH, or -1: over the budget */
	int watch;        /* inotify, of the directory, or negative */
	int events;       /* inotify, of cgroup.events, or negative */
	int memory;       /* inotify, of memory.events, or negative */
	_Alignas(max_align_t) char payload[];
};

/* The result of `added` for a new cgroup. */
enum {
	NG_CGROUP_DESCEND = 1, /* follow the cgroups below it */
	NG_CGROUP_EVENTS = 2,  /* call `emptied` when its last process has gone */
	NG_CGROUP_OOMS = 4,    /* call `memory_event` when memory.events changes; at most every 10 ms */
	NG_CGROUP_SCARCE = 8,  /* any user may create cgroups below it: refuse them when half of the limit is used */
};

struct ng_cgroups_hooks {
	size_t payload_size; /* zeroed, after each cgroup */
	unsigned (*added)(void *context, struct ng_scrape *scrape, struct ng_cgroup *group);
	void (*removed)(void *context, struct ng_scrape *scrape, struct ng_cgroup *group);
	void (*emptied)(void *context, struct ng_scrape *scrape, struct ng_cgroup *group);
	void (*memory_event)(void *context, struct ng_scrape *scrape, struct ng_cgroup *group);
	void *context;
	/* A cgroup with that name was reported, but was removed before it could be opened. May be NULL. */
	void (*missed)(void *context, struct ng_scrape *scrape, struct ng_cgroup *parent, const char *name);
};

struct ng_cgroups;

/*
 * For `init`. `limit` is the maximum number of cgroups to follow, `descriptors` the maximum number of directories to
 * keep open. Does not walk yet. A machine without cgroups is not an error: the mode says so.
 */
int ng_cgroups_new(struct ng_setup *setup, const struct ng_cgroups_hooks *hooks, uint64_t limit, uint64_t descriptors,
	bool watch, struct ng_cgroups **ret_cgroups);
void ng_cgroups_free(struct ng_cgroups *cgroups);

enum ng_cgroup_mode ng_cgroups_mode(const struct ng_cgroups *cgroups);

/* "cgroup v2", "cgroup v1 (cpu, memory)": for the log. Borrowed. */
const char *ng_cgroups_describe(const struct ng_cgroups *cgroups);

/*
 * Updates the tree and calls the hooks. `whole` compares every cgroup with the file system; without it, only inotify
 * events are processed.
 */
int ng_cgroups_update(struct ng_scrape *scrape, struct ng_cgroups *cgroups, bool whole);

/* Readable when something has changed, for a tick to wait for; -1 if there is no inotify. */
int ng_cgroups_descriptor(const struct ng_cgroups *cgroups);

/* Whether something was reported since the last update. */
bool ng_cgroups_pending(const struct ng_cgroups *cgroups);

/* NULL before the first update. */
struct ng_cgroup *ng_cgroups_root(struct ng_cgroups *cgroups);

/* The next cgroup in a walk that visits parents before children; NULL at the end. */
struct ng_cgroup *ng_cgroup_next(const struct ng_cgroup *group);

/* Drops a cgroup that turned out to be removed, with everything below it, and calls `removed` for each. */
void ng_cgroups_drop(struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *group);

/* Late requests that `added` did not make: NG_CGROUP_EVENTS and NG_CGROUP_OOMS, from the next whole update on. */
void ng_cgroups_want(struct ng_cgroups *cgroups, struct ng_cgroup *group, unsigned flags);

/*
 * A directory descriptor for reading the files of a cgroup: -ENOENT if the cgroup was removed, or has no such
 * controller. To be released with ng_cgroup_leave.
 */
int ng_cgroup_enter(struct ng_scrape *scrape, const struct ng_cgroups *cgroups, const struct ng_cgroup *group,
	enum ng_cgroup_place place);
void ng_cgroup_leave(const struct ng_cgroup *group, int directory);

/* Whether the files there are those of cgroup v2, as for a controller that is not in v1. */
bool ng_cgroups_is_v2(const struct ng_cgroups *cgroups, enum ng_cgroup_place place);

/* "/system.slice/ssh.service"; "/" for the root. In the arena; .text is NULL if out of memory. */
struct ng_span ng_cgroup_path(struct ng_arena *arena, const struct ng_cgroup *group);

struct ng_cgroups_state {
	uint64_t groups;    /* followed */
	uint64_t by_path;   /* those without an open descriptor */
	uint64_t refused;   /* cgroups not followed because the limit was reached */
	uint64_t watches;   /* inotify watches held */
	uint64_t overflows; /* of the event queue, since startup */
	bool polling;       /* watches ran out or there is no inotify: whole walks instead */
};
void ng_cgroups_state(const struct ng_cgroups *cgroups, struct ng_cgroups_state *ret_state);

#endif
