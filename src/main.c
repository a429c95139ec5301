/* SPDX-License-Identifier: Apache-2.0 */
/* nodegauge: metrics of this node for Prometheus. */
#include "base/log.h"
#include "config/help.h"
#include "config/migrate.h"
#include "config/options.h"
#include "exporter/exporter.h"
#include "exporter/version.h"
#include "process/loop.h"
#include "process/patience.h"
#include "process/privilege.h"
#include "process/process.h"
#include "process/service.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, EXIT_UNPROTECTED = 3, LISTENERS_MAX = 64 };

/* Beside those of clients: what collectors have open while they read, and what is opened after them. */
enum { DESCRIPTORS_IN_PASSING = 32 };

struct program {
	struct ng_arguments arguments;
	struct ng_registry registry;
	struct ng_options options;
	struct ng_privileges privileges;
	const char *roots[NG_ROOTS];
	struct ng_process process;
	struct ng_exporter *exporter;
	struct ng_engine *engine;
	struct ng_server *server;
	struct ng_listener listeners[LISTENERS_MAX];
	size_t listener_count;
	struct ng_error error;
};

static int usage(struct program *program)
{
	fprintf(stderr, "nodegauge: error: %s\n", program->error.text);
	return EXIT_USAGE;
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

/* What is wrong with the arguments will be when it is tried again; the rest may pass. */
static int refuse(struct program *program, int error)
{
	return error == -EINVAL ? usage(program) : give_up(program);
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

static int fail_output(int error)
{
	fprintf(stderr, "nodegauge: error: write to standard output: %s\n",
		error == EBADF ? "it is closed" : strerror(error));
	return EXIT_FAILURE;
}

static int finish_output(void)
{
	return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : fail_output(errno);
}

static int print_metrics(struct program *program)
{
	const struct ng_writer *writers[] = { &ng_build_writer, &ng_process_writer, &ng_engine_writer,
		&ng_exporter_writer };
	struct ng_family own[64];
	size_t count = 0;

	for (size_t i = 0; i < NG_COUNT(writers); i++) {
		for (size_t k = 0; k < writers[i]->family_count && count < NG_COUNT(own); k++)
			own[count++] = writers[i]->families[k];
	}
	ng_help_metrics(stdout, &program->options, own, count);
	return finish_output();
}

static int migrate(struct program *program)
{
	struct ng_options *options = &program->options;

	int r = ng_migrate(stdout, stderr, options, options->settings.migrate, &program->error);
	if (r < 0)
		return usage(program);
	int status = finish_output();
	return status == EXIT_SUCCESS && r > 0 ? EXIT_UNPROTECTED : status;
}

static bool suffices(const void *privileges, const char *capability)
{
	return ng_privileges_suffice(privileges, capability);
}

static int print_something(struct program *program, enum ng_action action)
{
	switch (action) {
	case NG_HELP:
		ng_help_print(stdout, &program->options);
		break;
	case NG_HELP_MAN:
		ng_help_man(stdout, &program->options);
		break;
	case NG_PRINT_VERSION:
		ng_help_version(stdout);
		break;
	case NG_LIST_COLLECTORS:
		ng_help_collectors(stdout, &program->options, suffices, &program->privileges);
		break;
	case NG_MIGRATE:
		return migrate(program);
	default:
		return print_metrics(program);
	}
	return finish_output();
}

/* ---- set-up ---- */

/*
 * Descriptors 0 to 2 that were closed would be given to whatever is opened next, and then be written to. What goes to a
 * standard output that was closed has to fail.
 */
static void fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", (fd == STDOUT_FILENO ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	}
}

/* Collectors keep files open, and clients come with connections: as many descriptors as we may have. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void log_web(const char *message, const char *detail)
{
	NG_LOG(NG_LOG_WARN, message, "detail", detail);
}

/* ---- privileges ---- */

static int plan_privileges(struct program *program)
{
	const struct ng_options *options = &program->options;

	return ng_privileges_plan(
		&program->privileges, options->settings.user, options->choices, options->choice_count, &program->error);
}

/* The files of sockets become the user's; they are removed at the end where he may do so, and nothing else is. */
static int hand_over_sockets(struct program *program)
{
	const struct ng_account *account = program->privileges.switches ? &program->privileges.account : NULL;

	for (size_t i = 0; i < program->listener_count; i++) {
		const char *path = program->listeners[i].unlink, *slash = path ? strrchr(path, '/') : NULL;
		if (!path)
			continue;
		gid_t group = *program->options.settings.socket_group ? (gid_t)-1 : account ? account->gid : 0;
		if (account && lchown(path, account->uid, group) < 0)
			return ng_error_set(&program->error, -errno, "change the owner of unix:%s to the user of "
				"--user: %s", path,
				strerror(errno));
		struct ng_span folder = slash ? (struct ng_span){ path, (size_t)(slash - path) + 1 } : NG_SPAN(".");
		const char *copy = ng_copy(&program->options.memory, folder).text;
		if (!copy)
			return -ENOMEM;
		ng_privileges_except(&program->privileges, copy, true);
	}
	return 0;
}

static int drop_privileges(struct program *program)
{
	ng_error_set(&program->error, -ENOMEM, "out of memory");
	int r = ng_options_roots(&program->options, program->roots);
	if (r == 0)
		r = hand_over_sockets(program);
	if (r == 0)
		r = ng_privileges_except_writables(&program->privileges, program->roots, &program->options.memory);
	if (r == 0)
		r = ng_privileges_drop(&program->privileges, program->options.settings.landlock, &program->error);
	return r;
}

/* ---- the parts ---- */

static int start_engine(struct program *program)
{
	const struct ng_settings *settings = &program->options.settings;
	struct ng_arena *memory = &program->options.memory;
	struct ng_writer writers[3] = { ng_build_writer, ng_process_writer, ng_exporter_writer };
	struct ng_engine_config config = {
		.choices = program->options.choices,
		.choice_count = program->options.choice_count,
		.writers = writers,
		.writer_count = settings->disable_exporter_metrics ? 1 : 3,
		.log = ng_log_collector,
		.once = ng_options_action(&program->options) == NG_ONCE,
		.keep_below = ng_keep_below(settings->max_connections + DESCRIPTORS_IN_PASSING),
	};

	memcpy(config.roots, program->roots, sizeof(config.roots));
	writers[1].context = &program->process;
	writers[2].context = program->exporter;
	struct ng_writer *kept = ng_alloc(memory, sizeof(writers));
	if (!kept)
		return -ENOMEM;
	memcpy(kept, writers, sizeof(writers));
	config.writers = kept;
	ng_process_init(&program->process, config.keep_below);
	return ng_engine_new(&config, &program->error, &program->engine);
}

static int add_exporter(struct program *program)
{
	const struct ng_settings *settings = &program->options.settings;

	program->exporter = ng_exporter_new(&(struct ng_exporter_config){
		.telemetry_path = settings->telemetry_path,
		.max_requests = settings->max_requests,
		.scrape_timeout = settings->scrape_timeout,
		.registry = &program->registry,
	});
	ng_error_set(&program->error, -ENOMEM, "out of memory");
	return program->exporter ? 0 : -ENOMEM;
}

static int take_sockets(struct program *program)
{
	int first, n = ng_service_sockets(&first);

	if (n <= 0)
		return ng_error_set(&program->error, -EINVAL, "--web.systemd-socket: systemd passed no sockets");
	if (n > LISTENERS_MAX)
		return ng_error_set(
			&program->error, -EINVAL, "--web.systemd-socket: %d sockets passed, maximum "
			"is %d", n, LISTENERS_MAX);
	for (int i = 0; i < n; i++) {
		int r = ng_listen_adopt(first + i, &program->listeners[i], &program->error);
		if (r < 0)
			return r;
		program->listener_count++;
	}
	return 0;
}

static int open_listeners(struct program *program)
{
	const struct ng_settings *settings = &program->options.settings;
	const struct ng_list *addresses = &settings->listen;
	struct ng_socket_access access;

	if (settings->systemd_socket)
		return take_sockets(program);
	int r = ng_socket_access_parse(settings->socket_mode, settings->socket_group, &access, &program->error);
	if (r < 0)
		return r;
	for (size_t i = 0; i < addresses->count; i++) {
		if (i == LISTENERS_MAX)
			return ng_error_set(
				&program->error, -EINVAL, "--web.listen-address: at most %d addresses", LISTENERS_MAX);
		r = ng_listen_open(addresses->item[i], &access, &program->listeners[i], &program->error);
		if (r < 0)
			return r;
		program->listener_count++;
	}
	return 0;
}

static void close_listeners(struct program *program)
{
	for (size_t i = 0; i < program->listener_count; i++)
		ng_listen_close(&program->listeners[i]);
	program->listener_count = 0;
}

/* All of them, or none while one is waited for: clients of the others would hang. */
static int await_listeners(struct program *program, struct ng_patience *patience)
{
	int r;

	do {
		r = open_listeners(program);
		if (r < 0)
			close_listeners(program);
	} while (r < 0 && r != -EINVAL && ng_patience_wait(patience, program->error.text));
	return r;
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
		.listeners = program->listeners,
		.listener_count = program->listener_count,
		.handle = ng_exporter_handle,
		.gone = ng_exporter_gone,
		.context = program->exporter,
		.log = log_web,
	};

	return ng_server_new(&config, &program->error, &program->server);
}

/* ---- the two ways of running ---- */

static int write_all(const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(STDOUT_FILENO, text, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		size -= (size_t)n;
	}
	return 0;
}

static int run_once(struct program *program)
{
	struct ng_body *body;
	uint64_t deadline = ng_now() + program->options.settings.scrape_timeout;

	int r = ng_engine_gather(program->engine, NULL, deadline, &body);
	if (r < 0) {
		fprintf(stderr, "nodegauge: error: gather: %s\n", strerror(-r));
		return EXIT_FAILURE;
	}
	r = write_all(body->page.text, body->page.size);
	ng_body_release(body);
	return r < 0 ? fail_output(-r) : EXIT_SUCCESS;
}

static int serve(struct program *program)
{
	if (start_server(program) < 0)
		return give_up(program);
	ng_exporter_attach(program->exporter, program->engine, program->server);
	NG_LOG(NG_LOG_INFO, "starting nodegauge", "version", ng_version, "revision", ng_revision, "libmicrohttpd",
		ng_server_library(), "gzip", ng_gzip_library());
	for (size_t i = 0; i < program->listener_count; i++)
		NG_LOG(NG_LOG_INFO, "listening", "address", program->listeners[i].name);
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
	close_listeners(program);
	if (ng_engine_free(program->engine)) {
		ng_exporter_free(program->exporter);
		ng_process_done(&program->process);
		ng_options_done(&program->options);
		ng_registry_done(&program->registry);
		ng_arguments_done(&program->arguments);
	}
}

int main(int argc, char *argv[])
{
	static struct program program;
	struct ng_patience patience = { 0 };
	int status, r;

	/* one heap for all threads: they allocate next to nothing */
	mallopt(M_ARENA_MAX, 1);
	/* what was needed once for a while goes back to the system */
	mallopt(M_MMAP_THRESHOLD, 64 << 10);
	mallopt(M_TRIM_THRESHOLD, 64 << 10);
	fill_standard_descriptors();
	if (read_arguments(&program, argc, argv) < 0)
		return usage(&program);
	enum ng_action action = ng_options_action(&program.options);
	bool runs = action == NG_SERVE || action == NG_ONCE;
	if ((runs || action == NG_LIST_COLLECTORS) && plan_privileges(&program) < 0)
		return usage(&program);
	if (!runs)
		return print_something(&program, action);
	ng_log_init(ng_options_log_level(&program.options), program.options.settings.log_format[0] == 'j');
	raise_descriptor_limit();
	if (action == NG_SERVE)
		ng_loop_block_signals();
	if (add_exporter(&program) < 0)
		return give_up(&program);
	/* what a user has no right to is opened, then the rights go, then threads are started */
	if (action == NG_SERVE && (r = await_listeners(&program, &patience)) < 0)
		status = patience.ended ? EXIT_SUCCESS : refuse(&program, r);
	else if (drop_privileges(&program) < 0)
		status = give_up(&program);
	else if ((r = start_engine(&program)) < 0)
		status = refuse(&program, r);
	else
		status = action == NG_ONCE ? run_once(&program) : serve(&program);
	clear_up(&program);
	return status;
}
