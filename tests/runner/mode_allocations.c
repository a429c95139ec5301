/* SPDX-License-Identifier: Apache-2.0 */
/* Once warm, a scrape allocates nothing. */
#include "interpose.h"
#include "runner.h"

#include <stdio.h>
#include <unistd.h>

enum { WARM_UP = 3, ROUNDS = 5 };

/* The minimum of several attempts: on a busy machine, the engine may start one more thread, once. */
static bool count_allocations(struct instance *instance, unsigned long *ret_count)
{
	*ret_count = ~0ul;
	usleep(150000); /* recently changed files are reread, see ng_time_unsettled */
	for (unsigned i = 0; i < WARM_UP; i++) {
		if (!instance_gather(instance))
			return test_fail("%s", instance->error);
	}
	for (unsigned i = 0; i < ROUNDS && *ret_count; i++) {
		if (!allocations_start()) {
			test_skip("the sanitizer has an allocator of its own");
			return false;
		}
		bool done = instance_gather(instance);
		unsigned long count = allocations_stop();
		if (!done)
			return test_fail("%s", instance->error);
		if (count < *ret_count)
			*ret_count = count;
	}
	return true;
}

void mode_allocations(const struct test_case *source)
{
	struct scene scene;
	struct instance instance;
	unsigned long count;

	if (!scene_open(&scene, source)) {
		test_fail("%s", scene.error);
		return;
	}
	if (instance_open(&instance, &scene.plan)) {
		if (count_allocations(&instance, &count) && count)
			test_fail("%lu allocations in a warm scrape", count);
		instance_close(&instance);
	}
	scene_close(&scene);
}

/*
 * On this machine: all collectors that are enabled by default; if they allocate, each one alone to identify the
 * culprit.
 */
static void find_culprits(char *names, size_t size)
{
	const struct ng_registry *registry = instance_registry();
	size_t used = 0;

	names[0] = '\0';
	for (size_t i = 0; i < registry->count; i++) {
		struct instance_plan plan = { .collectors = { registry->item[i]->name } };
		struct instance instance;
		unsigned long count;
		if (registry->item[i]->off_by_default || !instance_open(&instance, &plan))
			continue;
		if (count_allocations(&instance, &count) && count && used < size - 80)
			used += (size_t)snprintf(
				names + used, size - used, " %.40s(%lu)", registry->item[i]->name, count);
		instance_close(&instance);
	}
}

void mode_allocations_live(void)
{
	struct instance_plan plan = { 0 };
	struct instance instance;
	unsigned long count;
	char names[900];

	if (!instance_open(&instance, &plan)) {
		test_fail("%s", instance.error);
		return;
	}
	bool counted = count_allocations(&instance, &count);
	test_note("this machine, %zu collectors", ng_engine_cell_count(instance.engine));
	instance_close(&instance);
	if (counted && count) {
		find_culprits(names, sizeof(names));
		test_fail("%lu allocations in a warm scrape of this machine:%s", count, names);
	}
}
