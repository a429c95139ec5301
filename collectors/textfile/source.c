/* SPDX-License-Identifier: Apache-2.0 */
/* One file: whether it is the one that was read, and reading it. */
#include "textfile.h"

#include <fcntl.h>
#include <nodegauge/privilege.h>
#include <unistd.h>

/* ---- identity ---- */

struct identity textfile_identity(const struct stat *status)
{
	return (struct identity){ .device = status->st_dev,
		.inode = status->st_ino,
		.size = status->st_size,
		.modified = status->st_mtim,
		.changed = status->st_ctim };
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool textfile_same(const struct identity *a, const struct identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       same_time(a->modified, b->modified) && same_time(a->changed, b->changed);
}

bool textfile_unsettled(const struct identity *identity)
{
	const struct timespec *changed = &identity->changed;
	int64_t coarse = changed->tv_nsec ? 100000000 : 2100000000;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)(now.tv_sec - changed->tv_sec) * 1000000000 + now.tv_nsec - changed->tv_nsec < coarse;
}

/* ---- files ---- */

void textfile_source_empty(struct source *source)
{
	ng_arena_reset(&source->arena);
	source->parts = NULL;
	source->part_count = 0;
}

void textfile_source_refuse(struct source *source, unsigned line, const char *expected)
{
	textfile_source_empty(source);
	source->refused = true;
	source->line = line;
	source->expected = expected;
}

/* All of the file, or -EFBIG. */
static int read_all(int fd, struct ng_arena *arena, size_t size, struct ng_span *ret_text)
{
	size_t room = size + 1, used = 0;
	char *start = ng_alloc(arena, room);

	while (start && used <= FILE_LIMIT) {
		ssize_t n = read(fd, start + used, room - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0) {
			*ret_text = (struct ng_span){ start, used };
			return 0;
		}
		used += (size_t)n;
		if (used < room)
			continue;
		room *= 2;
		char *wider = ng_alloc(arena, room);
		if (wider)
			memcpy(wider, start, used);
		start = wider;
	}
	return start ? -EFBIG : -ENOMEM;
}

static void source_parse(struct ng_arena *scratch, struct source *source, struct ng_span text)
{
	struct verdict verdict;

	int r = textfile_parse(scratch, text, source, &verdict);
	if (r == -EBADMSG)
		textfile_source_refuse(source, verdict.line, verdict.expected);
	else if (r < 0)
		textfile_source_refuse(source, 0, "a file that takes less memory");
}

int textfile_source_read(struct ng_arena *scratch, struct source *source)
{
	struct ng_span text;
	struct stat status;
	NG_CLOSE int fd = ng_privileged_open(AT_FDCWD, source->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	textfile_source_empty(source);
	source->read = source->refused = false;
	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if (status.st_size < source->identity.size / 4)
		ng_arena_done(&source->arena);
	source->identity = textfile_identity(&status);
	source->unsettled = textfile_unsettled(&source->identity);
	int r = read_all(fd, scratch, (size_t)status.st_size < FILE_LIMIT ? (size_t)status.st_size : FILE_LIMIT, &text);
	if (r == 0)
		source_parse(scratch, source, text);
	else if (r == -EFBIG)
		textfile_source_refuse(source, 0, "a file of at most 8 MiB");
	ng_arena_reset(scratch);
	source->read = r == 0 || r == -EFBIG;
	return source->read ? 0 : r;
}
