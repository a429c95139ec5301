/* SPDX-License-Identifier: Apache-2.0 */
/* Chips, the files of their sensors, and the metrics that these become. */
#ifndef COLLECTORS_HWMON_H
#define COLLECTORS_HWMON_H

#include <nodegauge/collector.h>

/* A file of a sensor: "temp1_crit_alarm" is { "temp", 1, "crit_alarm" }; the property may be empty. */
struct hwmon_file {
	struct ng_span type, property;
	uint64_t number;
};

/* False for a name that is not that of a sensor. */
bool hwmon_file_parse(struct ng_span name, struct hwmon_file *ret_file);

/* The metric that a file becomes. */
struct hwmon_metric {
	struct ng_span family, help;
	enum ng_type type;
	unsigned places; /* the value is in units of 10^-places */
	bool by_label;   /* the label of the sensor stands for its name; without one there is no metric */
	bool flag;       /* 1 if the file has "1", otherwise 0 */
};

/* `bare` tells whether the sensor also has a file without a property. The texts are in the arena; -ENOMEM. */
int hwmon_metric_of(struct ng_arena *arena, const struct hwmon_file *file, bool bare, struct hwmon_metric *ret_metric);

/* In lower case, with '_' for other characters than letters, digits, ':' and '_', none at the ends. */
struct ng_span hwmon_clean(struct ng_arena *arena, struct ng_span text);

/* A chip: an entry of class/hwmon. The texts are in the arena of the scrape. */
struct hwmon_chip {
	const char *directory; /* "class/hwmon/hwmon3" */
	struct ng_span entry;  /* "hwmon3" */
	struct ng_span base;   /* from its device, its name file or its entry */
	struct ng_span given;  /* the name file, with blanks trimmed */
	struct ng_span chip;   /* `base`, with a suffix if several chips have the same */
};

struct hwmon_chips {
	struct hwmon_chip *chip;
	size_t count, capacity;
	bool unsure; /* something that exists could not be read */
};

int hwmon_chips_find(struct ng_scrape *scrape, struct hwmon_chips *ret_chips);

struct hwmon_reading {
	struct hwmon_metric metric;
	struct hwmon_file sensor; /* while listing */
	bool may_be_text;
	struct ng_file file;
	struct ng_labels *labels;
	size_t order; /* in which it was listed */
};

/* Labels of a series that is always 1. */
struct hwmon_notes {
	struct ng_labels **labels;
	size_t count, capacity;
};

struct hwmon {
	struct ng_filter chips, sensors;
	uint64_t epoch; /* in which the chips were listed */
	bool unsure;    /* something could not be read: list again */
	bool absent;    /* no class directory */
	struct ng_arena kept;
	struct hwmon_reading *reading; /* by family */
	size_t count, capacity;
	struct hwmon_notes names, labels;
};

/* Lists chips and sensors anew. */
int hwmon_list(struct hwmon *hwmon, struct ng_scrape *scrape);
void hwmon_forget(struct hwmon *hwmon);

#endif
