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
 * A namespace that is reached by several controllers is called nvme0c1n1 here. `ana_state` exists where the device
 * reports asymmetric access, `nuse` since Linux 6.8; to answer it the kernel asks the device (at most every 5 s), which
 * may take long. Source: drivers/nvme/host/sysfs.c.
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
		.help = "How much of the namespace is allocated on the device.",
		.type = NG_GAUGE,
		.labels = "device,nsid" },
};

struct controller {
	struct ng_span name, firmware, model, serial, cntlid;
	struct ng_file state_file;
	struct ng_span labels; /* of this scrape; empty where the controller went away */
};

struct namespace
{
	struct ng_span device, nsid, labels;
	struct ng_file ana_file, nuse_file; /* path becomes NULL where there is no such attribute */
	uint64_t bytes, block_size;
	struct ng_span ana_labels; /* of this scrape, like the next two */
	uint64_t used;
	bool has_used;
};

struct nvme {
	uint64_t epoch; /* of the last listing */
	struct ng_arena arena;
	bool absent; /* no driver, no class directory */
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

/* A value that outlives the scrape; may be empty. */
static int value_keep(struct nvme *nvme, struct ng_scrape *scrape, int fd, const char *name, struct ng_span *ret_value)
{
	struct ng_span text;

	int r = ng_read_at(scrape, fd, NG_RECORDS, name, &text);
	if (r < 0)
		return r;
	*ret_value = ng_copy(&nvme->arena, ng_trim(text));
	return ret_value->text ? 0 : -ENOMEM;
}

static int number_read(struct ng_scrape *scrape, int fd, const char *name, uint64_t *ret_value)
{
	struct ng_span text;

	int r = ng_read_at(scrape, fd, NG_RECORDS, name, &text);
	return r < 0 ? r : ng_u64(ng_trim(text), ret_value);
}

/* "class/nvme/nvme0/" + name + "/" + attribute; `name` may be empty */
static const char *attribute_path(struct nvme *nvme, struct ng_span device, const char *name, const char *attribute)
{
	const char *base = ng_join(&nvme->arena, directory, "/", device.text);

	base = base ? ng_join(&nvme->arena, base, "/", name) : NULL;
	return base ? ng_join(&nvme->arena, base, *name ? "/" : "", attribute) : NULL;
}

static int namespace_add(
	struct nvme *nvme, struct ng_scrape *scrape, int controller_fd, struct ng_span device, const char *name)
{
	NG_CLOSE int fd = -1;
	struct namespace row = { .device = device };
	uint64_t blocks = 0;

	if (!namespace_name(ng_span(name), &row.nsid))
		return 0;
	int r = ng_directory_at(scrape, controller_fd, name, &fd);
	if (r == 0)
		r = number_read(scrape, fd, "size", &blocks);
	if (r == 0)
		r = number_read(scrape, fd, "queue/logical_block_size", &row.block_size);
	if (r < 0)
		return r;
	/* as node_exporter has it; the kernel counts `size` in units of 512 bytes whatever the block size is */
	if (__builtin_mul_overflow(blocks, row.block_size, &row.bytes))
		return -EINVAL;
	row.nsid = ng_copy(&nvme->arena, row.nsid);
	row.labels = NG_LABELS(&nvme->arena, { "device", device }, { "nsid", row.nsid });
	struct namespace *slot =
		ng_push(&nvme->arena, &nvme->namespaces, &nvme->namespace_count, &nvme->namespace_capacity);
	if (!slot)
		return -ENOMEM;
	row.ana_file = NG_FILE(NG_SYS, NG_VALUE, attribute_path(nvme, device, name, "ana_state"));
	row.nuse_file = NG_FILE(NG_SYS, NG_VALUE, attribute_path(nvme, device, name, "nuse"));
	*slot = row;
	return 0;
}

static int namespaces_list(struct nvme *nvme, struct ng_scrape *scrape, int fd, struct ng_span device)
{
	struct ng_names names;

	int r = ng_names_at(scrape, fd, ".", &names);
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		r = namespace_add(nvme, scrape, fd, device, names.name[i]);
		if (ng_item_gone(r)) {
			ng_drop(scrape);
			r = 0;
		}
	}
	return r;
}

static int controller_add(struct nvme *nvme, struct ng_scrape *scrape, const char *name)
{
	NG_CLOSE int fd = -1;
	struct controller row = { 0 };

	const char *base = ng_join(scrape->arena, directory, "/", name);
	if (!base)
		return -ENOMEM;
	int r = ng_directory(scrape, NG_SYS, base, &fd);
	if (r == 0)
		r = value_keep(nvme, scrape, fd, "firmware_rev", &row.firmware);
	if (r == 0)
		r = value_keep(nvme, scrape, fd, "model", &row.model);
	if (r == 0)
		r = value_keep(nvme, scrape, fd, "serial", &row.serial);
	if (r == 0)
		r = value_keep(nvme, scrape, fd, "cntlid", &row.cntlid);
	if (r < 0)
		return r;
	row.name = ng_copy(&nvme->arena, ng_span(name));
	const char *path = row.name.text ? attribute_path(nvme, row.name, "", "state") : NULL;
	if (!path)
		return -ENOMEM;
	struct controller *slot =
		ng_push(&nvme->arena, &nvme->controllers, &nvme->controller_count, &nvme->controller_capacity);
	if (!slot)
		return -ENOMEM;
	row.state_file = NG_FILE(NG_SYS, NG_VALUE, path);
	*slot = row;
	return namespaces_list(nvme, scrape, fd, row.name);
}

static int nvme_list(struct nvme *nvme, struct ng_scrape *scrape)
{
	struct ng_names names;
	uint64_t dropped = scrape->dropped;

	nvme_forget(nvme);
	int r = ng_names(scrape, NG_SYS, directory, &names);
	nvme->absent = r == -ENOENT;
	if (r < 0 && !nvme->absent)
		return r;
	for (size_t i = 0; i < names.count; i++) {
		r = controller_add(nvme, scrape, names.name[i]);
		if (ng_item_gone(r))
			ng_drop(scrape);
		else if (r < 0)
			return r;
	}
	/* what did not answer is asked again at the next scrape */
	nvme->epoch = scrape->dropped == dropped ? scrape->devices_epoch : 0;
	return 0;
}

/* ---- what varies: read at every scrape ---- */

/* -ENOENT where there is no such attribute, which is asked once per listing. */
static int varying_read(struct ng_scrape *scrape, struct ng_file *file, struct ng_span *ret_value)
{
	struct ng_span text;

	if (!file->path)
		return -ENOENT;
	int r = ng_file_read(scrape, file, &text);
	if (r == 0)
		*ret_value = ng_trim(text);
	else if (r == -ENOENT)
		file->path = NULL;
	return r;
}

/* A device that went away or does not answer drops out, anything else is the error of all. */
static int item_error(struct ng_scrape *scrape, int r)
{
	if (r < 0 && !ng_item_gone(r))
		return r;
	if (r < 0 && r != -ENOENT)
		ng_drop(scrape);
	return 0;
}

static int controller_read(struct ng_scrape *scrape, struct controller *controller)
{
	struct ng_span value;

	controller->labels = NG_NO_LABELS;
	int r = varying_read(scrape, &controller->state_file, &value);
	if (r == 0) {
		controller->labels = NG_LABELS(scrape->arena, { "device", controller->name },
			{ "firmware_revision", controller->firmware }, { "model", controller->model },
			{ "serial", controller->serial }, { "state", value }, { "cntlid", controller->cntlid });
	}
	return item_error(scrape, r);
}

static int access_read(struct ng_scrape *scrape, struct namespace *namespace)
{
	struct ng_span value = NG_SPAN("unknown");

	namespace->ana_labels = NG_NO_LABELS;
	int r = varying_read(scrape, &namespace->ana_file, &value);
	if (r == 0 || r == -ENOENT) {
		namespace->ana_labels = NG_LABELS(scrape->arena, { "device", namespace->device },
			{ "nsid", namespace->nsid }, { "ana_state", value });
	}
	return item_error(scrape, r);
}

static int used_read(struct ng_scrape *scrape, struct namespace *namespace)
{
	struct ng_span value;
	uint64_t blocks;

	int r = varying_read(scrape, &namespace->nuse_file, &value);
	namespace->has_used = r == 0 && ng_u64(value, &blocks) == 0 &&
			      !__builtin_mul_overflow(blocks, namespace->block_size, &namespace->used);
	return item_error(scrape, r);
}

static int varying_read_all(struct nvme *nvme, struct ng_scrape *scrape)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < nvme->controller_count; i++)
		r = controller_read(scrape, &nvme->controllers[i]);
	for (size_t i = 0; r == 0 && i < nvme->namespace_count; i++)
		r = access_read(scrape, &nvme->namespaces[i]);
	for (size_t i = 0; r == 0 && i < nvme->namespace_count; i++)
		r = used_read(scrape, &nvme->namespaces[i]);
	return r;
}

/* ---- families ---- */

static void nvme_emit(const struct nvme *nvme, struct ng_page *page)
{
	const struct namespace *namespaces = nvme->namespaces;

	ng_family(page, &families[INFO]);
	for (size_t i = 0; i < nvme->controller_count; i++) {
		if (nvme->controllers[i].labels.size)
			ng_sample_u64(page, nvme->controllers[i].labels, 1);
	}
	ng_family(page, &families[CAPACITY]);
	for (size_t i = 0; i < nvme->namespace_count; i++)
		ng_sample_u64(page, namespaces[i].labels, namespaces[i].bytes);
	ng_family(page, &families[NAMESPACE_INFO]);
	for (size_t i = 0; i < nvme->namespace_count; i++) {
		if (namespaces[i].ana_labels.size)
			ng_sample_u64(page, namespaces[i].ana_labels, 1);
	}
	ng_family(page, &families[BLOCK_SIZE]);
	for (size_t i = 0; i < nvme->namespace_count; i++)
		ng_sample_u64(page, namespaces[i].labels, namespaces[i].block_size);
	ng_family(page, &families[SIZE]);
	for (size_t i = 0; i < nvme->namespace_count; i++)
		ng_sample_u64(page, namespaces[i].labels, namespaces[i].bytes);
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
	if (r == 0)
		r = varying_read_all(nvme, scrape);
	if (r < 0)
		return r;
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
