/* SPDX-License-Identifier: Apache-2.0 */
/* Each case gives the expected output, or fails for the expected reason. */
#include "runner.h"

#include <stdlib.h>

/* The engine's own families take part only if the case has them. */
static bool is_expected(void *expected, struct ng_span family)
{
	return !family_is_own(family) || exposition_family(expected, family);
}

/* Timestamps of files depend on the checkout and do not matter. */
static void forgive_times(struct exposition *expected)
{
	for (size_t i = 0; i < expected->sample_count; i++) {
		struct prom_sample *sample = &expected->sample[i];
		if (!ng_span_equal(sample->name, NG_SPAN("node_textfile_mtime_seconds")))
			continue;
		sample->number = NG_SPAN("*");
		sample->wild = true;
	}
}

static void trim_end(char *text)
{
	size_t n = strlen(text);

	while (n && (text[n - 1] == '\n' || text[n - 1] == ' '))
		text[--n] = '\0';
}

static bool expect_values(struct instance *instance, const char *text)
{
	struct exposition expected = { 0 }, actual = { 0 };
	struct ng_cell_view view;
	bool done = true;

	if (!exposition_read_expected(&expected, ng_span(text)))
		done = test_fail("expect.prom: %s", expected.error);
	forgive_times(&expected);
	/* twice: the second time, the files are already open */
	for (unsigned round = 1; done && round <= 2; round++) {
		if (!instance_gather(instance))
			done = test_fail("%s", instance->error);
		else if (!instance_check(instance, &actual))
			done = test_fail("scrape %u: %s", round, actual.error);
		else if ((view = instance_subject(instance)).result < 0)
			done = test_fail("scrape %u: the collector failed: %s", round, view.reason);
		else if (!exposition_equal(&expected, &actual, is_expected, &expected))
			done = test_fail("scrape %u: %s", round, actual.error);
	}
	exposition_done(&expected);
	exposition_done(&actual);
	return done;
}

static bool expect_error(struct instance *instance, const char *text)
{
	struct exposition actual = { 0 };
	struct ng_cell_view view;
	bool done = true;

	for (unsigned round = 1; done && round <= 2; round++) {
		if (!instance_gather(instance)) {
			done = test_fail("%s", instance->error);
			break;
		}
		view = instance_subject(instance);
		if (!instance_check(instance, &actual))
			done = test_fail("scrape %u: %s", round, actual.error);
		else if (view.result == 0)
			done = test_fail("scrape %u succeeds", round);
		else if (!strstr(view.reason, text))
			done = test_fail("scrape %u: the reason is '%s'", round, view.reason);
	}
	exposition_done(&actual);
	return done;
}

void mode_cases(const struct test_case *source)
{
	struct scene scene;
	struct instance instance;

	if (!scene_open(&scene, source)) {
		test_fail("%s", scene.error);
		return;
	}
	char *values = scene_text(&scene, "expect.prom"), *error = scene_text(&scene, "expect.error");
	if (error)
		trim_end(error);
	if (!values == !error) {
		test_fail("%s", values ? "expect.prom and expect.error exclude each other" : "nothing is expected");
	} else if (instance_open(&instance, &scene.plan)) {
		if (values)
			expect_values(&instance, values);
		else
			expect_error(&instance, error);
		instance_close(&instance);
	} else if (!error || !strstr(instance.error, error)) {
		test_fail("it does not start: %s", instance.error);
	}
	free(values);
	free(error);
	scene_close(&scene);
}
