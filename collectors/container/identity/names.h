/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of pods and containers, from the kubelet's directories of log files. No log is opened.
 *
 *     /var/log/containers/<pod>_<namespace>_<container>-<ID>.log
 *         -> /var/log/pods/<namespace>_<pod>_<UID>/<container>/<restart>.log
 *
 * A link counts only if its name and its target agree, and the target agrees with the pod of the cgroup that it is
 * looked up for. Names must be valid Kubernetes names, so none of them needs escaping in a label. Nothing is read while
 * there are no wishes, or while the directories are the same as when the wish was last looked up.
 *
 * Source: kubernetes/pkg/kubelet/kuberuntime/legacy.go (the name, truncated to 251 characters), helpers.go (the
 * target).
 */
#ifndef CONTAINER_NAMES_H
#define CONTAINER_NAMES_H

#include "identity/path.h"

#include <nodegauge/collector.h>
#include <sys/types.h>
#include <time.h>

/* Why there is no name. */
enum container_missing {
	CONTAINER_FOUND,
	CONTAINER_NO_DIRECTORY, /* there is no log directory */
	CONTAINER_UNREADABLE,   /* we may not list it */
	CONTAINER_NO_LINK,      /* no link, or not yet; a sandbox never has one */
	CONTAINER_LYING,        /* link and target, or link and control group, contradict each other */
	CONTAINER_CUT,          /* the link's name is truncated and may mean more than one container */
	CONTAINER_LIMIT,        /* the directory is too large to be searched completely, or time ran out */
	CONTAINER_MISSING_REASONS,
} __attribute__((packed));

/* "no_log_link" */
const char *container_missing_name(enum container_missing missing);

/* Spans point into the scrape's arena. */
struct container_identity {
	struct ng_span space; /* the namespace */
	struct ng_span pod;
	struct ng_span container;     /* empty for a pod */
	char uid[CONTAINER_UID_ROOM]; /* of the pod */
	uint32_t restart;             /* if has_restart */
	bool has_restart;
};

struct container_wish {
	const uint8_t *id; /* NULL for a pod */
	const char *uid;   /* of the pod; "" if unknown, which matches any */
	/*
	 * The oldest cgroup of its pod, and not known to be an ordinary container: it may be the sandbox, so it is
	 * found by its ID only, never by being the only one left.
	 */
	bool oldest;
	/* the epoch of the directories at the last lookup: 0 at first, then whatever the last call left here */
	uint64_t *looked;
	/* results; `missing` is kept if the wish was not looked up again, so the caller must preserve it */
	enum container_missing missing;
	struct container_identity identity; /* if missing is CONTAINER_FOUND */
	void *owner;                        /* the caller's */
};

/* A directory and its state when it was last read. */
struct container_folder {
	const char *path; /* relative to the root of the file system */
	dev_t device;
	ino_t inode;
	struct timespec modified;
	int error;      /* from opening it */
	bool known;     /* has been read */
	bool unsettled; /* changed so recently that its mtime may not move at the next change */
};

struct container_names {
	struct container_folder logs, pods;
	uint64_t epoch;    /* increases whenever one of the two directories changes */
	uint64_t links;    /* in the directory when it was last read */
	uint64_t lying;    /* wanted links that were contradictory */
	bool lacking;      /* out of memory: nothing is known about the wishes that were not found */
	bool failed;       /* the last call hit an error that says nothing about the directories: retry */
	uint64_t passes;   /* passes over the directory since the start */
	uint64_t limit;    /* maximum number of directory entries; 0 for the default */
	uint64_t patience; /* maximum CPU time of one pass in ns; 0 for the default */
};

/* The paths are relative to --path.rootfs, or absolute; borrowed. */
void container_names_init(struct container_names *names, const char *logs, const char *pods);

/* Whether the directories have changed since the last pass; cheaper than a pass. */
bool container_names_changed(struct ng_scrape *scrape, const struct container_names *names);

/* Looks up all wishes in one pass. Returns how many were found. */
size_t container_names_resolve(
	struct ng_scrape *scrape, struct container_names *names, struct container_wish *wishes, size_t count);

/* ---- for the tests, and oci.c ---- */

/* The parsed name of a link; the spans point into it. */
struct container_link {
	struct ng_span pod, space, container;
	uint8_t id[CONTAINER_ID_SIZE];
	bool cut; /* 255 bytes without an ID at the end: no other member is set */
};
bool container_link_parse(struct ng_span name, struct container_link *ret_link);

/* The parsed target of a link; the spans point into it. */
struct container_target {
	struct ng_span space, pod, container;
	char uid[CONTAINER_UID_ROOM];
	uint32_t restart;
};
bool container_target_parse(struct ng_span path, struct container_target *ret_target);

/* "<namespace>_<pod>_<UID>" */
bool container_folder_parse(struct ng_span name, struct container_target *ret_target);

/* Whether Kubernetes accepts it as the name of a namespace or container (a DNS label), or of a pod (a subdomain). */
bool container_label_valid(struct ng_span name);
bool container_subdomain_valid(struct ng_span name);

/* Printable text without blanks, as in every image reference. */
bool container_word_valid(struct ng_span word);

#endif
