/* SPDX-License-Identifier: Apache-2.0 */
/* Rows into families. */
#ifndef CONTAINER_WRITE_H
#define CONTAINER_WRITE_H

#include "emit/families.h"
#include "machine/devices.h"
#include "machine/filesystems.h"
#include "machine/machine.h"
#include "model.h"
#include "sampling/sampler.h"
#include "stats/read.h"

/* The rows of a response. */
struct container_list {
	struct container_row **row;
	size_t count;
};

/* The other parts of the collector that are written; borrowed. */
struct container_view {
	const struct container_reader *reader;
	const struct container_model *model;
	const struct container_sampler *sampler;
	const uint16_t *node_peaks; /* same layout as the peaks of rows */
	const struct container_triggers *triggers;
	const struct container_machine *machine;
	const struct container_census *census;
	const uint64_t *unresolved, *lost;
	struct container_device_names *devices;
	struct container_filesystems *filesystems;
	bool listing_failed;
};

/* Everything, family by family. */
void container_write(struct ng_scrape *scrape, const struct container_view *view, const struct container_list *rows);

/* ---- values.c, devices.c, filesystems.c, states.c, node.c, tree.c, machine.c ---- */

/* The families with one value per row. */
void container_write_values(struct ng_scrape *scrape, uint32_t sets, const struct container_list *rows);

/* The block devices of cgroups and of the node. */
void container_write_devices(struct ng_scrape *scrape, uint32_t sets, struct container_device_names *names,
	const struct container_list *rows);
void container_write_filesystems(struct ng_scrape *scrape, uint32_t sets, struct container_filesystems *filesystems,
	const struct container_list *rows);

void container_write_states(struct ng_scrape *scrape, const struct container_list *rows);

/* The pressure of the node, from the sampler. */
void container_write_node(struct ng_scrape *scrape, const struct container_sampler *sampler,
	const uint16_t peaks[CONTAINER_SHARES], const struct container_triggers *triggers);

/* Families about the cgroup tree and the collector itself. */
void container_write_tree(
	struct ng_scrape *scrape, const struct container_view *view, const struct container_list *rows);

void container_write_machine(struct ng_scrape *scrape, const struct container_machine *machine);

#endif
