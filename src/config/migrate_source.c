/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments that node_exporter is started with, from an environment file or a unit. */
#include "config/environment.h"
#include "config/migrate_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20 };

int ng_migrate_read(struct ng_arena *memory, const char *path, struct ng_span *ret_text)
{
	NG_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	char *text = ng_alloc(memory, FILE_MAX);
	if (!text)
		return -ENOMEM;
	while ((n = read(fd, text + size, FILE_MAX - size)) > 0)
		size += (size_t)n;
	if (n < 0)
		return -errno;
	if (size == FILE_MAX)
		return -EFBIG;
	*ret_text = (struct ng_span){ text, size };
	return 0;
}

/* ---- words ---- */

static void push_word(struct ng_migration *migration, const char *word)
{
	const char **slot =
		ng_push(migration->memory, &migration->words, &migration->word_count, &migration->word_capacity);

	if (slot)
		*slot = word;
	migration->no_memory |= !slot || !word;
}

/* @FILE stands for the arguments in FILE, one a line, for node_exporter and for nodegauge. */
void ng_migrate_push(struct ng_migration *migration, const char *word)
{
	struct ng_span text, line;

	if (word[0] != '@') {
		push_word(migration, word);
		return;
	}
	int r = ng_migrate_read(migration->memory, word + 1, &text);
	if (r < 0) {
		ng_migrate_lose(migration, word,
			ng_migrate_join(migration, "cannot read the flags in it: ", strerror(-r), NULL));
		return;
	}
	while (ng_line_next(&text, &line)) {
		line = ng_trim(line);
		if (line.size && line.text[0] != '#')
			push_word(migration, ng_copy(migration->memory, line).text);
	}
}

void ng_migrate_push_words(struct ng_migration *migration, struct ng_span value)
{
	const char *word;

	while ((word = ng_environment_word(migration->memory, &value)))
		ng_migrate_push(migration, word);
}

/* ---- a file of variables ---- */

/* Debian has its flags in ARGS, the rpms and others in OPTIONS and the like: any variable that begins with a flag. */
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
			migration->word_count = 0; /* the last one counts */
		ng_migrate_push_words(migration, variable.value);
	}
	return found;
}

/* ---- either ---- */

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
