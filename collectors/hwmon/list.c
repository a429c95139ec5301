/* SPDX-License-Identifier: Apache-2.0 */
/* The sensors of the chips: which files are read, and what is written for each. */
#include "hwmon.h"

#include <stdlib.h>

void hwmon_forget(struct hwmon *hwmon)
{
	for (size_t i = 0; i < hwmon->count; i++)
		ng_file_close(&hwmon->reading[i].file);
	ng_arena_reset(&hwmon->kept);
	hwmon->epoch = 0;
	hwmon->unsure = hwmon->absent = false;
	hwmon->reading = NULL;
	hwmon->count = hwmon->capacity = 0;
	hwmon->names = hwmon->labels = (struct hwmon_notes){ 0 };
}

/* The next scrape tries again. */
static void leave_out(struct hwmon *hwmon, struct ng_scrape *scrape, int error, const char *path)
{
	ng_drop_unread(scrape, error, path);
	hwmon->unsure = hwmon->unsure || !ng_absent(error);
}

static int note_add(struct hwmon *hwmon, struct hwmon_notes *notes, struct ng_labels *labels)
{
	struct ng_labels **slot = ng_push(&hwmon->kept, &notes->labels, &notes->count, &notes->capacity);

	if (!slot || !ng_labels_valid(labels))
		return -ENOMEM;
	*slot = labels;
	return 0;
}

static bool same_sensor(const struct hwmon_file *a, const struct hwmon_file *b)
{
	return a->number == b->number && ng_span_equal(a->type, b->type);
}

/* The index of the chip's reading with that property, or the number of readings. */
static size_t find(const struct hwmon *hwmon, size_t first, const struct hwmon_file *sensor, struct ng_span property)
{
	size_t i = first;

	while (i < hwmon->count && !(same_sensor(&hwmon->reading[i].sensor, sensor) &&
					   ng_span_equal(hwmon->reading[i].sensor.property, property)))
		i++;
	return i;
}

/* Adds the files of one directory; the second directory of a chip replaces what the first has as well. */
static int add_files(struct hwmon *hwmon, struct ng_scrape *scrape, const char *directory, size_t first)
{
	struct ng_names names;
	struct ng_span text;
	struct hwmon_file sensor;
	size_t others = hwmon->count;

	int r = ng_names(scrape, NG_SYS, directory, &names);
	if (r < 0) {
		leave_out(hwmon, scrape, r, directory);
		return r == -ENOMEM ? r : 0;
	}
	for (size_t i = 0; i < names.count; i++) {
		if (!hwmon_file_parse(ng_span(names.name[i]), &sensor))
			continue;
		const char *below = ng_join(&hwmon->kept, directory, "/", names.name[i]);
		if (!below)
			return -ENOMEM;
		size_t at = find(hwmon, first, &sensor, sensor.property);
		/* power/ is a directory of every device */
		if ((sensor.property.size == 0 || at < others) &&
			ng_read(scrape, NG_SYS, NG_VALUE, below, &text) == -EISDIR)
			continue;
		struct hwmon_reading *reading =
			at < others ? &hwmon->reading[at]
				    : ng_push(&hwmon->kept, &hwmon->reading, &hwmon->count, &hwmon->capacity);
		if (!reading)
			return -ENOMEM;
		*reading = (struct hwmon_reading){ .sensor = sensor, .file = NG_FILE(NG_SYS, NG_VALUE, below) };
	}
	return 0;
}

/* "temp1" */
static struct ng_span sensor_name(struct ng_arena *arena, const struct hwmon_file *sensor)
{
	char room[NG_DIGITS];
	struct ng_span digits = ng_copy(arena, ng_digits(room, sensor->number));
	const char *type = ng_copy(arena, sensor->type).text;

	return ng_span(digits.text && type ? ng_join(arena, type, digits.text, NULL) : NULL);
}

/* The text of the sensor's label without line feeds around it; 0, or an error, which is counted unless it is absent. */
static int label_read(struct hwmon *hwmon, struct ng_scrape *scrape, size_t at, struct ng_span *ret_label)
{
	*ret_label = (struct ng_span){ NULL, 0 };
	if (at == hwmon->count)
		return -ENOENT;
	int r = ng_read(scrape, NG_SYS, NG_VALUE, hwmon->reading[at].file.path, ret_label);
	if (r < 0) {
		leave_out(hwmon, scrape, r, hwmon->reading[at].file.path);
		return r;
	}
	while (ret_label->size && ret_label->text[0] == '\n')
		*ret_label = ng_span_skip(*ret_label, 1);
	while (ret_label->size && ret_label->text[ret_label->size - 1] == '\n')
		ret_label->size--;
	return 0;
}

static int set_labels(struct hwmon *hwmon, struct ng_scrape *scrape, const struct hwmon_chip *chip,
	struct hwmon_reading *reading, size_t label_at)
{
	struct ng_span sensor = sensor_name(scrape->arena, &reading->sensor), label;

	if (!sensor.text)
		return -ENOMEM;
	if (reading->metric.by_label) {
		int r = label_read(hwmon, scrape, label_at, &label);
		if (r < 0)
			return r == -ENOMEM ? r : 0;
		sensor = hwmon_clean(scrape->arena, label);
		if (!sensor.text)
			return -ENOMEM;
	}
	reading->labels = NG_LABELS(&hwmon->kept, { "chip", chip->chip }, { "sensor", sensor });
	return ng_labels_valid(reading->labels) ? 0 : -ENOMEM;
}

static bool sensor_kept(
	struct hwmon *hwmon, struct ng_scrape *scrape, const struct hwmon_chip *chip, struct ng_span sensor)
{
	const char *front = ng_join(scrape->arena, ng_copy(scrape->arena, chip->chip).text, ";", sensor.text);

	return !front || ng_filter_keeps(&hwmon->sensors, ng_span(front));
}

/* Some properties are text: the model and the serial number of a power meter, for example. */
static bool is_text(struct ng_span property)
{
	static const char *const properties[] = { "model_number", "serial_number", "oem_info" };

	for (size_t i = 0; i < NG_COUNT(properties); i++) {
		if (ng_span_equal(property, ng_span(properties[i])))
			return true;
	}
	return false;
}

/* Metrics and labels of the chip's readings; those that are not shown have no labels afterwards. */
static int name_readings(struct hwmon *hwmon, struct ng_scrape *scrape, const struct hwmon_chip *chip, size_t first)
{
	struct ng_span label;
	int r = 0;

	for (size_t i = first; r == 0 && i < hwmon->count; i++) {
		struct hwmon_reading *reading = &hwmon->reading[i];
		struct ng_span sensor = sensor_name(scrape->arena, &reading->sensor);
		bool bare = find(hwmon, first, &reading->sensor, (struct ng_span){ NULL, 0 }) < hwmon->count;
		size_t label_at = find(hwmon, first, &reading->sensor, NG_SPAN("label"));
		if (!sensor.text)
			return -ENOMEM;
		if (!sensor_kept(hwmon, scrape, chip, sensor))
			continue;
		if (i == label_at) {
			r = label_read(hwmon, scrape, label_at, &label);
			if (r == 0)
				r = note_add(hwmon, &hwmon->labels,
					NG_LABELS(&hwmon->kept, { "chip", chip->chip }, { "sensor", sensor },
						{ "label", label }));
			r = r == -ENOMEM ? r : 0;
			continue;
		}
		reading->may_be_text = is_text(reading->sensor.property);
		r = hwmon_metric_of(&hwmon->kept, &reading->sensor, bare, &reading->metric);
		if (r == 0)
			r = set_labels(hwmon, scrape, chip, reading, label_at);
	}
	return r;
}

static int add_chip(struct hwmon *hwmon, struct ng_scrape *scrape, const struct hwmon_chip *chip)
{
	NG_CLOSE int device = -1;
	size_t first = hwmon->count;
	struct ng_span name = hwmon_clean(scrape->arena, chip->given);

	if (!ng_filter_keeps(&hwmon->chips, chip->chip))
		return 0;
	int r = name.text ? 0 : -ENOMEM;
	if (r == 0 && name.size)
		r = note_add(
			hwmon, &hwmon->names, NG_LABELS(&hwmon->kept, { "chip", chip->chip }, { "chip_name", name }));
	if (r == 0)
		r = add_files(hwmon, scrape, chip->directory, first);
	const char *below = ng_join(&hwmon->kept, chip->directory, "/device", NULL);
	if (r == 0 && !below)
		r = -ENOMEM;
	if (r == 0)
		r = ng_directory(scrape, NG_SYS, below, &device);
	if (r == 0)
		r = add_files(hwmon, scrape, below, first);
	else if (r != -ENOMEM) {
		leave_out(hwmon, scrape, r, below);
		r = 0;
	}
	return r == 0 ? name_readings(hwmon, scrape, chip, first) : r;
}

static int compare_families(const void *a, const void *b)
{
	const struct hwmon_reading *left = a, *right = b;
	int r = ng_span_compare(left->metric.family, right->metric.family);

	return r ? r : (left->order > right->order) - (left->order < right->order);
}

/* Keeps the readings that are shown, by family. */
static void arrange(struct hwmon *hwmon)
{
	size_t count = 0;

	for (size_t i = 0; i < hwmon->count; i++) {
		if (!hwmon->reading[i].labels)
			continue;
		hwmon->reading[count] = hwmon->reading[i];
		hwmon->reading[count].order = count;
		count++;
	}
	hwmon->count = count;
	if (count)
		qsort(hwmon->reading, count, sizeof(*hwmon->reading), compare_families);
}

int hwmon_list(struct hwmon *hwmon, struct ng_scrape *scrape)
{
	struct hwmon_chips chips;

	hwmon_forget(hwmon);
	int r = hwmon_chips_find(scrape, &chips);
	hwmon->absent = r == -ENOENT;
	hwmon->unsure = chips.unsure;
	if (hwmon->absent)
		r = 0;
	for (size_t i = 0; r == 0 && i < chips.count; i++)
		r = add_chip(hwmon, scrape, &chips.chip[i]);
	arrange(hwmon);
	if (r == 0 && !hwmon->unsure)
		hwmon->epoch = scrape->devices_epoch;
	return r;
}
