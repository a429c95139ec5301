/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline.h"

#include "runner.h"

#include <stdlib.h>

static bool is_foreign(void *context, struct ng_span family)
{
	(void)context;
	return !family_is_own(family);
}

/* Values that differ or are missing a moment later are not compared. */
static void forgive_changes(struct exposition *first, const struct exposition *second)
{
	for (size_t i = 0; i < first->sample_count; i++) {
		struct prom_sample *sample = &first->sample[i];
		const struct prom_sample *later = exposition_sample(second, exposition_key(first, sample));
		if (!later || !ng_span_equal(later->number, sample->number)) {
			sample->number = NG_SPAN("*");
			sample->wild = true;
		}
	}
}

bool baseline_take(struct baseline *baseline, struct instance *instance, const struct instance_plan *plan)
{
	struct exposition later = { 0 };
	bool done;

	*baseline = (struct baseline){ .plan = plan };
	if (!instance_gather(instance))
		return test_fail("%s", instance->error);
	baseline->text = strndup(instance->text.text, instance->text.size);
	if (!baseline->text)
		abort();
	baseline->result = instance_subject(instance).result;
	done = exposition_read(&baseline->exposition, (struct ng_span){ baseline->text, instance->text.size });
	if (!done)
		return test_fail("%s", baseline->exposition.error);
	done = instance_gather(instance) && instance_check(instance, &later);
	if (done)
		forgive_changes(&baseline->exposition, &later);
	else
		test_fail("%s%s", instance->error, later.error);
	exposition_done(&later);
	return done;
}

void baseline_done(struct baseline *baseline)
{
	free(baseline->text);
	exposition_done(&baseline->exposition);
}

static bool machine_changed(struct baseline *baseline)
{
	struct exposition later = { 0 };
	struct instance fresh;
	bool done = false;

	if (!instance_open(&fresh, baseline->plan))
		return false;
	if (instance_gather(&fresh) && exposition_read(&later, fresh.text)) {
		forgive_changes(&baseline->exposition, &later);
		done = true;
	}
	exposition_done(&later);
	instance_close(&fresh);
	return done;
}

bool baseline_same(struct baseline *baseline, struct instance *instance, struct exposition *actual)
{
	struct ng_cell_view view = instance_subject(instance);

	if (view.result != baseline->result)
		return exposition_fail(
			actual, "the result is %d (%s) instead of %d", view.result, view.reason, baseline->result);
	if (exposition_equal(&baseline->exposition, actual, is_foreign, NULL))
		return true;
	return machine_changed(baseline) && exposition_equal(&baseline->exposition, actual, is_foreign, NULL);
}

bool baseline_within(
	struct baseline *baseline, struct exposition *actual, prom_wanted *wanted, void *context, size_t *ret_missing)
{
	if (exposition_within(&baseline->exposition, actual, wanted, context, ret_missing))
		return true;
	return machine_changed(baseline) &&
	       exposition_within(&baseline->exposition, actual, wanted, context, ret_missing);
}

bool baseline_repeats(struct baseline *baseline, struct instance *instance, struct exposition *actual)
{
	if (!instance_gather(instance))
		return exposition_fail(actual, "%s", instance->error);
	return instance_check(instance, actual) && baseline_same(baseline, instance, actual);
}
