/* SPDX-License-Identifier: Apache-2.0 */
/* From the text of mountinfo to the rows that are measured: filtered, without repetition, with their labels rendered.
 */
#include "filesystem.h"

#include "index.h"

struct work {
	struct filesystem *filesystem;
	struct ng_scrape *scrape;
	struct table *table;
	struct ng_span rootfs;   /* without a slash at its end */
	struct ng_mount *mounts; /* all of them */
	size_t mount_count;
	struct row *rows; /* in the making */
	size_t row_count, row_capacity;
	struct index hanging; /* mount points below which a path may hang */
};

/* ---- all mounts ---- */

static int parse(struct work *work)
{
	struct ng_span text = work->table->text, line;
	size_t capacity = 0;
	unsigned number = 0;

	while (ng_line_next(&text, &line)) {
		number++;
		if (line.size == 0)
			continue;
		struct ng_mount *mount = ng_push(work->scrape->arena, &work->mounts, &work->mount_count, &capacity);
		if (!mount)
			return -ENOMEM;
		if (ng_mount_parse(line, mount) < 0)
			return ng_broken(work->scrape, work->filesystem->mounts.file.path, number,
				"ids, device, root, mount point, options, '-', type, source and options");
	}
	return 0;
}

static bool find_hanging(const struct work *work, struct ng_span point)
{
	size_t cursor = index_hash(0, point), i;

	while (index_next(&work->hanging, &cursor, &i)) {
		if (ng_span_equal(work->mounts[i].point, point))
			return true;
	}
	return false;
}

/* The root does not count: where that hangs, nothing is left to report. */
static int note_hanging(struct work *work)
{
	if (!index_make(work->scrape->arena, work->mount_count, &work->hanging))
		return -ENOMEM;
	for (size_t i = 0; i < work->mount_count; i++) {
		struct ng_span point = work->mounts[i].point;
		if (point.size > 1 && filesystem_trust(work->mounts[i].type) == TRUST_NOTHING &&
			!find_hanging(work, point))
			index_add(&work->hanging, index_hash(0, point), i);
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

/* Of the escapes only those of blank and tab are resolved in the label, as node_exporter's users know it. */
static struct ng_span label_point(struct ng_arena *arena, struct ng_span point)
{
	char *start = ng_alloc(arena, point.size + 1), *at = start;

	if (!start)
		return NG_NO_LABELS;
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
	struct row *row = ng_push(work->scrape->arena, &work->rows, &work->row_count, &work->row_capacity);

	if (!row)
		return -ENOMEM;
	*row = (struct row){ .mount = *mount, .point = point };
	row->read_only = ng_mount_option(mount->options, NG_SPAN("ro")) ||
			 ng_mount_option(mount->super_options, NG_SPAN("ro")) ||
			 ng_mount_option(mount->super_options, NG_SPAN("emergency_ro"));
	row->may_hang = may_hang(work, mount);
	row->path = statfs_path(work, mount->point);
	return row->path ? 0 : -ENOMEM;
}

static int choose(struct work *work)
{
	for (size_t i = 0; i < work->mount_count; i++) {
		const struct ng_mount *mount = &work->mounts[i];
		struct ng_span label = label_point(&work->table->arena, mount->point);
		if (!label.text)
			return -ENOMEM;
		struct ng_span point = strip_rootfs(work->rootfs, label);
		if (!ng_filter_keeps(&work->filesystem->points, point) ||
			!ng_filter_keeps(&work->filesystem->types, mount->type))
			continue;
		int r = push_row(work, mount, point);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * A file system that is mounted twice at the same place, or a line that comes twice, is one series. The first one
 * counts; other device numbers are a further series of node_filesystem_mount_info only.
 */
static int drop_repeated(struct work *work)
{
	struct index seen;
	size_t kept = 0, k;

	if (!index_make(work->scrape->arena, work->row_count, &seen))
		return -ENOMEM;
	for (size_t i = 0; i < work->row_count; i++) {
		struct row *row = &work->rows[i];
		size_t hash = index_hash(index_hash(0, row->point), row->mount.source), cursor = hash;
		row->has_values = row->has_info = true;
		while (index_next(&seen, &cursor, &k)) {
			const struct row *earlier = &work->rows[k];
			if (!ng_span_equal(earlier->point, row->point) ||
				!ng_span_equal(earlier->mount.source, row->mount.source))
				continue;
			if (ng_span_equal(earlier->mount.type, row->mount.type))
				row->has_values = false;
			if (earlier->mount.major == row->mount.major && earlier->mount.minor == row->mount.minor)
				row->has_info = false;
		}
		if (!row->has_values && !row->has_info)
			continue;
		index_add(&seen, hash, kept);
		work->rows[kept++] = *row;
	}
	work->row_count = kept;
	return 0;
}

static int keep_rows(struct work *work)
{
	struct table *table = work->table;

	table->rows = ng_alloc(&table->arena, work->row_count * sizeof(*table->rows) + 1);
	if (!table->rows)
		return -ENOMEM;
	if (work->row_count)
		memcpy(table->rows, work->rows, work->row_count * sizeof(*table->rows));
	table->count = work->row_count;
	return 0;
}

static int render_labels(struct work *work)
{
	struct ng_arena *arena = &work->table->arena;
	char major[NG_DIGITS], minor[NG_DIGITS];

	for (size_t i = 0; i < work->table->count; i++) {
		struct row *row = &work->table->rows[i];
		const struct ng_mount *mount = &row->mount;
		row->labels = NG_LABELS(arena, { "device", mount->source }, { "device_error", NG_NO_LABELS },
			{ "fstype", mount->type }, { "mountpoint", row->point });
		row->info = NG_LABELS(arena, { "device", mount->source }, { "major", ng_digits(major, mount->major) },
			{ "minor", ng_digits(minor, mount->minor) }, { "mountpoint", row->point });
		if (!row->labels.size || !row->info.size)
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

int filesystem_table(struct filesystem *filesystem, struct ng_scrape *scrape, struct ng_span text,
	const struct table *before, struct table *table)
{
	static int (*const steps[])(struct work * work) = { parse, note_hanging, choose, drop_repeated, keep_rows,
		render_labels, note_ext4 };
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
	return r == 0 ? filesystem_probes(filesystem, scrape, before, table) : r;
}
