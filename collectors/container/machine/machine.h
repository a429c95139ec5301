/* SPDX-License-Identifier: Apache-2.0 */
/* cAdvisor's machine information: see machine.c and hardware.c. */
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
	uint64_t epoch; /* of the devices when it was last read */
	uint64_t cores, physical_cores, sockets, memory, swap;
	uint64_t books, drawers; /* on s390x; 0 if there are none */
	uint64_t nvm_modules, nvm_bytes;
	bool nvm_known;
	bool ids_failed, dimms_failed, version_failed; /* not all could be read: leave out what depends on it */
	struct container_dimms dimm[8];                /* by type */
	size_t dimm_types;
	char boot_id[40], machine_id[40], system_uuid[40];
	bool no_swap;                 /* the machine has no swap */
	struct ng_names huge_sizes;   /* of huge pages: "2MB" */
	struct ng_arena sizes;        /* their names */
	char kernel[72], system[128]; /* "6.1.0-18-amd64", "Debian GNU/Linux 12 (bookworm)" */
};

/* Rereads after a device is added or removed; memory is read every time. `huge_sizes` and `all` select what to read. */
void container_machine_read(struct ng_scrape *scrape, struct container_machine *machine, bool huge_sizes, bool all);

/* Read again at the next scrape after a transient error. */
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
