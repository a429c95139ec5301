/* SPDX-License-Identifier: Apache-2.0 */
/* Expands directory patterns by the rules of Go's filepath.Glob and filepath.Clean. */
#include "kernel/open.h"
#include "textfile.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <linux/capability.h>
#include <nodegauge/privilege.h>

/* Maximum memory for the names of one directory, during a scrape. */
static const size_t listing_limit = (size_t)16 << 20;

static bool has_meta(const char *text)
{
	return strpbrk(text, "*?[\\") != NULL;
}

/* Drops the last component written between `start` and `at`, unless it is "..". */
static bool drop_last(const char *start, char **at)
{
	char *last = *at;

	while (last > start && last[-1] != '/')
		last--;
	if (last == *at || (*at - last == 2 && memcmp(last, "..", 2) == 0))
		return false;
	*at = last > start ? last - 1 : last;
	return true;
}

const char *textfile_clean(struct ng_arena *arena, const char *path)
{
	struct ng_span rest = ng_span(path), part;
	bool rooted = path[0] == '/';
	char *copy = ng_alloc(arena, rest.size + 2), *start, *at;

	if (!copy)
		return NULL;
	copy[0] = '/';
	start = at = copy + rooted;
	while (ng_part_next(&rest, '/', &part)) {
		bool up = ng_span_equal(part, NG_SPAN(".."));
		if (part.size == 0 || ng_span_equal(part, NG_SPAN(".")))
			continue;
		if (up && (drop_last(start, &at) || rooted))
			continue;
		if (at > start)
			*at++ = '/';
		memcpy(at, part.text, part.size);
		at += part.size;
	}
	if (at == copy)
		*at++ = '.';
	*at = '\0';
	return copy;
}

static int push_path(struct ng_arena *arena, struct paths *paths, const char *path)
{
	const char *clean = textfile_clean(arena, path);

	if (!clean)
		return -ENOMEM;
	/* the same directory again would only produce duplicate series */
	for (size_t i = 0; i < paths->count; i++) {
		if (strcmp(paths->path[i], clean) == 0)
			return 0;
	}
	if (paths->count == FOLDERS_MAX) {
		paths->cut = true;
		return 0;
	}
	const char **slot = ng_push(arena, &paths->path, &paths->count, &paths->capacity);
	if (!slot)
		return -ENOMEM;
	*slot = clean;
	return 0;
}

int textfile_names(struct ng_scrape *scrape, int directory, struct ng_names *ret_names)
{
	size_t limit = scrape->arena->limit;

	scrape->arena->limit = scrape->arena->total + listing_limit;
	errno = 0;
	int r = ng_names_at(scrape, directory, ".", ret_names);
	if (r == -ENOMEM && errno == EFBIG)
		r = -EFBIG;
	if (r == -EACCES && ng_raise(CAP_DAC_READ_SEARCH)) {
		r = ng_names_at(scrape, directory, ".", ret_names);
		ng_lower(CAP_DAC_READ_SEARCH);
	}
	scrape->arena->limit = limit;
	return r;
}

static int names_of(struct ng_scrape *scrape, const char *directory, struct ng_names *ret_names)
{
	NG_CLOSE int fd =
		ng_privileged_open_at(scrape, AT_FDCWD, *directory ? directory : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? fd : textfile_names(scrape, fd, ret_names);
}

/* A dangling link counts as existing. */
static bool is_there(struct ng_scrape *scrape, const char *path)
{
	NG_CLOSE int fd = ng_privileged_open_at(scrape, AT_FDCWD, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		ng_drop_unread(scrape, fd, path);
	return fd >= 0;
}

/*
 * Collects all paths that begin with `known` and continue with `pattern`. Each component is either taken literally or
 * compared with the existing names.
 */
static int expand(struct ng_scrape *scrape, const char *known, const char *pattern, struct paths *paths)
{
	struct ng_arena *arena = scrape->arena;
	struct ng_span rest = ng_span(pattern), part;
	struct ng_names names;
	int r = 0;

	if (!ng_part_next(&rest, '/', &part))
		return is_there(scrape, known) ? push_path(arena, paths, known) : 0;
	const char *component = ng_copy(arena, part).text;
	if (!component)
		return -ENOMEM;
	if (!has_meta(component)) {
		known = ng_join(arena, known, component, rest.size || pattern[part.size] ? "/" : "");
		return known ? expand(scrape, known, rest.text, paths) : -ENOMEM;
	}
	r = names_of(scrape, known, &names);
	if (r < 0) {
		ng_drop_unread(scrape, r, *known ? known : ".");
		return 0;
	}
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		if (fnmatch(component, names.name[i], 0) != 0)
			continue;
		const char *longer = ng_join(arena, known, names.name[i], rest.size ? "/" : "");
		r = longer ? expand(scrape, longer, rest.text, paths) : -ENOMEM;
	}
	return r;
}

int textfile_glob(const struct ng_list *patterns, struct ng_scrape *scrape, struct paths *ret_paths)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < patterns->count; i++) {
		const char *pattern = patterns->item[i];
		bool optional = pattern[0] == '-'; /* as in the paths of systemd units */
		size_t before = ret_paths->count;
		pattern += optional;
		if (!*pattern)
			continue;
		if (has_meta(pattern))
			r = expand(scrape, "", pattern, ret_paths);
		/* a pattern without matches is taken literally, and then fails like any missing directory */
		if (r == 0 && ret_paths->count == before && (!optional || is_there(scrape, pattern)))
			r = push_path(scrape->arena, ret_paths, pattern);
	}
	return r;
}
