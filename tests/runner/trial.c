/* SPDX-License-Identifier: Apache-2.0 */
#include "trial.h"

static void run_case(struct trial *trial, void (*run)(struct trial *trial))
{
	struct instance instance;

	if (!instance_open(&instance, &trial->scene.plan))
		return;
	bool done = baseline_take(&trial->baseline, &instance, &trial->scene.plan);
	instance_close(&instance);
	if (done)
		run(trial);
	baseline_done(&trial->baseline);
}

void trial_run(struct trial *trial, const struct test_case *source, const char *mode, void (*run)(struct trial *trial))
{
	if (!scene_open(&trial->scene, source)) {
		test_fail("%s", trial->scene.error);
		return;
	}
	trial->scene.plan.starting = trial->starting;
	if (findings_init(&trial->findings, source))
		run_case(trial, run);
	findings_done(&trial->findings, mode, source);
	exposition_done(&trial->exposition);
	scene_close(&trial->scene);
}

size_t trial_numbers(struct trial *trial, size_t count, bool (*try_number)(struct trial *trial, size_t number))
{
	size_t tried = 0;

	while (tried < count && test_has_time() && try_number(trial, spread(tried, count)))
		tried++;
	return tried;
}
