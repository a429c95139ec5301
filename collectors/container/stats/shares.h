/* SPDX-License-Identifier: Apache-2.0 */
/* CPU shares of cgroup v1, computed from a weight of cgroup v2. See shares.c. */
#ifndef CONTAINER_SHARES_H
#define CONTAINER_SHARES_H

#include "stats/values.h"

/* The range of shares that yield one weight. */
struct container_range {
	uint64_t low, high;
};
struct container_range container_range_of(enum container_conversion conversion, uint64_t weight);

/* The power of two in the range; 0 if there is none. */
uint64_t container_power_within(struct container_range range);

/* The cgroup v1 shares from which this weight was made, as far as the figures tell. */
uint64_t container_shares_of(const struct container_figures *figures, uint64_t weight);

/*
 * Sets the shares from the weight just read; `before` are the values of the last reading. Returns whether the weight
 * has changed.
 */
bool container_set_shares(const struct container_values *before, struct container_figures *figures);

#endif
