/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "kernel/kernel.h"
#include "kernel/open.h"

#include <fcntl.h>
#include <limits.h>
#include <nodegauge/collector.h>
#include <sys/resource.h>
#include <unistd.h>

/* No real kernel file is larger than this. */
static const size_t file_limit = (size_t)64 << 20;

enum {
	VALUE_ROOM = 4096,
	TEXT_ROOM = 16384,
	OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
};

static ssize_t pread_retry(int fd, char *at, size_t size, size_t offset)
{
	ssize_t r;

	do
		r = pread(fd, at, size, (off_t)offset);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

/*
 * One snapshot of a file. The buffer doubles until everything fits; a single_open file is then read again from its
 * start, because a second read would generate it anew (seq_file.c: traverse).
 */
static int read_text(struct ng_arena *arena, int fd, enum ng_kind kind, struct ng_span *ret_text)
{
	kind &= ~(unsigned)NG_PRIVILEGED;
	size_t need = kind == NG_VALUE ? VALUE_ROOM : TEXT_ROOM, room, used = 0;
	char *start = ng_arena_reserve(arena, need, &room);

	for (;;) {
		if (!start)
			return -ENOMEM;
		size_t ask = kind == NG_VALUE && used == 0 ? VALUE_ROOM : room;
		ssize_t r = pread_retry(fd, start + used, ask - used, used);
		if (r < 0) {
			ng_arena_commit(arena, start, 0);
			return (int)r;
		}
		used += (size_t)r;
		if (r == 0 || (kind != NG_RECORDS && used < ask))
			break;
		if (used < room)
			continue;
		if (room >= file_limit) {
			ng_arena_commit(arena, start, 0);
			return -EFBIG;
		}
		if (kind != NG_RECORDS)
			used = 0;
		start = ng_arena_widen(arena, start, used, room * 2, &room);
		if (kind == NG_VALUE)
			kind = NG_RECORDS; /* longer than any value: a regular file */
	}
	ng_arena_commit(arena, start, used);
	*ret_text = (struct ng_span){ start, used };
	return 0;
}

static int open_file(struct ng_scrape *scrape, int directory, const char *path, enum ng_kind kind)
{
	return kind & NG_PRIVILEGED ? ng_privileged_open_at(scrape, directory, path, OPEN_FLAGS)
				    : ng_open_at(scrape, directory, path, OPEN_FLAGS);
}

/* ---- kept files ---- */

int ng_keep_below(uint64_t reserved)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= INT_MAX)
		return INT_MAX;
	/* 0 would be standard input: nothing is kept */
	return limit.rlim_cur > reserved + 1 ? (int)(limit.rlim_cur - reserved) : 1;
}

bool ng_may_keep(const struct ng_scrape *scrape, int fd)
{
	return !scrape->kernel->keep_below || fd < scrape->kernel->keep_below;
}

void ng_file_close(struct ng_file *file)
{
	if (file->fd_plus_1)
		close(file->fd_plus_1 - 1);
	file->fd_plus_1 = 0;
}

static int file_open(struct ng_scrape *scrape, struct ng_file *file)
{
	int fd = open_file(scrape, ng_root_fd(scrape, file->root), file->path, file->kind);

	if (fd < 0)
		return fd;
	file->fd_plus_1 = fd + 1;
	return 0;
}

static bool stale(int error)
{
	return error == -ENODEV || error == -ESRCH || error == -ENOENT || error == -ESTALE || error == -ENXIO;
}

int ng_file_read_into(struct ng_scrape *scrape, struct ng_arena *arena, struct ng_file *file, struct ng_span *ret_text)
{
	bool kept = file->fd_plus_1 != 0;
	int r = kept ? 0 : file_open(scrape, file);

	if (r == 0)
		r = read_text(arena, file->fd_plus_1 - 1, file->kind, ret_text);
	if (kept && stale(r)) {
		ng_file_close(file);
		r = file_open(scrape, file);
		if (r == 0)
			r = read_text(arena, file->fd_plus_1 - 1, file->kind, ret_text);
	}
	if (r == 0 && ng_may_keep(scrape, file->fd_plus_1 - 1))
		return 0;
	ng_file_close(file);
	return r < 0 ? ng_failed(scrape, r, "read", file->path) : 0;
}

int ng_file_read(struct ng_scrape *scrape, struct ng_file *file, struct ng_span *ret_text)
{
	return ng_file_read_into(scrape, scrape->arena, file, ret_text);
}

/* ---- files read once ---- */

int ng_read_at(struct ng_scrape *scrape, int directory, enum ng_kind kind, const char *name, struct ng_span *ret_text)
{
	int fd = open_file(scrape, directory, name, kind);

	if (fd < 0)
		return ng_failed(scrape, fd, "open", name);
	int r = read_text(scrape->arena, fd, kind, ret_text);
	close(fd);
	return r < 0 ? ng_failed(scrape, r, "read", name) : 0;
}

int ng_read_kept(struct ng_scrape *scrape, int fd, enum ng_kind kind, struct ng_span *ret_text)
{
	return read_text(scrape->arena, fd, kind, ret_text);
}

int ng_peek_at(struct ng_scrape *scrape, int directory, enum ng_kind kind, const char *name, struct ng_span *ret_text)
{
	int fd = open_file(scrape, directory, name, kind);

	if (fd < 0)
		return fd;
	int r = read_text(scrape->arena, fd, kind, ret_text);
	close(fd);
	return r;
}

int ng_read(struct ng_scrape *scrape, enum ng_root root, enum ng_kind kind, const char *path, struct ng_span *ret_text)
{
	return ng_read_at(scrape, ng_root_fd(scrape, root), kind, path, ret_text);
}

int ng_read_value_at(struct ng_scrape *scrape, int directory, const char *name, struct ng_span *ret_value)
{
	struct ng_span text;

	int r = ng_read_at(scrape, directory, NG_VALUE, name, &text);
	if (r < 0)
		return r;
	*ret_value = ng_trim(text);
	return ret_value->size ? 0 : ng_failed(scrape, -ENODATA, "read", name);
}

int ng_read_u64_at(struct ng_scrape *scrape, int directory, const char *name, uint64_t *ret_value)
{
	struct ng_span value;

	int r = ng_read_value_at(scrape, directory, name, &value);
	if (r < 0)
		return r;
	return ng_u64(value, ret_value) < 0 ? ng_broken(scrape, name, 1, "an unsigned 64-bit integer") : 0;
}

int ng_read_i64_at(struct ng_scrape *scrape, int directory, const char *name, int64_t *ret_value)
{
	struct ng_span value;

	int r = ng_read_value_at(scrape, directory, name, &value);
	if (r < 0)
		return r;
	return ng_i64(value, ret_value) < 0 ? ng_broken(scrape, name, 1, "a 64-bit integer") : 0;
}

int ng_readlink_at(struct ng_scrape *scrape, int directory, const char *name, struct ng_span *ret_target)
{
	size_t room;
	char *start = ng_arena_reserve(scrape->arena, 4096, &room);

	if (!start)
		return ng_failed(scrape, -ENOMEM, "read the link", name);
	ssize_t r = directory < 0 ? directory : readlinkat(directory, name, start, 4096);
	if (r < 0) {
		r = directory < 0 ? directory : -errno;
		ng_arena_commit(scrape->arena, start, 0);
		return ng_failed(scrape, (int)r, "read the link", name);
	}
	ng_arena_commit(scrape->arena, start, (size_t)r);
	*ret_target = (struct ng_span){ start, (size_t)r };
	return 0;
}

int ng_block_name(struct ng_scrape *scrape, uint32_t major, uint32_t minor, struct ng_span *ret_name)
{
	char path[64] = "dev/block/", major_digits[NG_DIGITS], minor_digits[NG_DIGITS], *at = path + strlen(path);
	struct ng_span target, part, before = ng_digits(major_digits, major), behind = ng_digits(minor_digits, minor);

	at = mempcpy(at, before.text, before.size);
	*at++ = ':';
	at = mempcpy(at, behind.text, behind.size);
	*at = '\0';
	int r = ng_readlink_at(scrape, ng_root_fd(scrape, NG_SYS), path, &target);
	if (r < 0)
		return r;
	*ret_name = (struct ng_span){ 0 };
	while (ng_part_next(&target, '/', &part))
		*ret_name = part;
	return 0;
}

/* ---- paths ---- */

const char *ng_join(struct ng_arena *arena, const char *a, const char *b, const char *c)
{
	size_t na = strlen(a), nb = b ? strlen(b) : 0, nc = c ? strlen(c) : 0;
	char *path = ng_alloc(arena, na + nb + nc + 1);

	if (!path)
		return NULL;
	memcpy(path, a, na);
	if (nb)
		memcpy(path + na, b, nb);
	if (nc)
		memcpy(path + na + nb, c, nc);
	path[na + nb + nc] = '\0';
	return path;
}
