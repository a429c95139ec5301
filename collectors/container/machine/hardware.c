/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cAdvisor's machine information except CPUs: memory modules, persistent memory, and the system's names.
 *
 *     /sys/devices/system/edac/mc/mc0/dimm0/size           16384 (MiB)
 *                                          dimm_mem_type   Registered-DDR4
 *     /sys/bus/nd/devices/region0/size                     135291469824
 *
 * Source: Documentation/admin-guide/RAS, drivers/edac/edac_mc_sysfs.c; drivers/nvdimm/region_devs.c. Reread when a
 * device is added or removed.
 */
#include "machine/machine.h"

/* ---- memory modules ---- */

/* The entry of a type, created if necessary; NULL if the table is full. */
static struct container_dimms *dimms_of(struct container_machine *machine, struct ng_span type)
{
	for (size_t i = 0; i < machine->dimm_types; i++) {
		if (ng_span_equal(ng_span(machine->dimm[i].type), type))
			return &machine->dimm[i];
	}
	if (machine->dimm_types == NG_COUNT(machine->dimm) || type.size >= sizeof(machine->dimm[0].type))
		return NULL;
	struct container_dimms *dimms = &machine->dimm[machine->dimm_types++];
	*dimms = (struct container_dimms){ 0 };
	memcpy(dimms->type, type.text, type.size);
	return dimms;
}

static void read_dimm(struct ng_scrape *scrape, struct container_machine *machine, const char *path)
{
	NG_CLOSE int directory = -1;
	struct ng_span type;
	uint64_t megabytes = 0;

	int r = path ? ng_directory(scrape, NG_SYS, path, &directory) : -ENOMEM;
	if (r == 0)
		r = ng_read_value_at(scrape, directory, "dimm_mem_type", &type);
	if (r == 0)
		r = ng_read_u64_at(scrape, directory, "size", &megabytes);
	container_forget_if(scrape, machine, r, path ? path : "dimm");
	machine->dimms_failed = machine->dimms_failed || (r < 0 && !ng_absent(r));
	if (r < 0 || megabytes == 0)
		return;
	struct container_dimms *dimms = dimms_of(machine, type);
	if (!dimms)
		return;
	dimms->count++;
	dimms->bytes += megabytes << 20;
}

static void read_dimms(struct ng_scrape *scrape, struct container_machine *machine)
{
	struct ng_names mcs, names;

	machine->dimm_types = 0;
	machine->dimms_failed = false;
	int r = ng_names(scrape, NG_SYS, "devices/system/edac/mc", &mcs);
	container_forget_if(scrape, machine, r, "devices/system/edac/mc");
	for (size_t i = 0; r == 0 && i < mcs.count; i++) {
		const char *mc = ng_join(scrape->arena, "devices/system/edac/mc/", mcs.name[i], NULL);
		if (!ng_span_starts(ng_span(mcs.name[i]), NG_SPAN("mc")))
			continue;
		int listed = mc ? ng_names(scrape, NG_SYS, mc, &names) : -ENOMEM;
		container_forget_if(scrape, machine, listed, mcs.name[i]);
		machine->dimms_failed = machine->dimms_failed || (listed < 0 && !ng_absent(listed));
		for (size_t k = 0; listed == 0 && k < names.count; k++) {
			if (ng_span_starts(ng_span(names.name[k]), NG_SPAN("dimm")))
				read_dimm(scrape, machine, ng_join(scrape->arena, mc, "/", names.name[k]));
		}
	}
}

/* ---- persistent memory ---- */

/* Counts a region made of modules; a region set aside from ordinary memory (memmap=) has none. */
static void add_region(struct ng_scrape *scrape, struct container_machine *machine, const char *path)
{
	NG_CLOSE int directory = -1;
	uint64_t mappings = 0, size = 0;

	int r = path ? ng_directory(scrape, NG_SYS, path, &directory) : -ENOMEM;
	if (r == 0)
		r = ng_read_u64_at(scrape, directory, "mappings", &mappings);
	if (r == 0 && mappings)
		r = ng_read_u64_at(scrape, directory, "size", &size);
	container_forget_if(scrape, machine, r, path ? path : "region");
	machine->nvm_known = machine->nvm_known && (r == 0 || ng_absent(r));
	machine->nvm_bytes += size;
}

static void read_nvm(struct ng_scrape *scrape, struct container_machine *machine)
{
	struct ng_names names;

	machine->nvm_modules = machine->nvm_bytes = 0;
	int r = ng_names(scrape, NG_SYS, "bus/nd/devices", &names);
	machine->nvm_known = r == 0 || r == -ENOENT;
	container_forget_if(scrape, machine, r, "bus/nd/devices");
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		struct ng_span name = ng_span(names.name[i]);
		machine->nvm_modules += ng_span_starts(name, NG_SPAN("nmem"));
		if (ng_span_starts(name, NG_SPAN("region")))
			add_region(scrape, machine, ng_join(scrape->arena, "bus/nd/devices/", names.name[i], NULL));
	}
}

/* ---- the system ---- */

/* PRETTY_NAME="Debian GNU/Linux 12 (bookworm)" */
static bool pretty_name(struct ng_span text, struct ng_span *ret_name)
{
	static const struct ng_span key = NG_SPAN("PRETTY_NAME=");
	struct ng_span line;

	while (ng_line_next(&text, &line)) {
		line = ng_trim(line);
		if (!ng_span_starts(line, key))
			continue;
		line = ng_span_skip(line, key.size);
		bool quoted = line.size >= 2 && (line.text[0] == '"' || line.text[0] == '\'') &&
			      line.text[line.size - 1] == line.text[0];
		*ret_name = quoted ? (struct ng_span){ line.text + 1, line.size - 2 } : line;
		return true;
	}
	return false;
}

static void keep(char *kept, size_t room, struct ng_span text)
{
	size_t size = text.size < room - 1 ? text.size : room - 1;

	memcpy(kept, text.text, size);
	kept[size] = '\0';
}

static int peek(struct ng_scrape *scrape, struct container_machine *machine, enum ng_root root, const char *path,
	struct ng_span *ret_text)
{
	int r = ng_peek_at(scrape, ng_root_fd(scrape, root), NG_RECORDS, path, ret_text);

	container_forget_if(scrape, machine, r, path);
	machine->version_failed = machine->version_failed || (r < 0 && !ng_absent(r));
	return r;
}

static void read_system(struct ng_scrape *scrape, struct container_machine *machine)
{
	struct ng_span text, name;

	machine->kernel[0] = machine->system[0] = '\0';
	machine->version_failed = false;
	if (peek(scrape, machine, NG_PROC, "sys/kernel/osrelease", &text) == 0)
		keep(machine->kernel, sizeof(machine->kernel), ng_trim(text));
	int r = peek(scrape, machine, NG_ROOTFS, "etc/os-release", &text);
	if (ng_absent(r))
		r = peek(scrape, machine, NG_ROOTFS, "usr/lib/os-release", &text);
	if (r == 0 && pretty_name(text, &name))
		keep(machine->system, sizeof(machine->system), name);
}

void container_hardware_read(struct ng_scrape *scrape, struct container_machine *machine)
{
	read_dimms(scrape, machine);
	read_nvm(scrape, machine);
	read_system(scrape, machine);
}
