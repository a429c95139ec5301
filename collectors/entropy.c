/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entropy of the random number generator.
 *
 *     /proc/sys/kernel/random/entropy_avail   256
 *     /proc/sys/kernel/random/poolsize        256
 *
 * Source: random(4), drivers/char/random.c.
 */
#include <nodegauge/collector.h>

static const char poolsize_path[] = "sys/kernel/random/poolsize";

struct entropy {
	struct ng_file available;
	uint64_t poolsize; /* constant while the kernel runs: read once; 0 until then */
};

enum { AVAILABLE, POOLSIZE };
static const struct ng_family families[] = {
	[AVAILABLE] = { .name = "node_entropy_available_bits",
		.help = "Available entropy of the random number generator.",
		.type = NG_GAUGE },
	[POOLSIZE] = { .name = "node_entropy_pool_size_bits", .help = "Size of the entropy pool.", .type = NG_GAUGE },
};

static int bits_parse(struct ng_scrape *scrape, const char *path, struct ng_span text, uint64_t *ret_bits)
{
	return ng_u64(ng_trim(text), ret_bits) < 0 ? ng_broken(scrape, path, 1, "a number of bits") : 0;
}

static int available_read(struct entropy *entropy, struct ng_scrape *scrape, uint64_t *ret_available)
{
	struct ng_span text;

	int r = ng_file_read(scrape, &entropy->available, &text);
	return r < 0 ? r : bits_parse(scrape, entropy->available.path, text, ret_available);
}

static int poolsize_read(struct entropy *entropy, struct ng_scrape *scrape)
{
	struct ng_span text;

	if (entropy->poolsize)
		return 0;
	int r = ng_read(scrape, NG_PROC, NG_RECORDS, poolsize_path, &text);
	return r < 0 ? r : bits_parse(scrape, poolsize_path, text, &entropy->poolsize);
}

static int entropy_collect(void *state, struct ng_scrape *scrape)
{
	struct entropy *entropy = state;
	uint64_t available;

	int r = available_read(entropy, scrape, &available);
	if (r == 0)
		ng_gauge_u64(scrape->page, &families[AVAILABLE], available);
	else
		ng_drop_unread(scrape, r, entropy->available.path);
	int pool = poolsize_read(entropy, scrape);
	if (pool == 0)
		ng_gauge_u64(scrape->page, &families[POOLSIZE], entropy->poolsize);
	else
		ng_drop_unread(scrape, pool, poolsize_path);
	return r < 0 && pool < 0 ? ng_fail_noted(scrape, r) : 0;
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(entropy, available, NG_PROC, NG_VALUE, "sys/kernel/random/entropy_avail"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "entropy",
	.summary = "Entropy of the random number generator",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct entropy),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = entropy_collect,
};
NG_COLLECTOR(descriptor);
