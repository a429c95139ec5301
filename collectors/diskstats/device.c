/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of the udev database, /run/udev/data/b8:0 (systemd: src/libsystemd/sd-device/device-private.c):
 *
 *     S:disk/by-id/wwn-0x5000c500a1b2c3d4
 *     I:2216190
 *     E:ID_SERIAL_SHORT=ZA10ABCD
 *     G:systemd
 */
#include "device.h"

#include "kernel/file_version.h"

#include <sys/stat.h>
#include <time.h>

/* The properties that are reported. */
enum property {
	DM_LV_LAYER,
	DM_LV_NAME,
	DM_NAME,
	DM_UUID,
	DM_VG_NAME,
	ID_ATA,
	ID_ATA_ROTATION_RATE_RPM,
	ID_ATA_WRITE_CACHE,
	ID_ATA_WRITE_CACHE_ENABLED,
	ID_FS_TYPE,
	ID_FS_USAGE,
	ID_FS_UUID,
	ID_FS_VERSION,
	ID_MODEL,
	ID_PATH,
	ID_REVISION,
	ID_SERIAL,
	ID_SERIAL_SHORT,
	ID_WWN,
	SCSI_IDENT_SERIAL,
	PROPERTIES,
};

#define PROPERTY(name) [name] = NG_SPAN(#name)
static const struct ng_span property_names[PROPERTIES] = {
	PROPERTY(DM_LV_LAYER),
	PROPERTY(DM_LV_NAME),
	PROPERTY(DM_NAME),
	PROPERTY(DM_UUID),
	PROPERTY(DM_VG_NAME),
	PROPERTY(ID_ATA),
	PROPERTY(ID_ATA_ROTATION_RATE_RPM),
	PROPERTY(ID_ATA_WRITE_CACHE),
	PROPERTY(ID_ATA_WRITE_CACHE_ENABLED),
	PROPERTY(ID_FS_TYPE),
	PROPERTY(ID_FS_USAGE),
	PROPERTY(ID_FS_UUID),
	PROPERTY(ID_FS_VERSION),
	PROPERTY(ID_MODEL),
	PROPERTY(ID_PATH),
	PROPERTY(ID_REVISION),
	PROPERTY(ID_SERIAL),
	PROPERTY(ID_SERIAL_SHORT),
	PROPERTY(ID_WWN),
	PROPERTY(SCSI_IDENT_SERIAL),
};

/* ---- freshness ---- */

/*
 * udev updates a file of its database by renaming a new one over it, which changes the directory's mtime. Only then
 * does the file reflect the event; the event itself comes earlier.
 */
static bool database_time(const struct ng_scrape *scrape, struct timespec *ret_time)
{
	int fd = ng_root_fd(scrape, NG_UDEV);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return false;
	*ret_time = status.st_mtim;
	return true;
}

bool diskstats_devices_fresh(struct ng_scrape *scrape, struct devices *devices)
{
	struct timespec time = { 0 };

	if (!devices->device || devices->incomplete || devices->epoch != scrape->devices_epoch)
		return false;
	if (!devices->database.settled)
		return false;
	database_time(scrape, &time);
	return devices->database.seconds == time.tv_sec && devices->database.nanoseconds == time.tv_nsec;
}

void diskstats_devices_reset(struct ng_scrape *scrape, struct devices *devices)
{
	struct timespec time = { 0 };

	ng_arena_reset(&devices->arena);
	devices->device = NULL;
	devices->count = devices->capacity = 0;
	devices->incomplete = false;
	devices->epoch = scrape->devices_epoch;
	bool exists = database_time(scrape, &time);
	devices->database.seconds = time.tv_sec;
	devices->database.nanoseconds = time.tv_nsec;
	devices->database.settled = !exists || !ng_time_unsettled(&time);
}

/* Leaves out what could not be read and retries it, unlike a missing file. */
static void left_out(struct ng_scrape *scrape, struct devices *devices, int error, const char *file)
{
	ng_drop_unread(scrape, error, file);
	devices->incomplete = devices->incomplete || (error != -ENOENT && error != -ENOTDIR);
}

/* ---- one device ---- */

enum { ENTRY_ROOM = 24 }; /* "b4294967295:4294967295" */

static void parse_properties(struct ng_span text, struct ng_span property[PROPERTIES])
{
	struct ng_span line;

	while (ng_line_next(&text, &line)) {
		if (!ng_span_starts(line, NG_SPAN("E:")))
			continue;
		line = ng_span_skip(line, 2);
		struct ng_span name = { line.text, ng_span_find(line, '=') };
		for (size_t i = 0; name.size < line.size && i < PROPERTIES; i++) {
			if (ng_span_equal(name, property_names[i])) {
				property[i] = ng_span_skip(line, name.size + 1);
				break;
			}
		}
	}
}

static void name_entry(char name[static ENTRY_ROOM], struct ng_span major, struct ng_span minor)
{
	char *at = name;

	*at++ = 'b';
	at = mempcpy(at, major.text, major.size);
	*at++ = ':';
	at = mempcpy(at, minor.text, minor.size);
	*at = '\0';
}

/* There may be no udev, or udev may not know this device. */
static void read_properties(
	struct ng_scrape *scrape, struct devices *devices, const char *entry, struct ng_span property[PROPERTIES])
{
	struct ng_span text;

	int r = ng_read(scrape, NG_UDEV, NG_RECORDS, entry, &text);
	if (r == 0)
		parse_properties(text, property);
	else
		left_out(scrape, devices, r, entry);
}

/* A partition has no directory of its own here. */
static bool is_disk(struct ng_scrape *scrape, const char *path)
{
	NG_CLOSE int directory = -1;

	return ng_directory(scrape, NG_SYS, path, &directory) == 0;
}

/*
 * Whether a disk is rotational, "" if unknown. Partitions have no queue; node_exporter reports them as not rotational.
 * A slash in a name (cciss/c0d0) is an exclamation mark in sysfs.
 */
static int read_rotational(
	struct ng_scrape *scrape, struct devices *devices, struct ng_span name, struct ng_span *ret_rotational)
{
	char *device = (char *)ng_copy(scrape->arena, name).text;
	uint64_t rotational;

	for (char *at = device; at && *at; at++)
		*at = (char)(*at == '/' ? '!' : *at);
	const char *disk = device ? ng_join(scrape->arena, "block/", device, NULL) : NULL;
	const char *path = disk ? ng_join(scrape->arena, disk, "/queue/rotational", NULL) : NULL;
	if (!path)
		return -ENOMEM;
	int r = ng_read_u64_at(scrape, ng_root_fd(scrape, NG_SYS), path, &rotational);
	if (r == 0)
		*ret_rotational = rotational ? NG_SPAN("1") : NG_SPAN("0");
	else if (r == -ENOENT && !is_disk(scrape, disk))
		*ret_rotational = NG_SPAN("0");
	else
		left_out(scrape, devices, r, path);
	return r == -ENOMEM ? r : 0;
}

static int take_ata(struct ng_scrape *scrape, struct devices *devices, struct device *device, const char *entry,
	const struct ng_span property[PROPERTIES])
{
	static const enum property source[ATA_VALUES] = {
		[ATA_WRITE_CACHE] = ID_ATA_WRITE_CACHE,
		[ATA_WRITE_CACHE_ENABLED] = ID_ATA_WRITE_CACHE_ENABLED,
		[ATA_ROTATION_RATE] = ID_ATA_ROTATION_RATE_RPM,
	};

	for (size_t i = 0; property[ID_ATA].size && i < ATA_VALUES; i++) {
		struct ng_span value = property[source[i]];
		device->has_ata[i] = ng_decimal(value, &device->ata[i]) == 0;
		if (!value.size || device->has_ata[i])
			continue;
		const char *expected = ng_join(scrape->arena, "a number as ", property_names[source[i]].text, NULL);
		if (!expected)
			return -ENOMEM;
		ng_drop_value(scrape, entry, 0, expected);
		devices->incomplete = true;
	}
	return 0;
}

static struct ng_span serial(const struct ng_span property[PROPERTIES])
{
	if (property[SCSI_IDENT_SERIAL].size)
		return property[SCSI_IDENT_SERIAL]; /* usually the one printed on the disk */
	return property[ID_SERIAL_SHORT].size ? property[ID_SERIAL_SHORT] : property[ID_SERIAL];
}

static int describe(struct ng_scrape *scrape, struct devices *devices, struct device *device, uint32_t major,
	uint32_t minor, struct ng_span name)
{
	struct ng_arena *arena = &devices->arena;
	struct ng_span property[PROPERTIES] = { { NULL, 0 } };
	char major_digits[NG_DIGITS], minor_digits[NG_DIGITS];
	struct ng_span major_text = ng_digits(major_digits, major), minor_text = ng_digits(minor_digits, minor);
	struct ng_span rotational = { NULL, 0 };
	char entry[ENTRY_ROOM];

	name_entry(entry, major_text, minor_text);
	read_properties(scrape, devices, entry, property);
	int r = read_rotational(scrape, devices, name, &rotational);
	if (r < 0)
		return r;
	device->labels = NG_LABELS(arena, { "device", name });
	device->info = NG_LABELS(arena, { "device", name }, { "major", major_text }, { "minor", minor_text },
		{ "model", property[ID_MODEL] }, { "path", property[ID_PATH] }, { "revision", property[ID_REVISION] },
		{ "rotational", rotational }, { "serial", serial(property) }, { "wwn", property[ID_WWN] });
	if (property[ID_FS_TYPE].size)
		device->filesystem = NG_LABELS(arena, { "device", name }, { "type", property[ID_FS_TYPE] },
			{ "usage", property[ID_FS_USAGE] }, { "uuid", property[ID_FS_UUID] },
			{ "version", property[ID_FS_VERSION] });
	if (property[DM_NAME].size)
		device->mapper = NG_LABELS(arena, { "device", name }, { "lv_layer", property[DM_LV_LAYER] },
			{ "lv_name", property[DM_LV_NAME] }, { "name", property[DM_NAME] },
			{ "uuid", property[DM_UUID] }, { "vg_name", property[DM_VG_NAME] });
	if (!ng_labels_valid(device->labels) || !ng_labels_valid(device->info))
		return -ENOMEM;
	return take_ata(scrape, devices, device, entry, property);
}

int diskstats_devices_add(struct ng_scrape *scrape, struct devices *devices, struct ng_span head,
	const struct ng_filter *filter, uint32_t major, uint32_t minor, struct ng_span name)
{
	struct device *device = ng_push(&devices->arena, &devices->device, &devices->count, &devices->capacity);

	if (!device)
		return -ENOMEM;
	*device = (struct device){ .head = ng_copy(&devices->arena, head), .ignored = !ng_filter_keeps(filter, name) };
	if (!device->head.text)
		return -ENOMEM;
	return device->ignored ? 0 : describe(scrape, devices, device, major, minor, name);
}
