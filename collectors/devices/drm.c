/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AMD graphics cards.
 *
 *     class/drm/card0/device/uevent                 DRIVER=amdgpu
 *     class/drm/card0/device/gpu_busy_percent       4
 *     class/drm/card0/device/mem_info_vram_used     1490378752
 *
 * Source: Documentation/gpu/amdgpu/driver-misc.rst and thermal.rst. Other drivers do not have these attributes.
 */
#include "devices.h"

#define DIRECTORY "class/drm"

/* X(family, file, help) */
#define METRICS(X)                                                                                                     \
	X("gpu_busy_percent", "gpu_busy_percent", "Load of the GPU in percent.")                                       \
	X("memory_gtt_size_bytes", "mem_info_gtt_total", "Size of the graphics translation table (GTT).")              \
	X("memory_gtt_used_bytes", "mem_info_gtt_used", "Used part of the graphics translation table (GTT).")          \
	X("memory_vis_vram_size_bytes", "mem_info_vis_vram_total", "Video memory that the CPU can access.")            \
	X("memory_vis_vram_used_bytes", "mem_info_vis_vram_used", "Used video memory that the CPU can access.")        \
	X("memory_vram_size_bytes", "mem_info_vram_total", "Size of the video memory.")                                \
	X("memory_vram_used_bytes", "mem_info_vram_used", "Used video memory.")

#define FAMILY(name_, file, help_) { .name = "node_drm_" name_, .help = (help_), .type = NG_GAUGE, .labels = "card" },
#define NUMBER(name, file_, help)  { .file = (file_) },
#define ONE(name, file, help)      +1

enum { NUMBERS = METRICS(ONE), INFO = NUMBERS, VENDOR = NUMBERS, LEVEL, UNIQUE_ID };

static const struct ng_family families[] = { METRICS(FAMILY)[INFO] = { .name = "node_drm_card_info",
						     .help = "A graphics card; always 1.",
						     .type = NG_GAUGE,
						     .labels = "card,memory_vendor,power_performance_level,"
							       "unique_id,vendor" } };
static const struct device_attribute attributes[] = {
	METRICS(NUMBER)[VENDOR] = { .file = "mem_info_vram_vendor" },
	[LEVEL] = { .file = "power_dpm_force_performance_level" },
	[UNIQUE_ID] = { .file = "unique_id" },
};
static const struct device_kind cards = {
	.attributes = attributes,
	.count = NG_COUNT(attributes),
	.numbers = NUMBERS,
	.families = families,
	.file_kind = NG_VALUE,
};

struct drm {
	struct devices devices;
};

static bool is_amd(struct ng_span uevent)
{
	struct ng_span line;

	while (ng_line_next(&uevent, &line)) {
		if (ng_span_starts(line, NG_SPAN("DRIVER=amdgpu")))
			return true;
	}
	return false;
}

static int card_add(struct drm *drm, struct ng_scrape *scrape, const char *name)
{
	const char *front = ng_join(scrape->arena, DIRECTORY "/", name, "/device/");
	const char *path = front ? ng_join(scrape->arena, front, "uevent", NULL) : NULL;
	struct ng_span uevent;

	int r = path ? ng_read(scrape, NG_SYS, NG_VALUE, path, &uevent) : -ENOMEM;
	if (r < 0 && r != -ENOMEM) {
		devices_leave_out(&drm->devices, scrape, r, path);
		return 0;
	}
	if (r < 0 || !is_amd(uevent))
		return r;
	return devices_add(
		&drm->devices, &cards, front, name, NG_LABELS(&drm->devices.kept, { "card", ng_span(name) }));
}

/* card0 to card9, not the connectors, such as card0-DP-1. */
static bool is_card(const char *name)
{
	return strncmp(name, "card", 4) == 0 && name[4] >= '0' && name[4] <= '9' && name[5] == '\0';
}

static int list(struct drm *drm, struct ng_scrape *scrape)
{
	struct ng_names names;

	if (!devices_list(&drm->devices, scrape))
		return 0;
	int r = ng_names(scrape, NG_SYS, DIRECTORY, &names);
	if (r == -ENOENT)
		return devices_listed(&drm->devices, scrape, 0);
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		if (is_card(names.name[i]))
			r = card_add(drm, scrape, names.name[i]);
	}
	return devices_listed(&drm->devices, scrape, r);
}

static int drm_collect(void *state, struct ng_scrape *scrape)
{
	struct drm *drm = state;

	int r = list(drm, scrape);
	if (r < 0)
		return r;
	devices_read(&drm->devices, scrape);
	devices_emit(&drm->devices, scrape, families, NUMBERS);
	ng_family(scrape->page, &families[INFO]);
	for (size_t i = 0; i < drm->devices.count; i++) {
		const struct device *device = &drm->devices.device[i];
		if (device->gone || device->unread)
			continue;
		ng_sample_u64(scrape->page,
			NG_LABELS_WITH(scrape->arena, device->labels, { "memory_vendor", device->texts[VENDOR] },
				{ "power_performance_level", device->texts[LEVEL] },
				{ "unique_id", device->texts[UNIQUE_ID] }, { "vendor", NG_SPAN("amd") }),
			1);
	}
	return 0;
}

static void drm_done(void *state)
{
	struct drm *drm = state;

	devices_done(&drm->devices);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "drm",
	.summary = "Load and memory of AMD graphics cards",
	.off_by_default = true,
	.may_block = true, /* the driver may have to wake the card */
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct drm),
	.collect = drm_collect,
	.done = drm_done,
};
NG_COLLECTOR(descriptor);
