/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments that node_exporter is started with, from an environment file or a unit. */
#include "config/environment.h"
#include "config/migrate_internal.h"

/* ---- a file of variables ---- */

/*
 * Debian has its flags in ARGS, the rpms and others in OPTIONS and the like: any variable whose value begins with a
 * flag.
 */
static bool has_flags(const struct ng_variable *variable)
{
	struct ng_span value = ng_trim(variable->value);

	while (value.size && (value.text[0] == '"' || value.text[0] == '\''))
		value = ng_span_skip(value, 1);
	return ng_span_equal(variable->name, NG_SPAN("ARGS")) || ng_span_starts(value, NG_SPAN("--"));
}

static bool take_variables(struct ng_migration *migration, struct ng_span text)
{
	struct ng_variable variable;
	bool found = false;

	while (ng_environment_next(migration->memory, &text, &variable)) {
		if (!has_flags(&variable))
			continue;
		found = true;
		if (ng_span_equal(variable.name, NG_SPAN("ARGS")))
			migration->word_count = 0; /* the last one wins */
		ng_migrate_push_words(migration, variable.value);
	}
	return found;
}

/* ---- both kinds ---- */

static bool is_unit(const char *path, struct ng_span text)
{
	struct ng_span line;

	if (ng_span_ends(ng_span(path), NG_SPAN(".service")))
		return true;
	while (ng_line_next(&text, &line)) {
		if (ng_span_equal(ng_trim(line), NG_SPAN("[Service]")))
			return true;
	}
	return false;
}

int ng_migrate_find_words(struct ng_migration *migration, const char *path, struct ng_error *error)
{
	struct ng_span text;

	int r = ng_migrate_read(migration->memory, path, &text);
	if (r < 0)
		return ng_error_set(error, r, "--migrate: %s: %s", path, strerror(-r));
	if (is_unit(path, text))
		return ng_migrate_take_unit(migration, path, text, error);
	if (!take_variables(migration, text))
		return ng_error_set(error, -EINVAL,
			"--migrate: %s: contains neither a variable with flags, such as "
			"ARGS=\"--web.listen-address=:9100\", nor a unit with ExecStart=",
			path);
	migration->debian = ng_span_equal(ng_migrate_file_name(path), NG_SPAN("prometheus-node-exporter"));
	return 0;
}
