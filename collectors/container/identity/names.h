/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of pods and containers, from the kubelet's directories of log files. No log is opened.
 *
 *     /var/log/containers/<pod>_<namespace>_<container>-<ID>.log
 *         -> /var/log/pods/<namespace>_<pod>_<UID>/<container>/<restart>.log
 *
 * A link counts only when its name and its target agree, and its target with the pod of the group, for which it is
 * asked. Names have to be such as Kubernetes allows, which leaves nothing that would need care in a label. Nothing is
 * read as long as nobody has a wish, nor when the directories are the same as when the wish was last looked for.
 *
 * Source: kubernetes/pkg/kubelet/kuberuntime/legacy.go (the name, cut at 251 characters), helpers.go (the target).
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
	CONTAINER_NO_DIRECTORY, /* there is no directory of logs */
	CONTAINER_UNREADABLE,   /* we may not list it */
	CONTAINER_NO_LINK,      /* there is no link, or not yet; a sandbox never has one */
	CONTAINER_LYING,        /* link and target, or link and control group, contradict each other */
	CONTAINER_CUT,          /* the link's name is cut, and more than one container may be meant */
	CONTAINER_LIMIT,        /* the directory is too large to be searched to its end, or there was no time */
	CONTAINER_MISSING_REASONS,
} __attribute__((packed));

/* "no_log_link" */
const char *container_missing_name(enum container_missing missing);

/* Spans lie in the arena of the scrape. */
struct container_identity {
	struct ng_span space; /* the namespace */
	struct ng_span pod;
	struct ng_span container;     /* empty for a pod */
	char uid[CONTAINER_UID_ROOM]; /* of the pod */
	uint32_t restart;             /* where has_restart */
	bool has_restart;
};

struct container_wish {
	const uint8_t *id; /* NULL for a pod */
	const char *uid;   /* of the pod; "" where it is not known: then any is right */
	/*
	 * The oldest group of its pod, and not known to be an ordinary container: it may be the sandbox. Such a one is
	 * found by its ID only, never because it is the only one left.
	 */
	bool oldest;
	/* What the directories were when it was last looked for: 0 at first, then what the last call left here. */
	uint64_t *looked;
	/* results; `missing` is kept for a wish that was not looked for again, so the caller has to keep it too */
	enum container_missing missing;
	struct container_identity identity; /* where missing is CONTAINER_FOUND */
	void *owner;                        /* the caller's */
};

/* A directory and what it was when it was read. */
struct container_folder {
	const char *path; /* relative to the root of the file system */
	dev_t device;
	ino_t inode;
	struct timespec modified;
	int error;      /* of opening it */
	bool known;     /* was read */
	bool unsettled; /* changed so lately that its time may stay the same at the next change */
};

struct container_names {
	struct container_folder logs, pods;
	uint64_t epoch;    /* goes up with each change of the two */
	uint64_t links;    /* in the directory when it was last read */
	uint64_t lying;    /* of these, those that were wanted and lied */
	bool lacking;      /* there was no memory: nothing is known of what was not found */
	bool failed;       /* the last call met an error that says nothing of the directories: ask again */
	uint64_t passes;   /* over the directory, since the start */
	uint64_t limit;    /* entries of a directory that are looked at; 0 stands for the default */
	uint64_t patience; /* nanoseconds of CPU time for one pass; 0 stands for the default */
};

/* The paths are relative to --path.rootfs, or absolute; borrowed. */
void container_names_init(struct container_names *names, const char *logs, const char *pods);

/* Whether the directories are not as the last pass saw them; cheaper than a pass. */
bool container_names_changed(struct ng_scrape *scrape, const struct container_names *names);

/* Looks for all of them in one pass. Returns how many were found. */
size_t container_names_resolve(
	struct ng_scrape *scrape, struct container_names *names, struct container_wish *wishes, size_t count);

/* ---- for the tests, and oci.c ---- */

/* What a link's name says; spans lie in it. */
struct container_link {
	struct ng_span pod, space, container;
	uint8_t id[CONTAINER_ID_SIZE];
	bool cut; /* 255 bytes without an ID at its end: nothing else is filled in */
};
bool container_link_parse(struct ng_span name, struct container_link *ret_link);

/* What a link's target says; spans lie in it. */
struct container_target {
	struct ng_span space, pod, container;
	char uid[CONTAINER_UID_ROOM];
	uint32_t restart;
};
bool container_target_parse(struct ng_span path, struct container_target *ret_target);

/* "<namespace>_<pod>_<UID>" */
bool container_folder_parse(struct ng_span name, struct container_target *ret_target);

/* Whether Kubernetes would take it as the name of a namespace or container (a DNS label), or of a pod (a subdomain). */
bool container_label_valid(struct ng_span name);
bool container_subdomain_valid(struct ng_span name);

/* Printable text without blanks, as every reference to an image is. */
bool container_word_valid(struct ng_span word);

#endif
