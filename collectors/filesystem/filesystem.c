/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Size and state of the mounted file systems.
 *
 *     29 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw,errors=remount-ro
 *
 * Source: proc_pid_mountinfo(5), statfs(2). The table and everything derived from it is kept and rebuilt when the
 * kernel announces a change, or when the result of statfs hints at one that is not announced (mounts.h). A mount that
 * no path leads to is left out, since statfs would return the values of the one that covers it (hidden.c).
 */
#include "filesystem.h"

#include <nodegauge/privilege.h>
#include <sys/statvfs.h>

/* Memory above this size is returned as soon as its contents are no longer needed. */
enum { KEPT = 1 << 20 };

enum { AVAIL, DEVICE_ERROR, FILES, FILES_FREE, FREE, MOUNT_INFO, PURGEABLE, READONLY, SIZE, FAMILIES };

#define GAUGE(name_, help_)                                                                                            \
	{                                                                                                              \
		.name = name_, .type = NG_GAUGE, .labels = "device,device_error,fstype,mountpoint", .help = help_      \
	}
static const struct ng_family families[FAMILIES] = {
	[AVAIL] = GAUGE("node_filesystem_avail_bytes", "Bytes available to unprivileged users."),
	[DEVICE_ERROR] =
		GAUGE("node_filesystem_device_error", "1 if statfs failed on the file system; device_error gives the "
						      "reason."),
	[FILES] = GAUGE("node_filesystem_files", "Total inodes."),
	[FILES_FREE] = GAUGE("node_filesystem_files_free", "Free inodes."),
	[FREE] = GAUGE("node_filesystem_free_bytes", "Free bytes, including those reserved for root."),
	[MOUNT_INFO] = { .name = "node_filesystem_mount_info",
		.type = NG_GAUGE,
		.labels = "device,major,minor,mountpoint",
		.help = "Device numbers of the mount." },
	[PURGEABLE] = GAUGE(
		"node_filesystem_purgeable_bytes", "Bytes that the system can purge on its own; always 0 on Linux."),
	[READONLY] = GAUGE("node_filesystem_readonly", "Whether the mount or its file system is read-only."),
	[SIZE] = GAUGE("node_filesystem_size_bytes", "Size in bytes."),
};

#define OPTION(member, kind, name, initial, ...) NG_OPTION(filesystem, member, kind, name, initial, __VA_ARGS__)
static const struct ng_option options[] = {
	OPTION(points.exclude, NG_OPTION_PATTERN, "mount-points-exclude",
		"^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)",
		"Mount points to leave out (regular expression)."),
	OPTION(points.include, NG_OPTION_PATTERN, "mount-points-include", "",
		"Mount points to report; all others are left out (regular expression).",
		.excludes = "mount-points-exclude"),
	OPTION(old_points, NG_OPTION_PATTERN, "ignored-mount-points", "", "Former name of mount-points-exclude.",
		.excludes = "mount-points-exclude", .hidden = true),
	OPTION(types.exclude, NG_OPTION_PATTERN, "fs-types-exclude",
		"^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|"
		"nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|tracefs)$",
		"File system types to leave out (regular expression)."),
	OPTION(types.include, NG_OPTION_PATTERN, "fs-types-include", "",
		"File system types to report; all others are left out (regular expression).",
		.excludes = "fs-types-exclude"),
	OPTION(old_types, NG_OPTION_PATTERN, "ignored-fs-types", "", "Former name of fs-types-exclude.",
		.excludes = "fs-types-exclude", .hidden = true),
	OPTION(timeout, NG_OPTION_DURATION, "mount-timeout", "5s", "Timeout for a mount that does not respond.",
		.hidden = true),
	OPTION(workers, NG_OPTION_UNSIGNED, "stat-workers", "4", "Number of network mounts to query concurrently.",
		.hidden = true),
};

static const struct ng_privilege privileges[] = {
	{ .capability = "CAP_DAC_READ_SEARCH", .lost = "sizes of mounts below directories that its user cannot enter" },
};

/* ---- the table ---- */

static void table_clear(struct table *table)
{
	if (table->arena.total > KEPT)
		ng_arena_done(&table->arena);
	ng_arena_reset(&table->arena);
	*table = (struct table){ .arena = table->arena };
}

/* The table of many mounts is large, so the old one is freed first. */
static int replace_table(struct filesystem *filesystem, struct ng_scrape *scrape, struct ng_span text)
{
	struct table *table = &filesystem->table;

	table_clear(table);
	int r = filesystem_table(filesystem, scrape, text);
	if (r < 0) {
		table_clear(table);
		ng_mounts_close(&filesystem->mounts); /* so that it is reread */
		return r;
	}
	ng_mounts_watch(scrape, &filesystem->mounts, table->ext4, table->ext4_count);
	return 0;
}

/* Reads the table; if the text is unchanged, the rows are left as they are. */
static int read_table(struct filesystem *filesystem, struct ng_scrape *scrape, bool *ret_changed)
{
	struct ng_span text;

	int r = ng_mounts_read(scrape, &filesystem->mounts, &text);
	if (r < 0)
		return r;
	*ret_changed = !filesystem->table.text.text || !ng_span_equal(text, filesystem->table.text);
	return *ret_changed ? replace_table(filesystem, scrape, text) : 0;
}

/* ---- measuring ---- */

/* When to stop waiting, so that there is time left to write the response. */
static uint64_t last_moment(uint64_t deadline)
{
	uint64_t start = ng_now(), margin = 100000000;

	if (deadline <= start)
		return start;
	if ((deadline - start) / 10 < margin)
		margin = (deadline - start) / 10;
	return deadline - margin;
}

static void measure(struct filesystem *filesystem, struct ng_scrape *scrape)
{
	struct table *table = &filesystem->table;

	if (table->task_count)
		ng_guard_start(filesystem->guard, table->tasks, table->task_count);
	for (size_t i = 0; i < table->count; i++) {
		struct row *row = &table->rows[i];
		if (!row->probe)
			row->error = ng_privileged_statfs(row->path, &row->fs);
	}
	if (!table->task_count)
		return;
	ng_guard_wait(filesystem->guard, filesystem->timeout, last_moment(scrape->deadline));
	for (size_t i = 0; i < table->count; i++) {
		struct row *row = &table->rows[i];
		if (!row->probe)
			continue;
		row->timeout = !ng_task_done(&row->probe->task);
		if (row->timeout)
			continue;
		row->error = row->probe->error;
		row->fs = row->probe->fs;
	}
}

/*
 * Whether a mount's result differs from that of the last scrape, as if another file system were mounted there, or its
 * state had changed.
 */
static bool surprised(struct table *table)
{
	bool surprise = false;

	for (size_t i = 0; i < table->count; i++) {
		struct row *row = &table->rows[i];
		struct witness seen = { .known = true, .error = row->error };
		if (row->timeout)
			continue;
		if (!row->error) {
			seen.read_only = row->fs.f_flags & ST_RDONLY;
			memcpy(&seen.id, &row->fs.f_fsid, sizeof(seen.id));
		}
		surprise = surprise ||
			   (row->witness.known && (row->witness.error != seen.error || row->witness.id != seen.id ||
							  row->witness.read_only != seen.read_only));
		row->witness = seen;
	}
	return surprise;
}

static int look(struct filesystem *filesystem, struct ng_scrape *scrape)
{
	bool was_read = false, changed;

	if (!ng_mounts_unchanged(scrape, &filesystem->mounts)) {
		int r = read_table(filesystem, scrape, &changed);
		if (r < 0)
			return r;
		was_read = true;
	}
	measure(filesystem, scrape);
	if (!surprised(&filesystem->table) || was_read)
		return 0;
	int r = read_table(filesystem, scrape, &changed);
	if (r < 0 || !changed)
		return r;
	measure(filesystem, scrape);
	surprised(&filesystem->table);
	return 0;
}

/* ---- families ---- */

static void write_bytes(struct ng_page *page, const struct row *row, uint64_t blocks)
{
	uint64_t size = (uint64_t)row->fs.f_bsize, bytes;

	if (__builtin_mul_overflow(blocks, size, &bytes))
		ng_sample_double(page, row->labels, (double)blocks * (double)size);
	else
		ng_sample_u64(page, row->labels, bytes);
}

static void write_value(struct ng_page *page, size_t family, const struct row *row)
{
	switch (family) {
	case AVAIL:
		write_bytes(page, row, row->fs.f_bavail);
		break;
	case FREE:
		write_bytes(page, row, row->fs.f_bfree);
		break;
	case SIZE:
		write_bytes(page, row, row->fs.f_blocks);
		break;
	case FILES:
		ng_sample_u64(page, row->labels, row->fs.f_files);
		break;
	case FILES_FREE:
		ng_sample_u64(page, row->labels, row->fs.f_ffree);
		break;
	case PURGEABLE:
		ng_sample_u64(page, row->labels, 0);
		break;
	case MOUNT_INFO:
		ng_sample_u64(page, row->info, 1);
		break;
	default:
		break;
	}
}

static bool failed(const struct row *row)
{
	return row->timeout || row->error;
}

/* Like Go's syscall.Errno: glibc's text, starting with a lower-case letter unless it is an abbreviation. */
static struct ng_span error_text(struct ng_arena *arena, const struct row *row)
{
	const char *text = row->timeout ? "mountpoint timeout" : strerrordesc_np(-row->error);
	char *copy = (char *)ng_copy(arena, ng_span(text ? text : "unknown error")).text;

	if (!copy)
		return (struct ng_span){ NULL, 0 };
	if (copy[0] >= 'A' && copy[0] <= 'Z' && copy[1] >= 'a' && copy[1] <= 'z')
		copy[0] = (char)(copy[0] - 'A' + 'a');
	return ng_span(copy);
}

/* The labels of each row in its current state; NULL if there is no memory. */
static struct ng_labels **state_labels(struct ng_arena *arena, const struct table *table)
{
	struct ng_labels **labels = ng_alloc(arena, table->count * sizeof(*labels) + 1);

	for (size_t i = 0; labels && i < table->count; i++) {
		const struct row *row = &table->rows[i];
		labels[i] = failed(row) ? NG_LABELS(arena, { "device", row->mount.source },
						  { "device_error", error_text(arena, row) },
						  { "fstype", row->mount.type }, { "mountpoint", row->point })
					: row->labels;
	}
	return labels;
}

static int write_states(struct ng_scrape *scrape, const struct table *table)
{
	struct ng_labels **labels = state_labels(scrape->arena, table);

	if (!labels)
		return -ENOMEM;
	ng_family(scrape->page, &families[DEVICE_ERROR]);
	for (size_t i = 0; i < table->count; i++)
		ng_sample_u64(scrape->page, labels[i], failed(&table->rows[i]));
	ng_family(scrape->page, &families[READONLY]);
	for (size_t i = 0; i < table->count; i++)
		ng_sample_u64(scrape->page, labels[i], table->rows[i].read_only);
	return 0;
}

static void write_values(struct ng_scrape *scrape, const struct table *table)
{
	static const unsigned char valued[] = { AVAIL, FILES, FILES_FREE, FREE, MOUNT_INFO, PURGEABLE, SIZE };

	for (size_t f = 0; f < NG_COUNT(valued); f++) {
		ng_family(scrape->page, &families[valued[f]]);
		for (size_t i = 0; i < table->count; i++) {
			const struct row *row = &table->rows[i];
			if (!failed(row))
				write_value(scrape->page, valued[f], row);
		}
	}
}

/* ---- life ---- */

/* An exclude option's former name stands in for it; an include option overrides both. */
static void settle_filter(struct ng_filter *filter, struct ng_pattern *old)
{
	if (!filter->exclude && !filter->include)
		filter->exclude = old;
}

static int filesystem_init(void *state, struct ng_setup *setup)
{
	struct filesystem *filesystem = state;
	uint64_t workers = filesystem->workers;

	(void)setup;
	settle_filter(&filesystem->points, filesystem->old_points);
	settle_filter(&filesystem->types, filesystem->old_types);
	filesystem->guard = ng_guard_new(workers > NG_GUARD_THREADS ? NG_GUARD_THREADS : (unsigned)workers);
	return filesystem->guard ? 0 : -ENOMEM;
}

/* The other mounts are fine, so the collector succeeds anyway. */
static void note_stuck(struct ng_scrape *scrape, const struct table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = &table->rows[i];
		const char *point = row->timeout ? ng_copy(scrape->arena, row->point).text : NULL;
		if (!point)
			continue;
		ng_failed(scrape, -ETIMEDOUT, "mount does not respond: statfs", point);
		ng_note(scrape);
	}
}

static int filesystem_collect(void *state, struct ng_scrape *scrape)
{
	struct filesystem *filesystem = state;

	const struct table *table = &filesystem->table;

	int r = look(filesystem, scrape);
	if (r < 0)
		return r;
	for (size_t i = 0; i < table->bad_count; i++)
		ng_drop_record(scrape, filesystem->mounts.file.path, table->bad[i], FILESYSTEM_LINE);
	note_stuck(scrape, table);
	if (scrape->arena->total > KEPT)
		ng_arena_done(scrape->arena); /* frees the text of many mounts before the page is written */
	r = write_states(scrape, table);
	if (r < 0)
		return r;
	write_values(scrape, table);
	return 0;
}

static void filesystem_done(void *state)
{
	struct filesystem *filesystem = state;

	if (filesystem->guard)
		filesystem_probes_done(filesystem);
	ng_guard_free(filesystem->guard);
	ng_arena_done(&filesystem->table.arena);
	ng_mounts_close(&filesystem->mounts);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "filesystem",
	.summary = "Size, free space and state of mounted file systems",
	.may_block = true,
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.privileges = privileges,
	.privilege_count = NG_COUNT(privileges),
	.state_size = sizeof(struct filesystem),
	.init = filesystem_init,
	.collect = filesystem_collect,
	.done = filesystem_done,
};
NG_COLLECTOR(descriptor);
