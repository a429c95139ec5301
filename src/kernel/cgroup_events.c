/* SPDX-License-Identifier: Apache-2.0 */
/* Processes inotify events of the tree. */
#include "kernel/cgroup_tree.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EVENTS_ROOM = 16384 };

/* New cgroups may arrive faster than they can be processed: after this time, the rest is left for the next update. */
static const uint64_t longest_ns = 50u * UINT64_C(1000000);

/* Stops at the first cgroup for which there is still no room. */
void ng_cgroups_watch_missing(struct ng_scrape *scrape, struct ng_cgroups *cgroups)
{
	bool room = true;

	for (struct ng_cgroup *at = cgroups->root; at && room && cgroups->missing; at = ng_cgroup_next(at)) {
		int directory = at->missing ? ng_cgroup_enter(scrape, cgroups, at, NG_CGROUP_WALKED) : -ENOENT;
		if (directory >= 0)
			ng_cgroups_watch(cgroups, at, directory, at->missing);
		room = directory < 0 || !at->missing;
		ng_cgroup_leave(at, directory);
	}
}

static void child_went(struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *parent, const char *name)
{
	struct ng_cgroup *child = ng_cgroups_child(cgroups, parent, name);
	struct stat info;

	if (!child && parent->refused)
		parent->refused--;
	if (!child)
		return;
	/* a listing may have seen a new cgroup with the same name already */
	int above = ng_cgroup_enter(scrape, cgroups, parent, NG_CGROUP_WALKED);
	bool lives =
		above >= 0 && fstatat(above, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && info.st_ino == child->generation;
	ng_cgroup_leave(parent, above);
	if (!lives)
		ng_cgroups_drop(scrape, cgroups, child);
}

static void look_whether_empty(struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *group)
{
	struct ng_span text, line;

	int directory = ng_cgroup_enter(scrape, cgroups, group, NG_CGROUP_UNIFIED);
	int r = directory < 0 ? directory : ng_read_at(scrape, directory, NG_VALUE, "cgroup.events", &text);
	ng_cgroup_leave(group, directory);
	while (r == 0 && ng_line_next(&text, &line)) {
		if (ng_span_equal(line, NG_SPAN("populated 0")) && cgroups->hooks.emptied)
			cgroups->hooks.emptied(cgroups->hooks.context, scrape, group);
	}
}

static int child_came(struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *parent, const char *name)
{
	cgroups->telling = true;
	cgroups->went = false;
	int r = ng_cgroups_add_child(scrape, cgroups, parent, name);
	cgroups->telling = false;
	/* the child itself, not one below it */
	if (r == 0 && cgroups->went && cgroups->hooks.missed && !ng_cgroups_child(cgroups, parent, name))
		cgroups->hooks.missed(cgroups->hooks.context, scrape, parent, name);
	return r;
}

static int take_event(struct ng_scrape *scrape, struct ng_cgroups *cgroups, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW) {
		cgroups->overflown = true;
		cgroups->overflows++;
		return 0;
	}
	struct ng_cgroup *group = ng_table_get(&cgroups->by_watch, (uint64_t)event->wd);
	if (!group)
		return 0; /* from a cgroup that has already been dropped */
	if (event->mask & IN_IGNORED) {
		/* its file system was unmounted, or it was removed before its parent's event was processed */
		cgroups->overflown = cgroups->overflown || event->wd == group->watch;
		return 0;
	}
	if (event->wd == group->events)
		look_whether_empty(scrape, cgroups, group);
	else if (event->wd == group->memory && cgroups->hooks.memory_event)
		cgroups->hooks.memory_event(cgroups->hooks.context, scrape, group);
	else if (event->wd == group->watch && (event->mask & IN_ISDIR) && (event->mask & (IN_DELETE | IN_MOVED_FROM)))
		child_went(scrape, cgroups, group, event->name);
	else if (event->wd == group->watch && (event->mask & IN_ISDIR))
		return child_came(scrape, cgroups, group, event->name);
	return 0;
}

bool ng_cgroups_pending(const struct ng_cgroups *cgroups)
{
	int bytes = 0;

	return cgroups->inotify >= 0 && ioctl(cgroups->inotify, FIONREAD, &bytes) == 0 && bytes > 0;
}

int ng_cgroups_take_events(struct ng_scrape *scrape, struct ng_cgroups *cgroups)
{
	_Alignas(struct inotify_event) char bytes[EVENTS_ROOM];

	uint64_t end = ng_now() + longest_ns;

	while (cgroups->inotify >= 0 && ng_now() < end) {
		ssize_t n = read(cgroups->inotify, bytes, sizeof(bytes));
		if (n <= 0)
			return 0;
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *event = (const void *)(bytes + at);
			at += (ssize_t)(sizeof(*event) + event->len);
			int r = take_event(scrape, cgroups, event);
			if (r < 0)
				return r;
		}
	}
	return 0;
}
