/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the collectors on trees of files and reports what is wrong. See README.md.
 *
 *     runner [-d DIRECTORY] [-c COLLECTOR[/CASE]] [-j PROCESSES] [-t SECONDS] [MODE...]
 *
 * Each test is a process, so that a crash or a hang is a failure.
 */
#include "job.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The thorough modes get more time with the address sanitizer. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
enum { DEFAULT_SECONDS = 20 };
#else
enum { DEFAULT_SECONDS = 10 };
#endif

static const struct mode modes[] = {
	{ .name = "self", .run_once = mode_self },
	{ .name = "cases", .run = mode_cases },
	{ .name = "twice", .run_pair = mode_twice },
	{ .name = "allocations", .run = mode_allocations, .run_once = mode_allocations_live },
	{ .name = "prefix", .run = mode_prefix, .thorough = true },
	{ .name = "vanish", .run = mode_vanish, .thorough = true },
	{ .name = "errno", .run = mode_errno, .thorough = true },
	{ .name = "memory", .run = mode_memory, .thorough = true },
};

struct bounds {
	unsigned processes, seconds;
};

static void start_pairs(const struct mode *mode, const struct test_cases *cases)
{
	for (size_t first = 0, end; first < cases->count; first = end) {
		const char *collector = cases->item[first].collector;
		for (end = first; end < cases->count && !strcmp(cases->item[end].collector, collector);)
			end++;
		for (size_t i = first; i < end; i++)
			jobs_start(mode, &cases->item[i], &cases->item[i + 1 < end ? i + 1 : first], 0);
	}
}

static void run_mode(const struct mode *mode, const struct test_cases *cases, const struct bounds *bounds)
{
	uint64_t share = UINT64_C(1000000000) * bounds->seconds * bounds->processes / (cases->count + 1);

	if (mode->run_once)
		jobs_start(mode, NULL, NULL, 0);
	if (mode->run_pair)
		start_pairs(mode, cases);
	for (size_t i = 0; mode->run && i < cases->count; i++)
		jobs_start(mode, &cases->item[i], NULL, mode->thorough ? share : 0);
	jobs_wait();
}

static bool chosen(const struct mode *mode, char *const *names)
{
	for (; *names; names++) {
		if (!strcmp(*names, mode->name) || !strcmp(*names, "all"))
			return true;
	}
	return false;
}

static int usage(void)
{
	fprintf(stderr,
		"runner [-d DIRECTORY] [-c COLLECTOR[/CASE]] [-j PROCESSES] [-t SECONDS] [MODE...]\nmodes: all");
	for (size_t i = 0; i < NG_COUNT(modes); i++)
		fprintf(stderr, " %s", modes[i].name);
	fprintf(stderr, "\n");
	return 2;
}

int main(int argc, char **argv)
{
	static char all[] = "all";
	char *everything[] = { all, NULL };
	const char *directory = "tests/collectors", *only = NULL;
	struct test_cases cases;
	struct bounds bounds = { (unsigned)sysconf(_SC_NPROCESSORS_ONLN), DEFAULT_SECONDS };
	int option;

	while ((option = getopt(argc, argv, "d:c:j:t:")) != -1) {
		if (option == 'd')
			directory = optarg;
		else if (option == 'c')
			only = optarg;
		else if (option == 'j')
			bounds.processes = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 't')
			bounds.seconds = (unsigned)strtoul(optarg, NULL, 10);
		else
			return usage();
	}
	char *place = tree_new(); /* shared by all, so that nothing is left behind if a test is killed */
	setenv("TMPDIR", place, 1);
	jobs_init(bounds.processes);
	cases_find(directory, only, &cases);
	for (size_t i = 0; i < NG_COUNT(modes); i++) {
		if (chosen(&modes[i], optind < argc ? argv + optind : everything))
			run_mode(&modes[i], &cases, &bounds);
	}
	cases_done(&cases);
	tree_remove(place);
	free(place);
	struct job_counts counts = jobs_done();
	printf("%u passed, %u failed, %u skipped\n", counts.passed, counts.failed, counts.skipped);
	return counts.failed != 0;
}
