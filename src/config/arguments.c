/* SPDX-License-Identifier: Apache-2.0 */
#include "config/options.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20 };

/* ---- arguments ---- */

static int add_argument(struct ng_arguments *arguments, struct ng_span text)
{
	const char **slot = ng_push(&arguments->memory, &arguments->item, &arguments->count, &arguments->capacity);

	if (!slot || !(*slot = ng_copy(&arguments->memory, text).text))
		return -ENOMEM;
	return 0;
}

/* Reads a file or pipe as a whole; on failure `ret_why` says what is wrong with it. */
static int read_text(const char *path, char *text, size_t *ret_size, const char **ret_why)
{
	struct stat status;
	size_t size = 0;
	ssize_t n;

	NG_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0) {
		*ret_why = strerror(errno);
		return -EINVAL;
	}
	if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) {
		*ret_why = S_ISDIR(status.st_mode) ? strerror(EISDIR) : "neither a regular file nor a pipe";
		return -EINVAL;
	}
	while ((n = read(fd, text + size, FILE_MAX + 1 - size)) > 0)
		size += (size_t)n;
	*ret_size = size;
	*ret_why = n < 0 ? strerror(errno) : size > FILE_MAX ? "larger than 1 MiB" : NULL;
	return *ret_why ? -EINVAL : 0;
}

/* One argument per line; empty lines and lines that begin with # are skipped. */
static int add_lines(struct ng_arguments *arguments, const char *path, struct ng_span text, struct ng_error *error)
{
	struct ng_span line;
	int r = 0;

	for (unsigned number = 1; r == 0 && ng_line_next(&text, &line); number++) {
		if (line.size && memchr(line.text, '\0', line.size))
			return ng_error_set(error, -EINVAL, "@%s:%u: NUL byte in the line", path, number);
		line = ng_trim(line);
		if (line.size && line.text[0] != '#')
			r = add_argument(arguments, line);
	}
	return r;
}

static int add_file(struct ng_arguments *arguments, const char *path, struct ng_error *error)
{
	char *text = malloc(FILE_MAX + 1);
	const char *why = NULL;
	size_t size;

	if (!text)
		return -ENOMEM;
	int r = read_text(path, text, &size, &why);
	if (r < 0)
		ng_error_set(error, r, "@%s: %s", path, why);
	else
		r = add_lines(arguments, path, (struct ng_span){ text, size }, error);
	free(text);
	return r;
}

int ng_arguments_init(struct ng_arguments *arguments, int argc, char *const argv[], struct ng_error *error)
{
	int r = 0;

	*arguments = (struct ng_arguments){ 0 };
	ng_error_set(error, -ENOMEM, "out of memory");
	for (int i = 1; r == 0 && i < argc; i++) {
		if (argv[i][0] == '@' && argv[i][1])
			r = add_file(arguments, argv[i] + 1, error);
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
