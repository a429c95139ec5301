/* SPDX-License-Identifier: Apache-2.0 */
/* One search for names: the wishes, indexed by ID and by UID, and how a directory's entries affect them. */
#ifndef CONTAINER_SEARCH_H
#define CONTAINER_SEARCH_H

#include "identity/names.h"

struct container_search {
	struct ng_scrape *scrape;
	struct container_names *names;
	struct container_wish *wishes;
	size_t count;
	uint64_t started;             /* CPU time of the thread, ns */
	bool stopped;                 /* the directory is too large */
	bool late;                    /* ran out of time: retry */
	bool failed;                  /* a transient error: something could not be read */
	uint32_t *by_id, *by_uid;     /* heads of lists: index of the wish plus 1 */
	uint32_t *next_id, *next_uid; /* the rest of the list */
	uint64_t mask;                /* of the heads */
	char *target;                 /* room for the target of a link */
	char *listing[2];             /* buffers for directory entries: of a directory, and of one below it */
	bool within;
	size_t pods_wanted; /* pods not found yet */
	bool *conflict;     /* the wish got two different results */
};

/* -ENOMEM. Marks all wishes as not found. */
int container_search_init(struct container_search *search, struct ng_scrape *scrape, struct container_names *names,
	struct container_wish *wishes, size_t count);

/* The first wish for a UID, and the next one with the same UID; NULL at the end. */
struct container_wish *container_search_uid(struct container_search *search, const char *uid);
struct container_wish *container_search_next(struct container_search *search, const struct container_wish *wish);

/* Calls `entry` for each name in a directory until it returns an error, or the limit on time or number is reached. */
int container_search_list(struct container_search *search, int directory,
	int (*entry)(struct container_search *search, int directory, const char *name, unsigned char type));

/* Sets the names of a wish; a second, different result removes them again. */
int container_search_give(
	struct container_search *search, struct container_wish *wish, const struct container_target *target);

/* One entry of the link directory: reads only wanted links, or all of them. */
int container_search_link(struct container_search *search, int directory, const char *name, unsigned char type);
int container_search_any_link(struct container_search *search, int directory, const char *name, unsigned char type);

/* One entry of the pod directory. */
int container_search_pod(struct container_search *search, int directory, const char *name, unsigned char type);

/*
 * For a pod without a matching link: names the only candidate cgroup of a pod that has a single container directory.
 * `directory` is the pod directory.
 */
int container_search_only(struct container_search *search, int directory);

/* names_parse.c */
bool container_link_id(struct ng_span name, uint8_t ret_id[CONTAINER_ID_SIZE]);
bool container_restart_parse(struct ng_span file, uint32_t *ret_restart);

#endif
