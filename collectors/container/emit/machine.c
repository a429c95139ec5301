/* SPDX-License-Identifier: Apache-2.0 */
/* Writes cAdvisor's machine metrics. */
#include "emit/write.h"

static void write_dimms(struct ng_scrape *scrape, const struct container_machine *machine, struct ng_labels *ids)
{
	for (size_t which = 0; which < 2; which++) {
		ng_family(scrape->page, container_family(which ? FAMILY_DIMM_CAPACITY : FAMILY_DIMM_COUNT));
		for (size_t i = 0; !machine->dimms_failed && i < machine->dimm_types; i++) {
			const struct container_dimms *dimms = &machine->dimm[i];
			ng_sample_u64(scrape->page,
				NG_LABELS_WITH(scrape->arena, ids, { "type", ng_span(dimms->type) }),
				which ? dimms->bytes : dimms->count);
		}
	}
}

/* The kernel reports how much of the modules is mapped as memory; without modules all values are 0. */
static void write_nvm(struct ng_scrape *scrape, const struct container_machine *machine, struct ng_labels *ids)
{
	if (!machine->nvm_known)
		return;
	ng_family(scrape->page, container_family(FAMILY_NVM_CAPACITY));
	ng_sample_u64(scrape->page, NG_LABELS_WITH(scrape->arena, ids, { "mode", NG_SPAN("app_direct_mode") }),
		machine->nvm_bytes);
	if (machine->nvm_modules)
		return;
	ng_sample_u64(scrape->page, NG_LABELS_WITH(scrape->arena, ids, { "mode", NG_SPAN("memory_mode") }), 0);
	ng_family(scrape->page, container_family(FAMILY_NVM_POWER));
	ng_sample_u64(scrape->page, ids, 0);
}

static void write_hardware(struct ng_scrape *scrape, const struct container_machine *machine, struct ng_labels *ids)
{
	const struct ng_span none = { "", 0 };

	if (!machine->ids_failed) {
		write_dimms(scrape, machine, ids);
		write_nvm(scrape, machine, ids);
	}
	ng_family(scrape->page, container_family(FAMILY_VERSION));
	if (!machine->version_failed)
		ng_sample_u64(scrape->page,
			NG_LABELS(scrape->arena, { "cadvisorRevision", none }, { "cadvisorVersion", none },
				{ "dockerVersion", none }, { "kernelVersion", ng_span(machine->kernel) },
				{ "osVersion", ng_span(machine->system) }),
			1);
	ng_gauge_u64(scrape->page, container_family(FAMILY_MACHINE_ERROR), machine->cores == 0);
}

void container_write_machine(struct ng_scrape *scrape, const struct container_machine *machine)
{
	const struct {
		const char *name, *value;
	} ids[] = {
		{ "boot_id", machine->boot_id },
		{ "machine_id", machine->machine_id },
		{ "system_uuid", machine->system_uuid },
	};
	const struct {
		enum container_family family;
		uint64_t value;
		bool known;
	} rows[] = {
		{ FAMILY_CORES, machine->cores, machine->cores > 0 },
		{ FAMILY_PHYSICAL_CORES, machine->physical_cores, machine->physical_cores > 0 },
		{ FAMILY_SOCKETS, machine->sockets, machine->sockets > 0 },
		{ FAMILY_MEMORY, machine->memory, machine->memory > 0 },
		{ FAMILY_SWAP, machine->swap, machine->memory > 0 },
		{ FAMILY_BOOKS, machine->books, machine->books > 0 },
		{ FAMILY_DRAWERS, machine->drawers, machine->drawers > 0 },
	};
	struct ng_label labels[NG_COUNT(ids)];
	size_t count = 0;

	for (size_t i = 0; i < NG_COUNT(ids); i++) {
		if (*ids[i].value)
			labels[count++] = (struct ng_label){ ids[i].name, ng_span(ids[i].value) };
	}
	struct ng_labels *known = ng_labels(scrape->arena, labels, count);
	for (size_t i = 0; i < NG_COUNT(rows); i++) {
		ng_family(scrape->page, container_family(rows[i].family));
		if (rows[i].known && !machine->ids_failed)
			ng_sample_u64(scrape->page, known, rows[i].value);
	}
	write_hardware(scrape, machine, known);
}
