/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The random number generator's entropy.
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
	uint64_t poolsize; /* a constant of the kernel: read once; 0 until then */
};

enum { AVAILABLE, POOLSIZE };
static const struct ng_family families[] = {
	[AVAILABLE] = { .name = "node_entropy_available_bits",
		.help = "Entropy that the random number generator has gathered.",
		.type = NG_GAUGE },
	[POOLSIZE] = { .name = "node_entropy_pool_size_bits", .help = "Size of the entropy pool.", .type = NG_GAUGE },
};

static int entropy_init(void *state, struct ng_setup *setup)
{
	struct entropy *entropy = state;

	(void)setup;
	entropy->available = NG_FILE(NG_PROC, NG_VALUE, "sys/kernel/random/entropy_avail");
	return 0;
}

static int poolsize_read(struct entropy *entropy, struct ng_scrape *scrape)
{
	struct ng_span text;

	if (entropy->poolsize)
		return 0;
	int r = ng_read(scrape, NG_PROC, NG_RECORDS, poolsize_path, &text);
	if (r < 0)
		return r;
	if (ng_u64(ng_trim(text), &entropy->poolsize) < 0)
		return ng_broken(scrape, poolsize_path, 1, "a number of bits");
	return 0;
}

static int entropy_collect(void *state, struct ng_scrape *scrape)
{
	struct entropy *entropy = state;
	struct ng_span text;
	uint64_t available;

	int r = ng_file_read(scrape, &entropy->available, &text);
	if (r < 0)
		return r;
	if (ng_u64(ng_trim(text), &available) < 0)
		return ng_broken(scrape, entropy->available.path, 1, "a number of bits");
	r = poolsize_read(entropy, scrape);
	if (r < 0)
		return r;
	ng_gauge_u64(scrape->page, &families[AVAILABLE], available);
	ng_gauge_u64(scrape->page, &families[POOLSIZE], entropy->poolsize);
	return 0;
}

static void entropy_done(void *state)
{
	struct entropy *entropy = state;

	ng_file_close(&entropy->available);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "entropy",
	.summary = "Entropy of the random number generator",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct entropy),
	.init = entropy_init,
	.collect = entropy_collect,
	.done = entropy_done,
};
NG_COLLECTOR(descriptor);
