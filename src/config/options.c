/* SPDX-License-Identifier: Apache-2.0 */
#include "config/options.h"

#include "base/duration.h"
#include "config/flags.h"
#include "config/node_exporter.h"
#include "http/address.h"

int ng_options_init(struct ng_options *options, const struct ng_registry *registry)
{
	size_t n = registry->count + 1;

	*options = (struct ng_options){ .registry = registry };
	options->switched = ng_alloc(&options->memory, n);
	options->given = ng_alloc0(&options->memory, n * sizeof(*options->given));
	options->given_count = ng_alloc0(&options->memory, n * sizeof(*options->given_count));
	options->given_capacity = ng_alloc0(&options->memory, n * sizeof(*options->given_capacity));
	if (!options->switched || !options->given || !options->given_count || !options->given_capacity)
		return -ENOMEM;
	memset(options->switched, -1, n);
	return ng_flags_make(options);
}

void ng_options_done(struct ng_options *options)
{
	ng_arena_done(&options->memory);
}

/* ---- values ---- */

static int bad_value(const struct ng_flag *flag, const char *value, const char *right, struct ng_error *error)
{
	return ng_error_set(error, -EINVAL, "--%s: bad value '%s': expected %s", flag->name, value, right);
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

static int set_setting(struct ng_options *options, const struct ng_flag *flag, const char *text, struct ng_error *error)
{
	void *member = (char *)&options->settings + flag->offset;

	switch (flag->kind) {
	case NG_OPTION_BOOL:
		*(bool *)member = strcmp(text, "true") == 0;
		return 0;
	case NG_OPTION_LIST:
		return ng_list_append(&options->memory, member, text);
	case NG_OPTION_UNSIGNED:
		return ng_u64(ng_span(text), member) < 0 ? bad_value(flag, text, "a whole number", error) : 0;
	case NG_OPTION_DURATION:
		return ng_duration(ng_span(text), member) < 0
			       ? bad_value(flag, text, "a duration such as 5s or 100ms", error)
			       : 0;
	default:
		if (flag->choices && !is_choice(flag->choices, text))
			return bad_value(flag, text, flag->choices, error);
		*(const char **)member = text;
		return 0;
	}
}

static int set_flag(struct ng_options *options, struct ng_flag *flag, const char *text, struct ng_error *error)
{
	bool repeatable = flag->kind == NG_OPTION_LIST || flag->kind == NG_OPTION_BOOL;

	if (flag->given && !repeatable)
		return ng_error_set(error, -EINVAL, "--%s is given twice", flag->name);
	flag->given = true;
	if (!flag->collector)
		return set_setting(options, flag, text, error);
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

static int unknown(const struct ng_options *options, const char *argument, struct ng_span name, struct ng_error *error)
{
	const char *near = ng_flag_nearest(options, name);
	char why[256];

	if (ng_their_flag_missing(options, name, why, sizeof(why)))
		return ng_error_set(error, -EINVAL, "unknown flag '%s': %s", argument, why);
	if (near)
		return ng_error_set(error, -EINVAL, "unknown flag '%s': did you mean --%s?", argument, near);
	return ng_error_set(error, -EINVAL, "unknown flag '%s': see --help", argument);
}

/* One flag with its value, which may be the next argument; advances `*at` past both. */
static int parse_flag(
	struct ng_options *options, const struct ng_arguments *arguments, size_t *at, struct ng_error *error)
{
	const char *argument = arguments->item[(*at)++];
	struct ng_span name = ng_span_skip(ng_span(argument), 2);
	size_t equals = ng_span_find(name, '=');
	const char *value = equals < name.size ? name.text + equals + 1 : NULL;
	bool negated = false;

	name.size = equals;
	struct ng_flag *flag = ng_flag_find(options, name);
	if (!flag && ng_span_starts(name, NG_SPAN("no-"))) {
		flag = ng_flag_find(options, ng_span_skip(name, 3));
		negated = flag != NULL;
	}
	if (!flag && !value && ng_their_switched_off(options, name))
		return 0;
	if (!flag || (negated && flag->kind != NG_OPTION_BOOL))
		return unknown(options, argument, name, error);
	if (flag->kind == NG_OPTION_BOOL) {
		if (value)
			return ng_error_set(error, -EINVAL, "%s: a switch takes no value: write --%s or --no-%s",
				argument, flag->name, flag->name);
		return set_flag(options, flag, negated ? "false" : "true", error);
	}
	if (!value && *at == arguments->count)
		return ng_error_set(error, -EINVAL, "--%s needs a value", flag->name);
	if (!value)
		value = arguments->item[(*at)++];
	return set_flag(options, flag, value, error);
}

static int set_defaults(struct ng_options *options, struct ng_error *error)
{
	for (size_t i = 0; i < options->flag_count; i++) {
		struct ng_flag *flag = &options->flags[i];
		if (flag->collector || flag->given || (flag->kind == NG_OPTION_LIST && !*flag->initial))
			continue;
		int r = set_setting(options, flag, flag->initial, error);
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

static int check_addresses(const struct ng_list *listen, struct ng_error *error)
{
	struct ng_address_parts parts;
	int r = 0;

	for (size_t i = 0; r == 0 && i < listen->count; i++)
		r = ng_address_parse(listen->item[i], &parts, error);
	return r;
}

/* Rejects values that would start an unreachable server. */
static int check(struct ng_options *options, struct ng_error *error)
{
	const struct ng_settings *settings = &options->settings;
	const char *wrong = NULL;

	if (ng_flag_find(options, NG_SPAN("migrate"))->given && !*settings->migrate)
		wrong = "--migrate: expected a file with the flags of node_exporter";
	else if (settings->telemetry_path[0] != '/')
		wrong = "--web.telemetry-path: expected a path that begins with /";
	else if (settings->max_connections == 0 || settings->max_connections > 65535)
		wrong = "--web.max-connections: expected 1 to 65535";
	else if (settings->max_client_connections == 0 || settings->max_client_connections > 65535)
		wrong = "--web.max-connections-per-client: expected 1 to 65535";
	else if (!settings->header_timeout || !settings->idle_timeout || !settings->response_timeout ||
		 !settings->scrape_timeout)
		wrong = "--web.header-timeout, --web.idle-timeout, --web.response-timeout, --web.scrape-timeout: "
			"expected more than 0";
	return wrong ? ng_error_set(error, -EINVAL, "%s", wrong) : check_addresses(&settings->listen, error);
}

int ng_options_parse(struct ng_options *options, const struct ng_arguments *arguments, struct ng_error *error)
{
	int r = 0;
	bool help = false;

	ng_error_set(error, -ENOMEM, "out of memory");
	for (size_t at = 0; r == 0 && at < arguments->count;) {
		const char *argument = arguments->item[at];
		if (strcmp(argument, "-h") == 0) {
			help = true;
			at++;
		} else if (strncmp(argument, "--", 2) == 0 && argument[2]) {
			r = parse_flag(options, arguments, &at, error);
		} else {
			r = ng_error_set(error, -EINVAL, "unexpected argument '%s': flags begin with --", argument);
		}
	}
	if (r == 0)
		r = set_defaults(options, error);
	options->settings.help = options->settings.help || help;
	if (r == 0)
		r = check(options, error);
	return r < 0 ? r : choose(options);
}

int ng_options_roots(struct ng_options *options, const char *ret_roots[NG_ROOTS])
{
	const struct ng_settings *settings = &options->settings;
	struct ng_arena *memory = &options->memory;

	ret_roots[NG_PROC] = settings->procfs;
	ret_roots[NG_SYS] = settings->sysfs;
	ret_roots[NG_ROOTFS] = settings->rootfs;
	ret_roots[NG_UDEV] = settings->udev;
	ret_roots[NG_CGROUP] =
		*settings->cgroupfs ? settings->cgroupfs : ng_join(memory, settings->sysfs, "/fs/cgroup", NULL);
	ret_roots[NG_RUN] = ng_join(memory, settings->rootfs, "/run", NULL);
	return ret_roots[NG_CGROUP] && ret_roots[NG_RUN] ? 0 : -ENOMEM;
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
	if (*settings->migrate)
		return NG_MIGRATE;
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
