/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which cgroups are followed, and which of them are shown.
 *
 * Each cgroup of the tree carries a struct container_group. A cgroup that is shown, or may be, has a row with its
 * labels and the values last read. Rows outlive their cgroups, so that the final totals of a short-lived container are
 * scraped.
 */
#ifndef CONTAINER_MODEL_H
#define CONTAINER_MODEL_H

#include "identity/named.h"
#include "identity/path.h"
#include "process/part.h"
#include "sampling/part.h"
#include "settle/part.h"
#include "stats/values.h"

#include "base/table.h"
#include "kernel/cgroups.h"
#include <nodegauge/page.h>

/* The values of --collector.container.levels. */
enum container_shown {
	SHOWN_NODE,
	SHOWN_QOS,
	SHOWN_POD,
	SHOWN_CONTAINER,
	SHOWN_SANDBOX,
	SHOWN_SLICE,
	SHOWN_SERVICE,
	SHOWN_SCOPE,
	SHOWN_SESSION,
	SHOWN_MACHINE,
	SHOWN_OTHER,
	SHOWN_LEVELS,
};

enum container_naming {
	NAMING_DONE,    /* shown by its path, or with its names */
	NAMING_WANTED,  /* not shown until its names are found */
	NAMING_SANDBOX, /* taken for one, because it has no names: not shown, but looked up with the others */
	NAMING_NONE,    /* its level is not shown */
};

/* One interface of a pod's network, with the columns in the order of the families. */
enum { CONTAINER_NET_COLUMNS = 8 };
struct container_interface {
	char name[16];
	uint64_t value[CONTAINER_NET_COLUMNS];
};
struct container_interfaces {
	struct container_interface *interface; /* malloc */
	uint32_t count, room;
};

struct container_row {
	struct container_row *next; /* in the list of leaving rows */
	enum container_shown shown;
	enum container_naming naming;
	enum container_missing missing; /* why its names are still wanted */
	uint64_t looked;                /* see struct container_wish */
	uint64_t asked_looked;          /* `looked` when the runtime's record was last read */
	bool asked;                     /* the record has been read */
	struct ng_labels *labels;       /* includes the id; malloc; NULL while the names are wanted */
	struct container_named *named;  /* malloc; NULL if known by its path alone */
	uint64_t key;                   /* identifies what may be shown only once: the names, or the path */
	uint64_t generation;            /* of two rows with the same key, the later one is shown */
	bool believed;                  /* its names may be looked up: see identity/resolve.c */
	bool nameless;                  /* shown by its path, but names may appear: see identity/resolve_outside.c */
	bool outdone;                   /* another row is shown instead */
	bool superseded;                /* by a later one: its counters are shown once it has gone */
	bool fresh;                     /* its cgroup was read during this scrape */
	bool leftover;                  /* no process was ever in it: see container_is_leftover */
	bool gone;                      /* it is in the list of leaving rows */
	bool ended;                     /* it was read after its last process had exited */
	bool kills_open;                /* its cgroup was removed after the last container_kills_settle */
	bool unsettled;                 /* its cgroup is gone, but more usage may be found: see settle/account.c */
	uint64_t pod;                   /* if unsettled: the generation of the pod's cgroup */
	bool has_peaks;
	uint16_t peak[2 * CONTAINER_RESOURCES]; /* in the last minute, in 1/10000 */
	struct container_figures figures;       /* the values last read */
	struct container_interfaces network;
	uint64_t lost[CONTAINER_LOST_VALUES]; /* of a pod: usage that cannot be attributed to one container */
	struct container_states *states;      /* malloc; NULL if they are not wanted */
	struct container_place place;
	struct container_place sandbox; /* of a pod whose network has been read; .level is CONTAINER_ROOT if none */
	char *sandbox_image;            /* malloc; NULL if unknown */
	/* when leaving */
	char *path;       /* malloc; NULL once the labels are made */
	uint64_t readers; /* that have not seen it yet */
	uint64_t until;   /* CLOCK_MONOTONIC ns */
	uint64_t seen_at; /* CLOCK_REALTIME s, when it was last read */
};

struct container_group {
	struct container_place place;
	struct container_row *row; /* NULL: never shown */
	uint64_t added_at;         /* CLOCK_MONOTONIC ns */
	uint64_t limits_at;        /* when its limits were last read */
	uint64_t newest;           /* of a pod: the generation of its latest container */
	struct container_sampled sampled;
	struct container_member member;
	struct container_settled settled;
	struct ng_cgroup *younger, *older; /* in the list of young cgroups: see follow.c */
	uint64_t read_next;                /* when a young cgroup is read next; 0: not young */
};

static inline struct container_group *container_group(struct ng_cgroup *group)
{
	return (struct container_group *)(void *)group->payload;
}

static inline const struct container_place *container_place_at(const struct ng_cgroup *group)
{
	return &((const struct container_group *)(const void *)group->payload)->place;
}

/* Counts of cgroups by level. */
struct container_census {
	uint64_t live[SHOWN_LEVELS], created[SHOWN_LEVELS], removed[SHOWN_LEVELS];
};

/* The rows that are shown, and for how long: see rows.c. */
struct container_model {
	uint32_t levels;               /* levels to show: bits of enum container_shown */
	const char *image;             /* shown for containers whose image is unknown */
	struct container_row *leaving; /* their cgroups are gone; latest first */
	struct ng_table by_key;        /* the rows that are shown */
	uint64_t leaving_count, forgotten;
	uint64_t recent_readers; /* at the last scrape */
	uint64_t slice_roots;    /* kubelet root cgroups that are slices */
	bool unsettled;          /* a row that may have hidden others has been freed */
};

/* The level that a place is shown at; SHOWN_LEVELS if not shown. */
enum container_shown container_shown_as(const struct container_place *place, struct ng_span name);
const char *container_level_name(enum container_shown shown);

/* Compares with the current containers of its pod; with some runtimes, some of these are elsewhere. */
bool container_is_oldest(const struct ng_cgroup *group);
bool container_of_one_pod(const struct ng_cgroup *a, const struct ng_cgroup *b);

/* A container that is not below the cgroup of a pod. */
bool container_is_outside(const struct container_row *row);

/* Whether such a container may belong to a pod nevertheless; `directory`: there is a log directory. */
bool container_may_be_of_pod(const struct container_row *row, bool directory);

/* Whether a row shown without Kubernetes names should have them. */
bool container_is_nameless(const struct container_row *row);

#endif
