/* SPDX-License-Identifier: Apache-2.0 */
#include "config/migrate.h"

#include "config/environment.h"
#include "config/migrate_internal.h"
#include "config/node_exporter.h"

static const char container_is_new[] =
	"the container collector has no counterpart in node_exporter: it adds series for each systemd unit, pod and "
	"container, about half of all series on a plain host. --no-collector.container turns it off";

/* Text from a file: it must not end the line or control the terminal. */
static void print_text(FILE *out, const char *text)
{
	for (const unsigned char *at = (const unsigned char *)text; *at; at++)
		fprintf(out, *at < ' ' || *at == 0x7f ? "\\x%02x" : "%c", *at);
}

static void print_comment(FILE *out, const char *before, const char *text, const char *behind)
{
	fprintf(out, "#%s", before);
	print_text(out, text);
	fprintf(out, "%s\n", behind);
}

static void print_notes(FILE *out, const char *title, const struct ng_note *notes, size_t count)
{
	if (count)
		fprintf(out, "#\n# %s:\n", title);
	for (size_t i = 0; i < count; i++) {
		print_comment(out, "   ", notes[i].flag, "");
		print_comment(out, "       ", notes[i].reason, ".");
	}
}

/* ---- collectors ---- */

/* 1 on, 0 off, -1 not given; the last flag wins. */
static int switched(const struct ng_migration *migration, const char *name)
{
	int said = -1;

	for (size_t i = 0; i < migration->word_count; i++) {
		struct ng_span flag = ng_span(migration->words[i]);
		bool off = ng_span_starts(flag, NG_SPAN("--no-collector."));
		if (!off && !ng_span_starts(flag, NG_SPAN("--collector.")))
			continue;
		flag = ng_span_skip(flag, off ? sizeof("--no-collector.") - 1 : sizeof("--collector.") - 1);
		if (ng_span_equal(flag, ng_span(name)))
			said = !off;
	}
	return said;
}

static bool ran(const struct ng_migration *migration, const struct ng_their_collector *collector)
{
	int said = switched(migration, collector->name);

	if (said >= 0)
		return said;
	if (migration->disables_defaults)
		return false;
	return collector->initial == NG_THEIRS_ON || (migration->debian && strcmp(collector->name, "systemd") == 0);
}

/* The names of collectors that were enabled there and do not exist here, separated by blanks. */
static const char *missing_collectors(struct ng_migration *migration, size_t *ret_count)
{
	const char *names = "";

	*ret_count = 0;
	for (const struct ng_their_collector *at = ng_their_collectors; at->name && names; at++) {
		if (ng_collector_exists(migration->options, at->name) || !ran(migration, at))
			continue;
		names = ng_migrate_join(migration, names, *names ? " " : "", at->name);
		(*ret_count)++;
	}
	migration->no_memory |= !names;
	return names;
}

static void print_names(FILE *out, const char *names)
{
	struct ng_span rest = ng_span(names), name;
	size_t column = 0;

	while (ng_word_next(&rest, &name)) {
		if (column == 0 || column + 1 + name.size > 100)
			column = (size_t)fprintf(out, "%s#  ", column ? "\n" : "");
		column += (size_t)fprintf(out, " %.*s", (int)name.size, name.text);
	}
	fprintf(out, "\n");
}

/* ---- the file ---- */

static void print_protection(FILE *out, const struct ng_migration *migration)
{
	print_comment(out, "\n# LOST: ", migration->protection, ", which nodegauge does not support.");
	fprintf(out, "# So it listens on loopback only until you decide what to do. Either\n#   put a proxy that "
		     "provides this in front (see docs/operations.md), or\n#   open the port without it, by "
		     "replacing the listen address in ARGS below with:\n");
	print_comment(out, "       ", migration->open_addresses ? migration->open_addresses : "", "");
	fprintf(out, "#   In that case, protect it with a firewall, or with IPAddressDeny=any and IPAddressAllow= "
		     "(systemctl edit nodegauge).\n");
}

static int print(FILE *out, struct ng_migration *migration, const char *path, const char *missing)
{
	const char *command = ng_environment_command(migration->memory, migration->kept, migration->kept_count);
	const char *line = ng_environment_line(migration->memory, "ARGS", migration->kept, migration->kept_count);

	if (!command || !line || migration->no_memory)
		return -ENOMEM;
	print_comment(out, " Flags for nodegauge, converted from ", path, ".");
	if (migration->protection)
		print_protection(out, migration);
	fprintf(out, "#\n# The command line:\n");
	print_comment(out, "   nodegauge ", command, "");
	print_notes(out, "Left out", migration->lost, migration->lost_count);
	if (*missing) {
		fprintf(out, "#\n# Collectors enabled in node_exporter that do not exist here; their metrics will be "
			     "missing:\n");
		print_names(out, missing);
	}
	print_notes(out, "Different, or worth noting", migration->changed, migration->changed_count);
	if (!migration->disables_defaults && ng_collector_exists(migration->options, "container"))
		print_comment(out, "\n# New: ", container_is_new, ".");
	fprintf(out, "%s\n", line);
	return 0;
}

/* Summarises what is lost, for users who only check whether it worked. */
static void sum_up(FILE *log, const struct ng_migration *migration, const char *missing, size_t missing_count)
{
	static const char program[] = "nodegauge: --migrate:";

	for (size_t i = 0; i < migration->lost_count; i++) {
		fprintf(log, "%s left out: ", program);
		print_text(log, migration->lost[i].flag);
		fprintf(log, ": ");
		print_text(log, migration->lost[i].reason);
		fprintf(log, "\n");
	}
	if (missing_count)
		fprintf(log, "%s %zu collectors enabled in node_exporter do not exist here: %s\n", program,
			missing_count, missing);
	if (!migration->disables_defaults && ng_collector_exists(migration->options, "container"))
		fprintf(log, "%s new: %s\n", program, container_is_new);
	if (migration->protection)
		fprintf(log,
			"%s WARNING: %s: lost. The result listens on loopback only until you decide what to do: see "
			"its comments\n",
			program, migration->protection);
}

int ng_migrate(FILE *out, FILE *log, struct ng_options *options, const char *path, struct ng_error *error)
{
	struct ng_arena memory = { 0 };
	struct ng_migration migration = { .options = options, .memory = &memory };

	int r = ng_migrate_find_words(&migration, path, error);
	if (r == 0) {
		size_t missing_count;
		ng_migrate_judge(&migration);
		const char *missing = missing_collectors(&migration, &missing_count);
		r = print(out, &migration, path, missing);
		if (r < 0)
			ng_error_set(error, -ENOMEM, "--migrate: out of memory");
		else
			sum_up(log, &migration, missing, missing_count);
	}
	bool unprotected = migration.protection;
	ng_arena_done(&memory);
	return r < 0 ? r : unprotected;
}
