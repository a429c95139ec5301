/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU shares of cgroup v1 from the weight that cgroup v2 has in their place.
 *
 * Two conversions are in use. The kubelet converts linearly for its own levels, and so did the runtimes until runc
 * 1.3.2 and crun 1.23, from which on the defaults of both versions correspond: 1024 shares are a weight of 100. What a
 * weight came from is decided by, in this order: the shares in the runtime's configuration of the container; the
 * weight of its pod, which is that of the sum of its containers; a weight that only one conversion gives for a power of
 * two; what the pods of this node showed; else the newer conversion.
 *
 * Source: opencontainers/cgroups/utils.go (ConvertCPUSharesToCgroupV2Value),
 * kubernetes/pkg/kubelet/cm/cgroup_v2_manager_linux.go (getCPUWeight), cadvisor/container/common/helpers.go (the way
 * back from linear).
 */
#include "model.h"

#include <math.h>

enum { SHARES_MIN = 2, SHARES_MAX = 262144, WEIGHT_MAX = 10000 };

/* The shares that give one weight. */
struct range {
	uint64_t low, high;
};

/* ---- the two conversions ---- */

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

/* Where to look for it; rounding may move it by one. */
static uint64_t quadratic_guess(uint64_t weight)
{
	return (uint64_t)exp2((sqrt(125 * 125 + 4 * 612 * (log10((double)weight) + 7.0 / 34)) - 125) / 2);
}

/* The largest number of shares with at most this weight. */
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

static struct range range_of(enum container_conversion conversion, uint64_t weight)
{
	return (struct range){ highest(conversion, weight - 1) + 1, highest(conversion, weight) };
}

/* The power of two among them; 0 for none. */
static uint64_t power_within(struct range range)
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
	/* a container may have got another weight since it was configured */
	if (known && (weight_of(CONVERSION_LINEAR, known) == weight || weight_of(CONVERSION_NEWER, known) == weight))
		return known;
	if (figures->conversion == CONVERSION_LINEAR) /* as cAdvisor: the smallest, or one less */
		return SHARES_MIN + (weight - 1) * (SHARES_MAX - SHARES_MIN) / (WEIGHT_MAX - 1);
	struct range range = range_of(CONVERSION_NEWER, weight);
	uint64_t power = power_within(range);
	return power ? power : range.high;
}

/* ---- which of them it was ---- */

enum { UNDECIDED = -1 };

static struct container_figures *figures_of(const struct ng_cgroup *at, uint64_t *ret_weight)
{
	struct container_row *row = ((const struct container_group *)(const void *)at->payload)->row;

	if (!row || !container_has(&row->figures.values, VALUE_CPU_WEIGHT))
		return NULL;
	*ret_weight = row->figures.values.value[VALUE_CPU_WEIGHT];
	return &row->figures;
}

static bool is_container(const struct ng_cgroup *at)
{
	return container_place_at(at)->level == CONTAINER_CONTAINER;
}

/* The sum of a pod's containers, each of which may be rounded; those without a request have 2 shares, of which the
 * pod's sum has none. */
static struct range sum_of(const struct ng_cgroup *pod, enum container_conversion conversion, size_t *ret_count)
{
	struct range sum = { 0, 0 };
	uint64_t weight;

	*ret_count = 0;
	for (const struct ng_cgroup *at = pod->first; at; at = at->next) {
		if (!is_container(at) || !figures_of(at, &weight))
			continue;
		struct range range = range_of(conversion, weight);
		sum.low += weight == 1 ? 0 : range.low;
		sum.high += range.high + 1;
		++*ret_count;
	}
	return sum;
}

static int verdict_of(const struct ng_cgroup *pod)
{
	uint64_t weight;
	size_t count;

	if (!figures_of(pod, &weight))
		return UNDECIDED;
	const struct range whole = range_of(CONVERSION_LINEAR, weight);
	const struct range linear = sum_of(pod, CONVERSION_LINEAR, &count),
			   newer = sum_of(pod, CONVERSION_NEWER, &count);
	bool is_linear = linear.low <= whole.high && linear.high >= whole.low;
	bool is_newer = newer.low <= whole.high && newer.high >= whole.low;
	if (count == 0 || (is_linear && is_newer))
		return UNDECIDED;
	if (is_linear || is_newer)
		return is_linear ? CONVERSION_LINEAR : CONVERSION_NEWER;
	/* containers may be missing in the sum, but not be too many */
	return linear.low > whole.high && newer.low <= whole.high ? CONVERSION_NEWER : UNDECIDED;
}

static int verdict_of_power(uint64_t weight)
{
	bool linear = power_within(range_of(CONVERSION_LINEAR, weight));
	bool newer = power_within(range_of(CONVERSION_NEWER, weight));

	return linear == newer ? UNDECIDED : linear ? CONVERSION_LINEAR : CONVERSION_NEWER;
}

/* Whether no weight is missing that is there. */
static bool knows_all_weights(struct container *state)
{
	for (struct ng_cgroup *at = ng_cgroups_root(state->cgroups); at; at = ng_cgroup_next(at)) {
		const struct container_row *row = container_group(at)->row;
		if (row && (row->figures.unknown >> VALUE_CPU_WEIGHT & 1))
			return false;
	}
	return !(state->names.failed && state->wanted) && !state->incomplete;
}

static void decide(struct container_figures *figures, uint64_t weight, enum container_conversion conversion)
{
	figures->conversion = conversion;
	container_set(&figures->values, VALUE_CPU_SHARES, container_shares_of(figures, weight));
}

void container_settle_shares(struct container *state)
{
	size_t votes[2] = { 0 };
	uint64_t weight;

	if (!state->reader.weights_changed)
		return;
	state->reader.weights_changed = false;
	bool whole = knows_all_weights(state);
	for (struct ng_cgroup *at = ng_cgroups_root(state->cgroups); at; at = ng_cgroup_next(at)) {
		int verdict = container_place_at(at)->level == CONTAINER_POD ? verdict_of(at) : UNDECIDED;
		container_group(at)->conversion_plus_1 = (uint8_t)(verdict + 1);
		if (verdict != UNDECIDED)
			votes[verdict]++;
	}
	enum container_conversion usual =
		votes[CONVERSION_LINEAR] > votes[CONVERSION_NEWER] ? CONVERSION_LINEAR : CONVERSION_NEWER;
	for (struct ng_cgroup *at = ng_cgroups_root(state->cgroups); at; at = ng_cgroup_next(at)) {
		struct container_figures *figures = is_container(at) ? figures_of(at, &weight) : NULL;
		if (!figures)
			continue;
		/* by a part of the weights the verdict may be another one */
		if (!whole) {
			if (!figures->settled)
				figures->values.present &= ~(UINT64_C(1) << VALUE_CPU_SHARES);
			state->reader.weights_changed = true;
			continue;
		}
		figures->settled = true;
		int verdict = at->parent ? container_group(at->parent)->conversion_plus_1 - 1 : UNDECIDED;
		if (verdict == UNDECIDED)
			verdict = verdict_of_power(weight);
		decide(figures, weight, verdict == UNDECIDED ? usual : (enum container_conversion)verdict);
	}
}
