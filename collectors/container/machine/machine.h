/* SPDX-License-Identifier: Apache-2.0 */
/* What cAdvisor says of the machine: see machine.c and hardware.c. */
#ifndef CONTAINER_MACHINE_H
#define CONTAINER_MACHINE_H

#include "stats/values.h"

#include <nodegauge/collector.h>

struct container_dimms {
	char type[24];
	uint64_t count, bytes;
};

struct container_machine {
	struct ng_shared *meminfo;
	uint64_t epoch; /* of the devices when it was read */
	uint64_t cores, physical_cores, sockets, memory, swap;
	uint64_t books, drawers; /* of s390x; 0 where there are none */
	uint64_t nvm_modules, nvm_bytes;
	bool nvm_known;
	bool ids_failed, dimms_failed, version_failed; /* some could not be read: what it is part of is left out */
	struct container_dimms dimm[8];                /* by type */
	size_t dimm_types;
	char boot_id[40], machine_id[40], system_uuid[40];
	bool no_swap;                 /* it has none */
	struct ng_names huge_sizes;   /* of pages: "2MB" */
	struct ng_arena sizes;        /* their names */
	char kernel[72], system[128]; /* "6.1.0-18-amd64", "Debian GNU/Linux 12 (bookworm)" */
};

/* When a device came or went; its memory every time. `huge_sizes` and `all` say what is wanted. */
void container_machine_read(struct ng_scrape *scrape, struct container_machine *machine, bool huge_sizes, bool all);

/* What fails in passing is read again at the next scrape. */
static inline void container_forget_if(
	struct ng_scrape *scrape, struct container_machine *machine, int r, const char *file)
{
	if (container_failed(r))
		machine->epoch = 0;
	if (r < 0)
		ng_drop_unread(scrape, r, file);
}

/* ---- hardware.c ---- */

void container_hardware_read(struct ng_scrape *scrape, struct container_machine *machine);

#endif
