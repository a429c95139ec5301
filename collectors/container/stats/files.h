/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the files of a group, for values.c and values_v1.c. `directory` is that of the group in the hierarchy of the
 * file. What a file lacks is left out; a file that cannot be understood is noted and left out. Errors are those of
 * ng_peek_at.
 */
#ifndef CONTAINER_FILES_H
#define CONTAINER_FILES_H

#include "stats/values.h"

/* ---- files.c ---- */

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

/* ---- devices.c, huge_pages.c, pressure.c ---- */

/* The entry of a device, made when there is none; NULL when there is no memory. */
struct container_device *container_device_of(struct container_devices *devices, uint32_t major, uint32_t minor);
int container_read_devices(struct ng_scrape *scrape, int directory, struct container_devices *devices);

/* Files of v1 or v2. */
void container_read_pages(struct ng_scrape *scrape, const struct container_reader *reader, int directory, bool v1,
	struct container_pages *pages);

/* `directory` is one of the unified hierarchy, or a negative errno. */
void container_read_pressure(
	struct ng_scrape *scrape, struct container_reader *reader, int directory, struct container_values *values);
void container_read_irq_pressure(struct ng_scrape *scrape, int directory, struct container_values *values);

/* "8:0" */
bool container_parse_device(struct ng_span word, uint32_t *ret_major, uint32_t *ret_minor);

/* ---- values.c, values_v1.c ---- */

/* Files of v2. What kept cpu.stat from being read; `root`: of the root, which has no memory.current. */
int container_read_cpu(
	struct ng_scrape *scrape, struct container_reader *reader, int directory, struct container_values *values);
void container_read_memory(struct ng_scrape *scrape, struct container_reader *reader, int directory, bool root,
	struct container_values *values);
void container_read_cpu_limits(struct ng_scrape *scrape, const struct container_reader *reader, int directory,
	struct container_figures *figures);
void container_read_memory_limits(struct ng_scrape *scrape, int directory, struct container_figures *figures);

/* From the weight that was read; `before` are the values of the last reading. */
void container_set_shares(
	struct container_reader *reader, const struct container_values *before, struct container_figures *figures);

/* What stays from reading to reading: the limits as well unless they are read again. */
uint64_t container_kept_bits(bool limits);

/* Usage without the file cache that was not used of late, from what is known of both. */
void container_set_working_set(struct container_values *values);

/*
 * The times of an inode of the kernel are those of its first use, which is no later than ours: the older one of the
 * directory and of this file of it, as cAdvisor.
 */
void container_read_start(struct ng_scrape *scrape, int directory, const char *file, struct container_values *values);

/* memory.failcnt and memory.oom_control. */
void container_read_events_v1(struct ng_scrape *scrape, int directory, struct container_values *values);

/* See container_read_counters. */
int container_read_counters_v1(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	struct container_figures *figures, bool *ret_io);

int container_read_v1(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	bool limits, struct container_figures *figures);

#endif
