/* SPDX-License-Identifier: Apache-2.0 */
/* Turns the text of mountinfo into the rows to report: the reachable mounts, filtered, with their labels. */
#include "filesystem.h"

#include "index.h"

struct place {
	struct ng_span point; /* as in the label */
	bool below;           /* below the configured root file system */
};

struct work {
	struct filesystem *filesystem;
	struct ng_scrape *scrape;
	struct table *table;
	struct ng_span rootfs;   /* without a slash at its end */
	struct ng_mount *mounts; /* all mounts */
	size_t mount_count;
	struct place *places; /* one per mount */
	bool *hidden;
	size_t row_count;     /* rows added to the table so far; it has room for one per mount */
	struct index hanging; /* mount points below which a path may hang */
};

/* ---- all mounts ---- */

static size_t count_lines(struct ng_span text)
{
	size_t count = 1;

	for (size_t i = 0; i < text.size; i++)
		count += text.text[i] == '\n';
	return count;
}

static int parse(struct work *work)
{
	struct ng_span text = work->table->text, line;
	unsigned number = 0;

	work->mounts = ng_alloc(work->scrape->arena, count_lines(text) * sizeof(*work->mounts));
	if (!work->mounts)
		return -ENOMEM;
	while (ng_line_next(&text, &line)) {
		number++;
		if (line.size == 0)
			continue;
		if (ng_mount_parse(line, &work->mounts[work->mount_count]) == 0) {
			work->mount_count++;
			continue;
		}
		unsigned *bad = ng_push(
			&work->table->arena, &work->table->bad, &work->table->bad_count, &work->table->bad_capacity);
		if (!bad)
			return -ENOMEM;
		*bad = number;
	}
	if (work->mount_count || !work->table->bad_count)
		return 0;
	return ng_broken(work->scrape, work->filesystem->mounts.file.path, work->table->bad[0], FILESYSTEM_LINE);
}

static bool find_hanging(const struct work *work, struct ng_span point)
{
	uint64_t cursor = ng_hash(NG_HASH_SEED, point);
	size_t i;

	while (index_next(&work->hanging, &cursor, &i)) {
		if (ng_span_equal(work->mounts[i].point, point))
			return true;
	}
	return false;
}

/* The root does not count: if it hangs, nothing is left to report. */
static int note_hanging(struct work *work)
{
	if (!index_make(work->scrape->arena, work->mount_count, &work->hanging))
		return -ENOMEM;
	for (size_t i = 0; i < work->mount_count; i++) {
		struct ng_span point = work->mounts[i].point;
		if (point.size > 1 && filesystem_trust(work->mounts[i].type) == TRUST_NOTHING &&
			!find_hanging(work, point))
			index_add(&work->hanging, ng_hash(NG_HASH_SEED, point), i);
	}
	return 0;
}

static bool may_hang(const struct work *work, const struct ng_mount *mount)
{
	struct ng_span above = mount->point;

	if (filesystem_trust(mount->type) != TRUST_ALL)
		return true;
	while (above.size > 1) {
		if (above.text[--above.size] == '/' && find_hanging(work, above))
			return true;
	}
	return false;
}

/* ---- the rows ---- */

/* Only the escapes of blank and tab are decoded in the label, as in node_exporter. */
static struct ng_span label_point(struct ng_arena *arena, struct ng_span point)
{
	if (!memchr(point.text, '\\', point.size))
		return point;
	char *start = ng_alloc(arena, point.size + 1), *at = start;
	if (!start)
		return (struct ng_span){ NULL, 0 };
	while (point.size) {
		bool blank = ng_span_starts(point, NG_SPAN("\\040")), tab = ng_span_starts(point, NG_SPAN("\\011"));
		*at++ = (char)(blank ? ' ' : tab ? '\t' : point.text[0]);
		point = ng_span_skip(point, blank || tab ? 4 : 1);
	}
	*at = '\0';
	return (struct ng_span){ start, (size_t)(at - start) };
}

static struct ng_span strip_rootfs(struct ng_span rootfs, struct ng_span point)
{
	struct ng_span rest = ng_span_skip(point, rootfs.size);

	if (rootfs.size == 0 || !ng_span_starts(point, rootfs))
		return point;
	if (rest.size == 0)
		return NG_SPAN("/");
	return rest.text[0] == '/' ? rest : point;
}

static const char *statfs_path(const struct work *work, struct ng_span point)
{
	struct ng_arena *arena = work->scrape->arena;
	char *start = ng_alloc(arena, point.size + 1);

	if (!start)
		return NULL;
	*ng_mount_unescape(start, point) = '\0';
	struct ng_span stripped = strip_rootfs(work->rootfs, ng_span(start));
	char *path = ng_alloc(&work->table->arena, work->rootfs.size + stripped.size + 1);
	if (!path)
		return NULL;
	if (work->rootfs.size)
		memcpy(path, work->rootfs.text, work->rootfs.size);
	memcpy(path + work->rootfs.size, stripped.text, stripped.size);
	path[work->rootfs.size + stripped.size] = '\0';
	return path;
}

static int push_row(struct work *work, const struct ng_mount *mount, struct ng_span point)
{
	struct row *row = &work->table->rows[work->row_count++];

	*row = (struct row){ .mount = *mount, .point = point };
	row->read_only = ng_mount_option(mount->options, NG_SPAN("ro")) ||
			 ng_mount_option(mount->super_options, NG_SPAN("ro")) ||
			 ng_mount_option(mount->super_options, NG_SPAN("emergency_ro"));
	row->may_hang = may_hang(work, mount);
	row->path = statfs_path(work, mount->point);
	return row->path ? 0 : -ENOMEM;
}

static int find_places(struct work *work)
{
	struct ng_arena *arena = &work->table->arena;

	work->places = ng_alloc(work->scrape->arena, work->mount_count * sizeof(*work->places) + 1);
	for (size_t i = 0; work->places && i < work->mount_count; i++) {
		struct ng_span label = label_point(arena, work->mounts[i].point);
		if (!label.text)
			return -ENOMEM;
		struct ng_span point = strip_rootfs(work->rootfs, label);
		work->places[i] = (struct place){ point, point.text != label.text };
	}
	return work->places ? 0 : -ENOMEM;
}

/* A mount below the root file system wins; otherwise the later one does. */
static bool is_better(const struct work *work, size_t number, size_t other)
{
	bool below = work->places[number].below;

	return below == work->places[other].below ? number > other : below;
}

/* There is one visible mount per path. If the table does not contain all parents, several may remain. */
static int hide(struct work *work)
{
	struct ng_arena *arena = work->scrape->arena;
	size_t *best = ng_alloc(arena, work->mount_count * sizeof(*best) + 1); /* of the mounts at the same path */
	struct index first;

	work->hidden = ng_alloc0(arena, work->mount_count + 1);
	if (!best || !work->hidden || !index_make(arena, work->mount_count, &first))
		return -ENOMEM;
	int r = filesystem_hide(arena, work->mounts, work->mount_count, work->hidden);
	for (size_t i = 0; r == 0 && i < work->mount_count; i++) {
		uint64_t hash = ng_hash(NG_HASH_SEED, work->places[i].point), cursor = hash;
		size_t k;
		if (work->hidden[i])
			continue;
		while (index_next(&first, &cursor, &k) && !ng_span_equal(work->places[k].point, work->places[i].point))
			;
		if (k == SIZE_MAX) {
			index_add(&first, hash, i);
			best[i] = i;
		} else if (is_better(work, i, best[k])) {
			work->hidden[best[k]] = true;
			best[k] = i;
		} else {
			work->hidden[i] = true;
		}
	}
	return r;
}

static int choose(struct work *work)
{
	work->table->rows = ng_alloc(&work->table->arena, work->mount_count * sizeof(*work->table->rows) + 1);
	if (!work->table->rows)
		return -ENOMEM;
	for (size_t i = 0; i < work->mount_count; i++) {
		const struct ng_mount *mount = &work->mounts[i];
		if (work->hidden[i] || !ng_filter_keeps(&work->filesystem->points, work->places[i].point) ||
			!ng_filter_keeps(&work->filesystem->types, mount->type))
			continue;
		int r = push_row(work, mount, work->places[i].point);
		if (r < 0)
			return r;
	}
	work->table->count = work->row_count;
	return 0;
}

static int render_labels(struct work *work)
{
	struct ng_arena *arena = &work->table->arena;
	char major[NG_DIGITS], minor[NG_DIGITS];

	for (size_t i = 0; i < work->table->count; i++) {
		struct row *row = &work->table->rows[i];
		const struct ng_mount *mount = &row->mount;
		row->labels = NG_LABELS(arena, { "device", mount->source }, { "device_error", NG_SPAN("") },
			{ "fstype", mount->type }, { "mountpoint", row->point });
		row->info = NG_LABELS(arena, { "device", mount->source }, { "major", ng_digits(major, mount->major) },
			{ "minor", ng_digits(minor, mount->minor) }, { "mountpoint", row->point });
		if (!ng_labels_valid(row->labels) || !ng_labels_valid(row->info))
			return -ENOMEM;
	}
	return 0;
}

/* ---- the table ---- */

static int note_ext4(struct work *work)
{
	struct table *table = work->table;

	table->ext4 = ng_alloc(&table->arena, table->count * sizeof(*table->ext4) + 1);
	if (!table->ext4)
		return -ENOMEM;
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = &table->rows[i];
		if (!row->read_only && ng_span_equal(row->mount.type, NG_SPAN("ext4")))
			table->ext4[table->ext4_count++] = &row->mount;
	}
	return 0;
}

int filesystem_table(struct filesystem *filesystem, struct ng_scrape *scrape, struct ng_span text)
{
	struct table *table = &filesystem->table;
	static int (*const steps[])(
		struct work * work) = { parse, note_hanging, find_places, hide, choose, render_labels, note_ext4 };
	struct work work = { .filesystem = filesystem, .scrape = scrape, .table = table };
	int r = 0;

	table->text = ng_copy(&table->arena, text);
	if (!table->text.text)
		return -ENOMEM;
	work.rootfs = ng_span(ng_root_path(scrape, NG_ROOTFS));
	while (work.rootfs.size && work.rootfs.text[work.rootfs.size - 1] == '/')
		work.rootfs.size--;
	for (size_t i = 0; r == 0 && i < NG_COUNT(steps); i++)
		r = steps[i](&work);
	return r == 0 ? filesystem_probes(filesystem, scrape) : r;
}
