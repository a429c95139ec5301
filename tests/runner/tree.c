/* SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

char *format(const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	return text;
}

char *tree_new(void)
{
	const char *place = getenv("TMPDIR");

	if (!place)
		place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	char *path = format("%s/nodegauge-test-XXXXXX", place);
	if (!mkdtemp(path)) {
		perror(path);
		exit(2);
	}
	chmod(path, 0755); /* for tests that drop their privileges */
	return path;
}

/* ---- whole files ---- */

struct ng_span tree_read(const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct ng_span none = { NULL, 0 };

	if (fd < 0)
		return none;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return none;
	}
	size_t size = 0, room = (size_t)status.st_size + 1;
	char *text = malloc(room);
	while (text) {
		ssize_t n = read(fd, text + size, room - size);
		if (n <= 0)
			break;
		size += (size_t)n;
		if (size == room)
			text = realloc(text, room *= 2);
	}
	close(fd);
	if (!text)
		abort();
	text[size] = '\0';
	return (struct ng_span){ text, size };
}

bool tree_write(const char *path, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t done = 0;

	if (fd < 0)
		return false;
	while (done < size) {
		ssize_t n = write(fd, (const char *)bytes + done, size - done);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	close(fd);
	return done == size;
}

char *tree_with_root(const char *text, const char *root)
{
	static const char mark[] = "@ROOT@";
	size_t count = 0, root_size = strlen(root);

	for (const char *at = strstr(text, mark); at; at = strstr(at + 1, mark))
		count++;
	char *result = malloc(strlen(text) + count * root_size + 1), *out = result;
	if (!result)
		abort();
	for (const char *at; (at = strstr(text, mark)) != NULL; text = at + sizeof(mark) - 1) {
		out = mempcpy(out, text, (size_t)(at - text));
		out = mempcpy(out, root, root_size);
	}
	memcpy(out, text, strlen(text) + 1);
	return result;
}

/* ---- walking ---- */

struct walk {
	int fd; /* of the tree */
	struct tree_entries *out;
	size_t room;
};

static void walk_below(struct walk *walk, const char *path)
{
	int fd = openat(walk->fd, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (!directory)
		return;
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		struct stat status;
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		char *below = format("%s%s%s", path, *path ? "/" : "", entry->d_name);
		if (fstatat(walk->fd, below, &status, AT_SYMLINK_NOFOLLOW) < 0) {
			free(below);
			continue;
		}
		if (walk->out->count == walk->room) {
			walk->room = walk->room ? walk->room * 2 : 64;
			walk->out->entry = realloc(walk->out->entry, walk->room * sizeof(*walk->out->entry));
			if (!walk->out->entry)
				abort();
		}
		walk->out->entry[walk->out->count++] = (struct tree_entry){ below, status.st_mode, status.st_size };
		if (S_ISDIR(status.st_mode))
			walk_below(walk, below);
	}
	closedir(directory);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct tree_entry *)a)->path, ((const struct tree_entry *)b)->path);
}

void tree_list(const char *tree, struct tree_entries *ret_entries)
{
	struct walk walk = { .fd = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC), .out = ret_entries };

	*ret_entries = (struct tree_entries){ 0 };
	if (walk.fd < 0)
		return;
	walk_below(&walk, "");
	close(walk.fd);
	if (ret_entries->count)
		qsort(ret_entries->entry, ret_entries->count, sizeof(*ret_entries->entry), by_path);
}

void tree_entries_done(struct tree_entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		free(entries->entry[i].path);
	free(entries->entry);
	*entries = (struct tree_entries){ 0 };
}

void tree_remove(const char *path)
{
	struct tree_entries all;

	tree_list(path, &all);
	for (size_t i = all.count; i-- > 0;) {
		char *full = format("%s/%s", path, all.entry[i].path);
		remove(full);
		free(full);
	}
	tree_entries_done(&all);
	remove(path);
}

/* ---- copying ---- */

static bool copy_link(const char *from, const char *to)
{
	char target[4096];
	ssize_t n = readlink(from, target, sizeof(target) - 1);

	if (n < 0)
		return false;
	target[n] = '\0';
	return symlink(target, to) == 0;
}

static bool copy_file(const char *from, const char *to, mode_t mode)
{
	struct ng_span text = tree_read(from);
	bool done = text.text && tree_write(to, text.text, text.size) && chmod(to, mode & 07777) == 0;

	free((char *)text.text);
	return done;
}

static bool copy_entry(const char *from, const char *to, mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return mkdir(to, 0755) == 0;
	case S_IFLNK:
		return copy_link(from, to);
	case S_IFREG:
		return copy_file(from, to, mode);
	case S_IFIFO:
		return mkfifo(to, mode & 07777) == 0;
	default:
		return true; /* sockets and devices are created by steps */
	}
}

bool tree_copy(const char *from, const char *to)
{
	struct tree_entries all;
	bool done = true;

	mkdir(to, 0755);
	tree_list(from, &all);
	for (size_t i = 0; done && i < all.count; i++) {
		char *source = format("%s/%s", from, all.entry[i].path),
		     *target = format("%s/%s", to, all.entry[i].path);
		done = copy_entry(source, target, all.entry[i].mode);
		if (!done)
			fprintf(stderr, "cannot copy %s: %s\n", source, strerror(errno));
		free(source);
		free(target);
	}
	tree_entries_done(&all);
	return done;
}
