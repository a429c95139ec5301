/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples pressure between scrapes.
 *
 * Each round reads the totals of the node, and of cgroups whose parent's total has moved: a child cannot have waited if
 * its parent has not. The growth of each total, as a share of the time since the previous round, goes into a ring that
 * covers one minute. A cgroup in which nothing has happened for that long has no ring.
 */
#include "sampling/sampler.h"

#include "kernel/pressure.h"
#include "model.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ---- rings ---- */

static void peaks_put(struct container_peaks *peaks, uint32_t round, size_t which, uint16_t share)
{
	uint32_t missed = round - peaks->round;

	if (missed > CONTAINER_ROUNDS)
		missed = CONTAINER_ROUNDS;
	for (uint32_t i = 0; i < missed; i++)
		memset(peaks->share[(round - i) % CONTAINER_ROUNDS], 0, sizeof(peaks->share[0]));
	peaks->round = round;
	peaks->share[round % CONTAINER_ROUNDS][which] = share;
}

void container_peaks_of(const struct container_peaks *peaks, const struct container_sampler *sampler,
	uint16_t ret_peak[CONTAINER_SHARES])
{
	uint32_t round = sampler->round;

	memset(ret_peak, 0, CONTAINER_SHARES * sizeof(*ret_peak));
	for (uint32_t age = round - peaks->round; age < sampler->kept_rounds; age++) {
		const uint16_t *share = peaks->share[(round - age) % CONTAINER_ROUNDS];
		for (size_t i = 0; i < CONTAINER_SHARES; i++)
			ret_peak[i] = share[i] > ret_peak[i] ? share[i] : ret_peak[i];
	}
}

static uint16_t share_of(uint64_t moved_us, uint64_t elapsed_ns)
{
	uint64_t share = elapsed_ns ? moved_us * 10000000 / elapsed_ns : 0;

	return share > 10000 ? 10000 : (uint16_t)share;
}

/* ---- files ---- */

void container_sampled_done(struct container_sampler *sampler, struct container_sampled *sampled)
{
	for (size_t i = 0; i < CONTAINER_RESOURCES; i++) {
		if (!sampled->fd_plus_1[i])
			continue;
		close(sampled->fd_plus_1[i] - 1);
		sampled->fd_plus_1[i] = 0;
		sampler->kept--;
	}
	free(sampled->peaks);
	sampled->peaks = NULL;
}

static bool read_group(struct ng_scrape *scrape, struct container_sampler *sampler, struct ng_cgroup *at, size_t which,
	uint64_t total[2])
{
	struct container_sampled *sampled = &container_group(at)->sampled;

	sampler->reads++;
	if (sampled->fd_plus_1[which])
		return container_read_totals(sampled->fd_plus_1[which] - 1, total);
	int directory = ng_cgroup_enter(scrape, sampler->cgroups, at, NG_CGROUP_UNIFIED);
	if (directory < 0)
		return false;
	int fd = openat(directory, container_pressure_files[which], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ng_cgroup_leave(at, directory);
	if (fd < 0)
		return false;
	bool r = container_read_totals(fd, total);
	if (r && sampler->kept < sampler->budget && ng_may_keep(scrape, fd)) {
		sampled->fd_plus_1[which] = fd + 1;
		sampler->kept++;
	} else {
		close(fd);
	}
	return r;
}

/* ---- groups ---- */

/* Nothing below pods and units is sampled: their descendants' totals are read at each scrape. */
static bool is_sampled(const struct container_group *group)
{
	return group->row && group->row->shown != SHOWN_CONTAINER && group->row->shown != SHOWN_SANDBOX &&
	       group->row->naming != NAMING_NONE;
}

static bool goes_deeper(const struct container_group *group)
{
	return group->place.level != CONTAINER_POD && group->place.level != CONTAINER_SERVICE &&
	       group->place.level != CONTAINER_SCOPE && !group->place.final;
}

static void note_shares(
	struct container_sampler *sampler, struct container_sampled *sampled, size_t which, const uint16_t share[2])
{
	if (!share[0] && !share[1])
		return;
	if (!sampled->peaks && !(sampled->peaks = calloc(1, sizeof(*sampled->peaks))))
		return;
	peaks_put(sampled->peaks, sampler->round, 2 * which, share[0]);
	peaks_put(sampled->peaks, sampler->round, 2 * which + 1, share[1]);
}

/*
 * A cgroup without pressure figures may still have children whose totals move, because pressure can be switched off per
 * cgroup (cgroup.pressure). If the node has none either, or on v1, that would apply to every cgroup.
 */
static bool may_hide(const struct container_sampler *sampler)
{
	return sampler->has_node && ng_cgroups_mode(sampler->cgroups) == NG_CGROUP_V2;
}

/* Returns whether the total has moved, or may have. */
static bool sample_one(struct ng_scrape *scrape, struct container_sampler *sampler, struct ng_cgroup *at, size_t which,
	uint64_t elapsed)
{
	struct container_sampled *sampled = &container_group(at)->sampled;
	uint64_t total[2] = { 0, 0 };
	uint16_t share[2];
	bool moved = false;

	if (!read_group(scrape, sampler, at, which, total))
		return may_hide(sampler);
	for (size_t i = 0; i < 2; i++) {
		uint64_t before = sampled->total[which][i], grown = total[i] > before ? total[i] - before : 0;
		moved = moved || grown;
		share[i] = sampled->primed ? share_of(grown, elapsed) : 0;
		sampled->total[which][i] = total[i];
	}
	note_shares(sampler, sampled, which, share);
	return moved;
}

static void sample_below(struct ng_scrape *scrape, struct container_sampler *sampler, struct ng_cgroup *parent,
	unsigned moved, uint64_t elapsed)
{
	for (struct ng_cgroup *at = parent->first; at; at = at->next) {
		struct container_group *group = container_group(at);
		unsigned below = 0;
		if (group->place.level == CONTAINER_HELPER || group->place.level == CONTAINER_INNER)
			continue;
		if (!is_sampled(group) && !goes_deeper(group))
			continue;
		for (size_t i = 0; i < CONTAINER_RESOURCES; i++) {
			if (((moved >> i & 1) || !group->sampled.primed) && sample_one(scrape, sampler, at, i, elapsed))
				below |= 1u << i;
		}
		group->sampled.primed = true;
		if (group->sampled.peaks && sampler->round - group->sampled.peaks->round >= CONTAINER_ROUNDS) {
			free(group->sampled.peaks);
			group->sampled.peaks = NULL;
		}
		if (goes_deeper(group) && at->first && (below || sampler->round == 1))
			sample_below(scrape, sampler, at, below, elapsed);
	}
}

/* ---- the node ---- */

static const uint16_t bounds[CONTAINER_BUCKETS] = { 100, 500, 1000, 2000, 4000, 6000, 8000 };

static void count_share(struct container_sampler *sampler, size_t which, uint16_t share)
{
	size_t at = 0;

	while (at < CONTAINER_BUCKETS && share > bounds[at])
		at++;
	sampler->bucket[which][at]++;
	sampler->sum[which] += share;
	peaks_put(&sampler->peaks, sampler->round, which, share);
}

static unsigned sample_node(struct ng_scrape *scrape, struct container_sampler *sampler,
	struct container_triggers *triggers, uint64_t elapsed, uint64_t now)
{
	unsigned moved = 0;

	for (size_t i = 0; i < CONTAINER_RESOURCES; i++) {
		uint64_t total[2] = { 0, 0 };
		struct ng_span text;
		bool has[2];
		if (ng_file_read(scrape, &sampler->node[i], &text) < 0)
			continue;
		sampler->reads++;
		sampler->has_node = true;
		ng_pressure_parse(text, total, has);
		container_triggers_advance(triggers, i, total[0], now);
		for (size_t k = 0; k < 2; k++) {
			uint64_t before = sampler->total[i][k], grown = total[k] > before ? total[k] - before : 0;
			if (grown)
				moved |= 1u << i;
			/* the kernel prints a "full" line for the node's CPU pressure, but it is meaningless */
			if (sampler->node_primed && has[k] && !(i == CONTAINER_CPU && k == 1))
				count_share(sampler, 2 * i + k, share_of(grown, elapsed));
			sampler->total[i][k] = total[k];
		}
	}
	sampler->node_primed = true;
	return moved;
}

static uint64_t cpu_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void container_sample(
	struct ng_scrape *scrape, struct container_sampler *sampler, struct container_triggers *triggers, uint64_t now)
{
	struct ng_cgroup *root = ng_cgroups_root(sampler->cgroups);
	uint64_t before = cpu_time(), elapsed = sampler->last ? now - sampler->last : 0;

	sampler->round++;
	sampler->rounds++;
	unsigned moved = sample_node(scrape, sampler, triggers, elapsed, now);
	/* without figures for the node every branch is sampled */
	if (!sampler->has_node)
		moved = (1u << CONTAINER_RESOURCES) - 1;
	if (root && (moved || sampler->round == 1))
		sample_below(scrape, sampler, root, moved, elapsed);
	sampler->last = now;
	sampler->cpu_ns += cpu_time() - before;
}
