/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments in ExecStart= of a unit with its drop-ins, according to systemd.service(5). */
#include "config/environment.h"
#include "config/migrate_internal.h"
#include "config/unit_file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

/* The relevant part of a unit's [Service] section. */
struct service {
	struct ng_arena *memory;
	struct ng_span *commands, *variables, *files; /* values of ExecStart=, Environment=, EnvironmentFile= */
	size_t command_count, command_capacity, variable_count, variable_capacity, file_count, file_capacity;
	struct ng_variable *environment;
	size_t environment_count, environment_capacity;
	bool filters_addresses;
	bool no_memory;
};

/* ---- settings ---- */

static void add_value(
	struct service *service, struct ng_span **array, size_t *count, size_t *capacity, struct ng_span value)
{
	if (!value.size) {
		*count = 0; /* an empty assignment resets the list */
		return;
	}
	struct ng_span *slot = ng_push(service->memory, array, count, capacity);
	if (slot)
		*slot = value;
	service->no_memory |= !slot;
}

static void read_unit(struct service *service, struct ng_span text)
{
	struct ng_unit_reader reader = { .text = text };
	struct ng_unit_setting setting;

	while (ng_unit_next(service->memory, &reader, &setting)) {
		if (!ng_span_equal(setting.section, NG_SPAN("Service")))
			continue;
		if (ng_span_equal(setting.key, NG_SPAN("ExecStart")))
			add_value(service, &service->commands, &service->command_count, &service->command_capacity,
				setting.value);
		else if (ng_span_equal(setting.key, NG_SPAN("Environment")))
			add_value(service, &service->variables, &service->variable_count, &service->variable_capacity,
				setting.value);
		else if (ng_span_equal(setting.key, NG_SPAN("EnvironmentFile")))
			add_value(
				service, &service->files, &service->file_count, &service->file_capacity, setting.value);
		else if (ng_span_equal(setting.key, NG_SPAN("IPAddressDeny")))
			service->filters_addresses = setting.value.size;
	}
}

struct drop_in {
	const char *name, *path;
};

static int compare_drop_ins(const void *a, const void *b)
{
	const struct drop_in *one = a, *other = b;

	return strcmp(one->name, other->name);
}

static bool is_listed(const struct drop_in *drop_ins, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(drop_ins[i].name, name) == 0)
			return true;
	}
	return false;
}

/*
 * In the order of their names, whichever directory they are in; of two with the same name, the one in the first
 * directory wins.
 */
static void read_drop_ins(struct service *service, const char *directory, const char *unit)
{
	static const char *const systems[] = { "/etc/systemd/system", "/run/systemd/system",
		"/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system" };
	struct drop_in *drop_ins = NULL;
	size_t count = 0, capacity = 0;
	bool is_systems = false;

	for (size_t i = 0; i < NG_COUNT(systems); i++)
		is_systems |= strcmp(directory, systems[i]) == 0;
	for (size_t i = 0; i < (is_systems ? NG_COUNT(systems) : 1); i++) {
		const char *parent = ng_join(service->memory, is_systems ? systems[i] : directory, "/", unit);
		const char *path = parent ? ng_join(service->memory, parent, ".d", NULL) : NULL;
		DIR *folder = path ? opendir(path) : NULL;
		for (const struct dirent *entry; folder && (entry = readdir(folder));) {
			if (!ng_span_ends(ng_span(entry->d_name), NG_SPAN(".conf")) ||
				is_listed(drop_ins, count, entry->d_name))
				continue;
			struct drop_in *drop_in = ng_push(service->memory, &drop_ins, &count, &capacity);
			const char *name = ng_copy(service->memory, ng_span(entry->d_name)).text;
			if (drop_in && name)
				*drop_in = (struct drop_in){ name, ng_join(service->memory, path, "/", name) };
			service->no_memory |= !drop_in || !name;
		}
		if (folder)
			closedir(folder);
	}
	if (service->no_memory)
		return;
	if (count)
		qsort(drop_ins, count, sizeof(*drop_ins), compare_drop_ins);
	for (size_t i = 0; i < count; i++) {
		struct ng_span text;
		if (drop_ins[i].path && ng_migrate_read(service->memory, drop_ins[i].path, &text) == 0)
			read_unit(service, text);
	}
}

/* ---- variables ---- */

static void add_variable(struct service *service, struct ng_span name, struct ng_span value)
{
	struct ng_variable *variable = ng_push(
		service->memory, &service->environment, &service->environment_count, &service->environment_capacity);

	if (variable)
		*variable = (struct ng_variable){ name, value };
	service->no_memory |= !variable;
}

/* Files come before settings, and a "-" before a name allows the file to be missing. */
static int read_environment(struct service *service, struct ng_error *error)
{
	const char *word;

	for (size_t i = 0; i < service->variable_count; i++) {
		while ((word = ng_unit_word(service->memory, &service->variables[i]))) {
			struct ng_span name = ng_span(word);
			name.size = ng_span_find(name, '=');
			add_variable(service, name, ng_span_skip(ng_span(word), name.size + 1));
		}
	}
	for (size_t i = 0; i < service->file_count; i++) {
		const char *path = ng_copy(service->memory, service->files[i]).text;
		struct ng_variable variable;
		struct ng_span text;
		if (!path)
			return -ENOMEM;
		bool optional = path[0] == '-';
		int r = ng_migrate_read(service->memory, path + optional, &text);
		if (r < 0 && !optional)
			return ng_error_set(error, r, "EnvironmentFile=%s: %s", path, strerror(-r));
		while (r == 0 && ng_environment_next(service->memory, &text, &variable))
			add_variable(service, variable.name, variable.value);
	}
	return 0;
}

static struct ng_span value_of(const struct service *service, struct ng_span name)
{
	for (size_t i = service->environment_count; i-- > 0;) {
		if (ng_span_equal(service->environment[i].name, name))
			return service->environment[i].value;
	}
	return NG_SPAN("");
}

/* ---- one command ---- */

struct command {
	const char **words;
	size_t count, capacity;
	size_t program; /* index of node_exporter in the words */
	bool expands;   /* variables are expanded: no ":" prefix */
};

/* Replaces "${NAME}" in a word by a value, "$$" by "$" and "%%" by "%". False if only systemd knows the value. */
static bool expand(const struct service *service, const char *word, bool variables, const char **ret_word)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool known = true;

	if (!out)
		return false;
	for (; *word; word++) {
		const char *end = variables && word[0] == '$' && word[1] == '{' ? strchr(word, '}') : NULL;
		if (end) {
			struct ng_span value =
				value_of(service, (struct ng_span){ word + 2, (size_t)(end - word - 2) });
			fwrite(value.text, 1, value.size, out);
			word = end;
			continue;
		}
		if (word[0] == '%' && word[1] && word[1] != '%')
			known = false;
		fputc(*word, out);
		if ((word[0] == '%' && word[1] == '%') || (variables && word[0] == '$' && word[1] == '$'))
			word++;
	}
	known = fclose(out) == 0 && known;
	*ret_word = text ? ng_copy(service->memory, ng_span(text)).text : NULL;
	free(text);
	return known;
}

static void push_arguments(struct ng_migration *migration, const struct service *service, const struct command *command)
{
	for (size_t i = command->program + 1; i < command->count; i++) {
		const char *word = command->words[i], *expanded;
		if (command->expands && word[0] == '$' && word[1] != '{' && word[1] != '$')
			ng_migrate_push_words(migration, value_of(service, ng_span(word + 1)));
		else if (expand(service, word, command->expands, &expanded))
			ng_migrate_push(migration, expanded ? expanded : word);
		else
			ng_migrate_lose(migration, word, "it contains a specifier that only systemd can expand");
	}
}

static bool names_node_exporter(const char *word)
{
	struct ng_span name = ng_migrate_file_name(word);
	size_t n = ng_span_find(name, ' ');

	return n == name.size && (strstr(name.text, "node_exporter") || strstr(name.text, "node-exporter"));
}

/* The next command of a value, which may contain several separated by " ; ". False at the end. */
static bool next_command(struct service *service, struct ng_span *value, struct command *ret_command)
{
	const char *word;

	*ret_command = (struct command){ .expands = true };
	while ((word = ng_unit_word(service->memory, value)) && strcmp(word, ";") != 0) {
		if (ret_command->count == 0) {
			size_t prefix = strspn(word, "@-:+!|");
			ret_command->expands = !memchr(word, ':', prefix);
			word += prefix;
		}
		const char **slot =
			ng_push(service->memory, &ret_command->words, &ret_command->count, &ret_command->capacity);
		if (slot)
			*slot = word;
		service->no_memory |= !slot;
	}
	return ret_command->count;
}

/*
 * The command that starts node_exporter, possibly through another program (taskset, nice); otherwise the only command.
 */
static int find_command(struct service *service, struct command *ret_command, struct ng_error *error)
{
	struct command command;
	size_t commands = 0;

	for (size_t i = 0; i < service->command_count; i++) {
		struct ng_span value = service->commands[i];
		while (next_command(service, &value, &command)) {
			commands++;
			for (size_t k = 0; k < command.count; k++) {
				if (!names_node_exporter(command.words[k]))
					continue;
				*ret_command = command;
				ret_command->program = k;
				return 0;
			}
			*ret_command = command;
		}
	}
	bool shell = commands == 1 && ret_command->count > 1 && strcmp(ret_command->words[1], "-c") == 0;
	if (commands == 1 && !shell)
		return 0;
	return ng_error_set(error, -EINVAL, "%s",
		!commands ? "no ExecStart= in [Service]"
		: shell   ? "ExecStart= starts a shell: put the flags into a file as ARGS=\"...\" and migrate that"
			  : "none of the commands in ExecStart= is node_exporter");
}

int ng_migrate_take_unit(struct ng_migration *migration, const char *path, struct ng_span text, struct ng_error *error)
{
	struct service service = { .memory = migration->memory };
	struct command command = { 0 };
	struct ng_span name = ng_migrate_file_name(path);
	size_t before = (size_t)(name.text - path);
	const char *directory = ng_copy(migration->memory, (struct ng_span){ path, before > 1 ? before - 1 : 1 }).text;
	struct ng_error why = { "out of memory" };

	read_unit(&service, text);
	if (before && directory)
		read_drop_ins(&service, directory, name.text);
	int r = read_environment(&service, &why);
	if (r == 0)
		r = find_command(&service, &command, &why);
	if (r == 0 && (service.no_memory || !directory))
		r = -ENOMEM;
	if (r < 0)
		return ng_error_set(error, r, "--migrate: %s: %s", path, why.text);
	migration->debian = ng_span_equal(
		ng_migrate_file_name(command.words[command.program]), NG_SPAN("prometheus-node-exporter"));
	if (service.filters_addresses)
		ng_migrate_lose_protection(migration, "the address filter of the unit (IPAddressDeny=)");
	push_arguments(migration, &service, &command);
	return 0;
}
