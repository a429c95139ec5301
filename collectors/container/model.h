/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is followed and what is shown of it.
 *
 * A group of the tree carries a struct container_group. A group that is shown, or may be, has a row: its labels and
 * what was read last. Rows outlive their groups, so that the last totals of a short-lived container are seen.
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

/* What --collector.container.levels chooses from. */
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
	NAMING_DONE,    /* shown by its path, or its names were found */
	NAMING_WANTED,  /* not shown until they are */
	NAMING_SANDBOX, /* taken for one, as it has no names: not shown, and looked up again with the others */
	NAMING_NONE,    /* its level is not shown */
};

/* One interface of a pod's network: the columns in the order of the families. */
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
	struct container_row *next; /* of those that leave */
	enum container_shown shown;
	enum container_naming naming;
	enum container_missing missing; /* why its names are wanted still */
	uint64_t looked;                /* see struct container_wish */
	uint64_t asked_looked;          /* `looked` when the runtime's record was read last */
	bool asked;                     /* it was */
	struct ng_labels *labels;       /* with the id, malloc; none while the names are wanted */
	struct container_named *named;  /* malloc; NULL for what is known by its path alone */
	uint64_t key;                   /* of what may be shown once: the names, or the path */
	uint64_t generation;            /* of two rows with one key the later is shown */
	bool believed;                  /* its names are looked for: see identity/resolve.c */
	bool nameless;                  /* shown by its path; names may come: see identity/resolve_outside.c */
	bool outdone;                   /* another one is shown in its place */
	bool superseded;                /* that is a later one: its counters are shown when it has gone */
	bool fresh;                     /* its group was read in this scrape */
	bool leftover;                  /* no process was ever in it: see container_is_leftover */
	bool gone;                      /* it is one of those that leave */
	bool ended;                     /* it was read when its last process had ended */
	bool kills_open;                /* its group has gone since container_kills_settle */
	bool unsettled;                 /* its group has gone, and more of it may be found out: see settle/account.c */
	uint64_t pod;                   /* where unsettled: the generation of the pod's group */
	bool has_peaks;
	uint16_t peak[2 * CONTAINER_RESOURCES]; /* of the last minute, in 1/10000 */
	struct container_figures figures;       /* what was read last */
	struct container_interfaces network;
	uint64_t lost[CONTAINER_LOST_VALUES]; /* of a pod: what containers used that cannot be said of one */
	struct container_states *states;      /* malloc; NULL while they are not wanted */
	struct container_place place;
	struct container_place sandbox; /* of a pod whose network was read; .level is CONTAINER_ROOT for none */
	char *sandbox_image;            /* malloc; NULL where it is not known */
	/* when leaving */
	char *path;       /* malloc; NULL once the labels are made */
	uint64_t readers; /* that have not seen it */
	uint64_t until;   /* CLOCK_MONOTONIC ns */
	uint64_t seen_at; /* CLOCK_REALTIME s of the last reading */
};

struct container_group {
	struct container_place place;
	struct container_row *row; /* NULL: never shown */
	uint64_t added_at;         /* CLOCK_MONOTONIC ns */
	uint64_t limits_at;        /* of the last reading of its limits */
	uint64_t newest;           /* of a pod: the generation of its latest container */
	struct container_sampled sampled;
	struct container_member member;
	struct container_settled settled;
	struct ng_cgroup *younger, *older; /* in the list of those that are young: see follow.c */
	uint64_t read_next;                /* when it is read next as it is young; 0: it is not */
};

static inline struct container_group *container_group(struct ng_cgroup *group)
{
	return (struct container_group *)(void *)group->payload;
}

static inline const struct container_place *container_place_at(const struct ng_cgroup *group)
{
	return &((const struct container_group *)(const void *)group->payload)->place;
}

/* Groups by their level. */
struct container_census {
	uint64_t live[SHOWN_LEVELS], created[SHOWN_LEVELS], removed[SHOWN_LEVELS];
};

/* What is shown, and for how long: see rows.c. */
struct container_model {
	uint32_t levels;               /* that are shown: bits of enum container_shown */
	const char *image;             /* of containers whose image is not known */
	struct container_row *leaving; /* their groups have gone; the latest first */
	struct ng_table by_key;        /* the rows that are shown */
	uint64_t leaving_count, forgotten;
	uint64_t recent_readers; /* of the last scrape */
	uint64_t slice_roots;    /* roots of the kubelet that are slices */
	bool unsettled;          /* a row was forgotten that may have hidden others */
};

/* Which level a place is shown at; SHOWN_LEVELS for not at all. */
enum container_shown container_shown_as(const struct container_place *place, struct ng_span name);
const char *container_level_name(enum container_shown shown);

/* Of the containers that its pod has now, some of which are elsewhere in some runtimes. */
bool container_is_oldest(const struct ng_cgroup *group);
bool container_of_one_pod(const struct ng_cgroup *a, const struct ng_cgroup *b);

/* A container, and not below the cgroup of a pod. */
bool container_is_outside(const struct container_row *row);

/* Whether such a one may be the container of a pod all the same, where there is a directory of logs or not. */
bool container_may_be_of_pod(const struct container_row *row, bool directory);

/* Whether a row that is shown without the names of Kubernetes should have them. */
bool container_is_nameless(const struct container_row *row);

#endif
