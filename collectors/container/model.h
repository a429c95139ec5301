/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the container collector share.
 *
 * A group of the tree carries a struct container_group. A group that is shown, or may be, has a row: its labels and
 * what was read last. Rows outlive their groups, so that the last totals of a short-lived container are seen.
 */
#ifndef CONTAINER_MODEL_H
#define CONTAINER_MODEL_H

#include "identity/names.h"
#include "identity/oci.h"
#include "identity/path.h"
#include "settle/account.h"
#include "stats/read.h"

#include "base/table.h"
#include "kernel/mounts.h"

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

/* Of the tasks of a group: see states.c. */
enum { CONTAINER_STATES = 4 };
struct container_states {
	uint64_t count[CONTAINER_STATES + 1]; /* running, sleeping, stopped, uninterruptible; others */
	double load, blocked;                 /* running and uninterruptible tasks of late */
	uint64_t counted_at;                  /* CLOCK_MONOTONIC ns */
	uint64_t file_limit;                  /* of its first process */
	bool known, has_limit, unlimited;
};

/* The names of a row, in one piece of memory with their text. */
struct container_named {
	struct ng_span space, pod, container; /* of Kubernetes; empty for others */
	struct ng_span image, name;           /* as the runtime says */
	uint32_t restart;
	bool has_restart;
	char text[];
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
	bool believed;                  /* its names are looked for: see resolve.c */
	bool nameless;                  /* shown by its path; names may come: see outside.c */
	bool outdone;                   /* another one is shown in its place */
	bool superseded;                /* that is a later one: its counters are shown when it has gone */
	bool fresh;                     /* its group was read in this scrape */
	bool leftover;                  /* no process was ever in it: see container_is_leftover */
	bool gone;                      /* it is one of those that leave */
	bool ended;                     /* it was read when its last process had ended */
	bool kills_open;                /* its group has gone since container_kills_settle */
	bool unsettled;                 /* its group has gone, and more of it may be found out: see account.c */
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

/* The shares of the last rounds of the sampler, in 1/10000; see sampler.c. */
enum { CONTAINER_ROUNDS = 60, CONTAINER_SHARES = 2 * CONTAINER_RESOURCES };
struct container_peaks {
	uint32_t round; /* that was written last */
	uint16_t share[CONTAINER_ROUNDS][CONTAINER_SHARES];
};

struct container_group {
	struct container_place place;
	struct container_row *row;                   /* NULL: never shown */
	struct container_peaks *peaks;               /* malloc; NULL: nothing in the last minute */
	uint64_t pressure[CONTAINER_RESOURCES][2];   /* totals in us when sampled last */
	int pressure_fd_plus_1[CONTAINER_RESOURCES]; /* kept open; 0: not */
	bool primed;                                 /* `pressure` is filled in */
	uint64_t added_at;                           /* CLOCK_MONOTONIC ns */
	uint64_t limits_at;                          /* of the last reading of its limits */
	uint64_t newest;                             /* of a pod: the generation of its latest container */
	struct container_account *account;           /* of a pod; malloc */
	uint64_t *counts;                            /* of a child of a pod, when its account was settled; malloc */
	struct ng_cgroup *younger, *older;           /* in the list of those that are young */
	uint64_t read_next;                          /* when it is read next as it is young; 0: it is not */
	int pid;                                     /* of a process in the pod's network; 0: none */
	uint64_t pid_start;                          /* its start time: a pid may come again */
	uint64_t pid_tried_at;                       /* when it was looked for among all processes */
	bool pid_wanted;                             /* it has processes, and was not looked for since */
	bool host_network, network_known;            /* of that process */
	uint64_t network;                            /* inode that stands for it, where known */
	uint8_t conversion_plus_1;                   /* of a pod: what its containers' weights show; 0: nothing */
};

static inline struct container_group *container_group(struct ng_cgroup *group)
{
	return (struct container_group *)(void *)group->payload;
}

static inline const struct container_place *container_place_at(const struct ng_cgroup *group)
{
	return &((const struct container_group *)(const void *)group->payload)->place;
}

enum { CONTAINER_BUCKETS = 7 };
struct container_sampler {
	uint64_t interval;    /* ns; 0: off */
	uint64_t budget;      /* of files kept open */
	uint32_t kept_rounds; /* that make a minute */
	uint32_t round;       /* 0: not yet */
	uint64_t last, next;
	struct ng_file node[CONTAINER_RESOURCES];
	uint64_t total[CONTAINER_RESOURCES][2];
	bool node_primed, has_node;
	struct container_peaks peaks;
	uint64_t bucket[CONTAINER_SHARES][CONTAINER_BUCKETS + 1];
	uint64_t sum[CONTAINER_SHARES]; /* of the shares, in 1/10000 */
	uint64_t cpu_ns, rounds, reads, kept;
};

struct container_triggers {
	bool wanted;
	int fd_plus_1[CONTAINER_RESOURCES];
	uint64_t armed_at[CONTAINER_RESOURCES];
	uint64_t since[CONTAINER_RESOURCES]; /* total in us that an event has to exceed: of the last event, or before */
	uint64_t total[CONTAINER_RESOURCES]; /* what it will be next */
	uint64_t total_at[CONTAINER_RESOURCES];
	uint64_t events[CONTAINER_RESOURCES];
};

struct container_dimms {
	char type[24];
	uint64_t count, bytes;
};

struct container_machine {
	uint64_t epoch; /* of the devices when it was read */
	uint64_t cores, physical_cores, sockets, memory, swap;
	uint64_t books, drawers; /* of s390x; 0 where there are none */
	uint64_t nvm_modules, nvm_bytes;
	bool nvm_known;
	bool ids_failed, dimms_failed, version_failed; /* some could not be read: what it is part of is left out */
	struct container_dimms dimm[8];                /* by type */
	size_t dimm_types;
	char boot_id[40], machine_id[40], system_uuid[40];
	char kernel[72], system[128]; /* "6.1.0-18-amd64", "Debian GNU/Linux 12 (bookworm)" */
};

/* The name of a block device, kept while no device comes or goes. */
struct container_device_name {
	uint32_t major, minor;
	char name[40];
};

enum { CONTAINER_WAITING_ROOM = 400 };

/* OOM kills on v1: see kills.c. */
struct container_node_kills {
	bool based;      /* the others are filled in */
	bool open;       /* a container has gone since */
	uint64_t node;   /* /proc/vmstat, when settled last */
	uint64_t gone;   /* of containers that have gone */
	uint64_t others; /* of no group that is known */
};

struct container {
	/* options */
	const char *levels_text, *sets_text, *logs, *pod_logs, *image;
	uint64_t max_groups, max_files, sample_interval;
	bool watch, triggers_wanted;

	uint32_t levels; /* bits of enum container_shown */
	struct ng_cgroups *cgroups;
	struct container_reader reader;
	struct ng_arena sizes; /* of huge pages: the names in the reader */
	struct container_names names;
	struct ng_list oci_states;
	struct container_sampler sampler;
	struct container_triggers triggers;
	struct container_machine machine;
	struct ng_arena memory; /* of the device names */
	struct container_device_name *device;
	size_t device_count, device_room;
	uint64_t device_epoch;
	struct ng_shared *meminfo, *diskstats;
	struct ng_mounts mounts;
	const char *net_path; /* of the node's network, below /proc */
	uint64_t *networks;   /* of containers that are in no pod, of this scrape; in its arena */
	size_t network_count, network_room;
	bool network_missed; /* one of them could not be read: the next that is seen may not be the first */

	struct ng_cgroup *young;            /* the latest of them */
	struct container_account *accounts; /* to be settled */
	struct container_settling settling;
	struct container_node_kills kills;
	uint64_t lost[CONTAINER_LOST_REASONS];

	struct container_row *leaving;
	struct ng_table by_key; /* the rows that are shown */
	uint64_t leaving_count, forgotten;
	uint64_t recent_readers; /* of the last scrape */
	uint64_t most_rows;      /* since memory was given back */
	uint64_t wanted;         /* rows whose names are wanted */
	uint64_t doubtful;       /* rows that are taken for sandboxes, or shown without names that may come */
	uint64_t elsewhere;      /* containers of pods that are not below the group of their pod */
	uint64_t resolve_again;  /* when they may be looked for next */
	uint64_t unresolved[CONTAINER_MISSING_REASONS];
	char waiting[CONTAINER_WAITING_ROOM]; /* the path of one that has waited long for its names, and why; "" for
						 none */
	uint64_t live[SHOWN_LEVELS], created[SHOWN_LEVELS], removed[SHOWN_LEVELS];
	uint64_t network_scan_at; /* when /proc was searched for processes last */
	bool network_scan_failed; /* in passing: the next scrape does it again */
	uint64_t booted;          /* CLOCK_REALTIME ns; 0: not known */
	uint64_t slice_roots;     /* roots of the kubelet that are slices */
	uint64_t looks_until;     /* when the looks at the tree that were taken would be over, one after the other */
	bool listing_failed;
	bool incomplete; /* there was no memory for the row of a group */
	bool unsettled;  /* a row was forgotten that may have hidden others */
};

/* ---- shares.c ---- */

/* After the groups were read: the conversion of their weights, where one of them changed. */
void container_settle_shares(struct container *state);

/* ---- follow.c ---- */

/* What is done when groups come, go, end, or lose a process to the OOM killer; the tree keeps a struct container_group
 * with each. */
struct ng_cgroups_hooks container_hooks(struct container *state);

/* Makes the rows for which there was no memory when their groups were added. */
void container_complete(struct ng_scrape *scrape, struct container *state);

/* Between scrapes: follows the tree, samples pressure, looks for names. */
void container_tick(void *context, struct ng_scrape *scrape, struct ng_wait *wait);

/* ---- collect.c ---- */

/* A scrape: every group that is shown is read, and all rows are written. */
int container_collect(void *context, struct ng_scrape *scrape);

/* Reads a group into its row; limits once a minute. Errors are those of container_read. `now` is of CLOCK_MONOTONIC. */
int container_read_row(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *group, uint64_t now);

/* ---- rows.c ---- */

/* Which level a place is shown at; SHOWN_LEVELS for not at all. */
enum container_shown container_shown_as(const struct container_place *place, struct ng_span name);
const char *container_level_name(enum container_shown shown);

/* NULL when there is no memory. */
struct container_row *container_row_new(struct container *state, const struct ng_cgroup *group,
	const struct container_place *place, enum container_shown shown);
void container_row_free(struct container *state, struct container_row *row);

/* The labels from what is known now: the row is shown from here on, and what it succeeds no longer. */
int container_row_name(
	struct ng_scrape *scrape, struct container *state, struct container_row *row, struct ng_span path);

/*
 * Some kubelets make the groups of a pod twice, by the systemd driver and by hand, use the former only and may leave
 * the latter behind. Where there are slices, what is not below them and never had a process is not shown.
 */
bool container_is_leftover(const struct container *state, const struct container_row *row);

/* Before the rows are read: of those with one key the one that lives is shown. 0 or -ENOMEM. */
int container_rows_settle(struct container *state);

/* The group has gone: its row is kept for those who have not seen its last values. */
void container_row_leave(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *group);

/* A container of a pod came and went before it was seen: a row without figures, among those that leave; or NULL. */
struct container_row *container_row_missed(struct ng_scrape *scrape, struct container *state,
	const struct ng_cgroup *pod, const struct container_place *place, const char *name);

/* After an answer. */
void container_rows_seen(struct container *state, uint64_t readers, uint64_t recent, uint64_t now);

/* ---- labels.c ---- */

/* ->labels of a row from what is known of it; malloc. 0 or -ENOMEM. */
int container_make_labels(
	struct ng_arena *arena, const struct container *state, struct container_row *row, struct ng_span path);

/* All labels of an interface: a pod's are the sandbox's for the kubelet, and have its name and image. */
struct ng_labels *container_network_labels(
	struct ng_arena *arena, const struct container *state, const struct container_row *row, const char *interface);

/* ---- resolve.c ---- */

/* Of the containers that its pod has now. */
bool container_is_oldest(const struct ng_cgroup *group);

/* Looks for the names that are wanted; the log directories are read only when they have changed. */
void container_resolve(struct ng_scrape *scrape, struct container *state);

/* Has the log say whose names are missing. */
void container_note_waiting(struct ng_scrape *scrape, const struct container *state);

/* "no_log_link" */
const char *container_missing_name(enum container_missing missing);

/* ---- sampler.c, triggers.c ---- */

void container_sample(struct ng_scrape *scrape, struct container *state, uint64_t now);

/* The largest shares of the last minute, in 1/10000. */
void container_peaks_of(const struct container_peaks *peaks, const struct container_sampler *sampler,
	uint16_t ret_peak[CONTAINER_SHARES]);
void container_close_pressure(struct container *state, struct container_group *group);

/* Opened once; without an effect where the kernel refuses. */
void container_triggers_open(struct ng_scrape *scrape, struct container *state, uint64_t now);
void container_triggers_wait(const struct container *state, struct ng_wait *wait);
void container_triggers_take(struct ng_scrape *scrape, struct container *state, const struct ng_wait *wait);
void container_triggers_advance(struct container *state, size_t which, uint64_t total, uint64_t now);
void container_triggers_close(struct container *state);

/* ---- find_process.c ---- */

/* Whether it is a pod, or a container that is in none. */
bool container_has_network(const struct container_group *group);

/* Whether there is a process in it: ->pid of its group, which is kept as long as it lives. */
bool container_find_process(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *pod, uint64_t now);

/* Of a process, in ticks since the boot. */
int container_process_start(struct ng_scrape *scrape, uint64_t pid, uint64_t *ret_start);

/* ---- kills.c ---- */

/* The group has gone, and its row is about to leave. */
void container_kills_gone(struct container *state, struct container_row *row);
void container_kills_settle(struct ng_scrape *scrape, struct container *state);

/* ---- start.c ---- */

/* VALUE_STARTED of a group that was there before us: what else there is may be earlier than the time of its directory.
 */
void container_find_start(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *group);

/* ---- network.c ---- */

/* The network of a pod, or of the node, into its row. */
void container_read_network(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *pod, uint64_t now);

/* ---- processes.c ---- */

/* "123/net/dev", below /proc */
enum { CONTAINER_PROC_ROOM = 64 };
void container_proc_path(char path[CONTAINER_PROC_ROOM], uint64_t pid, const char *file);

/* Lines with a pid each; 0 for a process that our PID namespace does not have. */
int container_read_pids(struct ng_scrape *scrape, const struct container *state, const struct ng_cgroup *group,
	struct ng_span *ret_text);

/* What only counting the processes of a group tells. */
void container_count_processes(struct ng_scrape *scrape, struct container *state, const struct ng_cgroup *group,
	struct container_values *values);

/* ---- states.c ---- */

void container_read_states(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *group, uint64_t now);

/* ---- machine.c ---- */

void container_machine_read(struct ng_scrape *scrape, struct container *state);
void container_machine_write(struct ng_scrape *scrape, const struct container *state);

/* What fails in passing is read again at the next scrape. */
static inline void container_forget_if(
	struct ng_scrape *scrape, struct container_machine *machine, int r, const char *file)
{
	if (container_failed(r))
		machine->epoch = 0;
	if (r < 0)
		ng_drop_unread(scrape, r, file);
}

/* Counts a network that could not be seen; one that others may share is not looked for among them in this scrape. */
void container_miss_network(struct ng_scrape *scrape, struct container *state, const struct container_group *group,
	int error, const char *what);

/* ---- hardware.c ---- */

void container_hardware_read(struct ng_scrape *scrape, struct container_machine *machine);

/* `ids` are the labels of the machine. */
void container_hardware_write(struct ng_scrape *scrape, const struct container_machine *machine, struct ng_labels *ids);

#endif
