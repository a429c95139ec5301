/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices in sysfs whose attributes, files with one value each, are read in every scrape.
 *
 * The devices are listed when one may have been added or removed; the files stay open, up to a limit. A collector calls
 * devices_list, adds what it finds with devices_add, and ends with devices_listed; devices_read then reads
 * all attributes, and devices_emit writes the numbers.
 */
#ifndef COLLECTORS_DEVICES_H
#define COLLECTORS_DEVICES_H

#include <nodegauge/collector.h>

struct device_attribute {
	const char *file;
	unsigned places;   /* the value is in units of 10^-places */
	uint64_t multiple; /* the value is in units of this many; 0 means 1 */
};

/*
 * The attributes of a device: first those that are numbers, each with the family at the same index, then those that are
 * text. Kinds with the same families are emitted together.
 */
struct device_kind {
	const struct device_attribute *attributes;
	size_t count, numbers;
	const struct ng_family *families;
	enum ng_kind file_kind;
};

struct device {
	const struct device_kind *kind;
	struct ng_span name;
	struct ng_labels *labels; /* of its numbers */
	struct ng_file *files;    /* without a path if there is no such attribute */
	/* Of this scrape, without blanks at the ends. NULL: there is no value, or it could not be read. */
	struct ng_span *texts;
	bool gone;   /* in this scrape: none of the attributes could be read */
	bool unread; /* in this scrape: a text that exists could not be read */
};

struct devices {
	uint64_t epoch; /* in which they were listed */
	bool unsure;    /* something could not be read while listing: list again */
	struct ng_arena kept;
	struct device *device;
	size_t count, capacity;
};

/* Whether the devices have to be listed; if so, the previous ones are forgotten. */
bool devices_list(struct devices *devices, struct ng_scrape *scrape);

/* A directory that could not be listed or a value that could not be read, while listing: counted, and tried again. */
void devices_leave_out(struct devices *devices, struct ng_scrape *scrape, int error, const char *path);

/*
 * `front` is what precedes the name of each attribute, usually the directory with a slash. `name` is copied; `labels`
 * must be in the arena `kept`. 0 or -ENOMEM.
 */
int devices_add(struct devices *devices, const struct device_kind *kind, const char *front, const char *name,
	struct ng_labels *labels);

/* After the last one; passes on an error of listing. */
int devices_listed(struct devices *devices, struct ng_scrape *scrape, int error);

void devices_read(struct devices *devices, struct ng_scrape *scrape);

/* Writes `count` families, in order, with the numbers of the devices whose kind has them. */
void devices_emit(
	const struct devices *devices, struct ng_scrape *scrape, const struct ng_family *families, size_t count);

void devices_done(struct devices *devices);

#endif
