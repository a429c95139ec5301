/* SPDX-License-Identifier: Apache-2.0 */
/* nodegauge: host metrics exporter for Prometheus. */
#include "base/log.h"
#include "config/options.h"
#include "config/print.h"
#include "exporter/exporter.h"
#include "exporter/version.h"
#include "process/listeners.h"
#include "process/loop.h"
#include "process/patience.h"
#include "process/prepare.h"
#include "process/privilege.h"
#include "process/process.h"
#include "process/service.h"

#include <stdio.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2, EXIT_UNPROTECTED = 3 };

/*
 * In addition to those for clients: files that collectors open while reading, and everything opened after the
 * collectors.
 */
enum { DESCRIPTORS_IN_PASSING = 32 };

enum { BUILD_WRITER, PROCESS_WRITER, EXPORTER_WRITER, WRITERS };

struct program {
	struct ng_arguments arguments;
	struct ng_registry registry;
	struct ng_options options;
	struct ng_privileges privileges;
	struct ng_listeners listeners;
	const char *roots[NG_ROOTS];
	struct ng_process process;
	struct ng_writer writers[WRITERS];
	struct ng_exporter *exporter;
	struct ng_engine *engine;
	struct ng_server *server;
	struct ng_error error;
};

/* ---- exit ---- */

static int complain(struct program *program, int status)
{
	fprintf(stderr, "nodegauge: error: %s\n", program->error.text);
	return status;
}

static int give_up(struct program *program)
{
	char *text = program->error.text;
	size_t used = strlen(text);

	if (strstr(text, strerror(EMFILE)))
		snprintf(text + used, sizeof(program->error.text) - used, ": see LimitNOFILE= or ulimit -n");
	NG_LOG(NG_LOG_ERROR, "cannot start", "reason", text);
	return EXIT_FAILURE;
}

/* Bad arguments are permanent; other errors may be transient. */
static int refuse(struct program *program, int error)
{
	return error == -EINVAL ? complain(program, EXIT_USAGE) : give_up(program);
}

/* ---- the command line ---- */

static int read_arguments(struct program *program, int argc, char *argv[])
{
	int r = ng_arguments_init(&program->arguments, argc, argv, &program->error);

	if (r == 0)
		r = ng_registry_init(&program->registry);
	const char *modules = r == 0 ? ng_arguments_peek(&program->arguments, "collector.modules") : NULL;
	if (modules)
		r = ng_registry_load(&program->registry, modules, &program->error);
	if (r == 0)
		r = ng_options_init(&program->options, &program->registry);
	if (r == 0)
		r = ng_options_parse(&program->options, &program->arguments, &program->error);
	return r;
}

static bool suffices(const void *privileges, const char *capability)
{
	return ng_privileges_suffice(privileges, capability);
}

static int print(struct program *program, enum ng_action action)
{
	static const struct ng_writer *const writers[] = { &ng_build_writer, &ng_process_writer, &ng_engine_writer,
		&ng_exporter_writer };
	const struct ng_printing printing = {
		.options = &program->options,
		.writers = writers,
		.writer_count = NG_COUNT(writers),
		.suffices = suffices,
		.privileges = &program->privileges,
	};

	int r = ng_print(&printing, action, &program->error);
	if (r < 0)
		return complain(program, r == -EINVAL ? EXIT_USAGE : EXIT_FAILURE);
	return r > 0 ? EXIT_UNPROTECTED : EXIT_SUCCESS;
}

/* ---- privileges ---- */

static int plan_privileges(struct program *program)
{
	const struct ng_options *options = &program->options;

	return ng_privileges_plan(
		&program->privileges, options->settings.user, options->choices, options->choice_count, &program->error);
}

static int drop_privileges(struct program *program)
{
	const struct ng_settings *settings = &program->options.settings;
	struct ng_arena *memory = &program->options.memory;

	ng_error_set(&program->error, -ENOMEM, "out of memory");
	int r = ng_options_roots(&program->options, program->roots);
	if (r == 0)
		r = ng_listeners_hand_over(
			&program->listeners, settings, &program->privileges, memory, &program->error);
	if (r == 0)
		r = ng_privileges_except_writables(&program->privileges, program->roots, memory);
	if (r == 0)
		r = ng_privileges_drop(&program->privileges, settings->landlock, &program->error);
	return r;
}

/* ---- the parts ---- */

static int add_exporter(struct program *program)
{
	const struct ng_settings *settings = &program->options.settings;

	program->exporter = ng_exporter_new(&(struct ng_exporter_config){
		.telemetry_path = settings->telemetry_path,
		.max_requests = settings->max_requests,
		.scrape_timeout = settings->scrape_timeout,
		.registry = &program->registry,
	});
	return program->exporter ? 0 : ng_error_set(&program->error, -ENOMEM, "out of memory");
}

static int start_engine(struct program *program, enum ng_action action)
{
	const struct ng_settings *settings = &program->options.settings;
	struct ng_engine_config config = {
		.choices = program->options.choices,
		.choice_count = program->options.choice_count,
		.writers = program->writers,
		.writer_count = settings->disable_exporter_metrics ? 1 : WRITERS,
		.log = ng_log_collector,
		.once = action == NG_ONCE,
		.keep_below = ng_keep_below(settings->max_connections + DESCRIPTORS_IN_PASSING),
	};

	memcpy(config.roots, program->roots, sizeof(config.roots));
	program->writers[BUILD_WRITER] = ng_build_writer;
	program->writers[PROCESS_WRITER] = ng_process_writer;
	program->writers[PROCESS_WRITER].context = &program->process;
	program->writers[EXPORTER_WRITER] = ng_exporter_writer;
	program->writers[EXPORTER_WRITER].context = program->exporter;
	ng_process_init(&program->process, config.keep_below);
	return ng_engine_new(&config, &program->error, &program->engine);
}

static void log_web(const char *message, const char *detail)
{
	NG_LOG(NG_LOG_WARN, message, "detail", detail);
}

static int start_server(struct program *program)
{
	const struct ng_settings *settings = &program->options.settings;
	struct ng_server_config config = {
		.limits = {
			.connections = (unsigned)settings->max_connections,
			.client_connections = (unsigned)settings->max_client_connections,
			.header_timeout = settings->header_timeout,
			.idle_timeout = settings->idle_timeout,
			.response_timeout = settings->response_timeout,
		},
		.listeners = program->listeners.item,
		.listener_count = program->listeners.count,
		.handle = ng_exporter_handle,
		.gone = ng_exporter_gone,
		.context = program->exporter,
		.log = log_web,
	};

	return ng_server_new(&config, &program->error, &program->server);
}

/* ---- serving and printing ---- */

static int run_once(struct program *program)
{
	uint64_t deadline = ng_now() + program->options.settings.scrape_timeout;

	int r = ng_print_once(program->engine, deadline, &program->error);
	return r < 0 ? complain(program, EXIT_FAILURE) : EXIT_SUCCESS;
}

static int serve(struct program *program)
{
	if (start_server(program) < 0)
		return give_up(program);
	ng_exporter_attach(program->exporter, program->engine, program->server);
	NG_LOG(NG_LOG_INFO, "starting nodegauge", "version", ng_version, "revision", ng_revision, "libmicrohttpd",
		ng_server_library(), "gzip", ng_gzip_library());
	for (size_t i = 0; i < program->listeners.count; i++)
		NG_LOG(NG_LOG_INFO, "listening", "address", program->listeners.item[i].name);
	ng_privileges_log(&program->privileges);
	int r = ng_loop_run(program->engine, program->server, program->exporter);
	if (r == 0)
		return EXIT_SUCCESS;
	ng_error_set(&program->error, r, "main loop: %s", strerror(-r));
	return give_up(program);
}

static void clear_up(struct program *program)
{
	ng_server_free(program->server);
	ng_listeners_close(&program->listeners);
	if (ng_engine_free(program->engine)) {
		ng_exporter_free(program->exporter);
		ng_process_done(&program->process);
		ng_options_done(&program->options);
		ng_registry_done(&program->registry);
		ng_arguments_done(&program->arguments);
	}
}

/* First opens everything that needs privileges, then drops them, then starts threads. */
static int run(struct program *program, enum ng_action action)
{
	struct ng_patience patience = { 0 };
	int r = 0;

	if (action == NG_SERVE)
		r = ng_listeners_open(&program->listeners, &program->options.settings, &patience, &program->error);
	if (r < 0)
		return patience.ended ? EXIT_SUCCESS : refuse(program, r);
	if (drop_privileges(program) < 0)
		return give_up(program);
	r = start_engine(program, action);
	if (r < 0)
		return refuse(program, r);
	return action == NG_ONCE ? run_once(program) : serve(program);
}

int main(int argc, char *argv[])
{
	static struct program program;

	ng_prepare_process();
	if (read_arguments(&program, argc, argv) < 0)
		return complain(&program, EXIT_USAGE);
	enum ng_action action = ng_options_action(&program.options);
	bool runs = action == NG_SERVE || action == NG_ONCE;
	if ((runs || action == NG_LIST_COLLECTORS) && plan_privileges(&program) < 0)
		return complain(&program, EXIT_USAGE);
	if (!runs)
		return print(&program, action);
	ng_log_init(ng_options_log_level(&program.options), program.options.settings.log_format[0] == 'j');
	ng_prepare_descriptor_limit();
	if (action == NG_SERVE)
		ng_loop_block_signals();
	if (add_exporter(&program) < 0)
		return give_up(&program);
	int status = run(&program, action);
	clear_up(&program);
	ng_service_leave(status);
	return status;
}
