/* SPDX-License-Identifier: Apache-2.0 */
#include "btrfs.h"

#include <math.h>

static const char *const kinds[] = { "data", "metadata", "system" };

/* Counts what is neither missing nor gone. */
static int leave_out(struct ng_scrape *scrape, int error, const char *name, const char *file)
{
	const char *path = ng_join(scrape->arena, name, "/", file);

	if (error == -ENOMEM || !path)
		return -ENOMEM;
	if (error == -EBADMSG)
		ng_broken(scrape, path, 1, "a number");
	ng_drop_unread(scrape, error, path);
	return 0;
}

/* Adds one number, unless it is unknown. */
static int add_number(struct ng_scrape *scrape, struct btrfs_samples *samples, int directory, const char *name,
	const char *file, struct btrfs_sample sample)
{
	int r = ng_read_u64_at(scrape, directory, file, &sample.value);
	if (r < 0)
		return leave_out(scrape, r, name, file);
	btrfs_add(scrape, samples, sample);
	return 0;
}

/* ---- commits ---- */

static const struct {
	struct ng_span key;
	enum btrfs_family family;
	unsigned places;
} commit_keys[] = {
	{ NG_SPAN("commits"), COMMITS, 0 },
	{ NG_SPAN("last_commit_ms"), LAST_COMMIT, 3 },
	{ NG_SPAN("max_commit_ms"), MAX_COMMIT, 3 },
	{ NG_SPAN("total_commit_ms"), COMMIT_TIME, 3 },
};

/* The value of a line that begins with `key`. */
static bool find_commit_value(struct ng_span text, struct ng_span key, uint64_t *ret_value)
{
	struct ng_span line, word;

	while (ng_line_next(&text, &line)) {
		if (ng_word_next(&line, &word) && ng_span_equal(word, key))
			return ng_u64_next(&line, ret_value) == 0;
	}
	return false;
}

/* Like node_exporter, zeroes if the kernel does not count commits (before Linux 6.1). */
static int add_commits(struct ng_scrape *scrape, struct btrfs_samples *samples, int directory, const char *name,
	struct ng_labels *labels)
{
	struct ng_span text;

	const char *path = ng_join(scrape->arena, name, "/", "commit_stats");
	if (!path)
		return -ENOMEM;
	int missing = ng_peek_at(scrape, directory, NG_VALUE, "commit_stats", &text);
	if (missing < 0 && missing != -ENOENT)
		return leave_out(scrape, missing, name, "commit_stats");
	for (size_t i = 0; i < NG_COUNT(commit_keys); i++) {
		uint64_t value = 0;
		if (!missing && !find_commit_value(text, commit_keys[i].key, &value)) {
			ng_drop_value(scrape, path, 0, "a line with each number");
			continue;
		}
		btrfs_add(scrape, samples,
			(struct btrfs_sample){ .family = commit_keys[i].family,
				.labels = labels,
				.places = commit_keys[i].places,
				.value = value });
	}
	return 0;
}

/* ---- allocation ---- */

/*
 * How many bytes a profile takes on the devices for one byte of data; 0 for an unknown one, as in
 * node_exporter, and NaN if it depends on the number of devices and that is unknown.
 */
static double ratio_of(struct ng_span profile, double devices)
{
	static const struct {
		struct ng_span profile;
		double copies, parity; /* parity: devices of a stripe that have no data */
	} profiles[] = {
		{ NG_SPAN("single"), 1, 0 },
		{ NG_SPAN("raid0"), 1, 0 },
		{ NG_SPAN("dup"), 2, 0 },
		{ NG_SPAN("raid1"), 2, 0 },
		{ NG_SPAN("raid10"), 2, 0 },
		{ NG_SPAN("raid1c3"), 3, 0 },
		{ NG_SPAN("raid1c4"), 4, 0 },
		{ NG_SPAN("raid5"), 0, 1 },
		{ NG_SPAN("raid6"), 0, 2 },
	};

	for (size_t i = 0; i < NG_COUNT(profiles); i++) {
		if (ng_span_equal(profiles[i].profile, profile))
			return profiles[i].copies > 0 ? profiles[i].copies : devices / (devices - profiles[i].parity);
	}
	return 0;
}

/* A profile is a directory; the files beside it have an underscore in their names, or are "flags". */
static bool is_profile(const char *name)
{
	return !strchr(name, '_') && strcmp(name, "flags") != 0;
}

static int add_profile(struct ng_scrape *scrape, struct btrfs_samples *samples, int directory, const char *name,
	const char *path, struct ng_labels *labels, double ratio)
{
	const char *size = ng_join(scrape->arena, path, "/", "total_bytes");
	const char *used = ng_join(scrape->arena, path, "/", "used_bytes");
	struct btrfs_sample sample = { .labels = labels };

	if (!size || !used)
		return -ENOMEM;
	sample.family = SIZE;
	int r = add_number(scrape, samples, directory, name, size, sample);
	sample.family = USED;
	if (r == 0)
		r = add_number(scrape, samples, directory, name, used, sample);
	if (!isnan(ratio))
		btrfs_add(scrape, samples, (struct btrfs_sample){ .family = RATIO, .labels = labels, .ratio = ratio });
	return r;
}

static int add_kind(struct ng_scrape *scrape, struct btrfs_samples *samples, int directory,
	const struct btrfs_filesystem *filesystem, const char *kind, double devices)
{
	struct ng_label uuid = { "uuid", filesystem->uuid }, type = { "block_group_type", ng_span(kind) };
	const char *path = ng_join(scrape->arena, "allocation/", kind, NULL);
	const char *reserved = path ? ng_join(scrape->arena, path, "/", "bytes_reserved") : NULL;
	struct ng_names names;

	if (!reserved)
		return -ENOMEM;
	int r = ng_names_at(scrape, directory, path, &names);
	if (r < 0) /* data and metadata may share their block groups */
		return leave_out(scrape, r, filesystem->path, path);
	struct btrfs_sample sample = { .family = RESERVED, .labels = NG_LABELS(scrape->arena, uuid, type) };
	r = add_number(scrape, samples, directory, filesystem->path, reserved, sample);
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		if (!is_profile(names.name[i]))
			continue;
		struct ng_span profile = ng_span(names.name[i]);
		struct ng_labels *labels = NG_LABELS(scrape->arena, uuid, type, { "mode", profile });
		const char *below = ng_join(scrape->arena, path, "/", names.name[i]);
		double ratio = ratio_of(profile, devices);
		r = below ? add_profile(scrape, samples, directory, filesystem->path, below, labels, ratio) : -ENOMEM;
	}
	return r;
}

/* ---- a file system ---- */

/* Metadata may have another UUID than the devices; then it is the one that is shown. */
static int read_uuid(struct ng_scrape *scrape, int directory, struct btrfs_filesystem *filesystem)
{
	struct ng_span text;

	int r = ng_peek_at(scrape, directory, NG_VALUE, "metadata_uuid", &text);
	if (r < 0 && r != -ENOENT)
		return r;
	struct ng_span uuid = r < 0 ? (struct ng_span){ NULL, 0 } : ng_trim(text);
	filesystem->uuid = uuid.size ? uuid : ng_span(filesystem->name);
	return 0;
}

static int add_info(struct ng_scrape *scrape, struct btrfs_samples *samples, int directory,
	const struct btrfs_filesystem *filesystem)
{
	struct ng_span label = { NULL, 0 };

	int r = ng_peek_at(scrape, directory, NG_VALUE, "label", &label);
	if (r < 0 && r != -ENOENT)
		return leave_out(scrape, r, filesystem->path, "label");
	struct ng_labels *labels = NG_LABELS(scrape->arena, { "uuid", filesystem->uuid }, { "label", ng_trim(label) });
	btrfs_add(scrape, samples, (struct btrfs_sample){ .family = INFO, .labels = labels, .value = 1 });
	return 0;
}

int btrfs_read_sysfs(struct ng_scrape *scrape, struct btrfs_samples *samples, struct btrfs_filesystem *filesystem)
{
	NG_CLOSE int directory = -1;
	struct ng_names devices;

	const char *path = filesystem->path;
	int r = ng_directory(scrape, NG_SYS, path, &directory);
	if (r == 0)
		r = read_uuid(scrape, directory, filesystem);
	if (r < 0) {
		ng_drop(scrape);
		return leave_out(scrape, r, path, "metadata_uuid");
	}
	struct ng_labels *labels = NG_LABELS(scrape->arena, { "uuid", filesystem->uuid });
	struct btrfs_sample reserve = { .family = GLOBAL_RESERVE, .labels = labels };
	r = add_info(scrape, samples, directory, filesystem);
	if (r == 0)
		r = add_number(scrape, samples, directory, path, "allocation/global_rsv_size", reserve);
	if (r == 0)
		r = add_commits(scrape, samples, directory, path, labels);
	int counted = ng_names_at(scrape, directory, "devices", &devices);
	if (counted < 0 && leave_out(scrape, counted, path, "devices") < 0)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < NG_COUNT(kinds); i++)
		r = add_kind(scrape, samples, directory, filesystem, kinds[i],
			counted < 0 ? (double)NAN : (double)devices.count);
	return r;
}

int btrfs_read_sizes(struct ng_scrape *scrape, struct btrfs_samples *samples, const struct btrfs_filesystem *filesystem)
{
	NG_CLOSE int directory = -1;
	struct ng_names names;

	const char *path = ng_join(scrape->arena, filesystem->path, "/devices", NULL);
	if (!path)
		return -ENOMEM;
	int r = ng_directory(scrape, NG_SYS, path, &directory);
	if (r == 0)
		r = ng_names_at(scrape, directory, ".", &names);
	if (r < 0)
		return leave_out(scrape, r, path, ".");
	for (size_t i = 0; i < names.count; i++) {
		const char *file = ng_join(scrape->arena, names.name[i], "/", "size");
		uint64_t sectors;
		r = file ? ng_read_u64_at(scrape, directory, file, &sectors) : -ENOMEM;
		if (r == 0 && sectors > UINT64_MAX / 512)
			r = -EBADMSG;
		if (r < 0) {
			r = leave_out(scrape, r, path, file ? file : names.name[i]);
			if (r < 0)
				return r;
			continue;
		}
		struct ng_labels *labels =
			NG_LABELS(scrape->arena, { "uuid", filesystem->uuid }, { "device", ng_span(names.name[i]) });
		btrfs_add(scrape, samples,
			(struct btrfs_sample){ .family = DEVICE_SIZE, .labels = labels, .value = sectors * 512 });
	}
	return 0;
}
