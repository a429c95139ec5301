/* SPDX-License-Identifier: Apache-2.0 */
#include "instance.h"

#include "tree.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const below[NG_ROOTS] = {
	[NG_PROC] = "proc",
	[NG_SYS] = "sys",
	[NG_ROOTFS] = "rootfs",
	[NG_UDEV] = "udev",
	[NG_CGROUP] = "cgroup",
	[NG_RUN] = "run",
};

static const char *const live[NG_ROOTS] = {
	[NG_PROC] = "/proc",
	[NG_SYS] = "/sys",
	[NG_ROOTFS] = "/",
	[NG_UDEV] = "/run/udev/data",
	[NG_CGROUP] = "/sys/fs/cgroup",
	[NG_RUN] = "/run",
};

const struct ng_registry *instance_registry(void)
{
	static struct ng_registry registry;

	if (registry.count == 0 && ng_registry_init(&registry) < 0)
		abort();
	return &registry;
}

static void note_message(
	void *context, enum ng_level level, const char *message, const char *collector, const char *reason)
{
	struct instance *instance = context;

	(void)message;
	(void)collector;
	(void)reason;
	if (level <= NG_LOG_WARN)
		atomic_fetch_add(&instance->logged, 1);
}

static void make_arguments(struct instance *instance, const struct instance_plan *plan)
{
	instance->argv = calloc(plan->flag_count + NG_COUNT(plan->collectors) + 3, sizeof(*instance->argv));
	if (!instance->argv)
		abort();
	instance->argv[instance->argc++] = format("nodegauge");
	if (plan->collectors[0])
		instance->argv[instance->argc++] = format("--collector.disable-defaults");
	for (size_t i = 0; i < NG_COUNT(plan->collectors) && plan->collectors[i]; i++)
		instance->argv[instance->argc++] = format("--collector.%s", plan->collectors[i]);
	for (size_t i = 0; i < plan->flag_count; i++)
		instance->argv[instance->argc++] = format("%s", plan->flags[i]);
}

static void free_parts(struct instance *instance)
{
	ng_options_done(&instance->options);
	ng_arguments_done(&instance->arguments);
	for (int i = 0; i < instance->argc; i++)
		free(instance->argv[i]);
	free(instance->argv);
	for (size_t i = 0; i < NG_ROOTS; i++)
		free(instance->roots[i]);
}

bool instance_open(struct instance *instance, const struct instance_plan *plan)
{
	struct ng_error error = { "" };
	/* on a busy machine, a second runner would be started, and its thread and memory would be counted */
	struct ng_engine_config config = { .log = note_message, .log_context = instance, .stall = 60000000000u };

	memset(instance, 0, sizeof(*instance));
	for (size_t i = 0; i < NG_ROOTS; i++) {
		instance->roots[i] = plan->root ? format("%s/%s", plan->root, below[i]) : format("%s", live[i]);
		config.roots[i] = instance->roots[i];
	}
	instance->subject = plan->collectors[0];
	make_arguments(instance, plan);
	int r = ng_options_init(&instance->options, instance_registry());
	if (r == 0)
		r = ng_arguments_init(&instance->arguments, instance->argc, instance->argv, &error);
	if (r == 0)
		r = ng_options_parse(&instance->options, &instance->arguments, &error);
	if (r == 0) {
		config.choices = instance->options.choices;
		config.choice_count = instance->options.choice_count;
		if (plan->starting)
			plan->starting(true);
		r = ng_engine_new(&config, &error, &instance->engine);
		if (plan->starting)
			plan->starting(false);
	}
	if (r < 0) {
		free_parts(instance);
		snprintf(instance->error, sizeof(instance->error), "%s", error.text);
	}
	return r == 0;
}

void instance_close(struct instance *instance)
{
	if (instance->body)
		ng_body_release(instance->body);
	ng_engine_free(instance->engine);
	free_parts(instance);
	memset(instance, 0, sizeof(*instance));
}

bool instance_gather(struct instance *instance)
{
	const uint64_t patience = UINT64_C(60) * 1000000000;

	if (instance->body)
		ng_body_release(instance->body);
	instance->body = NULL;
	instance->text = (struct ng_span){ NULL, 0 };
	int r = ng_engine_gather(instance->engine, NULL, ng_now() + patience, &instance->body);
	if (r < 0 || !instance->body) {
		snprintf(instance->error, sizeof(instance->error), "no answer: %s", strerror(-r));
		return false;
	}
	instance->text = ng_body_text(instance->body, NG_FORMAT_TEXT);
	return true;
}

struct ng_cell_view instance_subject(struct instance *instance)
{
	struct ng_cell_view view = { 0 };

	for (size_t i = 0; i < ng_engine_cell_count(instance->engine); i++) {
		ng_engine_view(instance->engine, i, &view);
		if (instance->subject && !strcmp(view.collector->name, instance->subject))
			break;
	}
	return view;
}
