/* SPDX-License-Identifier: Apache-2.0 */
#include "config/flags.h"

#include <stdio.h>
#include <stdlib.h>

#define SETTING(member, kind_, name_, initial_, ...)                                                                   \
	{                                                                                                              \
		.name = (name_), .kind = (kind_), .offset = offsetof(struct ng_settings, member),                      \
		.initial = (initial_), .help = __VA_ARGS__                                                             \
	}

/* Our own flags. */
static const struct {
	const char *name;
	enum ng_option_kind kind;
	size_t offset;
	const char *initial, *help, *choices;
	bool hidden;
} core[] = {
	SETTING(help, NG_OPTION_BOOL, "help", "false", "Print a list of flags and exit."),
	SETTING(help_long, NG_OPTION_BOOL, "help-long", "false", "Print a list of flags and exit.", .hidden = true),
	SETTING(help_man, NG_OPTION_BOOL, "help-man", "false", "Print the manual page and exit.", .hidden = true),
	SETTING(version, NG_OPTION_BOOL, "version", "false", "Print the version and exit."),
	SETTING(once, NG_OPTION_BOOL, "once", "false", "Print the metrics once to standard output and exit."),
	SETTING(list, NG_OPTION_BOOL, "collector.list", "false",
		"List the collectors with their default state, privileges and options, and exit."),
	SETTING(metrics, NG_OPTION_BOOL, "collector.metrics", "false",
		"List all metric families as tab-separated text and exit.", .hidden = true),
	SETTING(migrate, NG_OPTION_STRING, "migrate", "",
		"Convert a file with node_exporter's flags into one for nodegauge, list the differences, and exit."),
	SETTING(modules, NG_OPTION_STRING, "collector.modules", "",
		"Directory of loadable collectors (*.so) to load at startup."),
	SETTING(disable_defaults, NG_OPTION_BOOL, "collector.disable-defaults", "false",
		"Disable all collectors except those enabled by --collector.NAME."),
	SETTING(procfs, NG_OPTION_STRING, "path.procfs", "/proc", "Mount point of the host's procfs."),
	SETTING(sysfs, NG_OPTION_STRING, "path.sysfs", "/sys", "Mount point of the host's sysfs."),
	SETTING(rootfs, NG_OPTION_STRING, "path.rootfs", "/",
		"Mount point of the host's root file system; absolute symbolic links are followed within it."),
	SETTING(udev, NG_OPTION_STRING, "path.udev.data", "/run/udev/data", "Directory of the host's udev database."),
	SETTING(cgroupfs, NG_OPTION_STRING, "path.cgroupfs", "",
		"Mount point of the host's cgroups; if empty, fs/cgroup below --path.sysfs."),
	SETTING(listen, NG_OPTION_LIST, "web.listen-address", ":9100",
		"Address to listen on: [HOST]:PORT or unix:PATH. May be repeated."),
	SETTING(telemetry_path, NG_OPTION_STRING, "web.telemetry-path", "/metrics", "URL path of the metrics."),
	SETTING(disable_exporter_metrics, NG_OPTION_BOOL, "web.disable-exporter-metrics", "false",
		"Leave out the metrics about this process and its scrapes."),
	SETTING(systemd_socket, NG_OPTION_BOOL, "web.systemd-socket", "false",
		"Take the listening sockets from systemd instead of --web.listen-address."),
	SETTING(socket_mode, NG_OPTION_STRING, "web.unix-socket-mode", "0660",
		"Permissions of unix: sockets, in octal; connecting requires write permission."),
	SETTING(socket_group, NG_OPTION_STRING, "web.unix-socket-group", "",
		"Group of unix: sockets, by name or number; if empty, the group of the process."),
	SETTING(max_requests, NG_OPTION_UNSIGNED, "web.max-requests", "40",
		"Maximum number of scrapes waiting for a response, enforced once the collectors have been running for "
		"50 ms; excess scrapes get a 503. 0 means no limit."),
	SETTING(max_connections, NG_OPTION_UNSIGNED, "web.max-connections", "512",
		"Maximum number of concurrent connections in total."),
	SETTING(max_client_connections, NG_OPTION_UNSIGNED, "web.max-connections-per-client", "128",
		"Maximum number of concurrent connections per client address."),
	SETTING(header_timeout, NG_OPTION_DURATION, "web.header-timeout", "5s",
		"Timeout for a client to send its request."),
	SETTING(idle_timeout, NG_OPTION_DURATION, "web.idle-timeout", "5m",
		"Timeout for an idle connection to send its next request."),
	SETTING(response_timeout, NG_OPTION_DURATION, "web.response-timeout", "30s",
		"Timeout for a client to receive a response."),
	SETTING(scrape_timeout, NG_OPTION_DURATION, "web.scrape-timeout", "9500ms",
		"Deadline for the collectors in a scrape. A shorter timeout sent by Prometheus takes precedence."),
	SETTING(log_level, NG_OPTION_STRING, "log.level", "info", "Log only messages of this severity or higher.",
		.choices = "debug|info|warn|error"),
	SETTING(log_format, NG_OPTION_STRING, "log.format", "logfmt", "Log format.", .choices = "logfmt|json"),
	SETTING(user, NG_OPTION_STRING, "user", "",
		"When started as root, the user to switch to once the sockets are open: NAME, UID, NAME:GROUP or "
		"UID:GID."),
	SETTING(landlock, NG_OPTION_BOOL, "security.landlock", "true",
		"Use Landlock to deny this process write access to files, if the kernel supports it.", .hidden = true),
	SETTING(gomaxprocs, NG_OPTION_UNSIGNED, "runtime.gomaxprocs", "1",
		"Ignored; accepted for compatibility with node_exporter.", .hidden = true),
};

/* ---- the table ---- */

static struct ng_flag *add_flag(struct ng_options *options, size_t *capacity)
{
	struct ng_flag *flag = ng_push(&options->memory, &options->flags, &options->flag_count, capacity);

	if (flag)
		*flag = (struct ng_flag){ 0 };
	return flag;
}

static int add_core(struct ng_options *options, size_t *capacity)
{
	for (size_t i = 0; i < NG_COUNT(core); i++) {
		struct ng_flag *flag = add_flag(options, capacity);
		if (!flag)
			return -ENOMEM;
		*flag = (struct ng_flag){
			.name = (char *)core[i].name,
			.kind = core[i].kind,
			.initial = core[i].initial,
			.help = core[i].help,
			.choices = core[i].choices,
			.hidden = core[i].hidden,
			.offset = core[i].offset,
		};
	}
	return 0;
}

static int add_collector(struct ng_options *options, const struct ng_collector *collector, size_t *capacity)
{
	char name[160];
	struct ng_flag *flag = add_flag(options, capacity);

	if (!flag)
		return -ENOMEM;
	snprintf(name, sizeof(name), "collector.%s", collector->name);
	*flag = (struct ng_flag){
		.name = (char *)ng_copy(&options->memory, ng_span(name)).text,
		.kind = NG_OPTION_BOOL,
		.initial = collector->off_by_default ? "false" : "true",
		.help = collector->summary,
		.collector = collector,
	};
	if (!flag->name)
		return -ENOMEM;
	for (size_t i = 0; i < collector->option_count; i++) {
		flag = add_flag(options, capacity);
		if (!flag)
			return -ENOMEM;
		ng_option_flag(collector, &collector->options[i], name, sizeof(name));
		*flag = (struct ng_flag){
			.name = (char *)ng_copy(&options->memory, ng_span(name)).text,
			.kind = collector->options[i].kind,
			.initial = collector->options[i].initial ? collector->options[i].initial : "",
			.help = collector->options[i].help,
			.hidden = collector->options[i].hidden,
			.collector = collector,
			.option = &collector->options[i],
		};
		if (!flag->name)
			return -ENOMEM;
	}
	return 0;
}

static int compare_flags(const void *a, const void *b)
{
	const struct ng_flag *one = a, *other = b;

	return strcmp(one->name, other->name);
}

int ng_flags_make(struct ng_options *options)
{
	const struct ng_registry *registry = options->registry;
	size_t capacity = 0;

	int r = add_core(options, &capacity);
	for (size_t i = 0; r == 0 && i < registry->count; i++)
		r = add_collector(options, registry->item[i], &capacity);
	if (r < 0)
		return r;
	qsort(options->flags, options->flag_count, sizeof(*options->flags), compare_flags);
	return 0;
}

struct ng_flag *ng_flag_find(struct ng_options *options, struct ng_span name)
{
	for (size_t i = 0; i < options->flag_count; i++) {
		if (ng_span_equal(ng_span(options->flags[i].name), name))
			return &options->flags[i];
	}
	return NULL;
}

/* ---- the nearest name ---- */

enum { LONGEST_NAME = 96 };

/* Edit distance; keeps only the two rows that are needed. */
static size_t distance(struct ng_span a, struct ng_span b)
{
	size_t row[LONGEST_NAME + 1];

	if (a.size > LONGEST_NAME || b.size > LONGEST_NAME)
		return LONGEST_NAME;
	for (size_t k = 0; k <= b.size; k++)
		row[k] = k;
	for (size_t i = 1; i <= a.size; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t k = 1; k <= b.size; k++) {
			size_t best = diagonal + (a.text[i - 1] != b.text[k - 1]);
			if (row[k] + 1 < best)
				best = row[k] + 1;
			if (row[k - 1] + 1 < best)
				best = row[k - 1] + 1;
			diagonal = row[k];
			row[k] = best;
		}
	}
	return row[b.size];
}

const char *ng_flag_nearest(const struct ng_options *options, struct ng_span name)
{
	size_t best = name.size / 4 + 1;
	const char *found = NULL;

	for (size_t i = 0; i < options->flag_count; i++) {
		size_t d = distance(name, ng_span(options->flags[i].name));
		if (d < best) {
			best = d;
			found = options->flags[i].name;
		}
	}
	return found;
}
