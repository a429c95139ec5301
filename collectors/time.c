/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock of the machine, its time zone and its clock sources.
 *
 *     /sys/devices/system/clocksource/clocksource0/available_clocksource   tsc hpet acpi_pm
 *     /sys/devices/system/clocksource/clocksource0/current_clocksource     tsc
 *
 * Source: clock_gettime(2), tzset(3), kernel/time/clocksource.c.
 */
#include <nodegauge/collector.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const char directory[] = "devices/system/clocksource";

enum { SECONDS, ZONE_OFFSET, AVAILABLE, CURRENT };
static const struct ng_family families[] = {
	[SECONDS] = { .name = "node_time_seconds", .help = "System time as a Unix timestamp.", .type = NG_GAUGE },
	[ZONE_OFFSET] = { .name = "node_time_zone_offset_seconds",
		.help = "Offset of the local time zone from UTC.",
		.type = NG_GAUGE,
		.labels = "time_zone" },
	[AVAILABLE] = { .name = "node_time_clocksource_available_info",
		.help = "Available clock source; always 1.",
		.type = NG_GAUGE,
		.labels = "device,clocksource" },
	[CURRENT] = { .name = "node_time_clocksource_current_info",
		.help = "Clock source in use; always 1.",
		.type = NG_GAUGE,
		.labels = "device,clocksource" },
};

/* One clocksourceN directory. The label `device` counts the directories in the order of their names. */
struct device {
	struct ng_file current_file;
	const char *available_path;
	struct ng_span number;
	bool has_current;
	struct ng_span current; /* the last value read */
	struct ng_labels *current_labels;
	struct ng_labels **available_labels;
	size_t available_count;
};

struct clocks {
	struct ng_arena arena; /* holds everything below; emptied when anything changes */
	uint64_t epoch;
	bool unsure; /* something could not be read: retry at the next scrape */
	struct device *devices;
	size_t device_count;
	bool zone_missing; /* TZ names a time zone that this system lacks, as in images without tzdata */
};

static void devices_close(struct clocks *clocks)
{
	for (size_t i = 0; i < clocks->device_count; i++)
		ng_file_close(&clocks->devices[i].current_file);
	clocks->device_count = 0;
	clocks->epoch = 0;
	clocks->unsure = false;
}

static void leave_out(struct clocks *clocks, struct ng_scrape *scrape, int error, const char *path)
{
	ng_drop_unread(scrape, error, path);
	clocks->unsure = clocks->unsure || !ng_absent(error);
}

static bool is_device(const char *name)
{
	struct ng_span rest = ng_span(name), prefix = NG_SPAN("clocksource");

	if (!ng_span_starts(rest, prefix) || rest.size == prefix.size)
		return false;
	return rest.text[prefix.size] >= '0' && rest.text[prefix.size] <= '9';
}

/*
 * The list of available sources changes without a device event when the watchdog declares one unstable, which is then
 * no longer the current one. So the list is reread when devices or the current source change.
 */
static int available_read(struct clocks *clocks, struct ng_scrape *scrape, struct device *device)
{
	struct ng_span text, word;
	struct ng_labels **labels;
	size_t capacity = 0;

	int r = ng_read(scrape, NG_SYS, NG_RECORDS, device->available_path, &text);
	if (r < 0) {
		leave_out(clocks, scrape, r, device->available_path);
		return 0;
	}
	text = ng_trim(text);
	while (ng_word_next(&text, &word)) {
		labels = ng_push(&clocks->arena, &device->available_labels, &device->available_count, &capacity);
		if (!labels)
			return -ENOMEM;
		*labels = NG_LABELS(&clocks->arena, { "device", device->number }, { "clocksource", word });
	}
	return 0;
}

static int device_add(struct clocks *clocks, struct ng_scrape *scrape, struct device *device, const char *name)
{
	const char *base = ng_join(&clocks->arena, directory, "/", name), *current;
	char digits[NG_DIGITS];

	if (!base)
		return -ENOMEM;
	current = ng_join(&clocks->arena, base, "/current_clocksource", NULL);
	device->available_path = ng_join(&clocks->arena, base, "/available_clocksource", NULL);
	if (!current || !device->available_path)
		return -ENOMEM;
	device->current_file = NG_FILE(NG_SYS, NG_VALUE, current);
	device->number = ng_copy(&clocks->arena, ng_digits(digits, clocks->device_count - 1));
	return available_read(clocks, scrape, device);
}

static int devices_list(struct clocks *clocks, struct ng_scrape *scrape)
{
	struct ng_names names;

	devices_close(clocks);
	ng_arena_reset(&clocks->arena);
	clocks->epoch = scrape->devices_epoch;
	int r = ng_names(scrape, NG_SYS, directory, &names);
	if (r < 0) {
		leave_out(clocks, scrape, r, directory);
		return 0;
	}
	clocks->devices = ng_alloc0(&clocks->arena, (names.count + 1) * sizeof(*clocks->devices));
	if (!clocks->devices)
		return -ENOMEM;
	for (size_t i = 0; i < names.count; i++) {
		if (!is_device(names.name[i]))
			continue;
		r = device_add(clocks, scrape, &clocks->devices[clocks->device_count++], names.name[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Sets `*ret_changed` if a source is not the same as last time. */
static void current_read(struct clocks *clocks, struct ng_scrape *scrape, bool *ret_changed)
{
	struct ng_span text;

	for (size_t i = 0; i < clocks->device_count; i++) {
		struct device *device = &clocks->devices[i];
		int r = ng_file_read(scrape, &device->current_file, &text);
		text = r == 0 ? ng_trim(text) : (struct ng_span){ NULL, 0 };
		if (r == 0 && text.size == 0)
			r = ng_broken(scrape, device->current_file.path, 1, "a clock source");
		if (r < 0) {
			leave_out(clocks, scrape, r, device->current_file.path);
			device->has_current = false;
			continue;
		}
		if (device->has_current && ng_span_equal(text, device->current))
			continue;
		*ret_changed = *ret_changed || device->has_current;
		device->has_current = true;
		device->current = ng_copy(&clocks->arena, text);
		device->current_labels =
			NG_LABELS(&clocks->arena, { "device", device->number }, { "clocksource", device->current });
	}
}

static int clocksources_read(struct clocks *clocks, struct ng_scrape *scrape)
{
	bool changed = false;
	int r = 0;

	if (clocks->epoch == scrape->devices_epoch)
		current_read(clocks, scrape, &changed);
	if (clocks->epoch != scrape->devices_epoch || changed) {
		r = devices_list(clocks, scrape);
		if (r == 0)
			current_read(clocks, scrape, &changed);
	}
	if (r < 0 || clocks->unsure)
		clocks->epoch = 0;
	return r;
}

/* ---- the time zone ---- */

/* For a zone without a file, the C library makes one up, named after the beginning of TZ. */
static bool zone_missing(struct ng_setup *setup)
{
	const char *zone = getenv("TZ"), *base = getenv("TZDIR");

	if (!zone || !*zone)
		return false;
	zone += *zone == ':';
	if (*zone != '/' && strpbrk(zone, "0123456789<")) /* a rule, not a name: "CET-1CEST" */
		return false;
	if (*zone != '/')
		zone = ng_join(setup->arena, base ? base : "/usr/share/zoneinfo", "/", zone);
	return zone && access(zone, R_OK) < 0;
}

static void zone_emit(const struct clocks *clocks, struct ng_scrape *scrape, time_t now)
{
	struct tm local;

	if (!(clocks->zone_missing ? gmtime_r(&now, &local) : localtime_r(&now, &local)))
		return;
	if (clocks->zone_missing)
		local.tm_zone = "UTC";
	ng_family(scrape->page, &families[ZONE_OFFSET]);
	ng_sample_i64(scrape->page, NG_LABELS(scrape->arena, { "time_zone", ng_span(local.tm_zone) }), local.tm_gmtoff);
}

static void clocksources_emit(const struct clocks *clocks, struct ng_page *page)
{
	ng_family(page, &families[AVAILABLE]);
	for (size_t i = 0; i < clocks->device_count; i++) {
		const struct device *device = &clocks->devices[i];
		for (size_t k = 0; k < device->available_count; k++)
			ng_sample_u64(page, device->available_labels[k], 1);
	}
	ng_family(page, &families[CURRENT]);
	for (size_t i = 0; i < clocks->device_count; i++) {
		if (clocks->devices[i].has_current)
			ng_sample_u64(page, clocks->devices[i].current_labels, 1);
	}
}

static int time_init(void *state, struct ng_setup *setup)
{
	struct clocks *clocks = state;

	clocks->zone_missing = zone_missing(setup);
	tzset(); /* localtime_r is not required to do it; the zone is the one at startup */
	return 0;
}

static int time_collect(void *state, struct ng_scrape *scrape)
{
	struct clocks *clocks = state;
	struct timespec now;

	int r = clocksources_read(clocks, scrape);
	if (r < 0)
		return r;
	if (clock_gettime(CLOCK_REALTIME, &now) < 0)
		return ng_failed(scrape, -errno, "read", "the clock");
	ng_family(scrape->page, &families[SECONDS]);
	ng_sample_scaled(scrape->page, NG_NO_LABELS, (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec, 9);
	zone_emit(clocks, scrape, now.tv_sec);
	clocksources_emit(clocks, scrape->page);
	return 0;
}

static void time_done(void *state)
{
	struct clocks *clocks = state;

	devices_close(clocks);
	ng_arena_done(&clocks->arena);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "time",
	.summary = "System time, time zone and clock sources",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct clocks),
	.init = time_init,
	.collect = time_collect,
	.done = time_done,
};
NG_COLLECTOR(descriptor);
