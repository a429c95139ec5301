/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the node's pressure: peaks, the histogram of shares, triggers, and the cost of sampling. */
#include "emit/write.h"

static const char *const resource_names[CONTAINER_RESOURCES] = { "cpu", "memory", "io" };
static const char *const kind_names[2] = { "waiting", "stalled" };

/* On the node, the kernel has no time in which all tasks wait for a CPU. */
static bool of_node(size_t share)
{
	return share != 2 * CONTAINER_CPU + 1;
}

static void write_node_peaks(
	struct ng_scrape *scrape, const struct container_sampler *sampler, const uint16_t peak[CONTAINER_SHARES])
{
	ng_family(scrape->page, container_family(FAMILY_NODE_PEAK));
	for (size_t i = 0; sampler->has_node && sampler->round > 1 && i < CONTAINER_SHARES; i++) {
		if (of_node(i))
			ng_sample_scaled(scrape->page,
				NG_LABELS(scrape->arena, { "kind", ng_span(kind_names[i % 2]) },
					{ "resource", ng_span(resource_names[i / 2]) }, { "window", NG_SPAN("60s") }),
				peak[i], 4);
	}
}

static void write_node_shares(struct ng_scrape *scrape, const struct container_sampler *sampler)
{
	static const char *const bound[CONTAINER_BUCKETS + 1] = { "0.01", "0.05", "0.1", "0.2", "0.4", "0.6", "0.8",
		"+Inf" };

	ng_family(scrape->page, container_family(FAMILY_NODE_SHARES));
	for (size_t i = 0; sampler->has_node && i < CONTAINER_SHARES; i++) {
		struct ng_span kind = ng_span(kind_names[i % 2]), resource = ng_span(resource_names[i / 2]);
		uint64_t count = 0;
		char sum[NG_DOUBLE_ROOM];
		if (!of_node(i))
			continue;
		for (size_t k = 0; k <= CONTAINER_BUCKETS; k++) {
			count += sampler->bucket[i][k];
			ng_sample_part(scrape->page, NG_SUFFIX_BUCKET,
				NG_LABELS(scrape->arena, { "kind", kind }, { "resource", resource },
					{ "le", ng_span(bound[k]) }),
				count);
		}
		struct ng_labels *labels = NG_LABELS(scrape->arena, { "kind", kind }, { "resource", resource });
		const char *end = ng_double_text(sum, (double)sampler->sum[i] / 10000);
		ng_sample_text(scrape->page, NG_SUFFIX_SUM, labels, (struct ng_span){ sum, (size_t)(end - sum) });
		ng_sample_part(scrape->page, NG_SUFFIX_COUNT, labels, count);
	}
}

static void write_triggers(struct ng_scrape *scrape, const struct container_triggers *triggers)
{
	ng_family(scrape->page, container_family(FAMILY_TRIGGERS));
	for (size_t i = 0; i < CONTAINER_RESOURCES; i++) {
		if (triggers->fd_plus_1[i])
			ng_sample_u64(scrape->page,
				NG_LABELS(scrape->arena, { "resource", ng_span(resource_names[i]) }),
				triggers->events[i]);
	}
}

void container_write_node(struct ng_scrape *scrape, const struct container_sampler *sampler,
	const uint16_t peaks[CONTAINER_SHARES], const struct container_triggers *triggers)
{
	write_node_peaks(scrape, sampler, peaks);
	write_node_shares(scrape, sampler);
	write_triggers(scrape, triggers);
	ng_family(scrape->page, container_family(FAMILY_SAMPLER_CPU));
	ng_sample_scaled(scrape->page, NG_NO_LABELS, sampler->cpu_ns, 9);
	ng_gauge_u64(scrape->page, container_family(FAMILY_SAMPLER_ROUNDS), sampler->rounds);
	ng_gauge_u64(scrape->page, container_family(FAMILY_SAMPLER_READS), sampler->reads);
	ng_gauge_u64(scrape->page, container_family(FAMILY_SAMPLER_KEPT), sampler->kept);
}
