/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU shares of cgroup v1, computed from the weight that cgroup v2 has instead.
 *
 * Two conversions are in use. The kubelet converts linearly for its own levels, and so did the runtimes before runc
 * 1.3.2 and crun 1.23, which changed the conversion so that the defaults of both versions correspond: 1024 shares are a
 * weight of 100.
 *
 * Source: opencontainers/cgroups/utils.go (ConvertCPUSharesToCgroupV2Value),
 * kubernetes/pkg/kubelet/cm/cgroup_v2_manager_linux.go (getCPUWeight), cadvisor/container/common/helpers.go (the way
 * back from linear).
 */
#include "stats/shares.h"

#include <math.h>

enum { SHARES_MIN = 2, SHARES_MAX = 262144, WEIGHT_MAX = 10000 };

static uint64_t linear_weight(uint64_t shares)
{
	return 1 + (shares - SHARES_MIN) * (WEIGHT_MAX - 1) / (SHARES_MAX - SHARES_MIN);
}

static uint64_t quadratic_weight(uint64_t shares)
{
	double l = log2((double)shares);

	return (uint64_t)ceil(pow(10, (l * l + 125 * l) / 612 - 7.0 / 34));
}

static uint64_t weight_of(enum container_conversion conversion, uint64_t shares)
{
	if (shares <= SHARES_MIN)
		return 1;
	if (shares >= SHARES_MAX)
		return WEIGHT_MAX;
	return conversion == CONVERSION_LINEAR ? linear_weight(shares) : quadratic_weight(shares);
}

/* A first estimate; rounding may move the result by one. */
static uint64_t quadratic_guess(uint64_t weight)
{
	return (uint64_t)exp2((sqrt(125 * 125 + 4 * 612 * (log10((double)weight) + 7.0 / 34)) - 125) / 2);
}

/* The largest number of shares that gives at most this weight. */
static uint64_t highest(enum container_conversion conversion, uint64_t weight)
{
	if (weight < 1)
		return SHARES_MIN - 1;
	if (weight >= WEIGHT_MAX)
		return SHARES_MAX;
	uint64_t shares = conversion == CONVERSION_LINEAR
				  ? SHARES_MIN + weight * (SHARES_MAX - SHARES_MIN) / (WEIGHT_MAX - 1)
				  : quadratic_guess(weight);
	while (weight_of(conversion, shares + 1) <= weight)
		shares++;
	while (shares > SHARES_MIN && weight_of(conversion, shares) > weight)
		shares--;
	return shares;
}

struct container_range container_range_of(enum container_conversion conversion, uint64_t weight)
{
	return (struct container_range){ highest(conversion, weight - 1) + 1, highest(conversion, weight) };
}

uint64_t container_power_within(struct container_range range)
{
	uint64_t power = SHARES_MIN;

	while (power < range.low)
		power *= 2;
	return power <= range.high ? power : 0;
}

uint64_t container_shares_of(const struct container_figures *figures, uint64_t weight)
{
	uint64_t known = figures->known_shares;

	if (weight < 1 || weight > WEIGHT_MAX)
		return 0; /* cpu.idle prints a weight of 0 */
	/* a container's weight may have changed since it was configured */
	if (known && (weight_of(CONVERSION_LINEAR, known) == weight || weight_of(CONVERSION_NEWER, known) == weight))
		return known;
	if (figures->conversion == CONVERSION_LINEAR) /* like cAdvisor: the smallest, or one less */
		return SHARES_MIN + (weight - 1) * (SHARES_MAX - SHARES_MIN) / (WEIGHT_MAX - 1);
	struct container_range range = container_range_of(CONVERSION_NEWER, weight);
	uint64_t power = container_power_within(range);
	return power ? power : range.high;
}

bool container_set_shares(const struct container_values *before, struct container_figures *figures)
{
	uint64_t weight = figures->values.value[VALUE_CPU_WEIGHT];

	if (!container_has(&figures->values, VALUE_CPU_WEIGHT))
		return false;
	container_set(&figures->values, VALUE_CPU_SHARES, container_shares_of(figures, weight));
	return !container_has(before, VALUE_CPU_WEIGHT) || before->value[VALUE_CPU_WEIGHT] != weight;
}
