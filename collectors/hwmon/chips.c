/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of chips.
 *
 *     class/hwmon/hwmon0          -> ../../devices/platform/coretemp.0/hwmon/hwmon0
 *     class/hwmon/hwmon0/device   -> ../../../coretemp.0                 platform_coretemp_0
 *     class/hwmon/hwmon3/name     nct6779                                nct6779, without a device
 *
 * The numbers of the entries depend on the order in which drivers are loaded, the device does not. If several chips
 * share a device, the name file, or else the entry, follows the name of the device.
 */
#include "hwmon.h"

#define DIRECTORY "class/hwmon"

/* ---- the device behind the links, without following them: they lead out of the root in a captured tree ---- */

enum { PARTS = 64 };
struct path {
	struct ng_span part[PARTS];
	size_t count;
};

/* Relative to what the path already is. */
static void path_add(struct path *path, struct ng_span more)
{
	struct ng_span part;

	if (more.size && more.text[0] == '/')
		path->count = 0;
	while (ng_part_next(&more, '/', &part)) {
		if (part.size == 0 || ng_span_equal(part, NG_SPAN(".")))
			continue;
		if (ng_span_equal(part, NG_SPAN("..")))
			path->count -= path->count > 0;
		else if (path->count < PARTS)
			path->part[path->count++] = part;
	}
}

static struct ng_span path_part(const struct path *path, size_t from_end)
{
	return from_end < path->count ? path->part[path->count - 1 - from_end] : (struct ng_span){ NULL, 0 };
}

/* Adds an entry of a directory, or what it is a link to. */
static int path_follow(struct ng_scrape *scrape, int directory, const char *name, struct path *path)
{
	struct ng_span target;

	int r = ng_readlink_at(scrape, directory, name, &target);
	if (r == -EINVAL)
		target = ng_span(name);
	else if (r < 0)
		return r;
	path_add(path, target);
	return 0;
}

/* ---- one chip ---- */

/* "platform_coretemp_0"; empty if there is no device. */
static int device_name(struct ng_scrape *scrape, int directory, struct path *path, struct ng_span *ret_name)
{
	NG_CLOSE int device = -1;

	*ret_name = (struct ng_span){ NULL, 0 };
	int r = ng_directory_at(scrape, directory, "device", &device);
	if (r == 0)
		r = path_follow(scrape, directory, "device", path);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	struct ng_span type = hwmon_clean(scrape->arena, path_part(path, 1));
	struct ng_span name = hwmon_clean(scrape->arena, path_part(path, 0));
	if (!type.text || !name.text)
		return -ENOMEM;
	if (type.size && name.size) {
		name = ng_span(ng_join(
			scrape->arena, ng_copy(scrape->arena, type).text, "_", ng_copy(scrape->arena, name).text));
	}
	*ret_name = name;
	return name.text ? 0 : -ENOMEM;
}

static int base_name(struct ng_scrape *scrape, int class, int directory, struct hwmon_chip *chip)
{
	struct path path = { .count = 0 };

	path_add(&path, ng_span(ng_root_path(scrape, NG_SYS)));
	path_add(&path, NG_SPAN(DIRECTORY));
	int r = path_follow(scrape, class, chip->entry.text, &path);
	struct ng_span entry = path_part(&path, 0);
	if (r == 0)
		r = device_name(scrape, directory, &path, &chip->base);
	if (r == 0 && chip->base.size == 0)
		chip->base = hwmon_clean(scrape->arena, chip->given);
	if (r == 0 && chip->base.size == 0)
		chip->base = hwmon_clean(scrape->arena, entry);
	if (r == 0 && !chip->base.text)
		r = -ENOMEM;
	return r;
}

/* 0, or the error for which there is no such chip. */
static int chip_read(struct ng_scrape *scrape, int class, const char *entry, struct hwmon_chip *ret_chip)
{
	NG_CLOSE int directory = -1;

	*ret_chip = (struct hwmon_chip){ .entry = ng_span(entry) };
	ret_chip->directory = ng_join(scrape->arena, DIRECTORY "/", entry, NULL);
	if (!ret_chip->directory)
		return -ENOMEM;
	int r = ng_directory_at(scrape, class, entry, &directory);
	if (r < 0)
		return r;
	r = ng_read_value_at(scrape, directory, "name", &ret_chip->given);
	if (r == -ENOENT || r == -ENODATA)
		ret_chip->given = (struct ng_span){ "", 0 };
	else if (r < 0)
		return r;
	r = base_name(scrape, class, directory, ret_chip);
	return r == 0 && ret_chip->base.size == 0 ? -ENODEV : r;
}

/* ---- all chips ---- */

/* How many have the same base name, and how many of those the same name file. */
static void count_same(
	const struct hwmon_chips *chips, const struct hwmon_chip *chip, size_t *ret_base, size_t *ret_given)
{
	*ret_base = *ret_given = 0;
	for (size_t i = 0; i < chips->count; i++) {
		if (!ng_span_equal(chips->chip[i].base, chip->base))
			continue;
		++*ret_base;
		*ret_given += ng_span_equal(chips->chip[i].given, chip->given);
	}
}

static int tell_apart(struct ng_scrape *scrape, const struct hwmon_chips *chips, struct hwmon_chip *chip)
{
	size_t same_base, same_given;

	count_same(chips, chip, &same_base, &same_given);
	chip->chip = chip->base;
	if (same_base < 2)
		return 0;
	struct ng_span suffix = hwmon_clean(scrape->arena, chip->given);
	if (suffix.size == 0 || same_given > 1)
		suffix = hwmon_clean(scrape->arena, chip->entry);
	const char *base = ng_copy(scrape->arena, chip->base).text;
	const char *copy = ng_copy(scrape->arena, suffix).text;
	chip->chip = ng_span(base && copy ? ng_join(scrape->arena, base, "_", copy) : NULL);
	return chip->chip.text ? 0 : -ENOMEM;
}

int hwmon_chips_find(struct ng_scrape *scrape, struct hwmon_chips *ret_chips)
{
	NG_CLOSE int class = -1;
	struct ng_names names;

	*ret_chips = (struct hwmon_chips){ 0 };
	int r = ng_names(scrape, NG_SYS, DIRECTORY, &names);
	if (r == 0)
		r = ng_directory(scrape, NG_SYS, DIRECTORY, &class);
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		struct hwmon_chip chip;
		r = chip_read(scrape, class, names.name[i], &chip);
		if (r < 0 && r != -ENOMEM) {
			ng_drop(scrape);
			ng_drop_unread(scrape, r, DIRECTORY);
			ret_chips->unsure = ret_chips->unsure || !ng_absent(r);
			r = 0;
			continue;
		}
		struct hwmon_chip *slot =
			r == 0 ? ng_push(scrape->arena, &ret_chips->chip, &ret_chips->count, &ret_chips->capacity)
			       : NULL;
		if (slot)
			*slot = chip;
		else
			r = -ENOMEM;
	}
	for (size_t i = 0; r == 0 && i < ret_chips->count; i++)
		r = tell_apart(scrape, ret_chips, &ret_chips->chip[i]);
	return r;
}
