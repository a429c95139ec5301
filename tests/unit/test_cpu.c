/* SPDX-License-Identifier: Apache-2.0 */
/* State of cpu and cpufreq between scrapes: counters that go back, CPUs and governors that come and go. */
#include "engine/internal.h"
#include "engine/registry.h"
#include "scratch.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

struct machine {
	struct scratch scratch; /* all roots are in it */
	struct ng_registry registry;
	struct ng_engine *engine;
	struct ng_body *body;
};

static void put(const struct machine *machine, const char *name, const char *text)
{
	scratch_mkdir_above(&machine->scratch, name);
	scratch_put(&machine->scratch, name, text);
}

static void ignore(void *context, enum ng_level level, const char *message, const char *collector, const char *reason)
{
	(void)context;
	(void)level;
	(void)message;
	(void)collector;
	(void)reason;
}

static int start(void **state)
{
	const char *collector = *state;
	struct machine *machine = calloc(1, sizeof(*machine));
	struct ng_engine_config config = { .log = ignore };
	struct ng_choice choice = { 0 };
	struct ng_error error = { "" };

	assert_non_null(machine);
	scratch_init(&machine->scratch, "/tmp", "test_cpu");
	assert_int_equal(ng_registry_init(&machine->registry), 0);
	for (size_t i = 0; i < NG_ROOTS; i++)
		config.roots[i] = machine->scratch.root;
	choice.collector = ng_registry_find(&machine->registry, ng_span(collector));
	assert_non_null(choice.collector);
	config.choices = &choice;
	config.choice_count = 1;
	assert_int_equal(ng_engine_new(&config, &error, &machine->engine), 0);
	*state = machine;
	return 0;
}

static int stop(void **state)
{
	struct machine *machine = *state;

	if (machine->body)
		ng_body_release(machine->body);
	ng_engine_free(machine->engine);
	ng_registry_done(&machine->registry);
	scratch_done(&machine->scratch);
	free(machine);
	return 0;
}

static void gather(struct machine *machine)
{
	if (machine->body)
		ng_body_release(machine->body);
	assert_int_equal(ng_engine_gather(machine->engine, NULL, UINT64_MAX, &machine->body), 0);
}

/* Scrapes with this text in /proc/stat. */
static void scrape(struct machine *machine, const char *text)
{
	put(machine, "stat", text);
	gather(machine);
}

/* Simulates a device event. */
static void announce(const struct machine *machine)
{
	machine->engine->kernel.epoch++;
}

static bool says(const struct machine *machine, const char *sample)
{
	struct ng_span text = ng_body_text(machine->body, NG_FORMAT_TEXT);
	char line[128];
	int n = snprintf(line, sizeof(line), "\n%s\n", sample);

	return memmem(text.text, text.size, line, (size_t)n) != NULL;
}

#define SECONDS(cpu, mode, value) "node_cpu_seconds_total{cpu=\"" cpu "\",mode=\"" mode "\"} " value

static void keeps_the_highest(void **state)
{
	struct machine *machine = *state;

	scrape(machine, "cpu  0\ncpu0 100 0 50 1000 7 0 0 0\n");
	assert_true(says(machine, SECONDS("0", "idle", "10")));
	scrape(machine, "cpu  0\ncpu0 110 0 40 990 6 0 0 0\n");
	assert_true(says(machine, SECONDS("0", "user", "1.1")));
	assert_true(says(machine, SECONDS("0", "system", "0.5")));
	assert_true(says(machine, SECONDS("0", "idle", "10")));
	assert_true(says(machine, SECONDS("0", "iowait", "0.07")));
	scrape(machine, "cpu  0\ncpu0 110 0 60 1001 6 0 0 0\n");
	assert_true(says(machine, SECONDS("0", "system", "0.6")));
	assert_true(says(machine, SECONDS("0", "idle", "10.01")));
}

static void starts_again_when_idle_falls_far(void **state)
{
	struct machine *machine = *state;

	scrape(machine, "cpu  0\ncpu0 100 0 50 1000 7 0 0 0\ncpu1 100 0 50 1000 7 0 0 0\n");
	scrape(machine, "cpu  0\ncpu0 90 0 50 701 7 0 0 0\ncpu1 90 0 50 700 3 0 0 0\n");
	assert_true(says(machine, SECONDS("0", "user", "1")));
	assert_true(says(machine, SECONDS("0", "idle", "10")));
	assert_true(says(machine, SECONDS("1", "user", "0.9")));
	assert_true(says(machine, SECONDS("1", "idle", "7")));
	assert_true(says(machine, SECONDS("1", "iowait", "0.03")));
}

static void forgets_what_is_off_line(void **state)
{
	struct machine *machine = *state;

	scrape(machine, "cpu  0\ncpu0 100 0 50 1000 7 0 0 0\ncpu1 100 0 50 1000 7 0 0 0\ncpu2 5 0 0 9 0 0 0 0\n");
	assert_true(says(machine, SECONDS("1", "user", "1")));
	scrape(machine, "cpu  0\ncpu0 99 0 50 1000 7 0 0 0\ncpu2 4 0 0 10 0 0 0 0\ncpu10 1 2 3 4 0 0 0 0\n");
	assert_true(says(machine, SECONDS("0", "user", "1")));
	assert_false(says(machine, SECONDS("1", "user", "1")));
	assert_true(says(machine, SECONDS("2", "user", "0.05")));
	assert_true(says(machine, SECONDS("2", "idle", "0.1")));
	assert_true(says(machine, SECONDS("10", "user", "0.01")));
	scrape(machine, "cpu  0\ncpu0 99 0 50 1000 7 0 0 0\ncpu1 2 0 50 990 7 0 0 0\n");
	assert_true(says(machine, SECONDS("1", "user", "0.02")));
	assert_true(says(machine, SECONDS("1", "idle", "9.9")));
}

static void survives_a_bad_text(void **state)
{
	struct machine *machine = *state;

	scrape(machine, "cpu  0\ncpu0 100 0 50 1000 7 0 0 0\n");
	scrape(machine, "cpu  0\ncpu0 100 0 fifty\n");
	assert_true(says(machine, "node_scrape_collector_success{collector=\"cpu\"} 0"));
	assert_false(says(machine, SECONDS("0", "user", "1")));
	scrape(machine, "cpu  0\ncpu0 99 0 50 1000 7 0 0 0\n");
	assert_true(says(machine, SECONDS("0", "user", "1")));
}

#define CPU "devices/system/cpu/"

static void reads_the_topology_again_when_the_cpus_change(void **state)
{
	struct machine *machine = *state;

	put(machine, CPU "present", "0-1\n");
	put(machine, CPU "online", "0-1\n");
	put(machine, CPU "isolated", "\n");
	put(machine, CPU "cpu0/online", "1\n");
	put(machine, CPU "cpu1/online", "1\n");
	put(machine, CPU "cpu1/topology/physical_package_id", "0\n");
	put(machine, CPU "cpu1/topology/core_id", "1\n");
	put(machine, CPU "cpu1/thermal_throttle/core_throttle_count", "7\n");
	scrape(machine, "cpu  0\ncpu0 1 1 1 1 1 1 1 1\n");
	assert_true(says(machine, "node_cpu_online{cpu=\"1\"} 1"));
	put(machine, CPU "cpu1/thermal_throttle/core_throttle_count", "8\n");
	put(machine, CPU "cpu1/online", "0\n");
	gather(machine);
	assert_true(says(machine, "node_cpu_online{cpu=\"1\"} 1"));
	assert_true(says(machine, "node_cpu_core_throttles_total{package=\"0\",core=\"1\"} 8"));
	announce(machine); /* from another device: the CPU lists are the same */
	gather(machine);
	assert_true(says(machine, "node_cpu_online{cpu=\"1\"} 1"));
	put(machine, CPU "online", "0\n");
	announce(machine);
	gather(machine);
	assert_true(says(machine, "node_cpu_online{cpu=\"0\"} 1"));
	assert_true(says(machine, "node_cpu_online{cpu=\"1\"} 0"));
}

static void learns_of_new_governors_and_policies(void **state)
{
	struct machine *machine = *state;

	put(machine, CPU "online", "0-1\n");
	put(machine, CPU "offline", "\n");
	put(machine, CPU "cpu0/cpufreq/scaling_governor", "powersave\n");
	put(machine, CPU "cpu0/cpufreq/scaling_available_governors", "powersave\n");
	gather(machine);
	assert_true(says(machine, "node_cpu_scaling_governor{cpu=\"0\",governor=\"powersave\"} 1"));
	put(machine, CPU "cpu0/cpufreq/scaling_governor", "ondemand\n");
	put(machine, CPU "cpu0/cpufreq/scaling_available_governors", "powersave ondemand\n");
	gather(machine);
	assert_true(says(machine, "node_cpu_scaling_governor{cpu=\"0\",governor=\"powersave\"} 0"));
	assert_true(says(machine, "node_cpu_scaling_governor{cpu=\"0\",governor=\"ondemand\"} 1"));
	put(machine, CPU "cpu1/cpufreq/scaling_cur_freq", "1000\n");
	announce(machine);
	gather(machine);
	assert_false(says(machine, "node_cpu_scaling_frequency_hertz{cpu=\"1\"} 1000000"));
	put(machine, CPU "cpufreq/policy1/scaling_cur_freq", "1000\n");
	announce(machine);
	gather(machine);
	assert_true(says(machine, "node_cpu_scaling_frequency_hertz{cpu=\"1\"} 1000000"));
}

#define TEST_OF(collector, test) cmocka_unit_test_prestate_setup_teardown(test, start, stop, collector)

int main(void)
{
	char cpu[] = "cpu", cpufreq[] = "cpufreq";
	const struct CMUnitTest tests[] = {
		TEST_OF(cpu, keeps_the_highest),
		TEST_OF(cpu, starts_again_when_idle_falls_far),
		TEST_OF(cpu, forgets_what_is_off_line),
		TEST_OF(cpu, survives_a_bad_text),
		TEST_OF(cpu, reads_the_topology_again_when_the_cpus_change),
		TEST_OF(cpufreq, learns_of_new_governors_and_policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
