/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Temperatures of thermal zones and states of cooling devices.
 *
 *     thermal_zone0/type     x86_pkg_temp
 *     thermal_zone0/temp     45000
 *     cooling_device0/type   Processor
 *     cooling_device0/cur_state  0
 *     cooling_device0/max_state  10
 *
 * Temperatures are in thousandths of a degree Celsius. A zone may temporarily have none (EAGAIN, ENODATA: a radio that
 * is off). cur_state is -1 if unknown (intel_powerclamp while idle).
 *
 * Source: Documentation/driver-api/thermal/sysfs-api.rst, drivers/thermal/thermal_sysfs.c.
 */
#include <nodegauge/collector.h>

#define DIRECTORY "class/thermal"

/*
 * On many machines, every processor is a cooling device. An open file costs 5 kB of kernel memory: files beyond the
 * first few are opened for each read.
 */
enum { FILES_KEPT = 64 };

/* A zone or cooling device: its constant attributes, and the file with the changing one. */
struct device {
	struct ng_file file;
	struct ng_labels *labels;
	int64_t max_state;
	bool has_max_state;
};

struct devices {
	struct device *device;
	size_t count, capacity;
};

struct thermal {
	uint64_t epoch; /* in which the devices were listed */
	bool unsure;    /* one of them could not be read: list again */
	struct ng_arena kept;
	struct devices zones, coolers;
	size_t files;
};

enum { TEMP, CUR_STATE, MAX_STATE };

static const struct ng_family families[] = {
	[TEMP] = { .name = "node_thermal_zone_temp",
		.help = "Temperature of the zone in degrees Celsius.",
		.type = NG_GAUGE,
		.labels = "zone,type" },
	[CUR_STATE] = { .name = "node_cooling_device_cur_state",
		.help = "Current cooling state of the device (0 is no cooling).",
		.type = NG_GAUGE,
		.labels = "name,type" },
	[MAX_STATE] = { .name = "node_cooling_device_max_state",
		.help = "Maximum cooling state of the device.",
		.type = NG_GAUGE,
		.labels = "name,type" },
};

static const struct ng_span zone_prefix = NG_SPAN("thermal_zone");
static const struct ng_span cooler_prefix = NG_SPAN("cooling_device");

/* ---- listing ---- */

static void forget(struct thermal *thermal)
{
	struct devices *all[] = { &thermal->zones, &thermal->coolers };

	for (size_t i = 0; i < NG_COUNT(all); i++) {
		for (size_t k = 0; k < all[i]->count; k++)
			ng_file_close(&all[i]->device[k].file);
		*all[i] = (struct devices){ 0 };
	}
	thermal->epoch = 0;
	thermal->unsure = false;
	ng_arena_reset(&thermal->kept);
}

/* Counts errors other than absent files; the next scrape retries. */
static void leave_out(
	struct thermal *thermal, struct ng_scrape *scrape, int error, const char *device, const char *file)
{
	const char *path = ng_join(scrape->arena, device, "/", file);

	if (error == -EBADMSG)
		ng_broken(scrape, path ? path : file, 1, "a 64-bit integer");
	ng_drop_unread(scrape, error, path ? path : file);
	thermal->unsure = thermal->unsure || !ng_absent(error);
}

/* A device without its type, which is a label, would be a different series. */
static int add(struct thermal *thermal, struct ng_scrape *scrape, struct devices *devices, const char *name,
	struct ng_span prefix)
{
	NG_CLOSE int directory = -1;
	struct ng_span type, number = ng_span_skip(ng_span(name), prefix.size);
	bool zone = devices == &thermal->zones;
	int64_t max_state = 0;

	const char *path = ng_join(&thermal->kept, DIRECTORY "/", name, zone ? "/temp" : "/cur_state");
	const char *below = ng_join(scrape->arena, DIRECTORY "/", name, NULL);
	if (!path || !below)
		return -ENOMEM;
	int r = ng_directory(scrape, NG_SYS, below, &directory);
	if (r == 0)
		r = ng_read_value_at(scrape, directory, "type", &type);
	if (r < 0) {
		ng_drop(scrape);
		leave_out(thermal, scrape, r, below, "type");
		return 0;
	}
	r = zone ? -ENOENT : ng_read_i64_at(scrape, directory, "max_state", &max_state);
	if (r < 0)
		leave_out(thermal, scrape, r, below, "max_state");
	struct device *device = ng_push(&thermal->kept, &devices->device, &devices->count, &devices->capacity);
	if (!device)
		return -ENOMEM;
	*device = (struct device){
		.file = NG_FILE(NG_SYS, NG_VALUE, path),
		.labels = NG_LABELS(&thermal->kept, { zone ? "zone" : "name", number }, { "type", type }),
		.max_state = max_state,
		.has_max_state = r == 0,
	};
	return ng_labels_valid(device->labels) ? 0 : -ENOMEM;
}

static bool is_numbered(const char *name, struct ng_span prefix)
{
	return strncmp(name, prefix.text, prefix.size) == 0 && name[prefix.size] >= '0' && name[prefix.size] <= '9';
}

static int list(struct thermal *thermal, struct ng_scrape *scrape)
{
	struct ng_names names;

	forget(thermal);
	int r = ng_names(scrape, NG_SYS, DIRECTORY, &names);
	if (r == -ENOENT)
		r = 0;
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		if (is_numbered(names.name[i], zone_prefix))
			r = add(thermal, scrape, &thermal->zones, names.name[i], zone_prefix);
		else if (is_numbered(names.name[i], cooler_prefix))
			r = add(thermal, scrape, &thermal->coolers, names.name[i], cooler_prefix);
	}
	if (r == 0 && !thermal->unsure)
		thermal->epoch = scrape->devices_epoch;
	return r;
}

/* ---- measurements ---- */

/* EAGAIN: no measurement at the moment. */
static bool read_number(struct thermal *thermal, struct ng_scrape *scrape, struct device *device, int64_t *ret_value)
{
	struct ng_span text;

	int r = ng_file_read(scrape, &device->file, &text);
	if (thermal->files++ >= FILES_KEPT)
		ng_file_close(&device->file);
	if (r < 0 && r != -EAGAIN)
		ng_drop_unread(scrape, r, device->file.path);
	if (r < 0)
		return false;
	if (ng_i64(ng_trim(text), ret_value) == 0)
		return true;
	ng_drop_value(scrape, device->file.path, 1, "a 64-bit integer");
	return false;
}

static void emit_zones(struct thermal *thermal, struct ng_scrape *scrape)
{
	ng_family(scrape->page, &families[TEMP]);
	for (size_t i = 0; i < thermal->zones.count; i++) {
		struct device *zone = &thermal->zones.device[i];
		int64_t temp;
		if (read_number(thermal, scrape, zone, &temp))
			ng_sample_decimal(scrape->page, zone->labels, (struct ng_decimal){ temp, 3 });
	}
}

static void emit_coolers(struct thermal *thermal, struct ng_scrape *scrape)
{
	const struct devices *coolers = &thermal->coolers;

	ng_family(scrape->page, &families[CUR_STATE]);
	for (size_t i = 0; i < coolers->count; i++) {
		int64_t state;
		if (read_number(thermal, scrape, &coolers->device[i], &state))
			ng_sample_i64(scrape->page, coolers->device[i].labels, state);
	}
	ng_family(scrape->page, &families[MAX_STATE]);
	for (size_t i = 0; i < coolers->count; i++) {
		if (coolers->device[i].has_max_state)
			ng_sample_i64(scrape->page, coolers->device[i].labels, coolers->device[i].max_state);
	}
}

static int thermal_zone_collect(void *state, struct ng_scrape *scrape)
{
	struct thermal *thermal = state;
	int r = 0;

	thermal->files = 0;
	if (thermal->epoch != scrape->devices_epoch)
		r = list(thermal, scrape);
	if (r < 0)
		return r;
	emit_zones(thermal, scrape);
	emit_coolers(thermal, scrape);
	return 0;
}

static void thermal_zone_done(void *state)
{
	struct thermal *thermal = state;

	forget(thermal);
	ng_arena_done(&thermal->kept);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "thermal_zone",
	.summary = "Temperatures of thermal zones and states of cooling devices",
	.may_block = true, /* some temperatures are read from firmware */
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct thermal),
	.collect = thermal_zone_collect,
	.done = thermal_zone_done,
};
NG_COLLECTOR(descriptor);
