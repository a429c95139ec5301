/* SPDX-License-Identifier: Apache-2.0 */
/* Pressure: parsing its files, the one-minute rings, and which files a round reads. */
#include "rows.h"
#include "sampling/sampler.h"
#include "scratch.h"
#include "support.h"

#include "kernel/cgroups.h"
#include "kernel/pressure.h"
#include <stdio.h>
#include <stdlib.h>

#define SECOND UINT64_C(1000000000)

/* ---- the text ---- */

static void parse(const char *text, int64_t some, int64_t full)
{
	uint64_t total[2] = { 4711, 4711 };
	bool has[2];

	ng_pressure_parse(guarded(text), total, has);
	assert_int_equal(has[0], some >= 0);
	assert_int_equal(has[1], full >= 0);
	if (some >= 0)
		assert_int_equal(total[0], some);
	if (full >= 0)
		assert_int_equal(total[1], full);
}

static void texts(void **state)
{
	(void)state;
	parse("some avg10=0.00 avg60=0.00 avg300=0.00 total=12\nfull avg10=1.00 avg60=0.00 avg300=0.00 total=3\n", 12,
		3);
	parse("some avg10=0.00 avg60=0.00 avg300=0.00 total=12\n", 12, -1);
	parse("full avg10=0.00 avg60=0.00 avg300=0.00 total=12", -1, 12);
	parse("full total=5\nsome total=0\n", 0, 5);
	parse("", -1, -1);
	parse("some", -1, -1);
	parse("some ", -1, -1);
	parse("some total=", -1, -1);
	parse("some total=x\nfull avg10=5\n", -1, -1);
	parse("some =5", -1, -1);
	parse("some otal=5\nfull ttotal=5\n", -1, 5);
	parse("some total=18446744073709551616\nfull total=7 \n", -1, -1);
	parse("other total=5\nsomething total=6\n", -1, -1);
}

/* ---- a tree with pressure ---- */

struct stage {
	struct scratch scratch;
	struct probe probe;
	struct ng_cgroups *cgroups;
	struct container_model model;
	struct container_sampler sampler;
	struct container_triggers triggers;
	uint64_t now;
};

/* Places cgroups like the collector, without what rows need. */
static unsigned added(void *context, struct ng_scrape *scrape, struct ng_cgroup *at)
{
	struct stage *stage = context;
	struct container_group *group = container_group(at);

	(void)scrape;
	container_place_root(&group->place);
	if (at->parent)
		container_place_step(&container_group(at->parent)->place, (struct ng_span){ at->name, at->name_size },
			&group->place);
	enum container_shown shown = container_shown_as(&group->place, ng_span(at->name));
	if (shown < SHOWN_LEVELS)
		group->row = container_row_new(&stage->model, at, &group->place, shown);
	return NG_CGROUP_DESCEND;
}

static void removed(void *context, struct ng_scrape *scrape, struct ng_cgroup *at)
{
	struct stage *stage = context;

	(void)scrape;
	container_sampled_done(&stage->sampler, &container_group(at)->sampled);
	container_row_free(&stage->model, container_group(at)->row);
}

static void put(const struct stage *stage, const char *directory, const char *resource, uint64_t some, uint64_t full)
{
	char name[SCRATCH_PATH], text[256];

	snprintf(name, sizeof(name), "%s/%s", directory, resource);
	snprintf(text, sizeof(text),
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=%llu\nfull avg10=0.00 avg60=0.00 avg300=0.00 "
		"total=%llu\n",
		(unsigned long long)some, (unsigned long long)full);
	scratch_put(&stage->scratch, name, text);
}

static void put_all(const struct stage *stage, const char *directory)
{
	put(stage, directory, "cpu.pressure", 1000, 100);
	put(stage, directory, "memory.pressure", 0, 0);
	put(stage, directory, "io.pressure", 0, 0);
}

#define POD "tree/kubepods.slice/kubepods-podba752e40bfd184a540a6a3f6d127f0ec.slice"

static const char *const directories[] = { "proc", "proc/pressure", "tree", "tree/system.slice",
	"tree/system.slice/a.service", "tree/system.slice/a.service/below", "tree/system.slice/b.service",
	"tree/kubepods.slice", POD };

static int start(void **context)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	assert_non_null(stage);
	scratch_init(&stage->scratch, "/tmp", "test_container_sampler");
	for (size_t i = 0; i < NG_COUNT(directories); i++) {
		scratch_mkdir(&stage->scratch, directories[i]);
		if (i > 1)
			put_all(stage, directories[i]);
	}
	put(stage, "proc/pressure", "cpu", 5000, 0);
	put(stage, "proc/pressure", "memory", 0, 0);
	put(stage, "proc/pressure", "io", 0, 0);
	scratch_put(&stage->scratch, "tree/cgroup.controllers", "");
	probe_init(&stage->probe);
	probe_open(&stage->probe, NG_CGROUP, &stage->scratch, "tree");
	probe_open(&stage->probe, NG_PROC, &stage->scratch, "proc");
	stage->model.levels = UINT32_MAX;
	stage->sampler.budget = 100;
	stage->sampler.kept_rounds = 60;
	stage->sampler.node[0] = NG_FILE(NG_PROC, NG_WHOLE, "pressure/cpu");
	stage->sampler.node[1] = NG_FILE(NG_PROC, NG_WHOLE, "pressure/memory");
	stage->sampler.node[2] = NG_FILE(NG_PROC, NG_WHOLE, "pressure/io");
	const struct ng_cgroups_hooks hooks = {
		.payload_size = sizeof(struct container_group), .added = added, .removed = removed, .context = stage
	};
	struct ng_setup setup = { .arena = &stage->probe.arena, .kernel = &stage->probe.kernel };
	assert_int_equal(ng_cgroups_new(&setup, &hooks, 100, 100, true, &stage->cgroups), 0);
	stage->sampler.cgroups = stage->cgroups;
	assert_int_equal(ng_cgroups_update(&stage->probe.scrape, stage->cgroups, true), 0);
	stage->now = 1000 * SECOND;
	*context = stage;
	return 0;
}

static int stop(void **context)
{
	struct stage *stage = *context;

	ng_cgroups_free(stage->cgroups);
	assert_int_equal(stage->sampler.kept, 0);
	for (size_t i = 0; i < CONTAINER_RESOURCES; i++)
		ng_file_close(&stage->sampler.node[i]);
	ng_table_done(&stage->model.by_key);
	scratch_done(&stage->scratch);
	probe_done(&stage->probe);
	free(stage);
	return 0;
}

static struct container_group *group(struct stage *stage, const char *name)
{
	struct ng_cgroup *at = ng_cgroups_root(stage->cgroups);

	while (at && strcmp(at->name, name) != 0)
		at = ng_cgroup_next(at);
	assert_non_null(at);
	return container_group(at);
}

/* One round, one second after the last; returns how many files it read. */
static uint64_t sample(struct stage *stage)
{
	uint64_t before = stage->sampler.reads;

	stage->now += SECOND;
	ng_arena_reset(&stage->probe.arena);
	container_sample(&stage->probe.scrape, &stage->sampler, &stage->triggers, stage->now);
	return stage->sampler.reads - before;
}

static unsigned peak(struct stage *stage, const char *name, size_t which)
{
	uint16_t peaks[CONTAINER_SHARES] = { 0 };

	if (group(stage, name)->sampled.peaks)
		container_peaks_of(group(stage, name)->sampled.peaks, &stage->sampler, peaks);
	return peaks[which];
}

static void top_down(void **context)
{
	struct stage *stage = *context;

	/*
	 * the first round reads everything: three files of the node and of each slice, unit and pod, none below a unit
	 */
	assert_int_equal(sample(stage), 3 + 3 * 5);
	/* afterwards only those of the node, as long as they do not move */
	assert_int_equal(sample(stage), 3);
	/* a unit that moves without its parents is not noticed, because that cannot happen */
	put(stage, "tree/system.slice/a.service", "cpu.pressure", 251000, 100);
	assert_int_equal(sample(stage), 3);
	/* the node has moved: its children are read too, for that resource only */
	put(stage, "proc/pressure", "cpu", 255000, 0);
	assert_int_equal(sample(stage), 3 + 2);
	put(stage, "proc/pressure", "cpu", 505000, 0);
	put(stage, "tree/system.slice", "cpu.pressure", 251000, 100);
	assert_int_equal(sample(stage), 3 + 2 + 2);
	assert_int_equal(peak(stage, "a.service", 0), 2500);
	assert_int_equal(peak(stage, "a.service", 1), 0);
	assert_int_equal(peak(stage, "system.slice", 0), 2500);
	assert_int_equal(peak(stage, "b.service", 0), 0);
	assert_null(group(stage, "b.service")->sampled.peaks);
}

static void move(struct stage *stage, uint64_t to)
{
	put(stage, "proc/pressure", "cpu", to, 0);
	put(stage, "tree/system.slice", "cpu.pressure", to, to / 2);
	put(stage, "tree/system.slice/a.service", "cpu.pressure", to, to / 2);
}

/* The maximum of the last sixty rounds, regardless of who reads it and how often; afterwards nothing, and no memory. */
static void a_minute(void **context)
{
	struct stage *stage = *context;

	move(stage, 1000000);
	sample(stage);
	sample(stage);
	move(stage, 1800000);
	sample(stage);
	assert_int_equal(peak(stage, "a.service", 0), 8000);
	assert_int_equal(peak(stage, "a.service", 1), 4000);
	move(stage, 1900000);
	sample(stage);
	assert_int_equal(peak(stage, "a.service", 0), 8000);
	for (unsigned i = 0; i < 58; i++)
		sample(stage);
	assert_int_equal(peak(stage, "a.service", 0), 8000);
	sample(stage);
	assert_int_equal(peak(stage, "a.service", 0), 1000);
	sample(stage);
	assert_int_equal(peak(stage, "a.service", 0), 0);
	/* a total that moves again after a long time starts from zero */
	move(stage, 2000000);
	sample(stage);
	assert_int_equal(peak(stage, "a.service", 0), 1000);
	for (unsigned i = 0; i < 500; i++)
		sample(stage);
	assert_int_equal(peak(stage, "a.service", 0), 0);
	move(stage, 2050000);
	sample(stage);
	assert_int_equal(peak(stage, "a.service", 0), 500);
}

/* Shares above 100 % are capped; a total that goes back counts as zero. */
static void odd_totals(void **context)
{
	struct stage *stage = *context;

	move(stage, 1000000);
	sample(stage);
	move(stage, 9000000);
	sample(stage);
	assert_int_equal(peak(stage, "a.service", 0), 10000);
	move(stage, 10);
	sample(stage);
	assert_int_equal(peak(stage, "a.service", 0), 10000);
	for (unsigned i = 0; i < 60; i++)
		sample(stage);
	assert_int_equal(peak(stage, "a.service", 0), 0);
}

static void a_histogram(void **context)
{
	struct stage *stage = *context;
	struct container_sampler *sampler = &stage->sampler;
	uint64_t total = 0, shares[] = { 10, 100, 101, 2000, 2001, 8000, 8001, 10000 };
	uint64_t expected[CONTAINER_BUCKETS + 1] = { 2, 1, 0, 1, 1, 0, 1, 2 };

	sample(stage);
	memset(sampler->bucket, 0, sizeof(sampler->bucket));
	total = 5000;
	for (size_t i = 0; i < NG_COUNT(shares); i++) {
		total += shares[i] * 100;
		put(stage, "proc/pressure", "cpu", total, 0);
		sample(stage);
	}
	assert_memory_equal(sampler->bucket[0], expected, sizeof(expected));
	assert_int_equal(sampler->sum[0], 10 + 100 + 101 + 2000 + 2001 + 8000 + 8001 + 10000);
	/* on the node, there is no time in which all tasks waited for a CPU */
	for (size_t i = 0; i <= CONTAINER_BUCKETS; i++)
		assert_int_equal(sampler->bucket[1][i], 0);
}

static void a_budget(void **context)
{
	struct stage *stage = *context;

	stage->sampler.budget = 4;
	sample(stage);
	assert_int_equal(stage->sampler.kept, 4);
	move(stage, 2000000);
	sample(stage);
	move(stage, 2500000);
	sample(stage);
	assert_int_equal(stage->sampler.kept, 4);
	assert_int_equal(peak(stage, "a.service", 0), 10000);
}

/* A slice with its own pressure switched off does not hide anything below it. */
static void switched_off_above(void **context)
{
	struct stage *stage = *context;

	scratch_unlink(&stage->scratch, "tree/system.slice/cpu.pressure");
	scratch_unlink(&stage->scratch, "tree/system.slice/memory.pressure");
	scratch_unlink(&stage->scratch, "tree/system.slice/io.pressure");
	sample(stage);
	put(stage, "proc/pressure", "cpu", 255000, 0);
	put(stage, "tree/system.slice/a.service", "cpu.pressure", 251000, 100);
	sample(stage);
	assert_int_equal(peak(stage, "a.service", 0), 2500);
	/* as long as the node does not move, nothing else is read */
	assert_int_equal(sample(stage), 3);
}

/* Without pressure of the node, as in a container without /proc/pressure, every branch is read. */
static void no_node(void **context)
{
	struct stage *stage = *context;

	for (size_t i = 0; i < CONTAINER_RESOURCES; i++)
		stage->sampler.node[i] = NG_FILE(NG_PROC, NG_WHOLE, "pressure/none");
	sample(stage);
	assert_false(stage->sampler.has_node);
	sample(stage);
	move(stage, 300000);
	sample(stage);
	assert_int_equal(peak(stage, "a.service", 0), 2990);
}

#define SAMPLER_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(texts),
		SAMPLER_TEST(top_down),
		SAMPLER_TEST(a_minute),
		SAMPLER_TEST(odd_totals),
		SAMPLER_TEST(a_histogram),
		SAMPLER_TEST(a_budget),
		SAMPLER_TEST(switched_off_above),
		SAMPLER_TEST(no_node),
	};

	return cmocka_run_group_tests_name("container_sampler", tests, NULL, NULL);
}
