/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NVMe subsystems and the paths to them.
 *
 *     class/nvme-subsystem/nvme-subsys0/{subsysnqn,model,serial,iopolicy}
 *     class/nvme-subsystem/nvme-subsys0/nvme1/{state,transport}            live, tcp
 *     class/nvme-subsystem/nvme-subsys0/nvme0n1                            a namespace
 *
 * Each controller is a path. `iopolicy` exists with native multipath only. Source: drivers/nvme/host/core.c, sysfs.c.
 */
#include "devices.h"

static const char directory[] = "class/nvme-subsystem";

enum { INFO, NAMESPACE_INFO, PATHS, PATHS_LIVE, PATH_STATE };
static const struct ng_family families[] = {
	[INFO] = { .name = "node_nvmesubsystem_info",
		.help = "An NVMe subsystem; always 1.",
		.type = NG_GAUGE,
		.labels = "subsystem,nqn,model,serial,iopolicy" },
	[NAMESPACE_INFO] = { .name = "node_nvmesubsystem_namespace_info",
		.help = "A namespace of the subsystem; always 1.",
		.type = NG_GAUGE,
		.labels = "subsystem,device" },
	[PATHS] = { .name = "node_nvmesubsystem_paths",
		.help = "Controllers through which the subsystem is connected.",
		.type = NG_GAUGE,
		.labels = "subsystem" },
	[PATHS_LIVE] = { .name = "node_nvmesubsystem_paths_live",
		.help = "Controllers of the subsystem that are live.",
		.type = NG_GAUGE,
		.labels = "subsystem" },
	[PATH_STATE] = { .name = "node_nvmesubsystem_path_state",
		.help = "1 for the state of the controller, 0 for the others.",
		.type = NG_GAUGE,
		.labels = "subsystem,controller,transport,state" },
};

enum { NQN, MODEL, SERIAL, IOPOLICY };
static const struct device_attribute subsystem_attributes[] = {
	[NQN] = { .file = "subsysnqn" },
	[MODEL] = { .file = "model" },
	[SERIAL] = { .file = "serial" },
	[IOPOLICY] = { .file = "iopolicy" },
};
static const struct device_kind subsystems = {
	.attributes = subsystem_attributes, .count = NG_COUNT(subsystem_attributes), .file_kind = NG_VALUE
};

enum { CONTROLLER_STATE, TRANSPORT };
static const struct device_attribute controller_attributes[] = {
	[CONTROLLER_STATE] = { .file = "state" },
	[TRANSPORT] = { .file = "transport" },
};
static const struct device_kind controllers = {
	.attributes = controller_attributes, .count = NG_COUNT(controller_attributes), .file_kind = NG_VALUE
};

/* The last one stands for any other. */
static const struct ng_span states[] = {
	NG_SPAN("connecting"),
	NG_SPAN("dead"),
	NG_SPAN("deleting"),
	NG_SPAN("live"),
	NG_SPAN("new"),
	NG_SPAN("resetting"),
	NG_SPAN("unknown"),
};

struct nvmesubsystem {
	/* Each subsystem is followed by its controllers. The labels of both are those of the subsystem. */
	struct devices devices;
	struct ng_labels **namespaces;
	size_t namespace_count, namespace_capacity;
	bool absent; /* no class directory */
};

/* ---- listing ---- */

static bool digits_take(struct ng_span *rest)
{
	size_t n = 0;

	while (n < rest->size && rest->text[n] >= '0' && rest->text[n] <= '9')
		n++;
	*rest = ng_span_skip(*rest, n);
	return n > 0;
}

/* "nvme0" */
static bool is_controller(struct ng_span name)
{
	struct ng_span rest = ng_span_skip(name, 4);

	return ng_span_starts(name, NG_SPAN("nvme")) && digits_take(&rest) && rest.size == 0;
}

/* "nvme0n1" */
static bool is_namespace(struct ng_span name)
{
	struct ng_span rest = ng_span_skip(name, 4);

	if (!ng_span_starts(name, NG_SPAN("nvme")) || !digits_take(&rest) || !ng_span_starts(rest, NG_SPAN("n")))
		return false;
	rest = ng_span_skip(rest, 1);
	return digits_take(&rest) && rest.size == 0;
}

static int namespace_add(struct nvmesubsystem *nvme, struct ng_span subsystem, const char *name)
{
	struct ng_labels **slot =
		ng_push(&nvme->devices.kept, &nvme->namespaces, &nvme->namespace_count, &nvme->namespace_capacity);

	if (!slot)
		return -ENOMEM;
	*slot = NG_LABELS(&nvme->devices.kept, { "subsystem", subsystem }, { "device", ng_span(name) });
	return ng_labels_valid(*slot) ? 0 : -ENOMEM;
}

static int controller_add(struct nvmesubsystem *nvme, struct ng_scrape *scrape, const char *front, const char *name,
	struct ng_labels *labels)
{
	const char *below = ng_join(scrape->arena, front, name, "/");

	return below ? devices_add(&nvme->devices, &controllers, below, name, labels) : -ENOMEM;
}

static int subsystem_add(struct nvmesubsystem *nvme, struct ng_scrape *scrape, const char *name)
{
	const char *front = ng_join(scrape->arena, "class/nvme-subsystem/", name, "/");
	struct ng_labels *labels = NG_LABELS(&nvme->devices.kept, { "subsystem", ng_span(name) });
	struct ng_names names;

	int r = front ? ng_names(scrape, NG_SYS, front, &names) : -ENOMEM;
	if (r < 0 && r != -ENOMEM) {
		ng_drop(scrape);
		devices_leave_out(&nvme->devices, scrape, r, front);
		return 0;
	}
	if (r == 0)
		r = devices_add(&nvme->devices, &subsystems, front, name, labels);
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		if (is_controller(ng_span(names.name[i])))
			r = controller_add(nvme, scrape, front, names.name[i], labels);
		else if (is_namespace(ng_span(names.name[i])))
			r = namespace_add(nvme, ng_span(name), names.name[i]);
	}
	return r;
}

static int list(struct nvmesubsystem *nvme, struct ng_scrape *scrape)
{
	struct ng_names names;

	if (!devices_list(&nvme->devices, scrape))
		return 0;
	nvme->namespaces = NULL;
	nvme->namespace_count = nvme->namespace_capacity = 0;
	int r = ng_names(scrape, NG_SYS, directory, &names);
	nvme->absent = r == -ENOENT;
	if (nvme->absent)
		return devices_listed(&nvme->devices, scrape, 0);
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		if (ng_span_starts(ng_span(names.name[i]), NG_SPAN("nvme-subsys")))
			r = subsystem_add(nvme, scrape, names.name[i]);
	}
	return devices_listed(&nvme->devices, scrape, r);
}

/* ---- families ---- */

static void emit_info(const struct nvmesubsystem *nvme, struct ng_scrape *scrape)
{
	ng_family(scrape->page, &families[INFO]);
	for (size_t i = 0; i < nvme->devices.count; i++) {
		const struct device *device = &nvme->devices.device[i];
		if (device->kind != &subsystems || device->gone || device->unread)
			continue;
		ng_sample_u64(scrape->page,
			NG_LABELS_WITH(scrape->arena, device->labels, { "nqn", device->texts[NQN] },
				{ "model", device->texts[MODEL] }, { "serial", device->texts[SERIAL] },
				{ "iopolicy", device->texts[IOPOLICY] }),
			1);
	}
	ng_family(scrape->page, &families[NAMESPACE_INFO]);
	for (size_t i = 0; i < nvme->namespace_count; i++)
		ng_sample_u64(scrape->page, nvme->namespaces[i], 1);
}

/* The index of the controller's state; "deleting (no IO)" is deleting. */
static size_t state_of(const struct device *controller)
{
	struct ng_span text = controller->texts[CONTROLLER_STATE], word = text;
	size_t i = 0;

	ng_word_next(&text, &word);
	while (i < NG_COUNT(states) - 1 && !ng_span_equal(states[i], word))
		i++;
	return i;
}

/* Controllers of the subsystem at `first`; with `live`, those that are. -ENODATA if a state is not known. */
static int count_paths(const struct nvmesubsystem *nvme, size_t first, bool live, uint64_t *ret_count)
{
	*ret_count = 0;
	for (size_t i = first + 1; i < nvme->devices.count && nvme->devices.device[i].kind == &controllers; i++) {
		const struct device *device = &nvme->devices.device[i];
		if (live && !device->texts[CONTROLLER_STATE].text)
			return -ENODATA;
		*ret_count += !live || ng_span_equal(states[state_of(device)], NG_SPAN("live"));
	}
	return 0;
}

static void emit_paths(const struct nvmesubsystem *nvme, struct ng_scrape *scrape, size_t family)
{
	uint64_t count;

	ng_family(scrape->page, &families[family]);
	for (size_t i = 0; i < nvme->devices.count; i++) {
		const struct device *device = &nvme->devices.device[i];
		if (device->kind == &subsystems && !device->gone &&
			count_paths(nvme, i, family == PATHS_LIVE, &count) == 0)
			ng_sample_u64(scrape->page, device->labels, count);
	}
}

static void emit_states(const struct nvmesubsystem *nvme, struct ng_scrape *scrape)
{
	ng_family(scrape->page, &families[PATH_STATE]);
	for (size_t i = 0; i < nvme->devices.count; i++) {
		const struct device *device = &nvme->devices.device[i];
		if (device->kind != &controllers || !device->texts[CONTROLLER_STATE].text ||
			!device->texts[TRANSPORT].text)
			continue;
		size_t current = state_of(device);
		for (size_t k = 0; k < NG_COUNT(states); k++) {
			ng_sample_u64(scrape->page,
				NG_LABELS_WITH(scrape->arena, device->labels, { "controller", device->name },
					{ "transport", device->texts[TRANSPORT] }, { "state", states[k] }),
				k == current);
		}
	}
}

static int nvmesubsystem_collect(void *state, struct ng_scrape *scrape)
{
	struct nvmesubsystem *nvme = state;

	int r = list(nvme, scrape);
	if (r == 0 && nvme->absent)
		return ng_failed(scrape, -ENODATA, "list", directory);
	if (r < 0)
		return r;
	devices_read(&nvme->devices, scrape);
	emit_info(nvme, scrape);
	emit_paths(nvme, scrape, PATHS);
	emit_paths(nvme, scrape, PATHS_LIVE);
	emit_states(nvme, scrape);
	return 0;
}

static void nvmesubsystem_done(void *state)
{
	struct nvmesubsystem *nvme = state;

	devices_done(&nvme->devices);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "nvmesubsystem",
	.summary = "NVMe subsystems and the state of the paths to them",
	.off_by_default = true,
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct nvmesubsystem),
	.collect = nvmesubsystem_collect,
	.done = nvmesubsystem_done,
};
NG_COLLECTOR(descriptor);
