/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the files of a cgroup: those with a single number, and those with "key value" lines. `directory` is the
 * cgroup's directory in the file's hierarchy. Values missing from a file are left out; a file that cannot be understood
 * is noted and left out. Errors are those of ng_peek_at.
 */
#ifndef CONTAINER_FILES_H
#define CONTAINER_FILES_H

#include "stats/values.h"

#include "kernel/cgroups.h"

/* Like ng_cgroup_enter; counts errors, unless the cgroup is gone. */
int container_enter(struct ng_scrape *scrape, const struct ng_cgroups *cgroups, const struct ng_cgroup *group,
	enum ng_cgroup_place place);

/* Like ng_peek_at; counts files that exist but cannot be read. */
int container_peek(
	struct ng_scrape *scrape, int directory, enum ng_kind kind, const char *file, struct ng_span *ret_text);

/*
 * Which line of a keyed file has which value, remembered from the last file: the kernel prints keys in a fixed order.
 */
enum { CONTAINER_PLAN_LINES = 128 };
struct container_plan {
	uint32_t count;
	uint32_t end;                        /* after the last wanted line; 0 while unknown */
	uint64_t head[CONTAINER_PLAN_LINES]; /* hash of the first, middle and last bytes and the size of the key */
	int16_t key[CONTAINER_PLAN_LINES];   /* index of the wanted key, or -1 */
};

/* A wanted key of a file with "key value" lines. */
struct container_key {
	const char *name;
	uint8_t size, value;
	bool microseconds;
};
#define CONTAINER_KEY(name_, value_, ...)                                                                              \
	{                                                                                                              \
		.name = (name_), .size = sizeof(name_) - 1, .value = (value_), __VA_ARGS__                             \
	}
int container_read_keys(struct ng_scrape *scrape, int directory, const char *file, const struct container_key *keys,
	size_t key_count, struct container_plan *plan, struct container_values *values);

/* Reads a file with a single number; "max" means no limit. */
int container_read_number(struct ng_scrape *scrape, int directory, const char *file, enum container_value which,
	struct container_values *values);

/* The same for limits, which are only read now and then. */
void container_read_limit(struct ng_scrape *scrape, int directory, const char *file, enum container_value which,
	struct container_figures *figures);

/*
 * Records the result of reading a limit: one that could not be read is neither unlimited nor taken from another file.
 */
void container_note_limit(struct container_figures *figures, enum container_value which, int r);

/*
 * The kernel sets the times of an inode when it is first used, which is no later than our use: takes the older time of
 * the directory and of this file in it, as cAdvisor does.
 */
void container_read_start(struct ng_scrape *scrape, int directory, const char *file, struct container_values *values);

#endif
