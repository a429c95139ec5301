/* SPDX-License-Identifier: Apache-2.0 */
/* cAdvisor's machine information, reread when a device is added or removed. */
#include "machine/machine.h"

/* Returns the error of reading the file. */
static int read_id(
	struct ng_scrape *scrape, struct container_machine *machine, enum ng_root root, const char *path, char id[40])
{
	struct ng_span text;

	id[0] = '\0';
	int r = ng_peek_at(scrape, ng_root_fd(scrape, root), NG_VALUE | NG_PRIVILEGED, path, &text);
	machine->ids_failed = machine->ids_failed || container_failed(r);
	if (r != -EACCES) /* a missing privilege is reported elsewhere */
		container_forget_if(scrape, machine, r, path);
	if (r < 0)
		return r;
	/* device tree properties end with a NUL */
	text.size = strnlen(text.text, text.size);
	text = ng_trim(text);
	if (text.size >= 40)
		return 0;
	memcpy(id, text.text, text.size);
	id[text.size] = '\0';
	return 0;
}

/* From the firmware (root only) or the device tree; otherwise the system's own, as in cAdvisor. */
static void read_system_uuid(struct ng_scrape *scrape, struct container_machine *machine)
{
	int r = read_id(scrape, machine, NG_SYS, "class/dmi/id/product_uuid", machine->system_uuid);

	if (r == -ENOENT)
		r = read_id(scrape, machine, NG_PROC, "device-tree/system-id", machine->system_uuid);
	if (r == -ENOENT)
		r = read_id(scrape, machine, NG_PROC, "device-tree/vm,uuid", machine->system_uuid);
	if (r == -ENOENT)
		memcpy(machine->system_uuid, machine->machine_id, sizeof(machine->system_uuid));
}

/* Counts distinct pairs; those seen so far are kept in the arena. */
struct pairs {
	uint64_t *pair;
	size_t count, room;
};

static int count_pair(struct ng_arena *arena, struct pairs *pairs, uint64_t pair)
{
	for (size_t i = 0; i < pairs->count; i++) {
		if (pairs->pair[i] == pair)
			return 0;
	}
	uint64_t *slot = ng_push(arena, &pairs->pair, &pairs->count, &pairs->room);
	if (!slot)
		return -ENOMEM;
	*slot = pair;
	return 0;
}

/* The topology levels of the CPUs. A count that may be incomplete is not reported. */
enum { CORES, SOCKETS, BOOKS, DRAWERS, PARTS };
struct topology {
	struct pairs part[PARTS];
	bool incomplete[PARTS];
};

static void count_part(struct ng_scrape *scrape, struct container_machine *machine, struct topology *topology,
	size_t part, int r, uint64_t pair, const char *file)
{
	if (r == 0)
		r = count_pair(scrape->arena, &topology->part[part], pair);
	if (r < 0 && !ng_absent(r))
		topology->incomplete[part] = true;
	container_forget_if(scrape, machine, r, file);
}

/* Returns the error of opening its topology directory: an offline CPU has none. */
static int read_cpu(
	struct ng_scrape *scrape, struct container_machine *machine, struct topology *topology, const char *name)
{
	const char *path = ng_join(scrape->arena, "devices/system/cpu/", name, "/topology");
	uint64_t package = 0, core = 0, book = 0, drawer = 0;
	int directory;

	int r = path ? ng_directory(scrape, NG_SYS, path, &directory) : -ENOMEM;
	if (r < 0)
		return r;
	int has_package = ng_read_u64_at(scrape, directory, "physical_package_id", &package);
	int has_core = ng_read_u64_at(scrape, directory, "core_id", &core);
	int has_book = ng_read_u64_at(scrape, directory, "book_id", &book);
	int has_drawer = ng_read_u64_at(scrape, directory, "drawer_id", &drawer);
	ng_close_fd(&directory);
	count_part(scrape, machine, topology, SOCKETS, has_package, package, "physical_package_id");
	count_part(scrape, machine, topology, CORES, has_package < 0 ? has_package : has_core,
		package << 32 | (core & UINT32_MAX), "core_id");
	count_part(scrape, machine, topology, BOOKS, has_book, book, "book_id");
	count_part(scrape, machine, topology, DRAWERS, has_drawer, drawer, "drawer_id");
	return 0;
}

static void read_topology(struct ng_scrape *scrape, struct container_machine *machine)
{
	struct topology topology = { 0 };
	struct ng_names names;
	bool whole = true;
	uint64_t cpu;

	machine->cores = 0;
	int r = ng_names(scrape, NG_SYS, "devices/system/cpu", &names);
	container_forget_if(scrape, machine, r, "devices/system/cpu");
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		struct ng_span name = ng_span(names.name[i]);
		if (!ng_span_starts(name, NG_SPAN("cpu")) || ng_u64(ng_span_skip(name, 3), &cpu) < 0)
			continue;
		int error = read_cpu(scrape, machine, &topology, names.name[i]);
		container_forget_if(scrape, machine, error, names.name[i]);
		machine->cores += error == 0;
		whole = whole && (error == 0 || ng_absent(error));
	}
	uint64_t *const counts[PARTS] = { &machine->physical_cores, &machine->sockets, &machine->books,
		&machine->drawers };
	for (size_t i = 0; i < PARTS; i++)
		*counts[i] = whole && !topology.incomplete[i] ? topology.part[i].count : 0;
	machine->cores = whole ? machine->cores : 0;
}

/* A size as cgroup files are named: "2MB" for 2048 kB (hugetlb_cgroup.c: mem_fmt). */
static const char *size_name(struct ng_arena *arena, uint64_t kilobytes)
{
	static const char *const units[] = { "KB", "MB", "GB" };
	char digits[NG_DIGITS + 1] = ""; /* the final NUL ends the text */
	size_t unit = 0;

	while (kilobytes >= 1024 && unit + 1 < NG_COUNT(units)) {
		kilobytes /= 1024;
		unit++;
	}
	return ng_join(arena, ng_digits(digits, kilobytes).text, units[unit], NULL);
}

/* /sys/kernel/mm/hugepages/hugepages-2048kB */
static void read_huge_sizes(struct ng_scrape *scrape, struct container_machine *machine)
{
	static const char front[] = "hugepages-", back[] = "kB";
	struct ng_names *sizes = &machine->huge_sizes, names;
	size_t room = 0;
	uint64_t kilobytes;

	*sizes = (struct ng_names){ 0 };
	ng_arena_reset(&machine->sizes);
	int r = ng_names(scrape, NG_SYS, "kernel/mm/hugepages", &names);
	container_forget_if(scrape, machine, r, "kernel/mm/hugepages");
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		struct ng_span name = ng_span(names.name[i]);
		if (!ng_span_starts(name, ng_span(front)) || !ng_span_ends(name, ng_span(back)))
			continue;
		name.size -= strlen(back);
		if (ng_u64(ng_span_skip(name, strlen(front)), &kilobytes) < 0)
			continue;
		const char *size = size_name(&machine->sizes, kilobytes);
		const char **slot = size ? ng_push(&machine->sizes, &sizes->name, &sizes->count, &room) : NULL;
		if (slot)
			*slot = size;
		else
			container_forget_if(scrape, machine, -ENOMEM, names.name[i]);
	}
}

static void read_memory(struct ng_scrape *scrape, struct container_machine *machine)
{
	struct ng_span text, line;
	bool has_swap = true;
	uint64_t value;

	int r = ng_shared_read(scrape, machine->meminfo, &text);
	if (r < 0)
		ng_drop_unread(scrape, r, "meminfo");
	if (r < 0)
		return;
	while (ng_line_next(&text, &line)) {
		bool memory = ng_span_starts(line, NG_SPAN("MemTotal:")),
		     swap = ng_span_starts(line, NG_SPAN("SwapTotal:"));
		if (!memory && !swap)
			continue;
		line = ng_span_skip(line, ng_span_find(line, ':') + 1);
		if (ng_u64_next(&line, &value) < 0)
			continue;
		*(memory ? &machine->memory : &machine->swap) = value * 1024;
		if (swap)
			has_swap = value > 0;
	}
	machine->no_swap = !has_swap;
}

void container_machine_read(struct ng_scrape *scrape, struct container_machine *machine, bool huge_sizes, bool all)
{
	read_memory(scrape, machine);
	if (machine->epoch == scrape->devices_epoch)
		return;
	machine->epoch = scrape->devices_epoch;
	if (huge_sizes)
		read_huge_sizes(scrape, machine);
	if (!all)
		return;
	read_topology(scrape, machine);
	machine->ids_failed = false;
	read_id(scrape, machine, NG_PROC, "sys/kernel/random/boot_id", machine->boot_id);
	read_id(scrape, machine, NG_ROOTFS, "etc/machine-id", machine->machine_id);
	read_system_uuid(scrape, machine);
	container_hardware_read(scrape, machine);
}
