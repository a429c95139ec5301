/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the files of a group: those of one number, and those of lines "key value". `directory` is that of the group
 * in the hierarchy of the file. What a file lacks is left out; a file that cannot be understood is noted and left out.
 * Errors are those of ng_peek_at.
 */
#ifndef CONTAINER_FILES_H
#define CONTAINER_FILES_H

#include "stats/values.h"

#include "kernel/cgroups.h"

/* As ng_cgroup_enter; what keeps us from a group that is there is counted. */
int container_enter(struct ng_scrape *scrape, const struct ng_cgroups *cgroups, const struct ng_cgroup *group,
	enum ng_cgroup_place place);

/* As ng_peek_at; a file that is there and that cannot be read is counted. */
int container_peek(
	struct ng_scrape *scrape, int directory, enum ng_kind kind, const char *file, struct ng_span *ret_text);

/* Which line of a file of keys has which value, learned from the last one: the kernel prints them in one order. */
enum { CONTAINER_PLAN_LINES = 128 };
struct container_plan {
	uint32_t count;
	uint32_t end;                        /* behind the last line that is wanted; 0 while that is not known */
	uint64_t head[CONTAINER_PLAN_LINES]; /* first and last bytes and size of the key */
	int16_t key[CONTAINER_PLAN_LINES];   /* index of the wanted key, or -1 */
};

/* A wanted line of a file of lines "key value". */
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

/* A file of one number; "max" stands for none. */
int container_read_number(struct ng_scrape *scrape, int directory, const char *file, enum container_value which,
	struct container_values *values);

/* The same for what is read once in a while. */
void container_read_limit(struct ng_scrape *scrape, int directory, const char *file, enum container_value which,
	struct container_figures *figures);

/* What came of reading one: where it could not be read it is neither none nor what another file says. */
void container_note_limit(struct container_figures *figures, enum container_value which, int r);

/*
 * The times of an inode of the kernel are those of its first use, which is no later than ours: the older one of the
 * directory and of this file of it, as cAdvisor.
 */
void container_read_start(struct ng_scrape *scrape, int directory, const char *file, struct container_values *values);

#endif
