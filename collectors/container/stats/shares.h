/* SPDX-License-Identifier: Apache-2.0 */
/* CPU shares of cgroup v1 from a weight of cgroup v2. See shares.c. */
#ifndef CONTAINER_SHARES_H
#define CONTAINER_SHARES_H

#include "stats/values.h"

/* The shares that give one weight. */
struct container_range {
	uint64_t low, high;
};
struct container_range container_range_of(enum container_conversion conversion, uint64_t weight);

/* The power of two among them; 0 for none. */
uint64_t container_power_within(struct container_range range);

/* The shares of cgroup v1 that were made this weight, as far as the figures tell. */
uint64_t container_shares_of(const struct container_figures *figures, uint64_t weight);

/* From the weight that was read; `before` are the values of the last reading. Returns whether there is another one. */
bool container_set_shares(const struct container_values *before, struct container_figures *figures);

#endif
