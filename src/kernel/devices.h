/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices in sysfs whose attributes, files with one value each, are read in every scrape.
 *
 * The devices are listed when one may have been added or removed; the files stay open, up to a limit. A collector calls
 * ng_devices_list, adds what it finds with ng_device_add, and ends with ng_devices_listed; ng_devices_read then reads
 * all attributes, and ng_devices_emit writes the numbers.
 */
#ifndef NG_KERNEL_DEVICES_H
#define NG_KERNEL_DEVICES_H

#include <nodegauge/collector.h>

struct ng_attribute {
	const char *file;
	unsigned places;   /* the value is in units of 10^-places */
	uint64_t multiple; /* the value is in units of this many; 0 means 1 */
};

/*
 * The attributes of a device: first those that are numbers, each with the family at the same index, then those that are
 * text. Kinds with the same families are emitted together.
 */
struct ng_device_kind {
	const struct ng_attribute *attributes;
	size_t count, numbers;
	const struct ng_family *families;
	enum ng_kind file_kind;
};

struct ng_device {
	const struct ng_device_kind *kind;
	struct ng_span name;
	struct ng_labels *labels; /* of its numbers */
	struct ng_file *files;    /* without a path if there is no such attribute */
	/* Of this scrape, without blanks at the ends. NULL: there is no value, or it could not be read. */
	struct ng_span *texts;
	bool gone;   /* in this scrape: none of the attributes could be read */
	bool unread; /* in this scrape: a text that exists could not be read */
};

struct ng_devices {
	uint64_t epoch; /* in which they were listed */
	bool unsure;    /* something could not be read while listing: list again */
	struct ng_arena kept;
	struct ng_device *device;
	size_t count, capacity;
};

/* Whether the devices have to be listed; if so, the previous ones are forgotten. */
bool ng_devices_list(struct ng_devices *devices, struct ng_scrape *scrape);

/* A directory that could not be listed or a value that could not be read, while listing: counted, and tried again. */
void ng_devices_leave_out(struct ng_devices *devices, struct ng_scrape *scrape, int error, const char *path);

/*
 * `front` is what precedes the name of each attribute, usually the directory with a slash. `name` is copied; `labels`
 * must be in the arena `kept`. 0 or -ENOMEM.
 */
int ng_device_add(struct ng_devices *devices, const struct ng_device_kind *kind, const char *front, const char *name,
	struct ng_labels *labels);

/* After the last one; passes on an error of listing. */
int ng_devices_listed(struct ng_devices *devices, struct ng_scrape *scrape, int error);

void ng_devices_read(struct ng_devices *devices, struct ng_scrape *scrape);

/* Writes `count` families, in order, with the numbers of the devices whose kind has them. */
void ng_devices_emit(
	const struct ng_devices *devices, struct ng_scrape *scrape, const struct ng_family *families, size_t count);

void ng_devices_done(struct ng_devices *devices);

#endif
