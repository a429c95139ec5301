/* SPDX-License-Identifier: Apache-2.0 */
/* Pressure: total times during which some or all tasks of a cgroup, or of the node, waited. See psi.c. */
#ifndef CONTAINER_PSI_H
#define CONTAINER_PSI_H

#include "stats/values.h"

/* The state of a cgroup's pressure files. */
enum container_psi { PSI_READ, PSI_NO_FILE, PSI_SWITCHED_OFF, PSI_V1, PSI_REASONS };

/* Of a cgroup, and of the node below --path.procfs. */
extern const char *const container_pressure_files[CONTAINER_RESOURCES];
extern const char *const container_node_pressure[CONTAINER_RESOURCES];

/* Reads the two totals of an open pressure file in us, between scrapes; false if it has no "some" total. */
bool container_read_totals(int fd, uint64_t ret_total[2]);

/*
 * `directory` is one in the unified hierarchy, or a negative errno. `kept_plus_1` contains the descriptors (plus 1) of
 * files that are kept open, 0 for none, or is NULL. The outcome is counted in `psi`.
 */
void container_read_pressure(struct ng_scrape *scrape, int directory, const int kept_plus_1[CONTAINER_RESOURCES],
	uint64_t psi[PSI_REASONS], struct container_values *values);
void container_read_irq_pressure(struct ng_scrape *scrape, int directory, struct container_values *values);

#endif
