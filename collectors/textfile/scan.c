/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the files, and reads those that changed since the last read. */
#include "kernel/open.h"
#include "textfile.h"

#include <fcntl.h>

/* ---- one scrape ---- */

struct scan {
	struct textfile *textfile;
	struct ng_scrape *scrape;
	uint64_t bytes; /* in the files so far */
	uint64_t room;  /* memory left for further files */
	size_t files;   /* in all folders */
	bool changed;
};

static void scan_failed(struct scan *scan, int error, const char *what, const char *path)
{
	ng_failed(scan->scrape, error, what, path);
	ng_note(scan->scrape);
	scan->textfile->failed = true;
}

static void scan_refused(struct scan *scan, const char *path, unsigned line, const char *expected)
{
	ng_broken(scan->scrape, path, line, expected);
	ng_note(scan->scrape);
	scan->textfile->failed = true;
}

/*
 * Checks that do not need an open file: devices and pipes are not touched, and a file that is too large costs nothing.
 */
static const char *judge_status(const struct scan *scan, const struct stat *status)
{
	const struct textfile *textfile = scan->textfile;

	if (!S_ISREG(status->st_mode))
		return "a regular file";
	if ((uint64_t)status->st_size > textfile->file_limit)
		return textfile->file_text;
	return scan->bytes + (uint64_t)status->st_size > textfile->total_limit ? textfile->total_text : NULL;
}

static void drop_source(struct scan *scan, struct source *source)
{
	scan->changed = scan->changed || source->part_count;
	textfile_source_empty(source);
	source->read = false;
}

/* Whether a file must be read again. */
static bool is_due(const struct scan *scan, const struct source *source, const struct stat *status)
{
	struct ng_file_version version = ng_file_version(status);

	return !source->read || source->unsettled || !ng_file_version_same(&version, &source->version) ||
	       (source->needs && source->needs <= scan->room);
}

static void scan_source(struct scan *scan, struct source *source)
{
	struct stat status;
	const char *expected;

	int r = ng_privileged_stat_at(scan->scrape, AT_FDCWD, source->path, &status);
	if (r < 0) {
		scan_failed(scan, r, "look at", source->path);
		drop_source(scan, source);
		return;
	}
	expected = judge_status(scan, &status);
	if (expected) {
		drop_source(scan, source);
		scan_refused(scan, source->path, 0, expected);
		return;
	}
	if (is_due(scan, source, &status)) {
		scan->changed = true;
		r = textfile_source_read(scan->textfile, scan->scrape, source, scan->room);
		if (r < 0)
			scan_failed(scan, r, "read", source->path);
	} else if (source->cost > scan->room) {
		scan->changed = true;
		textfile_source_postpone(scan->textfile, source, source->cost);
	}
	scan->bytes += source->part_count ? (uint64_t)status.st_size : 0;
	scan->room -= source->cost;
	if (source->refused)
		scan_refused(scan, source->path, source->line, source->expected);
}

/* ---- folders ---- */

static void folder_empty(struct folder *folder)
{
	for (size_t i = 0; i < folder->source_count; i++)
		ng_arena_done(&folder->sources[i].arena);
	textfile_reset(&folder->arena, KEEP);
	folder->sources = NULL;
	folder->source_count = 0;
	folder->listed = folder->cut = false;
}

static void folder_done(struct folder *folder)
{
	folder_empty(folder);
	ng_arena_done(&folder->arena);
	ng_arena_done(&folder->spare);
}

static int source_init(struct ng_arena *arena, struct source *source, const char *folder, const char *name)
{
	const char *slash = strcmp(folder, "/") == 0 ? "" : "/", *prefix = strcmp(folder, ".") == 0 ? NULL : folder;

	source->path = prefix ? ng_join(arena, prefix, slash, name) : ng_join(arena, name, NULL, NULL);
	if (!source->path)
		return -ENOMEM;
	source->name = source->path + strlen(source->path) - strlen(name);
	source->labels = NG_LABELS(arena, { "file", ng_span(source->path) });
	return ng_labels_valid(source->labels) ? 0 : -ENOMEM;
}

static bool is_wanted(const char *name)
{
	return ng_span_ends(ng_span(name), NG_SPAN(".prom"));
}

/* Makes room for the sources of a new listing, at most this many. */
static int make_sources(struct folder *next, const struct ng_names *names, size_t most, size_t *ret_count)
{
	size_t count = 0;

	for (size_t i = 0; i < names->count; i++)
		count += is_wanted(names->name[i]);
	next->cut = count > most;
	*ret_count = next->cut ? most : count;
	next->sources = ng_alloc0(&next->arena, *ret_count * sizeof(*next->sources) + 1);
	return next->sources ? 0 : -ENOMEM;
}

/* Makes the sources of a new listing; those that existed before keep their data. Both lists are sorted. */
static int take_names(struct folder *folder, const struct ng_names *names, struct folder *next, size_t most)
{
	size_t old = 0, count;

	int r = make_sources(next, names, most, &count);
	for (size_t i = 0; r == 0 && next->source_count < count; i++) {
		if (!is_wanted(names->name[i]))
			continue;
		struct source *source = &next->sources[next->source_count];
		while (old < folder->source_count && strcmp(folder->sources[old].name, names->name[i]) < 0)
			old++;
		bool known = old < folder->source_count && strcmp(folder->sources[old].name, names->name[i]) == 0;
		if (known) {
			*source = folder->sources[old];
			folder->sources[old].arena = (struct ng_arena){ 0 };
		}
		next->source_count++;
		r = source_init(&next->arena, source, folder->path, names->name[i]);
	}
	return r;
}

static int list_folder(struct scan *scan, struct folder *folder)
{
	struct folder next = { .path = folder->path, .listed = true, .arena = folder->spare };
	struct ng_names names;
	struct stat status;
	NG_CLOSE int fd = ng_privileged_open_at(
		scan->scrape, AT_FDCWD, folder->path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0)
		return -errno;
	next.version = ng_file_version(&status);
	next.unsettled = ng_time_unsettled(&status.st_ctim);
	int r = textfile_names(scan->scrape, fd, &names);
	if (r == 0)
		r = take_names(folder, &names, &next, FILES_MAX - (scan->files - folder->source_count));
	scan->changed = true;
	scan->files = scan->files - folder->source_count + next.source_count;
	folder_empty(folder);
	next.spare = folder->arena;
	*folder = next;
	return r;
}

static void scan_folder(struct scan *scan, struct folder *folder)
{
	struct stat status;
	struct ng_file_version version = { 0 };
	int r = ng_privileged_stat_at(scan->scrape, AT_FDCWD, folder->path, &status);

	if (r == 0)
		version = ng_file_version(&status);
	if (r == 0 && (!folder->listed || folder->unsettled || !ng_file_version_same(&version, &folder->version) ||
			      (folder->cut && scan->files < FILES_MAX)))
		r = list_folder(scan, folder);
	if (r < 0) {
		scan->changed = scan->changed || folder->source_count;
		scan->files -= folder->source_count;
		folder_empty(folder);
		scan_failed(scan, r, "list", folder->path);
	}
	if (folder->cut)
		scan_refused(scan, folder->path, 0, "fewer files: only the first 10000 are read");
	for (size_t i = 0; i < folder->source_count; i++)
		scan_source(scan, &folder->sources[i]);
}

static bool same_folders(const struct textfile *textfile, const struct paths *paths)
{
	if (textfile->folder_count != paths->count)
		return false;
	for (size_t i = 0; i < paths->count; i++) {
		if (strcmp(textfile->folders[i].path, paths->path[i]) != 0)
			return false;
	}
	return true;
}

static void move_folder(struct textfile *textfile, struct folder *to)
{
	for (size_t i = 0; i < textfile->folder_count; i++) {
		struct folder *from = &textfile->folders[i];
		if (!from->path || strcmp(from->path, to->path) != 0)
			continue;
		const char *path = to->path;
		*to = *from;
		to->path = path;
		*from = (struct folder){ 0 };
		return;
	}
}

static int take_folders(struct textfile *textfile, const struct paths *paths)
{
	struct ng_arena arena = { 0 };
	struct folder *folders = ng_alloc0(&arena, paths->count * sizeof(*folders) + 1);

	for (size_t i = 0; folders && i < paths->count; i++) {
		folders[i].path = ng_join(&arena, paths->path[i], NULL, NULL);
		if (!folders[i].path)
			folders = NULL;
	}
	if (!folders) {
		ng_arena_done(&arena);
		return -ENOMEM;
	}
	for (size_t i = 0; i < paths->count; i++)
		move_folder(textfile, &folders[i]);
	textfile_forget(textfile);
	textfile->arena = arena;
	textfile->folders = folders;
	textfile->folder_count = paths->count;
	return 0;
}

int textfile_scan(struct textfile *textfile, struct ng_scrape *scrape, bool *ret_changed)
{
	struct scan scan = { .textfile = textfile, .scrape = scrape, .room = textfile->total_limit * MEMORY_FACTOR };
	struct paths paths = { 0 };

	textfile->failed = false;
	int r = textfile_glob(&textfile->patterns, scrape, &paths);
	if (r == 0 && !same_folders(textfile, &paths)) {
		scan.changed = true;
		r = take_folders(textfile, &paths);
	}
	if (paths.cut)
		scan_refused(&scan, "the directories", 0, "fewer of them: only the first 1000 are read");
	for (size_t i = 0; i < textfile->folder_count; i++)
		scan.files += textfile->folders[i].source_count;
	for (size_t i = 0; r == 0 && i < textfile->folder_count; i++)
		scan_folder(&scan, &textfile->folders[i]);
	*ret_changed = scan.changed;
	return r;
}

void textfile_forget(struct textfile *textfile)
{
	for (size_t i = 0; i < textfile->folder_count; i++)
		folder_done(&textfile->folders[i]);
	ng_arena_done(&textfile->arena);
	textfile->folders = NULL;
	textfile->folder_count = 0;
}
