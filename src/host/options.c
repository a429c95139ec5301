/* SPDX-License-Identifier: Apache-2.0 */
#include "host/options.h"

#include <stdio.h>
#include <stdlib.h>

#define SETTING(member, kind_, name_, initial_, ...)                                                                   \
	{                                                                                                              \
		.name = (name_), .kind = (kind_), .offset = offsetof(struct ng_settings, member),                      \
		.initial = (initial_), .help = __VA_ARGS__                                                             \
	}

/* The flags that are not a collector's. */
static const struct {
	const char *name;
	enum ng_option_kind kind;
	size_t offset;
	const char *initial, *help, *choices;
	bool hidden;
} core[] = {
	SETTING(help, NG_OPTION_BOOL, "help", "false", "Print this help and exit."),
	SETTING(help_long, NG_OPTION_BOOL, "help-long", "false", "Print this help and exit.", .hidden = true),
	SETTING(help_man, NG_OPTION_BOOL, "help-man", "false", "Print the manual page and exit.", .hidden = true),
	SETTING(version, NG_OPTION_BOOL, "version", "false", "Print the version and exit."),
	SETTING(once, NG_OPTION_BOOL, "once", "false", "Print one exposition to standard output and exit."),
	SETTING(list, NG_OPTION_BOOL, "collector.list", "false",
		"Print every collector with its default, privileges and options, and exit."),
	SETTING(metrics, NG_OPTION_BOOL, "collector.metrics", "false",
		"Print every metric family as tab-separated text and exit.", .hidden = true),
	SETTING(modules, NG_OPTION_STRING, "collector.modules", "",
		"Directory of loadable collectors (*.so) to add at start."),
	SETTING(disable_defaults, NG_OPTION_BOOL, "collector.disable-defaults", "false",
		"Start with no collectors but those named by --collector.NAME."),
	SETTING(procfs, NG_OPTION_STRING, "path.procfs", "/proc", "Where the host's proc is mounted."),
	SETTING(sysfs, NG_OPTION_STRING, "path.sysfs", "/sys", "Where the host's sysfs is mounted."),
	SETTING(rootfs, NG_OPTION_STRING, "path.rootfs", "/", "Where the host's root file system is mounted."),
	SETTING(udev, NG_OPTION_STRING, "path.udev.data", "/run/udev/data", "The host's udev database."),
	SETTING(cgroupfs, NG_OPTION_STRING, "path.cgroupfs", "",
		"Where the host's control groups are mounted; fs/cgroup below --path.sysfs when empty."),
	SETTING(listen, NG_OPTION_LIST, "web.listen-address", ":9100",
		"Address to listen on: [HOST]:PORT or unix:PATH. May be repeated."),
	SETTING(telemetry_path, NG_OPTION_STRING, "web.telemetry-path", "/metrics", "Path of the metrics."),
	SETTING(disable_exporter_metrics, NG_OPTION_BOOL, "web.disable-exporter-metrics", "false",
		"Leave out the metrics about this process and its scrapes."),
	SETTING(systemd_socket, NG_OPTION_BOOL, "web.systemd-socket", "false",
		"Take the listening sockets from systemd instead of --web.listen-address."),
	SETTING(max_requests, NG_OPTION_UNSIGNED, "web.max-requests", "40",
		"Scrapes at once; further ones are answered with 503. 0 lifts the limit."),
	SETTING(max_connections, NG_OPTION_UNSIGNED, "web.max-connections", "512", "Connections at once, in all."),
	SETTING(max_client_connections, NG_OPTION_UNSIGNED, "web.max-connections-per-client", "128",
		"Connections at once from one address."),
	SETTING(header_timeout, NG_OPTION_DURATION, "web.header-timeout", "5s",
		"How long a client may take to send its request."),
	SETTING(idle_timeout, NG_OPTION_DURATION, "web.idle-timeout", "5m",
		"How long a connection may wait for its next request."),
	SETTING(response_timeout, NG_OPTION_DURATION, "web.response-timeout", "30s",
		"How long a client may take to receive an answer."),
	SETTING(scrape_timeout, NG_OPTION_DURATION, "web.scrape-timeout", "9500ms",
		"How long an answer waits for its collectors. The timeout that Prometheus sends with its request "
		"shortens it."),
	SETTING(log_level, NG_OPTION_STRING, "log.level", "info", "Log only messages of this severity or above.",
		.choices = "debug|info|warn|error"),
	SETTING(log_format, NG_OPTION_STRING, "log.format", "logfmt", "Format of the log.", .choices = "logfmt|json"),
	SETTING(user, NG_OPTION_STRING, "user", "",
		"Become this user once everything is open, when started as root: NAME, UID, NAME:GROUP or UID:GID."),
	SETTING(landlock, NG_OPTION_BOOL, "security.landlock", "true",
		"Forbid this process to write files, where the kernel can.", .hidden = true),
	SETTING(gomaxprocs, NG_OPTION_UNSIGNED, "runtime.gomaxprocs", "1",
		"Taken for compatibility with node_exporter, and without effect.", .hidden = true),
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

int ng_options_init(struct ng_options *options, const struct ng_registry *registry)
{
	size_t capacity = 0, n = registry->count + 1;

	*options = (struct ng_options){ .registry = registry };
	options->switched = ng_alloc(&options->memory, n);
	options->given = ng_alloc0(&options->memory, n * sizeof(*options->given));
	options->given_count = ng_alloc0(&options->memory, n * sizeof(*options->given_count));
	options->given_capacity = ng_alloc0(&options->memory, n * sizeof(*options->given_capacity));
	if (!options->switched || !options->given || !options->given_count || !options->given_capacity)
		return -ENOMEM;
	memset(options->switched, -1, n);
	int r = add_core(options, &capacity);
	for (size_t i = 0; r == 0 && i < registry->count; i++)
		r = add_collector(options, registry->item[i], &capacity);
	if (r < 0)
		return r;
	qsort(options->flags, options->flag_count, sizeof(*options->flags), compare_flags);
	return 0;
}

void ng_options_done(struct ng_options *options)
{
	ng_arena_done(&options->memory);
}

static struct ng_flag *find_flag(struct ng_options *options, struct ng_span name)
{
	for (size_t i = 0; i < options->flag_count; i++) {
		if (ng_span_equal(ng_span(options->flags[i].name), name))
			return &options->flags[i];
	}
	return NULL;
}

/* Collectors of node_exporter that are not here: switching one off is what its users' command lines do, and has been
 * done. */
static const char absent[] = "bcache bcachefs btrfs cgroups dmmultipath drbd drm edac ethtool fibrechannel hwmon "
			     "infiniband ipvs lnstat logind mdadm "
			     "mountstats network_route nfs nfsd ntp nvmesubsystem pcidevice perf powersupplyclass "
			     "qdisc rapl runit supervisord systemd "
			     "tapestats tcpstat wifi xfs zfs";

static bool switches_off_absent(struct ng_span name)
{
	struct ng_span names = ng_span(absent), one;

	if (!ng_span_starts(name, NG_SPAN("no-collector.")))
		return false;
	name = ng_span_skip(name, sizeof("no-collector.") - 1);
	while (ng_word_next(&names, &one)) {
		if (ng_span_equal(one, name))
			return true;
	}
	return false;
}

/* ---- the nearest name ---- */

enum { LONGEST_NAME = 96 };

/* Edit distance with the two rows that are needed. */
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

static const char *nearest(const struct ng_options *options, struct ng_span name)
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

/* ---- arguments ---- */

static int add_argument(struct ng_arguments *arguments, struct ng_span text)
{
	const char **slot = ng_push(&arguments->memory, &arguments->item, &arguments->count, &arguments->capacity);

	if (!slot || !(*slot = ng_copy(&arguments->memory, text).text))
		return -ENOMEM;
	return 0;
}

/* One argument a line; empty lines and those that begin with # are passed over. */
static int add_file(struct ng_arguments *arguments, const char *path, char *error, size_t error_size)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int r = 0;

	if (!file) {
		snprintf(error, error_size, "@%s: %s", path, strerror(errno));
		return -EINVAL;
	}
	while (r == 0 && (n = getline(&line, &size, file)) >= 0) {
		struct ng_span text = ng_trim((struct ng_span){ line, (size_t)n });
		if (text.size && text.text[0] != '#')
			r = add_argument(arguments, text);
	}
	if (r == 0 && ferror(file)) {
		snprintf(error, error_size, "@%s: %s", path, strerror(errno));
		r = -EINVAL;
	}
	free(line);
	fclose(file);
	return r;
}

int ng_arguments_init(struct ng_arguments *arguments, int argc, char *const argv[], char *error, size_t error_size)
{
	int r = 0;

	*arguments = (struct ng_arguments){ 0 };
	snprintf(error, error_size, "out of memory");
	for (int i = 1; r == 0 && i < argc; i++) {
		if (argv[i][0] == '@' && argv[i][1])
			r = add_file(arguments, argv[i] + 1, error, error_size);
		else
			r = add_argument(arguments, ng_span(argv[i]));
	}
	return r;
}

void ng_arguments_done(struct ng_arguments *arguments)
{
	ng_arena_done(&arguments->memory);
}

const char *ng_arguments_peek(const struct ng_arguments *arguments, const char *name)
{
	const char *found = NULL;
	size_t n = strlen(name);

	for (size_t i = 0; i < arguments->count; i++) {
		const char *argument = arguments->item[i];
		if (strncmp(argument, "--", 2) != 0 || strncmp(argument + 2, name, n) != 0)
			continue;
		if (argument[2 + n] == '=')
			found = argument + 3 + n;
		else if (argument[2 + n] == '\0' && i + 1 < arguments->count)
			found = arguments->item[i + 1];
	}
	return found && *found ? found : NULL;
}

/* ---- values ---- */

static int bad_value(const struct ng_flag *flag, const char *value, const char *right, char *error, size_t error_size)
{
	snprintf(error, error_size, "--%s: bad value '%s': expected %s", flag->name, value, right);
	return -EINVAL;
}

static bool is_choice(const char *choices, const char *value)
{
	struct ng_span rest = ng_span(choices), choice;

	while (ng_part_next(&rest, '|', &choice)) {
		if (ng_span_equal(choice, ng_span(value)))
			return true;
	}
	return false;
}

static size_t collector_index(const struct ng_options *options, const struct ng_collector *collector)
{
	size_t i = 0;

	while (options->registry->item[i] != collector)
		i++;
	return i;
}

static int append_to_list(struct ng_options *options, struct ng_list *list, const char *text)
{
	const char **wider = ng_alloc(&options->memory, (list->count + 1) * sizeof(*wider));

	if (!wider)
		return -ENOMEM;
	if (list->count)
		memcpy((void *)wider, (const void *)list->item, list->count * sizeof(*wider));
	wider[list->count] = text;
	*list = (struct ng_list){ wider, list->count + 1 };
	return 0;
}

static int set_setting(
	struct ng_options *options, const struct ng_flag *flag, const char *text, char *error, size_t error_size)
{
	void *member = (char *)&options->settings + flag->offset;

	switch (flag->kind) {
	case NG_OPTION_BOOL:
		*(bool *)member = strcmp(text, "true") == 0;
		return 0;
	case NG_OPTION_LIST:
		return append_to_list(options, member, text);
	case NG_OPTION_UNSIGNED:
		return ng_u64(ng_span(text), member) < 0 ? bad_value(flag, text, "a whole number", error, error_size)
							 : 0;
	case NG_OPTION_DURATION:
		return ng_duration(ng_span(text), member) < 0
			       ? bad_value(flag, text, "a duration such as 5s or 100ms", error, error_size)
			       : 0;
	default:
		if (flag->choices && !is_choice(flag->choices, text))
			return bad_value(flag, text, flag->choices, error, error_size);
		*(const char **)member = text;
		return 0;
	}
}

static int set_flag(struct ng_options *options, struct ng_flag *flag, const char *text, char *error, size_t error_size)
{
	bool repeatable = flag->kind == NG_OPTION_LIST || flag->kind == NG_OPTION_BOOL;

	if (flag->given && !repeatable) {
		snprintf(error, error_size, "--%s is given twice", flag->name);
		return -EINVAL;
	}
	flag->given = true;
	if (!flag->collector)
		return set_setting(options, flag, text, error, error_size);
	size_t i = collector_index(options, flag->collector);
	if (!flag->option) {
		options->switched[i] = strcmp(text, "true") == 0;
		return 0;
	}
	struct ng_given *given =
		ng_push(&options->memory, &options->given[i], &options->given_count[i], &options->given_capacity[i]);
	if (!given)
		return -ENOMEM;
	*given = (struct ng_given){ flag->option, text };
	return 0;
}

static int unknown(
	const struct ng_options *options, const char *argument, struct ng_span name, char *error, size_t error_size)
{
	const char *near = nearest(options, name);

	if (near)
		snprintf(error, error_size, "unknown flag '%s': did you mean --%s?", argument, near);
	else
		snprintf(error, error_size, "unknown flag '%s': --help lists them all", argument);
	return -EINVAL;
}

/* One flag with its value, which may be the next argument; moves `*at` behind both. */
static int parse_flag(
	struct ng_options *options, const struct ng_arguments *arguments, size_t *at, char *error, size_t error_size)
{
	const char *argument = arguments->item[(*at)++];
	struct ng_span name = ng_span_skip(ng_span(argument), 2);
	size_t equals = ng_span_find(name, '=');
	const char *value = equals < name.size ? name.text + equals + 1 : NULL;
	bool negated = false;

	name.size = equals;
	struct ng_flag *flag = find_flag(options, name);
	if (!flag && ng_span_starts(name, NG_SPAN("no-"))) {
		flag = find_flag(options, ng_span_skip(name, 3));
		negated = flag != NULL;
	}
	if (!flag && !value && switches_off_absent(name))
		return 0;
	if (!flag || (negated && flag->kind != NG_OPTION_BOOL))
		return unknown(options, argument, name, error, error_size);
	if (flag->kind == NG_OPTION_BOOL) {
		if (value) {
			snprintf(error, error_size, "%s: a switch takes no value: write --%s or --no-%s", argument,
				flag->name, flag->name);
			return -EINVAL;
		}
		return set_flag(options, flag, negated ? "false" : "true", error, error_size);
	}
	if (!value && *at == arguments->count) {
		snprintf(error, error_size, "--%s needs a value", flag->name);
		return -EINVAL;
	}
	if (!value)
		value = arguments->item[(*at)++];
	return set_flag(options, flag, value, error, error_size);
}

static int set_defaults(struct ng_options *options, char *error, size_t error_size)
{
	for (size_t i = 0; i < options->flag_count; i++) {
		struct ng_flag *flag = &options->flags[i];
		if (flag->collector || flag->given || (flag->kind == NG_OPTION_LIST && !*flag->initial))
			continue;
		int r = set_setting(options, flag, flag->initial, error, error_size);
		if (r < 0)
			return r;
	}
	return 0;
}

static int choose(struct ng_options *options)
{
	size_t capacity = 0;

	for (size_t i = 0; i < options->registry->count; i++) {
		const struct ng_collector *collector = options->registry->item[i];
		bool on = !collector->off_by_default && !options->settings.disable_defaults;
		if (options->switched[i] >= 0)
			on = options->switched[i];
		if (!on)
			continue;
		struct ng_choice *choice =
			ng_push(&options->memory, &options->choices, &options->choice_count, &capacity);
		if (!choice)
			return -ENOMEM;
		*choice = (struct ng_choice){
			.collector = collector,
			.given = options->given[i],
			.given_count = options->given_count[i],
		};
	}
	return 0;
}

/* Values that would start a server which nobody can reach. */
static int check(const struct ng_options *options, char *error, size_t error_size)
{
	const struct ng_settings *settings = &options->settings;
	const char *wrong = NULL;

	if (settings->telemetry_path[0] != '/')
		wrong = "--web.telemetry-path: expected a path that begins with /";
	else if (settings->max_connections == 0 || settings->max_connections > 65535)
		wrong = "--web.max-connections: expected 1 to 65535";
	else if (settings->max_client_connections == 0 || settings->max_client_connections > 65535)
		wrong = "--web.max-connections-per-client: expected 1 to 65535";
	else if (!settings->header_timeout || !settings->idle_timeout || !settings->response_timeout ||
		 !settings->scrape_timeout)
		wrong = "--web.header-timeout, --web.idle-timeout, --web.response-timeout, --web.scrape-timeout: "
			"expected more than 0";
	if (wrong)
		snprintf(error, error_size, "%s", wrong);
	return wrong ? -EINVAL : 0;
}

int ng_options_parse(struct ng_options *options, const struct ng_arguments *arguments, char *error, size_t error_size)
{
	int r = 0;
	bool help = false;

	snprintf(error, error_size, "out of memory");
	for (size_t at = 0; r == 0 && at < arguments->count;) {
		const char *argument = arguments->item[at];
		if (strcmp(argument, "-h") == 0) {
			help = true;
			at++;
		} else if (strncmp(argument, "--", 2) == 0 && argument[2]) {
			r = parse_flag(options, arguments, &at, error, error_size);
		} else {
			snprintf(error, error_size, "unexpected argument '%s': flags begin with --", argument);
			r = -EINVAL;
		}
	}
	if (r == 0)
		r = set_defaults(options, error, error_size);
	options->settings.help = options->settings.help || help;
	if (r == 0)
		r = check(options, error, error_size);
	return r < 0 ? r : choose(options);
}

enum ng_action ng_options_action(const struct ng_options *options)
{
	const struct ng_settings *settings = &options->settings;

	if (settings->help || settings->help_long)
		return NG_HELP;
	if (settings->help_man)
		return NG_HELP_MAN;
	if (settings->version)
		return NG_PRINT_VERSION;
	if (settings->list)
		return NG_LIST_COLLECTORS;
	if (settings->metrics)
		return NG_LIST_METRICS;
	return settings->once ? NG_ONCE : NG_SERVE;
}

enum ng_level ng_options_log_level(const struct ng_options *options)
{
	switch (options->settings.log_level[0]) {
	case 'd':
		return NG_LOG_DEBUG;
	case 'w':
		return NG_LOG_WARN;
	case 'e':
		return NG_LOG_ERROR;
	default:
		return NG_LOG_INFO;
	}
}
