/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Energy used by processor packages, cores and memory (RAPL).
 *
 *     class/powercap/intel-rapl:0/name          package-0
 *     class/powercap/intel-rapl:0/energy_uj     240422366267
 *     class/powercap/intel-rapl:0:0/name        core
 *
 * In microjoules; the counter wraps at max_energy_range_uj. Since Linux 5.10, only root may read it, because it reveals
 * what other programs compute. Source: Documentation/power/powercap/powercap.rst, drivers/powercap/powercap_sys.c.
 */
#include "devices.h"

static const char directory[] = "class/powercap";

enum { BY_NAME, WITH_LABEL };
static const struct ng_family families[] = {
	[BY_NAME] = { .name = "node_rapl_<zone>_joules_total",
		.help = "Energy used by the zone, such as package, core, uncore or dram.",
		.type = NG_COUNTER,
		.labels = "index,path",
		.dynamic = true },
	[WITH_LABEL] = { .name = "node_rapl_joules_total",
		.help = "Energy used by the zone, with --collector.rapl.enable-zone-label instead of the other "
			"families.",
		.type = NG_COUNTER,
		.labels = "index,path,rapl_zone" },
};

static const struct device_attribute attributes[] = { { .file = "energy_uj" } };
static const struct device_kind zones = {
	.attributes = attributes,
	.count = NG_COUNT(attributes),
	.families = families,
	.file_kind = NG_VALUE | NG_PRIVILEGED,
};

struct rapl {
	bool zone_label;
	struct devices devices; /* their names are those of the families */
	bool absent;            /* no class directory */
};

static const struct ng_option options[] = {
	NG_OPTION(rapl, zone_label, NG_OPTION_BOOL, "enable-zone-label", "false",
		"Report node_rapl_joules_total with the zone as a label, instead of a family for each zone."),
};

/* ---- listing ---- */

/* "package-0" is zone package with index 0; other names are numbered in the order in which they occur. */
static struct ng_span split_name(struct ng_span name, bool *ret_indexed, int64_t *ret_index)
{
	size_t dash = ng_span_find(name, '-');
	struct ng_span number = ng_span_skip(name, dash + 1);

	*ret_indexed = dash < name.size && ng_i64(number, ret_index) == 0;
	return *ret_indexed ? (struct ng_span){ name.text, dash } : name;
}

static bool is_valid(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* As in node_exporter: other characters become '_', together with those of the same kind and the '_' around them. */
static const char *family_name(struct ng_arena *arena, struct ng_span zone)
{
	const char *copy = ng_copy(arena, zone).text;
	const char *name = copy ? ng_join(arena, copy, "_joules_total", NULL) : NULL;
	char *room = name ? ng_alloc(arena, strlen(name) + 1) : NULL;
	size_t size = 0;

	if (!room)
		return NULL;
	while (*name) {
		size_t n = strspn(name, "_");
		bool replaced = name[n] != '\0' && !is_valid(name[n]);
		if (!replaced) {
			n += n == 0;
			memcpy(room + size, name, n);
			size += n;
			name += n;
			continue;
		}
		for (name += n; *name && !is_valid(*name);)
			name++;
		name += strspn(name, "_");
		room[size++] = '_';
	}
	room[size] = '\0';
	return ng_join(arena, "node_rapl_", room, NULL);
}

/* The index after the last one of the zone. */
struct usage {
	struct ng_span zone;
	int64_t next;
};
struct usages {
	struct usage *usage;
	size_t count, capacity;
};

static struct usage *usage_of(struct ng_arena *arena, struct usages *usages, struct ng_span zone)
{
	for (size_t i = 0; i < usages->count; i++) {
		if (ng_span_equal(usages->usage[i].zone, zone))
			return &usages->usage[i];
	}
	struct usage *usage = ng_push(arena, &usages->usage, &usages->count, &usages->capacity);
	if (usage)
		*usage = (struct usage){ .zone = zone };
	return usage;
}

/* The path as node_exporter shows it: with the root, as given on the command line. */
static const char *shown_path(struct ng_scrape *scrape, const char *entry)
{
	struct ng_span root = ng_span(ng_root_path(scrape, NG_SYS));

	while (root.size > 1 && root.text[root.size - 1] == '/')
		root.size--;
	const char *front = ng_copy(scrape->arena, root).text;
	front = front ? ng_join(scrape->arena, front, "/", directory) : NULL;
	return front ? ng_join(scrape->arena, front, "/", entry) : NULL;
}

static struct ng_labels *zone_labels(
	struct rapl *rapl, struct ng_scrape *scrape, const char *entry, struct ng_span zone, int64_t index)
{
	char room[NG_DIGITS];
	struct ng_label labels[] = { { "index", ng_digits(room, (uint64_t)index) },
		{ "path", ng_span(shown_path(scrape, entry)) }, { "rapl_zone", zone } };

	return ng_labels(&rapl->devices.kept, labels, rapl->zone_label ? 3 : 2);
}

static int zone_add(struct rapl *rapl, struct ng_scrape *scrape, const char *entry, struct usages *usages)
{
	const char *front = ng_join(scrape->arena, "class/powercap/", entry, "/");
	const char *path = front ? ng_join(scrape->arena, front, "name", NULL) : NULL;
	struct ng_span name;
	bool indexed;
	int64_t index = 0;

	int r = path ? ng_read(scrape, NG_SYS, NG_VALUE, path, &name) : -ENOMEM;
	if (ng_absent(r))
		return 0; /* the control type itself has no name */
	if (r < 0)
		return r; /* the numbers of the following zones depend on it */
	struct ng_span zone = split_name(ng_trim(name), &indexed, &index);
	struct usage *usage = usage_of(scrape->arena, usages, zone);
	const char *family = family_name(scrape->arena, zone);
	if (!usage || !family)
		return -ENOMEM;
	if (!indexed)
		index = usage->next;
	usage->next = index + 1;
	return devices_add(&rapl->devices, &zones, front, family, zone_labels(rapl, scrape, entry, zone, index));
}

static int list(struct rapl *rapl, struct ng_scrape *scrape)
{
	struct usages usages = { 0 };
	struct ng_names names;

	if (!devices_list(&rapl->devices, scrape))
		return 0;
	int r = ng_names(scrape, NG_SYS, directory, &names);
	rapl->absent = r == -ENOENT;
	if (rapl->absent)
		return devices_listed(&rapl->devices, scrape, 0);
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = zone_add(rapl, scrape, names.name[i], &usages);
	return devices_listed(&rapl->devices, scrape, r);
}

/* ---- energy ---- */

/* Without the privilege there is nothing to report. */
static int read_energy(struct rapl *rapl, struct ng_scrape *scrape)
{
	for (size_t i = 0; i < rapl->devices.count; i++) {
		struct device *device = &rapl->devices.device[i];
		struct ng_file *file = device->files;
		int r = ng_file_read(scrape, file, device->texts);
		if (r == -EACCES || r == -EPERM)
			return ng_failed(scrape, -ENODATA, "read", file->path);
		if (r < 0) {
			device->texts[0] = (struct ng_span){ NULL, 0 };
			ng_drop_unread(scrape, r, file->path);
			if (ng_absent(r))
				ng_drop(scrape);
		}
	}
	return 0;
}

static void emit_zone(struct ng_scrape *scrape, const struct device *device)
{
	struct ng_span text = ng_trim(device->texts[0]);
	uint64_t energy;

	if (text.size == 0)
		return;
	if (ng_u64(text, &energy) == 0)
		ng_sample_scaled(scrape->page, device->labels, energy, 6);
	else
		ng_drop_value(scrape, device->files[0].path, 1, "a number of microjoules");
}

static bool is_first(const struct rapl *rapl, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (ng_span_equal(rapl->devices.device[k].name, rapl->devices.device[i].name))
			return false;
	}
	return true;
}

/* All zones of a family together. */
static void emit(const struct rapl *rapl, struct ng_scrape *scrape)
{
	const struct device *device = rapl->devices.device;
	size_t count = rapl->devices.count;

	if (rapl->zone_label)
		ng_family(scrape->page, &families[WITH_LABEL]);
	for (size_t i = 0; i < count; i++) {
		if (rapl->zone_label) {
			emit_zone(scrape, &device[i]);
			continue;
		}
		if (!is_first(rapl, i))
			continue;
		ng_family_dynamic(scrape->page, NG_COUNTER, device[i].name, ng_span("Energy used by the zone."));
		for (size_t k = i; k < count; k++) {
			if (ng_span_equal(device[k].name, device[i].name))
				emit_zone(scrape, &device[k]);
		}
	}
}

static int rapl_collect(void *state, struct ng_scrape *scrape)
{
	struct rapl *rapl = state;

	int r = list(rapl, scrape);
	if (r == 0 && rapl->absent)
		return ng_failed(scrape, -ENODATA, "list", directory);
	if (r == 0)
		r = read_energy(rapl, scrape);
	if (r == 0)
		emit(rapl, scrape);
	return r;
}

static void rapl_done(void *state)
{
	struct rapl *rapl = state;

	devices_done(&rapl->devices);
}

static const struct ng_privilege privileges[] = {
	{ .capability = "root or CAP_DAC_READ_SEARCH", .lost = "node_rapl_*" },
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "rapl",
	.summary = "Energy used by processor packages, cores and memory (RAPL)",
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.privileges = privileges,
	.privilege_count = NG_COUNT(privileges),
	.state_size = sizeof(struct rapl),
	.collect = rapl_collect,
	.done = rapl_done,
};
NG_COLLECTOR(descriptor);
