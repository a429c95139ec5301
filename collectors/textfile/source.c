/* SPDX-License-Identifier: Apache-2.0 */
/* One file: checks whether it is still the one that was read, and reads it. */
#include "kernel/open.h"
#include "textfile.h"

#include <fcntl.h>
#include <unistd.h>

/* ---- files ---- */

void textfile_source_empty(struct source *source)
{
	textfile_reset(&source->arena, KEEP_FILE);
	source->parts = NULL;
	source->part_count = 0;
	source->cost = 0;
	source->needs = 0;
}

void textfile_source_refuse(struct source *source, unsigned line, const char *expected)
{
	textfile_source_empty(source);
	ng_arena_done(&source->arena);
	source->refused = true;
	source->line = line;
	source->expected = expected;
}

void textfile_source_postpone(const struct textfile *textfile, struct source *source, size_t needs)
{
	textfile_source_refuse(source, 0, textfile->memory_text);
	source->needs = needs;
}

/* Reads the whole file, or fails with -EFBIG. */
static int read_all(int fd, struct ng_arena *arena, size_t size, size_t limit, struct ng_span *ret_text)
{
	size_t room = size + 1, used = 0;
	char *start = ng_alloc(arena, room);

	while (start && used <= limit) {
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

/*
 * The parts are counted twice, once as they are kept and once as they are on the page, which needs less for each
 * series; then there is what the engine keeps for each family and file.
 */
static size_t cost_of(const struct source *source)
{
	enum { FILE_COST = 2048, FAMILY_COST = 512, LESS = 12 };
	size_t path = strlen(source->path), cost = FILE_COST + 4 * path + 2 * source->arena.total;

	for (size_t i = 0; i < source->part_count; i++) {
		const struct part *part = &source->parts[i];
		cost += FAMILY_COST + (part->help.text ? 0 : path) + (part->series_count + 3) * part->name.size -
			LESS * part->series_count;
	}
	return cost;
}

/* Errors are transient. */
static int source_parse(struct textfile *textfile, struct source *source, struct ng_span text, size_t room)
{
	struct verdict verdict;

	source->arena.limit = room / 2 + 1;
	errno = 0;
	int r = textfile_parse(&textfile->scratch, text, source, &verdict);
	source->cost = cost_of(source);
	if (r == -EBADMSG)
		textfile_source_refuse(source, verdict.line, verdict.expected);
	else if (r == 0 && source->cost > room)
		textfile_source_postpone(textfile, source, source->cost);
	else if (r == -ENOMEM && errno == EFBIG)
		textfile_source_postpone(textfile, source, room + 1);
	else if (r < 0)
		textfile_source_empty(source);
	return r == 0 || source->refused ? 0 : r;
}

static int source_read(struct textfile *textfile, struct source *source, int fd, const struct stat *status, size_t room)
{
	size_t limit = textfile->file_limit, size = (uint64_t)status->st_size < limit ? (size_t)status->st_size : limit;
	struct ng_span text;

	source->version = ng_file_version(status);
	source->unsettled = ng_time_unsettled(&status->st_ctim);
	textfile->scratch.limit = limit * PARSE_FACTOR + PARSE_ROOM;
	int r = read_all(fd, &textfile->scratch, size, limit, &text);
	if (r == 0)
		r = source_parse(textfile, source, text, room);
	else if (r == -EFBIG)
		textfile_source_refuse(source, 0, textfile->file_text);
	textfile_reset(&textfile->scratch, KEEP);
	textfile->scratch.limit = 0;
	source->read = r == 0 || r == -EFBIG;
	return source->read ? 0 : r;
}

int textfile_source_read(struct textfile *textfile, struct ng_scrape *scrape, struct source *source, size_t room)
{
	struct stat status;
	NG_CLOSE int fd =
		ng_privileged_open_at(scrape, AT_FDCWD, source->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	textfile_source_empty(source);
	source->read = source->refused = false;
	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0)
		return -errno;
	return S_ISREG(status.st_mode) ? source_read(textfile, source, fd, &status, room) : -EINVAL;
}
