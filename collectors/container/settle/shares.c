/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Determines which conversion a CPU weight came from; see stats/shares.c. The criteria, in this order: the shares in
 * the runtime's configuration of the container; the weight of its pod, which is that of the sum of its containers; a
 * weight that only one of the conversions yields for a power of two; what the pods of this node have shown; otherwise
 * the newer conversion.
 */
#include "stats/shares.h"
#include "settle/settle.h"

#include "model.h"

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

/*
 * The sum of a pod's containers, each of which may be rounded; containers without a request have 2 shares, which the
 * pod's sum does not include.
 */
static struct container_range sum_of(
	const struct ng_cgroup *pod, enum container_conversion conversion, size_t *ret_count)
{
	struct container_range sum = { 0, 0 };
	uint64_t weight;

	*ret_count = 0;
	for (const struct ng_cgroup *at = pod->first; at; at = at->next) {
		if (!is_container(at) || !figures_of(at, &weight))
			continue;
		struct container_range range = container_range_of(conversion, weight);
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
	const struct container_range whole = container_range_of(CONVERSION_LINEAR, weight);
	const struct container_range linear = sum_of(pod, CONVERSION_LINEAR, &count),
				     newer = sum_of(pod, CONVERSION_NEWER, &count);
	bool is_linear = linear.low <= whole.high && linear.high >= whole.low;
	bool is_newer = newer.low <= whole.high && newer.high >= whole.low;
	if (count == 0 || (is_linear && is_newer))
		return UNDECIDED;
	if (is_linear || is_newer)
		return is_linear ? CONVERSION_LINEAR : CONVERSION_NEWER;
	/* the sum may lack containers, but must not have too many */
	return linear.low > whole.high && newer.low <= whole.high ? CONVERSION_NEWER : UNDECIDED;
}

static int verdict_of_power(uint64_t weight)
{
	bool linear = container_power_within(container_range_of(CONVERSION_LINEAR, weight));
	bool newer = container_power_within(container_range_of(CONVERSION_NEWER, weight));

	return linear == newer ? UNDECIDED : linear ? CONVERSION_LINEAR : CONVERSION_NEWER;
}

/* Whether all weights could be read. */
static bool knows_all_weights(struct ng_cgroups *cgroups)
{
	for (struct ng_cgroup *at = ng_cgroups_root(cgroups); at; at = ng_cgroup_next(at)) {
		const struct container_row *row = container_group(at)->row;
		if (row && (row->figures.unknown >> VALUE_CPU_WEIGHT & 1))
			return false;
	}
	return true;
}

static void decide(struct container_figures *figures, uint64_t weight, enum container_conversion conversion)
{
	figures->conversion = conversion;
	container_set(&figures->values, VALUE_CPU_SHARES, container_shares_of(figures, weight));
}

void container_shares_settle(struct ng_cgroups *cgroups, bool complete, bool *changed)
{
	size_t votes[2] = { 0 };
	uint64_t weight;

	if (!*changed)
		return;
	*changed = false;
	bool whole = complete && knows_all_weights(cgroups);
	for (struct ng_cgroup *at = ng_cgroups_root(cgroups); at; at = ng_cgroup_next(at)) {
		int verdict = container_place_at(at)->level == CONTAINER_POD ? verdict_of(at) : UNDECIDED;
		container_group(at)->settled.conversion_plus_1 = (uint8_t)(verdict + 1);
		if (verdict != UNDECIDED)
			votes[verdict]++;
	}
	enum container_conversion usual =
		votes[CONVERSION_LINEAR] > votes[CONVERSION_NEWER] ? CONVERSION_LINEAR : CONVERSION_NEWER;
	for (struct ng_cgroup *at = ng_cgroups_root(cgroups); at; at = ng_cgroup_next(at)) {
		struct container_figures *figures = is_container(at) ? figures_of(at, &weight) : NULL;
		if (!figures)
			continue;
		/* with only part of the weights the result may be different */
		if (!whole) {
			if (!figures->settled)
				figures->values.present &= ~(UINT64_C(1) << VALUE_CPU_SHARES);
			*changed = true;
			continue;
		}
		figures->settled = true;
		int verdict = at->parent ? container_group(at->parent)->settled.conversion_plus_1 - 1 : UNDECIDED;
		if (verdict == UNDECIDED)
			verdict = verdict_of_power(weight);
		decide(figures, weight, verdict == UNDECIDED ? usual : (enum container_conversion)verdict);
	}
}
