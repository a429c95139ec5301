/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches the cgroup tree with one inotify instance.
 *
 * Creation and removal of cgroups arrive as IN_CREATE and IN_DELETE of the parent, changes of cgroup.events and
 * memory.events as IN_MODIFY (kernfs_notify), at most one per 10 ms. A watch on the file itself keeps its inode in
 * memory, without which the kernel sends no notification. All of this works for any user on a read-only mount.
 */
#include "kernel/cgroup_tree.h"

#include <sys/inotify.h>

void ng_cgroups_open_watches(struct ng_cgroups *cgroups)
{
	cgroups->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
}

/*
 * A watch, or -errno. "/proc/self/fd/7/cgroup.events": unlike a path, a descriptor cannot refer to a cgroup that was
 * recreated under the same path.
 */
static int add_watch(
	struct ng_cgroups *cgroups, struct ng_cgroup *group, int directory, const char *file, uint32_t mask)
{
	char path[64] = "/proc/self/fd/", digits[NG_DIGITS];
	struct ng_span number = ng_digits(digits, (unsigned)directory);

	memcpy(mempcpy(path + strlen(path), number.text, number.size), file, strlen(file) + 1);
	int watch = inotify_add_watch(cgroups->inotify, path, mask);
	if (watch < 0)
		return -errno;
	if (ng_table_put(&cgroups->by_watch, (uint64_t)watch, group) < 0) {
		inotify_rm_watch(cgroups->inotify, watch);
		return -ENOMEM;
	}
	return watch;
}

/* Not every cgroup has the file. */
static void watch_file(struct ng_cgroups *cgroups, struct ng_cgroup *group, int directory, const char *file,
	unsigned flag, int *ret_watch)
{
	*ret_watch = add_watch(cgroups, group, directory, file, IN_MODIFY);
	if (*ret_watch == -ENOSPC || *ret_watch == -ENOMEM)
		group->missing |= (uint8_t)flag;
	else
		group->missing &= (uint8_t)~flag;
}

void ng_cgroups_watch(struct ng_cgroups *cgroups, struct ng_cgroup *group, int directory, unsigned flags)
{
	const uint32_t children = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;

	if (cgroups->inotify >= 0) {
		cgroups->missing -= group->missing != 0;
		if ((flags & NG_CGROUP_DESCEND) && group->watch < 0)
			group->watch = add_watch(cgroups, group, directory, "", children);
		if (flags & NG_CGROUP_EVENTS)
			watch_file(cgroups, group, directory, "/cgroup.events", NG_CGROUP_EVENTS, &group->events);
		if (flags & NG_CGROUP_OOMS)
			watch_file(cgroups, group, directory, "/memory.events", NG_CGROUP_OOMS, &group->memory);
		cgroups->missing += group->missing != 0;
	}
	cgroups->unwatched += (flags & NG_CGROUP_DESCEND) && group->watch < 0;
}

void ng_cgroups_want(struct ng_cgroups *cgroups, struct ng_cgroup *group, unsigned flags)
{
	flags &= NG_CGROUP_EVENTS | NG_CGROUP_OOMS;
	if (cgroups->inotify < 0)
		return;
	cgroups->missing += flags && !group->missing;
	group->missing |= (uint8_t)flags;
}

static void drop_watch(struct ng_cgroups *cgroups, int *watch)
{
	if (*watch < 0)
		return;
	ng_table_drop(&cgroups->by_watch, (uint64_t)*watch);
	if (cgroups->inotify >= 0)
		inotify_rm_watch(cgroups->inotify, *watch);
	*watch = -1;
}

void ng_cgroups_unwatch(struct ng_cgroups *cgroups, struct ng_cgroup *group)
{
	cgroups->unwatched -= group->descend && group->watch < 0;
	cgroups->missing -= group->missing != 0;
	group->missing = 0;
	drop_watch(cgroups, &group->watch);
	drop_watch(cgroups, &group->events);
	drop_watch(cgroups, &group->memory);
}
