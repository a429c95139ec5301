/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the cgroups: opens them, adds them with their descendants, and compares them with directory listings. */
#include "kernel/cgroup_tree.h"
#include "kernel/kernel.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 64, LISTING_ROOM = 8192 };

/* ---- adding ---- */

/* Cgroups that any user may create leave half of the room to others. */
static bool has_room(const struct ng_cgroups *cgroups, const struct ng_cgroup *parent)
{
	return cgroups->by_generation.count < (parent->scarce ? cgroups->limit / 2 : cgroups->limit);
}

/* Takes ownership of the descriptor. */
static int add_group(struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *parent, const char *name,
	uint64_t generation, int directory)
{
	struct ng_cgroup *group = ng_cgroups_make(cgroups, parent, name, generation);

	if (!group) {
		close(directory);
		return -ENOMEM;
	}
	if (!parent)
		cgroups->root = group;
	group->directory = directory;
	cgroups->kept++;
	unsigned flags = cgroups->hooks.added(cgroups->hooks.context, scrape, group);
	if (group->depth >= DEPTH_MAX)
		flags &= ~(unsigned)NG_CGROUP_DESCEND;
	group->descend = flags & NG_CGROUP_DESCEND;
	group->scarce = (flags & NG_CGROUP_SCARCE) || (parent && parent->scarce);
	ng_cgroups_watch(cgroups, group, directory, flags);
	int r = group->descend ? ng_cgroups_relist(scrape, cgroups, group) : 0;
	if (cgroups->kept > cgroups->descriptors || !ng_may_keep(scrape, directory)) {
		close(directory);
		group->directory = -1;
		cgroups->kept--;
	}
	return r;
}

/* Records that a cgroup was left out with everything below it. */
static void left_out(struct ng_scrape *scrape, int error, const char *what, const char *name)
{
	ng_drop(scrape);
	ng_failed(scrape, error, what, name);
	ng_note(scrape);
}

/*
 * Without descriptors or memory the walk cannot continue. Any other failure concerns only that cgroup; but during the
 * first walk, a cgroup that is merely missed must not appear to be new at the next one.
 */
static int not_opened(
	struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *parent, int error, const char *name)
{
	bool passing = error == EIO || error == EINTR;

	if (error == EMFILE || error == ENFILE || error == ENOMEM || (passing && !cgroups->begun))
		return ng_failed(scrape, -error, "open", name);
	cgroups->overflown = cgroups->overflown || passing;
	if (ng_absent(-error) || error == EXDEV || error == ELOOP)
		return 0;
	parent->unopened = parent->unopened || !passing;
	left_out(scrape, -error, "open", name);
	return 0;
}

static bool is_above(const struct ng_cgroup *group, const struct ng_cgroup *below)
{
	while (below && below != group)
		below = below->parent;
	return group && below == group;
}

/* 1, 0 for a directory that is not followed or was removed, or the error that stops the walk. */
static int open_child(struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *parent, const char *name,
	int *ret_directory, ino_t *ret_generation)
{
	struct stat info;

	int above = ng_cgroup_enter(scrape, cgroups, parent, NG_CGROUP_WALKED);
	if (above < 0)
		return not_opened(scrape, cgroups, parent, -above, parent->name);
	int directory = ng_cgroup_open(above, name);
	ng_cgroup_leave(parent, above);
	parent->covered = parent->covered || directory == -EXDEV;
	cgroups->went = cgroups->went || directory == -ENOENT;
	if (directory < 0)
		return not_opened(scrape, cgroups, parent, -directory, name);
	int r = fstat(directory, &info) < 0 ? not_opened(scrape, cgroups, parent, errno, name) : 1;
	/* for when ng_cgroup_open cannot tell: another file system, or one of the ancestors again */
	if (r > 0 && (info.st_dev != cgroups->device ||
			     is_above(ng_table_get(&cgroups->by_generation, info.st_ino), parent))) {
		parent->covered = true;
		r = 0;
	}
	if (r <= 0) {
		close(directory);
		return r;
	}
	*ret_directory = directory;
	*ret_generation = info.st_ino;
	return 1;
}

int ng_cgroups_add_child(
	struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *parent, const char *name)
{
	int directory;
	ino_t generation;

	int r = open_child(scrape, cgroups, parent, name, &directory, &generation);
	if (r <= 0)
		return r;
	struct ng_cgroup *known = ng_table_get(&cgroups->by_generation, generation);
	if (known && known->parent == parent && strcmp(known->name, name) == 0) {
		close(directory);
		return 0;
	}
	/* renamed, or its removal was not reported */
	if (known)
		ng_cgroups_drop(scrape, cgroups, known);
	known = ng_cgroups_child(cgroups, parent, name);
	if (known)
		ng_cgroups_drop(scrape, cgroups, known);
	if (!has_room(cgroups, parent)) {
		close(directory);
		parent->refused++;
		cgroups->refused++;
		return 0;
	}
	return add_group(scrape, cgroups, parent, name, generation, directory);
}

/* ---- walking ---- */

/*
 * Marks the children that are listed, and returns the names of unknown ones. Must not be inlined, as clang would do, to
 * keep its buffer out of the stack frames of a deep walk.
 */
__attribute__((noinline)) static int list_children(
	struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *group, int fd, struct ng_names *ret_new)
{
	_Alignas(struct dirent64) char bytes[LISTING_ROOM];
	size_t capacity = 0;

	for (;;) {
		ssize_t n = getdents64(fd, bytes, sizeof(bytes));
		if (n <= 0)
			return n < 0 && errno != ENOENT ? -errno : 0;
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *entry = (const void *)(bytes + at);
			at += entry->d_reclen;
			if ((entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN) ||
				strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
				continue;
			struct ng_cgroup *known = ng_table_get(&cgroups->by_generation, entry->d_ino);
			if (known && known->parent == group && strcmp(known->name, entry->d_name) == 0) {
				known->marked = true;
				continue;
			}
			const char **slot = ng_push(scrape->arena, &ret_new->name, &ret_new->count, &capacity);
			if (!slot || !(*slot = ng_copy(scrape->arena, ng_span(entry->d_name)).text))
				return -ENOMEM;
		}
	}
}

/* A directory that we may not list is left out with everything below it; the rest of the tree is still walked. */
static int not_listed(struct ng_scrape *scrape, int error, const char *name)
{
	if (error == -ENOENT || error == -ENODEV)
		return 0;
	if (error != -EACCES && error != -EPERM)
		return ng_failed(scrape, error, "list the cgroup", name);
	left_out(scrape, error, "list the cgroup", name);
	return 0;
}

int ng_cgroups_relist(struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *group)
{
	struct ng_names fresh = { 0 };

	int directory = ng_cgroup_enter(scrape, cgroups, group, NG_CGROUP_WALKED);
	if (directory < 0) {
		group->listed = group->listed && ng_absent(directory);
		return not_listed(scrape, directory, group->name);
	}
	NG_CLOSE int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = fd < 0 ? -errno : 0;
	if (group->watch < 0 && cgroups->inotify >= 0) {
		cgroups->unwatched--;
		ng_cgroups_watch(cgroups, group, directory, NG_CGROUP_DESCEND);
	}
	ng_cgroup_leave(group, directory);
	for (struct ng_cgroup *child = group->first; child; child = child->next)
		child->marked = false;
	if (fd >= 0)
		error = list_children(scrape, cgroups, group, fd, &fresh);
	if (error < 0) {
		group->listed = false;
		return not_listed(scrape, error, group->name);
	}
	for (struct ng_cgroup *child = group->first, *next; child; child = next) {
		next = child->next;
		if (!child->marked)
			ng_cgroups_drop(scrape, cgroups, child);
	}
	ng_sort_names(&fresh);
	uint32_t refused = group->refused;
	group->refused = 0;
	group->covered = group->unopened = false;
	group->listed = group->listed && !refused; /* children that were refused before are not new now */
	for (size_t i = 0; i < fresh.count; i++) {
		int r = ng_cgroups_add_child(scrape, cgroups, group, fresh.name[i]);
		if (r < 0)
			return r;
	}
	group->listed = !group->unopened;
	/* those of the last listing have already been counted */
	cgroups->refused -= refused < group->refused ? refused : group->refused;
	return 0;
}

/*
 * A directory has one link from its parent, one from itself and one from each subdirectory; file systems that do not
 * count them report 1.
 */
static bool looks_complete(struct ng_scrape *scrape, const struct ng_cgroups *cgroups, const struct ng_cgroup *group)
{
	struct stat info;

	if (group->watch < 0 || group->covered || (group->refused && has_room(cgroups, group)))
		return false;
	int directory = ng_cgroup_enter(scrape, cgroups, group, NG_CGROUP_WALKED);
	bool known = directory >= 0 && fstat(directory, &info) == 0 && info.st_nlink >= 2;
	ng_cgroup_leave(group, directory);
	return known && info.st_nlink - 2 == group->children + group->refused;
}

int ng_cgroups_walk(struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *group, bool distrust)
{
	int r = 0;

	if (group->descend && (distrust || !looks_complete(scrape, cgroups, group)))
		r = ng_cgroups_relist(scrape, cgroups, group);
	/* children found by the listing have already been walked completely */
	for (struct ng_cgroup *child = group->first; r == 0 && child; child = child->next) {
		if (child->descend)
			r = ng_cgroups_walk(scrape, cgroups, child, distrust);
	}
	return r;
}

int ng_cgroups_add_root(struct ng_scrape *scrape, struct ng_cgroups *cgroups)
{
	struct stat info;

	int directory = openat(cgroups->place_fd[cgroups->walked], ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return ng_failed(scrape, -errno, "open", "the cgroup root");
	if (fstat(directory, &info) < 0) {
		close(directory);
		return -EIO;
	}
	return add_group(scrape, cgroups, NULL, "", info.st_ino, directory);
}
