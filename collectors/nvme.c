/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NVMe controllers and their namespaces.
 *
 *     /sys/class/nvme/nvme0/{model,serial,firmware_rev,cntlid}   read when devices change
 *     /sys/class/nvme/nvme0/state                                live
 *     /sys/class/nvme/nvme0/nvme0n1/{size,queue/logical_block_size}
 *     /sys/class/nvme/nvme0/nvme0n1/nuse                         488281250
 *     /sys/class/nvme/nvme0/nvme0n1/ana_state                    optimized
 *
 * `size` is in units of 512 bytes regardless of the logical block size, `nuse` in logical blocks. A namespace that is
 * accessible through several controllers is called nvme0c1n1 here. `ana_state` exists if the device reports asymmetric
 * access, `nuse` since Linux 6.8; to read it, the kernel queries the device (at most every 5 s), which may take long.
 * Source: drivers/nvme/host/sysfs.c.
 */
#include <nodegauge/collector.h>

static const char directory[] = "class/nvme";

enum { INFO, CAPACITY, NAMESPACE_INFO, BLOCK_SIZE, SIZE, USED };
static const struct ng_family families[] = {
	[INFO] = { .name = "node_nvme_info",
		.help = "An NVMe controller; always 1.",
		.type = NG_GAUGE,
		.labels = "device,firmware_revision,model,serial,state,cntlid" },
	[CAPACITY] = { .name = "node_nvme_namespace_capacity_bytes",
		.help = "Capacity of the namespace.",
		.type = NG_GAUGE,
		.labels = "device,nsid" },
	[NAMESPACE_INFO] = { .name = "node_nvme_namespace_info",
		.help = "A namespace of a controller; always 1.",
		.type = NG_GAUGE,
		.labels = "device,nsid,ana_state" },
	[BLOCK_SIZE] = { .name = "node_nvme_namespace_logical_block_size_bytes",
		.help = "Size of a logical block of the namespace.",
		.type = NG_GAUGE,
		.labels = "device,nsid" },
	[SIZE] = { .name = "node_nvme_namespace_size_bytes",
		.help = "Size of the namespace.",
		.type = NG_GAUGE,
		.labels = "device,nsid" },
	[USED] = { .name = "node_nvme_namespace_used_bytes",
		.help = "Bytes of the namespace allocated on the device.",
		.type = NG_GAUGE,
		.labels = "device,nsid" },
};

/* The constant attributes of a controller, in the order of the labels. */
enum { FIRMWARE, MODEL, SERIAL, CNTLID, TEXTS };
static const char *const text_files[TEXTS] = { "firmware_rev", "model", "serial", "cntlid" };

struct controller {
	struct ng_span name, text[TEXTS];
	bool unread; /* one of the texts could not be read: there is no info without it */
	struct ng_file state_file;
	struct ng_labels *labels; /* of this scrape; empty if the controller went away */
};

struct namespace
{
	struct ng_span device, nsid;
	struct ng_labels *labels;
	struct ng_file ana_file, nuse_file; /* path becomes NULL if there is no such attribute */
	uint64_t bytes, block_size;
	bool has_bytes, has_block_size;
	struct ng_labels *ana_labels; /* of this scrape, like the next two */
	uint64_t used;
	bool has_used;
};

struct nvme {
	uint64_t epoch; /* of the last listing */
	struct ng_arena arena;
	bool absent; /* no driver and no class directory */
	bool unsure; /* something expected is missing: the next scrape lists everything again */
	struct controller *controllers;
	size_t controller_count, controller_capacity;
	struct namespace *namespaces;
	size_t namespace_count, namespace_capacity;
};

/* ---- the devices: listed when they change ---- */

static void nvme_forget(struct nvme *nvme)
{
	for (size_t i = 0; i < nvme->controller_count; i++)
		ng_file_close(&nvme->controllers[i].state_file);
	for (size_t i = 0; i < nvme->namespace_count; i++) {
		ng_file_close(&nvme->namespaces[i].ana_file);
		ng_file_close(&nvme->namespaces[i].nuse_file);
	}
	struct ng_arena arena = nvme->arena;
	ng_arena_reset(&arena);
	*nvme = (struct nvme){ .arena = arena };
}

static bool digits_take(struct ng_span *rest)
{
	size_t n = 0;

	while (n < rest->size && rest->text[n] >= '0' && rest->text[n] <= '9')
		n++;
	*rest = ng_span_skip(*rest, n);
	return n > 0;
}

static bool letter_take(struct ng_span *rest, char letter)
{
	if (rest->size == 0 || rest->text[0] != letter)
		return false;
	*rest = ng_span_skip(*rest, 1);
	return true;
}

/* "nvme0n1" and "nvme0c1n1" are namespace 1. */
static bool namespace_name(struct ng_span rest, struct ng_span *ret_nsid)
{
	if (!ng_span_starts(rest, NG_SPAN("nvme")))
		return false;
	rest = ng_span_skip(rest, 4);
	if (!digits_take(&rest) || (letter_take(&rest, 'c') && !digits_take(&rest)) || !letter_take(&rest, 'n'))
		return false;
	*ret_nsid = rest;
	return digits_take(&rest) && rest.size == 0;
}

/* "class/nvme/nvme0/" + name + "/" + attribute; `name` may be empty */
static const char *attribute_path(
	struct ng_arena *arena, struct ng_span device, const char *name, const char *attribute)
{
	const char *base = ng_join(arena, directory, "/", device.text);

	base = base ? ng_join(arena, base, "/", name) : NULL;
	return base ? ng_join(arena, base, *name ? "/" : "", attribute) : NULL;
}

/* 0, or the error, which is counted unless the file is just missing. */
static int attribute_read(struct nvme *nvme, struct ng_scrape *scrape, const char *path, struct ng_span *ret_value)
{
	struct ng_span text;

	int r = path ? ng_read(scrape, NG_SYS, NG_RECORDS, path, &text) : -ENOMEM;
	if (r == 0) {
		*ret_value = ng_trim(text);
		return 0;
	}
	ng_drop_unread(scrape, r, path ? path : directory);
	nvme->unsure = nvme->unsure || !ng_absent(r);
	return r;
}

static bool number_read(struct nvme *nvme, struct ng_scrape *scrape, const char *path, uint64_t *ret_value)
{
	struct ng_span text;

	if (attribute_read(nvme, scrape, path, &text) < 0)
		return false;
	if (ng_u64(text, ret_value) == 0)
		return true;
	ng_drop_value(scrape, path, 1, "a 64-bit integer");
	nvme->unsure = true;
	return false;
}

static bool namespace_bytes(
	struct nvme *nvme, struct ng_scrape *scrape, struct ng_span device, const char *name, uint64_t *ret_bytes)
{
	const char *path = attribute_path(scrape->arena, device, name, "size");

	if (!number_read(nvme, scrape, path, ret_bytes))
		return false;
	if (!__builtin_mul_overflow(*ret_bytes, 512, ret_bytes))
		return true;
	ng_drop_value(scrape, path, 1, "a number of sectors");
	nvme->unsure = true;
	return false;
}

static int namespace_add(struct nvme *nvme, struct ng_scrape *scrape, struct ng_span device, const char *name)
{
	struct namespace row = { .device = device };
	const char *block_size = attribute_path(scrape->arena, device, name, "queue/logical_block_size");

	if (!namespace_name(ng_span(name), &row.nsid))
		return 0;
	row.has_bytes = namespace_bytes(nvme, scrape, device, name, &row.bytes);
	row.has_block_size = number_read(nvme, scrape, block_size, &row.block_size);
	row.nsid = ng_copy(&nvme->arena, row.nsid);
	row.labels = NG_LABELS(&nvme->arena, { "device", device }, { "nsid", row.nsid });
	row.ana_file = NG_FILE(NG_SYS, NG_VALUE, attribute_path(&nvme->arena, device, name, "ana_state"));
	row.nuse_file = NG_FILE(NG_SYS, NG_VALUE, attribute_path(&nvme->arena, device, name, "nuse"));
	struct namespace *slot =
		ng_push(&nvme->arena, &nvme->namespaces, &nvme->namespace_count, &nvme->namespace_capacity);
	if (!slot || !row.ana_file.path || !row.nuse_file.path)
		return -ENOMEM;
	*slot = row;
	return 0;
}

static int namespaces_list(struct nvme *nvme, struct ng_scrape *scrape, const char *path, struct ng_span device)
{
	struct ng_names names;

	int r = ng_names(scrape, NG_SYS, path, &names);
	if (r < 0) {
		ng_drop_unread(scrape, r, path);
		nvme->unsure = true;
		return 0;
	}
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = namespace_add(nvme, scrape, device, names.name[i]);
	return r;
}

/* A device without any of the texts is not ready, or not a controller. */
static int controller_add(struct nvme *nvme, struct ng_scrape *scrape, const char *name)
{
	const char *below = ng_join(scrape->arena, directory, "/", name);
	struct controller row = { .name = ng_copy(&nvme->arena, ng_span(name)) };
	bool any = false;

	for (size_t i = 0; i < TEXTS; i++) {
		const char *path = row.name.text ? attribute_path(scrape->arena, row.name, "", text_files[i]) : NULL;
		int r = attribute_read(nvme, scrape, path, &row.text[i]);
		row.text[i] = ng_copy(&nvme->arena, row.text[i]);
		row.unread = row.unread || !(r == 0 || ng_absent(r));
		any = any || !ng_absent(r);
	}
	if (!any) {
		ng_drop(scrape);
		nvme->unsure = true;
		return 0;
	}
	row.state_file = NG_FILE(NG_SYS, NG_VALUE, attribute_path(&nvme->arena, row.name, "", "state"));
	struct controller *slot =
		ng_push(&nvme->arena, &nvme->controllers, &nvme->controller_count, &nvme->controller_capacity);
	if (!below || !slot || !row.state_file.path)
		return -ENOMEM;
	*slot = row;
	return namespaces_list(nvme, scrape, below, row.name);
}

static int nvme_list(struct nvme *nvme, struct ng_scrape *scrape)
{
	struct ng_names names;

	nvme_forget(nvme);
	int r = ng_names(scrape, NG_SYS, directory, &names);
	nvme->absent = r == -ENOENT;
	if (r < 0 && !nvme->absent)
		return r;
	r = 0;
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = controller_add(nvme, scrape, names.name[i]);
	nvme->epoch = r < 0 || nvme->unsure ? 0 : scrape->devices_epoch;
	return r;
}

/* ---- changing attributes: read at every scrape ---- */

/*
 * 0, or the error, which is counted unless there is just no value. A missing attribute is remembered until the next
 * listing.
 */
static int varying_read(struct ng_scrape *scrape, struct ng_file *file, struct ng_span *ret_value)
{
	struct ng_span text;

	if (!file->path)
		return -ENOENT;
	int r = ng_file_read(scrape, file, &text);
	if (r == 0)
		*ret_value = ng_trim(text);
	else
		ng_drop_unread(scrape, r, file->path);
	if (r == -ENOENT)
		file->path = NULL;
	return r;
}

static void controller_read(struct ng_scrape *scrape, struct controller *controller)
{
	struct ng_span state = { NULL, 0 };

	controller->labels = NG_NO_LABELS;
	int r = varying_read(scrape, &controller->state_file, &state);
	if (controller->unread || (r < 0 && r != -ENOENT))
		return;
	controller->labels = NG_LABELS(scrape->arena, { "device", controller->name },
		{ "firmware_revision", controller->text[FIRMWARE] }, { "model", controller->text[MODEL] },
		{ "serial", controller->text[SERIAL] }, { "state", state }, { "cntlid", controller->text[CNTLID] });
}

static void access_read(struct ng_scrape *scrape, struct namespace *namespace)
{
	struct ng_span value = NG_SPAN("unknown");

	namespace->ana_labels = NG_NO_LABELS;
	int r = varying_read(scrape, &namespace->ana_file, &value);
	if (r == 0 || r == -ENOENT) {
		namespace->ana_labels = NG_LABELS(scrape->arena, { "device", namespace->device },
			{ "nsid", namespace->nsid }, { "ana_state", value });
	}
}

static void used_read(struct ng_scrape *scrape, struct namespace *namespace)
{
	struct ng_span value;
	uint64_t blocks;

	namespace->has_used = false;
	if (varying_read(scrape, &namespace->nuse_file, &value) < 0 || !namespace->has_block_size)
		return;
	namespace->has_used =
		ng_u64(value, &blocks) == 0 && !__builtin_mul_overflow(blocks, namespace->block_size, &namespace->used);
	if (!namespace->has_used)
		ng_drop_value(scrape, namespace->nuse_file.path, 1, "a number of blocks");
}

static void varying_read_all(struct nvme *nvme, struct ng_scrape *scrape)
{
	for (size_t i = 0; i < nvme->controller_count; i++)
		controller_read(scrape, &nvme->controllers[i]);
	for (size_t i = 0; i < nvme->namespace_count; i++)
		access_read(scrape, &nvme->namespaces[i]);
	for (size_t i = 0; i < nvme->namespace_count; i++)
		used_read(scrape, &nvme->namespaces[i]);
}

/* ---- families ---- */

static void nvme_emit(const struct nvme *nvme, struct ng_page *page)
{
	const struct namespace *namespaces = nvme->namespaces;

	ng_family(page, &families[INFO]);
	for (size_t i = 0; i < nvme->controller_count; i++) {
		if (nvme->controllers[i].labels)
			ng_sample_u64(page, nvme->controllers[i].labels, 1);
	}
	ng_family(page, &families[CAPACITY]);
	for (size_t i = 0; i < nvme->namespace_count; i++) {
		if (namespaces[i].has_bytes)
			ng_sample_u64(page, namespaces[i].labels, namespaces[i].bytes);
	}
	ng_family(page, &families[NAMESPACE_INFO]);
	for (size_t i = 0; i < nvme->namespace_count; i++) {
		if (namespaces[i].ana_labels)
			ng_sample_u64(page, namespaces[i].ana_labels, 1);
	}
	ng_family(page, &families[BLOCK_SIZE]);
	for (size_t i = 0; i < nvme->namespace_count; i++) {
		if (namespaces[i].has_block_size)
			ng_sample_u64(page, namespaces[i].labels, namespaces[i].block_size);
	}
	ng_family(page, &families[SIZE]);
	for (size_t i = 0; i < nvme->namespace_count; i++) {
		if (namespaces[i].has_bytes)
			ng_sample_u64(page, namespaces[i].labels, namespaces[i].bytes);
	}
	ng_family(page, &families[USED]);
	for (size_t i = 0; i < nvme->namespace_count; i++) {
		if (namespaces[i].has_used)
			ng_sample_u64(page, namespaces[i].labels, namespaces[i].used);
	}
}

static int nvme_collect(void *state, struct ng_scrape *scrape)
{
	struct nvme *nvme = state;
	int r = 0;

	if (nvme->epoch != scrape->devices_epoch)
		r = nvme_list(nvme, scrape);
	if (r == 0 && nvme->absent)
		return ng_failed(scrape, -ENODATA, "list", directory);
	if (r < 0)
		return r;
	varying_read_all(nvme, scrape);
	nvme_emit(nvme, scrape->page);
	return 0;
}

static void nvme_done(void *state)
{
	struct nvme *nvme = state;

	nvme_forget(nvme);
	ng_arena_done(&nvme->arena);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "nvme",
	.summary = "NVMe controllers and their namespaces",
	.may_block = true,
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct nvme),
	.collect = nvme_collect,
	.done = nvme_done,
};
NG_COLLECTOR(descriptor);
