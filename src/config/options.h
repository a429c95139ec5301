/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: one table with our own flags and those listed in the collectors' descriptors. --help, the man page
 * and the parser all use that table.
 */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include "base/error.h"
#include "engine/engine.h"
#include "engine/registry.h"

/* The action that the flags select: serve, or print something instead. */
enum ng_action {
	NG_SERVE,
	NG_ONCE,
	NG_HELP,
	NG_HELP_MAN,
	NG_PRINT_VERSION,
	NG_LIST_COLLECTORS,
	NG_LIST_METRICS,
	NG_MIGRATE,
};

/* The values of our own flags. All strings live as long as the options. */
struct ng_settings {
	const char *procfs, *sysfs, *rootfs, *udev, *cgroupfs;
	const char *modules;
	const char *migrate; /* file with node_exporter's flags */
	bool disable_defaults;
	struct ng_list listen;
	const char *telemetry_path;
	bool disable_exporter_metrics;
	bool systemd_socket;
	const char *socket_mode, *socket_group;
	uint64_t max_requests;
	uint64_t max_connections, max_client_connections;
	uint64_t header_timeout, idle_timeout, response_timeout; /* ns */
	uint64_t scrape_timeout;                                 /* ns */
	const char *log_level, *log_format;
	const char *user;
	bool landlock;
	uint64_t gomaxprocs; /* accepted and ignored */
	bool help, help_long, help_man, version, once, list, metrics;
};

/* One row of the table. */
struct ng_flag {
	char *name; /* without dashes */
	enum ng_option_kind kind;
	const char *initial;
	const char *help;
	const char *choices; /* "debug|info|warn|error", or NULL */
	bool hidden;
	bool given;
	/* where it goes: a member of the settings, the switch of a collector, or an option of a collector */
	size_t offset;
	const struct ng_collector *collector;
	const struct ng_option *option;
};

struct ng_options {
	struct ng_settings settings;
	struct ng_flag *flags; /* sorted by name */
	size_t flag_count;
	struct ng_choice *choices; /* the enabled collectors */
	size_t choice_count;
	struct ng_arena memory;
	/* the collectors, in the registry's order */
	const struct ng_registry *registry;
	int8_t *switched; /* 1 on, 0 off, -1 not given */
	struct ng_given **given;
	size_t *given_count, *given_capacity;
};

/* The arguments after argv[0], with @FILE expanded. */
struct ng_arguments {
	const char **item;
	size_t count, capacity;
	struct ng_arena memory;
};
int ng_arguments_init(struct ng_arguments *arguments, int argc, char *const argv[], struct ng_error *error);
void ng_arguments_done(struct ng_arguments *arguments);

/* The value of one flag before the table exists: --collector.modules affects the contents of the table. NULL if not
 * given. */
const char *ng_arguments_peek(const struct ng_arguments *arguments, const char *name);

/* Builds the table for these collectors, which it borrows. */
int ng_options_init(struct ng_options *options, const struct ng_registry *registry);
void ng_options_done(struct ng_options *options);

/* Borrows the arguments. On -EINVAL, `error` says which one is invalid and what is expected. */
int ng_options_parse(struct ng_options *options, const struct ng_arguments *arguments, struct ng_error *error);

/* The directories of the collectors' roots; the texts live as long as the options. 0 or -ENOMEM. */
int ng_options_roots(struct ng_options *options, const char *ret_roots[NG_ROOTS]);

enum ng_action ng_options_action(const struct ng_options *options);
enum ng_level ng_options_log_level(const struct ng_options *options);

#endif
