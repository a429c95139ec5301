/* SPDX-License-Identifier: Apache-2.0 */
#include "host/options.h"

#include <stdio.h>
#include <stdlib.h>

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
