/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block devices: I/O statistics and identification.
 *
 *    8       0 sda 25354637 34367663 1003346126 18492372 28444756 11134226 505697032 63877960 0 9653880 82621804
 *  259       0 nvme0n1 47114 4 4643973 21650 1078320 43950 39451633 1011053 0 222766 1032546 0 0 0 0 1555 1944
 *
 * 11 counters, 4 more for discards since Linux 4.18, 2 for flushes since 5.5. Requests in flight are an int that older
 * kernels print as unsigned even if it is negative. Source: admin-guide/iostats.rst, block/genhd.c (diskstats_show).
 */
#include "device.h"

enum {
	/* in the order of the columns */
	READS,
	READS_MERGED,
	READ_BYTES,
	READ_TIME,
	WRITES,
	WRITES_MERGED,
	WRITTEN_BYTES,
	WRITE_TIME,
	IO_NOW,
	IO_TIME,
	IO_TIME_WEIGHTED,
	DISCARDS,
	DISCARDS_MERGED,
	DISCARDED_SECTORS,
	DISCARD_TIME,
	FLUSHES,
	FLUSH_TIME,
	COLUMNS,
	ALWAYS = DISCARDS,     /* columns that every kernel has */
	OF_OLD_PARTITIONS = 4, /* before Linux 2.6.25, with different meanings */
	/* from other sources */
	INFO = COLUMNS,
	FILESYSTEM_INFO,
	MAPPER_INFO,
	ATA, /* ATA_VALUES families from here on */
	FAMILIES = ATA + ATA_VALUES,
};

#define COUNTER(name_, help_)                                                                                          \
	{                                                                                                              \
		.name = name_, .type = NG_COUNTER, .labels = "device", .help = help_                                   \
	}
#define GAUGE(name_, labels_, help_)                                                                                   \
	{                                                                                                              \
		.name = name_, .type = NG_GAUGE, .labels = labels_, .help = help_                                      \
	}
static const struct ng_family families[FAMILIES] = {
	[READS] = COUNTER("node_disk_reads_completed_total", "Reads completed."),
	[READS_MERGED] = COUNTER("node_disk_reads_merged_total", "Reads merged with another request in the queue."),
	[READ_BYTES] = COUNTER("node_disk_read_bytes_total", "Bytes read."),
	[READ_TIME] = COUNTER("node_disk_read_time_seconds_total", "Total time spent on reads."),
	[WRITES] = COUNTER("node_disk_writes_completed_total", "Writes completed."),
	[WRITES_MERGED] = COUNTER("node_disk_writes_merged_total", "Writes merged with another request in the queue."),
	[WRITTEN_BYTES] = COUNTER("node_disk_written_bytes_total", "Bytes written."),
	[WRITE_TIME] = COUNTER("node_disk_write_time_seconds_total", "Total time spent on writes."),
	[IO_NOW] = GAUGE("node_disk_io_now", "device", "Requests in flight."),
	[IO_TIME] = COUNTER("node_disk_io_time_seconds_total", "Time with at least one request in flight."),
	[IO_TIME_WEIGHTED] =
		COUNTER("node_disk_io_time_weighted_seconds_total", "Time in flight, summed over all requests."),
	[DISCARDS] = COUNTER("node_disk_discards_completed_total", "Discards completed."),
	[DISCARDS_MERGED] =
		COUNTER("node_disk_discards_merged_total", "Discards merged with another request in the queue."),
	[DISCARDED_SECTORS] = COUNTER("node_disk_discarded_sectors_total", "Sectors (512 bytes) discarded."),
	[DISCARD_TIME] = COUNTER("node_disk_discard_time_seconds_total", "Total time spent on discards."),
	[FLUSHES] = COUNTER("node_disk_flush_requests_total", "Flushes completed."),
	[FLUSH_TIME] = COUNTER("node_disk_flush_requests_time_seconds_total", "Total time spent on flushes."),
	[INFO] = GAUGE("node_disk_info", "device,major,minor,model,path,revision,rotational,serial,wwn",
		"Device identification; always 1."),
	[FILESYSTEM_INFO] = GAUGE("node_disk_filesystem_info", "device,type,usage,uuid,version",
		"Contents of the device as detected by udev: file system, swap, volume member; always 1."),
	[MAPPER_INFO] = GAUGE("node_disk_device_mapper_info", "device,lv_layer,lv_name,name,uuid,vg_name",
		"Device mapper information; always 1."),
	[ATA + ATA_WRITE_CACHE] =
		GAUGE("node_disk_ata_write_cache", "device", "Whether the ATA disk has a write cache."),
	[ATA + ATA_WRITE_CACHE_ENABLED] = GAUGE(
		"node_disk_ata_write_cache_enabled", "device", "Whether the write cache of the ATA disk is enabled."),
	[ATA + ATA_ROTATION_RATE] = GAUGE("node_disk_ata_rotation_rate_rpm", "device",
		"Rotation rate of the ATA disk in rpm; 0 if it does not rotate."),
};

static const char diskstats_path[] = "diskstats";
static const char expected[] = "two device numbers, a name and at least 11 counters";

struct diskstats {
	struct ng_filter filter;
	struct ng_pattern *old_exclude;
	struct ng_file file;
	struct devices devices;
};

static const struct ng_option options[] = {
	NG_OPTION(diskstats, filter.exclude, NG_OPTION_PATTERN, "device-exclude",
		"^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$", "Devices to leave out (regular expression)."),
	NG_OPTION(diskstats, filter.include, NG_OPTION_PATTERN, "device-include", "",
		"Devices to report; all others are left out (regular expression).", .excludes = "device-exclude"),
	NG_OPTION(diskstats, old_exclude, NG_OPTION_PATTERN, "ignored-devices", "", "Former name of device-exclude.",
		.excludes = "device-exclude", .hidden = true),
};

/* ---- lines ---- */

struct row {
	const struct device *device;
	unsigned columns;
	uint32_t wrong; /* one bit per column without a valid number */
	uint64_t value[COLUMNS];
};

struct rows {
	struct row *row;
	size_t count, capacity;
};

struct head {
	struct ng_span text; /* up to and including the name */
	struct ng_span name;
	uint32_t major, minor;
};

/* -ENODATA for an empty line, another error for a malformed one. */
static int parse_head(struct ng_span line, struct head *ret_head)
{
	const char *start = line.text;
	uint64_t major, minor;

	int r = ng_u64_next(&line, &major);
	if (r < 0)
		return r;
	if (ng_u64_next(&line, &minor) < 0 || !ng_word_next(&line, &ret_head->name))
		return -EINVAL;
	if (major > UINT32_MAX || minor > UINT32_MAX)
		return -EINVAL;
	ret_head->major = (uint32_t)major;
	ret_head->minor = (uint32_t)minor;
	ret_head->text = (struct ng_span){ start, (size_t)(ret_head->name.text + ret_head->name.size - start) };
	return 0;
}

static void parse_columns(struct ng_scrape *scrape, unsigned number, struct ng_span text, struct row *row)
{
	row->wrong = 0;
	for (row->columns = 0; row->columns < COLUMNS; row->columns++) {
		int r = ng_u64_next(&text, &row->value[row->columns]);
		if (r == -ENODATA)
			break;
		if (r < 0) {
			ng_drop_value(scrape, diskstats_path, number, "a number in each column");
			row->wrong |= 1u << row->columns;
		}
	}
	if (row->columns > IO_NOW && !(row->wrong & 1u << IO_NOW) && row->value[IO_NOW] > INT32_MAX) {
		ng_drop_value(scrape, diskstats_path, number, "a non-negative number of requests in flight");
		row->wrong |= 1u << IO_NOW;
	}
}

static bool same_device(const struct device *device, struct ng_span line)
{
	size_t size = device->head.size;

	return ng_span_starts(line, device->head) &&
	       (line.size == size || line.text[size] == ' ' || line.text[size] == '\t');
}

/* Whether the lines are those of the known devices. */
static bool same_devices(const struct devices *devices, struct ng_span text)
{
	struct ng_span line;
	struct head head;
	size_t known = 0;

	while (ng_line_next(&text, &line)) {
		if (known < devices->count && same_device(&devices->device[known], line))
			known++;
		else if (parse_head(line, &head) == 0)
			return false;
	}
	return known == devices->count;
}

/* Reads the lines of the known devices. */
static int read_rows(struct ng_scrape *scrape, const struct devices *devices, struct ng_span text, struct rows *rows)
{
	struct ng_span line;
	struct head head;
	size_t known = 0;

	for (unsigned number = 1; ng_line_next(&text, &line); number++) {
		if (known == devices->count || !same_device(&devices->device[known], line)) {
			if (parse_head(line, &head) != -ENODATA)
				ng_drop_record(scrape, diskstats_path, number, expected);
			continue;
		}
		const struct device *device = &devices->device[known++];
		if (device->ignored)
			continue;
		struct row *row = ng_push(scrape->arena, &rows->row, &rows->count, &rows->capacity);
		if (!row)
			return -ENOMEM;
		row->device = device;
		parse_columns(scrape, number, ng_span_skip(line, device->head.size), row);
		if (row->columns >= ALWAYS)
			continue;
		rows->count--;
		if (row->columns != OF_OLD_PARTITIONS)
			ng_drop_record(scrape, diskstats_path, number, expected);
	}
	return devices->count || !scrape->dropped ? 0 : ng_broken(scrape, diskstats_path, 1, expected);
}

static int read_devices(struct ng_scrape *scrape, struct diskstats *diskstats, struct ng_span text)
{
	struct ng_span line;
	struct head head;

	diskstats_devices_reset(scrape, &diskstats->devices);
	while (ng_line_next(&text, &line)) {
		if (parse_head(line, &head) < 0)
			continue;
		int r = diskstats_devices_add(
			scrape, &diskstats->devices, head.text, &diskstats->filter, head.major, head.minor, head.name);
		if (r < 0) {
			diskstats->devices.epoch = 0; /* incomplete: start again at the next scrape */
			return r;
		}
	}
	return 0;
}

/* ---- families ---- */

/* Sectors are always 512 bytes here, whatever the device's sector size. */
static void write_sectors(struct ng_page *page, struct ng_labels *labels, uint64_t sectors)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(sectors, 512, &bytes))
		ng_sample_double(page, labels, (double)sectors * 512);
	else
		ng_sample_u64(page, labels, bytes);
}

static void write_column(struct ng_page *page, unsigned column, struct ng_labels *labels, uint64_t value)
{
	switch (column) {
	case READ_BYTES:
	case WRITTEN_BYTES:
		write_sectors(page, labels, value);
		break;
	case READ_TIME:
	case WRITE_TIME:
	case IO_TIME:
	case IO_TIME_WEIGHTED:
	case DISCARD_TIME:
	case FLUSH_TIME:
		ng_sample_scaled(page, labels, value, 3);
		break;
	default:
		ng_sample_u64(page, labels, value);
		break;
	}
}

static void write_columns(struct ng_page *page, const struct rows *rows)
{
	for (unsigned column = 0; column < COLUMNS; column++) {
		ng_family(page, &families[column]);
		for (size_t i = 0; i < rows->count; i++) {
			const struct row *row = &rows->row[i];
			if (column < row->columns && !(row->wrong & 1u << column))
				write_column(page, column, row->device->labels, row->value[column]);
		}
	}
}

static void write_info(struct ng_page *page, const struct rows *rows)
{
	ng_family(page, &families[INFO]);
	for (size_t i = 0; i < rows->count; i++)
		ng_sample_u64(page, rows->row[i].device->info, 1);
	ng_family(page, &families[FILESYSTEM_INFO]);
	for (size_t i = 0; i < rows->count; i++) {
		if (rows->row[i].device->filesystem)
			ng_sample_u64(page, rows->row[i].device->filesystem, 1);
	}
	ng_family(page, &families[MAPPER_INFO]);
	for (size_t i = 0; i < rows->count; i++) {
		if (rows->row[i].device->mapper)
			ng_sample_u64(page, rows->row[i].device->mapper, 1);
	}
	for (size_t value = 0; value < ATA_VALUES; value++) {
		ng_family(page, &families[ATA + value]);
		for (size_t i = 0; i < rows->count; i++) {
			const struct device *device = rows->row[i].device;
			if (device->has_ata[value])
				ng_sample_decimal(page, device->labels, device->ata[value]);
		}
	}
}

/* ---- life ---- */

static int diskstats_init(void *state, struct ng_setup *setup)
{
	struct diskstats *diskstats = state;

	(void)setup;
	if (!diskstats->filter.exclude && !diskstats->filter.include)
		diskstats->filter.exclude = diskstats->old_exclude;
	return 0;
}

static int diskstats_collect(void *state, struct ng_scrape *scrape)
{
	struct diskstats *diskstats = state;
	struct ng_span text;
	struct rows rows = { 0 };

	int r = ng_file_read(scrape, &diskstats->file, &text);
	if (r == 0 &&
		!(diskstats_devices_fresh(scrape, &diskstats->devices) && same_devices(&diskstats->devices, text)))
		r = read_devices(scrape, diskstats, text);
	if (r == 0)
		r = read_rows(scrape, &diskstats->devices, text, &rows);
	if (r < 0)
		return r;
	write_columns(scrape->page, &rows);
	write_info(scrape->page, &rows);
	return 0;
}

static void diskstats_done(void *state)
{
	struct diskstats *diskstats = state;

	ng_arena_done(&diskstats->devices.arena);
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(diskstats, file, NG_PROC, NG_RECORDS, diskstats_path),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "diskstats",
	.summary = "Reads, writes, discards and flushes of block devices, and device identification",
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct diskstats),
	.files = files,
	.file_count = NG_COUNT(files),
	.init = diskstats_init,
	.collect = diskstats_collect,
	.done = diskstats_done,
};
NG_COLLECTOR(descriptor);
