/* SPDX-License-Identifier: Apache-2.0 */
/* Two engines in one process, on two cases, alternating: each gives the same output as alone. */
#include "baseline.h"
#include "runner.h"

struct twin {
	struct scene scene;
	struct instance instance;
	struct baseline alone;
	bool open;
};

static bool twin_open(struct twin *twin, const struct test_case *source)
{
	*twin = (struct twin){ 0 };
	if (!scene_open(&twin->scene, source))
		return test_fail("%s", twin->scene.error);
	twin->open = true;
	if (!instance_open(&twin->instance, &twin->scene.plan))
		return false; /* it is meant to fail: mode_cases checks that */
	bool done = baseline_take(&twin->alone, &twin->instance, &twin->scene.plan);
	instance_close(&twin->instance);
	return done;
}

static void twin_close(struct twin *twin)
{
	if (!twin->open)
		return;
	baseline_done(&twin->alone);
	scene_close(&twin->scene);
}

static void take_turns(struct twin *twins, size_t count)
{
	struct exposition actual = { 0 };

	for (unsigned round = 1; !test_failed() && round <= 3; round++) {
		for (size_t i = 0; i < count; i++) {
			if (!baseline_repeats(&twins[i].alone, &twins[i].instance, &actual))
				test_fail("%s, round %u: %s", twins[i].scene.source->name, round, actual.error);
		}
	}
	exposition_done(&actual);
}

void mode_twice(const struct test_case *a, const struct test_case *b)
{
	struct twin twins[2] = { 0 };

	if (twin_open(&twins[0], a) && twin_open(&twins[1], b)) {
		bool first = instance_open(&twins[0].instance, &twins[0].scene.plan);
		bool second = first && instance_open(&twins[1].instance, &twins[1].scene.plan);
		if (second)
			take_turns(twins, 2);
		else
			test_fail("%s%s", twins[0].instance.error, twins[1].instance.error);
		/* the first engine is closed first: the other must not depend on it */
		if (first)
			instance_close(&twins[0].instance);
		if (second && !test_failed()) {
			take_turns(&twins[1], 1);
			instance_close(&twins[1].instance);
		}
	}
	twin_close(&twins[0]);
	twin_close(&twins[1]);
}
