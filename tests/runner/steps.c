/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes to a tree that a repository cannot hold: empty directories, FIFOs, odd names, long files.
 *
 *     dir sys/class/net
 *     link sys/class/net/eth0 ../../devices/virtual/net/eth0
 *     file proc/mounts /dev/sda\0401 / ext4 rw 0 0
 */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* Decodes \n, \t, \r, \s (a space), \\ and \xHH in place; false if \c ends the text, which means no final line feed. */
static bool unescape(char *text, size_t *ret_size)
{
	const char *in = text;
	char *out = text;
	bool line_feed = true;

	for (; *in; in++) {
		if (*in != '\\' || !in[1]) {
			*out++ = *in;
			continue;
		}
		in++;
		if (*in == 'x' && hex(in[1]) >= 0 && hex(in[2]) >= 0) {
			*out++ = (char)(hex(in[1]) * 16 + hex(in[2]));
			in += 2;
		} else if (*in == 'c' && !in[1]) {
			line_feed = false;
		} else {
			*out++ = (char)(*in == 'n'   ? '\n'
					: *in == 't' ? '\t'
					: *in == 'r' ? '\r'
					: *in == 's' ? ' '
						     : *in);
		}
	}
	*out = '\0';
	*ret_size = (size_t)(out - text);
	return line_feed;
}

static void make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

static bool append(const char *path, char *text, bool truncate)
{
	size_t size;
	bool line_feed = unescape(text, &size);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (truncate ? O_TRUNC : 0), 0644);

	if (fd < 0)
		return false;
	bool done = write(fd, text, size) == (ssize_t)size && (!line_feed || write(fd, "\n", 1) == 1);
	close(fd);
	return done;
}

/* "COUNT TEXT": writes the text that many times, with "%d" replaced by the number of the repetition, from 0. */
static bool repeat(const char *path, char *text)
{
	char *rest;
	unsigned long count = strtoul(text, &rest, 10);
	size_t size;
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "a");

	if (!file)
		return false;
	rest += *rest == ' ';
	bool line_feed = unescape(rest, &size);
	for (unsigned long i = 0; i < count; i++) {
		const char *from = rest, *end = rest + size, *at;
		for (; (at = memmem(from, (size_t)(end - from), "%d", 2)) != NULL; from = at + 2) {
			fwrite(from, 1, (size_t)(at - from), file);
			fprintf(file, "%lu", i);
		}
		fwrite(from, 1, (size_t)(end - from), file);
		if (line_feed)
			fputc('\n', file);
	}
	return fclose(file) == 0;
}

static bool set_time(const char *path, const char *seconds)
{
	struct timespec times[2] = { { .tv_sec = strtoll(seconds, NULL, 10) },
		{ .tv_sec = strtoll(seconds, NULL, 10) } };

	return utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool step(const char *tree, const char *verb, char *path, char *rest)
{
	size_t size;

	if (!strcmp(verb, "dir"))
		return mkdir(path, 0755) == 0 || errno == EEXIST;
	if (!strcmp(verb, "link")) {
		unescape(rest, &size);
		char *target = tree_with_root(rest, tree);
		bool done = symlink(target, path) == 0;
		free(target);
		return done;
	}
	if (!strcmp(verb, "file") || !strcmp(verb, "append")) {
		char *text = tree_with_root(rest, tree);
		bool done = append(path, text, verb[0] == 'f');
		free(text);
		return done;
	}
	if (!strcmp(verb, "repeat"))
		return repeat(path, rest);
	if (!strcmp(verb, "fifo"))
		return mkfifo(path, 0644) == 0;
	if (!strcmp(verb, "mode"))
		return chmod(path, (mode_t)strtoul(rest, NULL, 8)) == 0;
	if (!strcmp(verb, "mtime"))
		return set_time(path, rest);
	if (!strcmp(verb, "size"))
		return truncate(path, strtoll(rest, NULL, 10)) == 0;
	if (!strcmp(verb, "remove")) {
		tree_remove(path);
		return true;
	}
	errno = EINVAL;
	return false;
}

static bool step_line(const char *tree, char *line)
{
	char *verb = line, *name = strchr(line, ' '), *rest = NULL;
	size_t size;

	if (!name)
		return errno = EINVAL, false;
	*name++ = '\0';
	rest = strchr(name, ' ');
	if (rest)
		*rest++ = '\0';
	unescape(name, &size);
	char *path = format("%s/%s", tree, name), nothing[1] = "";
	make_parents(path);
	bool done = step(tree, verb, path, rest ? rest : nothing);
	free(path);
	return done;
}

bool tree_make(const char *tree, const char *steps, char *error, size_t error_size)
{
	struct ng_span text = tree_read(steps);
	char *next = (char *)text.text;
	unsigned number = 0;
	bool done = true;

	while (done && next && *next) {
		char *line = strsep(&next, "\n");
		number++;
		if (!*line || *line == '#')
			continue;
		done = step_line(tree, line);
		if (!done)
			snprintf(error, error_size, "make: line %u: %s: %s", number, line, strerror(errno));
	}
	free((char *)text.text);
	return done;
}
