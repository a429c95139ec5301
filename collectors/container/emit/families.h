/* SPDX-License-Identifier: Apache-2.0 */
/* The families of the container collector. */
#ifndef CONTAINER_FAMILIES_H
#define CONTAINER_FAMILIES_H

#include "collector.h"
#include "identity/labels.h"
#include "process/states.h"

enum { CONTAINER_DISK_FAMILIES = 9, CONTAINER_SIZE_FAMILIES = 4 };

/* Those that are not one value of each row; see families.c for the rest. */
enum container_family {
	FAMILY_FAULTS,
	FAMILY_DISK,
	FAMILY_COST = FAMILY_DISK + 4,
	FAMILY_BLKIO = FAMILY_COST + 4,
	FAMILY_DISK_DETAIL,
	FAMILY_SIZE = FAMILY_DISK_DETAIL + CONTAINER_DISK_FAMILIES,
	FAMILY_SIZE_LAST = FAMILY_SIZE + CONTAINER_SIZE_FAMILIES - 1,
	FAMILY_NETWORK,
	FAMILY_STATES = FAMILY_NETWORK + 8,
	FAMILY_LOAD,
	FAMILY_LOAD_BLOCKED,
	FAMILY_FILE_LIMIT,
	FAMILY_HUGE_USAGE,
	FAMILY_HUGE_MAX,
	FAMILY_HUGE_FAILURES,
	FAMILY_PEAK,
	FAMILY_LAST_SEEN = FAMILY_PEAK + 2 * CONTAINER_RESOURCES,
	FAMILY_IDENTITY,
	FAMILY_NODE_PEAK,
	FAMILY_NODE_SHARES,
	FAMILY_TRIGGERS,
	FAMILY_SAMPLER_CPU,
	FAMILY_SAMPLER_ROUNDS,
	FAMILY_SAMPLER_READS,
	FAMILY_SAMPLER_KEPT,
	FAMILY_GROUPS,
	FAMILY_CREATED,
	FAMILY_REMOVED,
	FAMILY_UNRESOLVED,
	FAMILY_PSI,
	FAMILY_BY_PATH,
	FAMILY_REFUSED,
	FAMILY_WATCHES,
	FAMILY_OVERFLOWS,
	FAMILY_POLLING,
	FAMILY_LEAVING,
	FAMILY_FORGOTTEN,
	FAMILY_LOST,
	FAMILY_UNATTRIBUTED_CPU,
	FAMILY_UNATTRIBUTED_KILLS,
	FAMILY_UNATTRIBUTED_IO,
	FAMILY_CORES,
	FAMILY_PHYSICAL_CORES,
	FAMILY_SOCKETS,
	FAMILY_MEMORY,
	FAMILY_SWAP,
	FAMILY_BOOKS,
	FAMILY_DRAWERS,
	FAMILY_DIMM_COUNT,
	FAMILY_DIMM_CAPACITY,
	FAMILY_NVM_CAPACITY,
	FAMILY_NVM_POWER,
	FAMILY_VERSION,
	FAMILY_MACHINE_ERROR,
	FAMILY_SCRAPE_ERROR,
	CONTAINER_FAMILIES,
};

/* When a family of one value is written. */
enum { ALWAYS, WITH_CPU, WITH_QUOTA, OR_ZERO_WITH_MEMORY, OR_ZERO_WITH_TASKS };

enum { CONTAINER_VALUE_FAMILIES = 59, CONTAINER_ALL_FAMILIES = CONTAINER_VALUE_FAMILIES + CONTAINER_FAMILIES };
extern const struct ng_family container_families[CONTAINER_ALL_FAMILIES];
const struct ng_family *container_family(enum container_family which);

struct container_rows {
	struct container_row **row;
	size_t count;
};

/* filesystems.c: of the node's devices. */
void container_write_filesystems(struct ng_scrape *scrape, struct container *state, const struct container_rows *rows);

/* states.c */
void container_write_states(struct ng_scrape *scrape, const struct container_rows *rows);

/* The families of one value of each row. */
void container_write_values(struct ng_scrape *scrape, uint32_t sets, const struct container_rows *rows);

#endif
