/* SPDX-License-Identifier: Apache-2.0 */
/* Which hierarchies exist, and how to open a cgroup in them. */
#include "base/arena.h"
#include "kernel/cgroup_tree.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DIRECTORY = O_PATH | O_DIRECTORY | O_CLOEXEC };

/*
 * The names of v1 mounts, as systemd and runtimes create them; controllers mounted together have one mount and links to
 * it. The last column is the controller's name in v2.
 */
static const struct {
	enum ng_cgroup_place place;
	const char *label;
	const char *name[4];
	const char *v2;
} v1_mounts[] = {
	{ NG_CGROUP_CPU, "cpu", { "cpu", "cpu,cpuacct", "cpuacct,cpu" }, "cpu" },
	{ NG_CGROUP_CPUACCT, "cpuacct", { "cpuacct", "cpu,cpuacct", "cpuacct,cpu" }, "cpu" },
	{ NG_CGROUP_MEMORY, "memory", { "memory" }, "memory" },
	{ NG_CGROUP_BLKIO, "blkio", { "blkio" }, "io" },
	{ NG_CGROUP_PIDS, "pids", { "pids" }, "pids" },
	{ NG_CGROUP_HUGETLB, "hugetlb", { "hugetlb" }, "hugetlb" },
};

static bool is_group(int directory)
{
	struct stat info;

	return fstatat(directory, "cgroup.procs", &info, 0) == 0 || fstatat(directory, "tasks", &info, 0) == 0;
}

static int open_mount(int root, const char *const names[4])
{
	for (size_t i = 0; i < 4 && names[i]; i++) {
		int fd = openat(root, names[i], DIRECTORY);
		if (fd >= 0 && is_group(fd))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

static bool find_v2(struct ng_cgroups *cgroups, int root)
{
	struct stat info;

	if (fstatat(root, "cgroup.controllers", &info, 0) < 0)
		return false;
	int fd = openat(root, ".", DIRECTORY);
	for (size_t i = 0; i < NG_CGROUP_PLACES; i++)
		cgroups->place_fd[i] = fd;
	cgroups->mode = fd < 0 ? NG_CGROUP_NONE : NG_CGROUP_V2;
	cgroups->walked = NG_CGROUP_UNIFIED;
	snprintf(cgroups->description, sizeof(cgroups->description), "cgroup v2");
	return true;
}

/* A controller that is disabled in v1 (cgroup_no_v1=memory) may be in the v2 hierarchy mounted next to it. */
static void find_beside(struct ng_cgroups *cgroups)
{
	char text[256];
	struct ng_span rest, word;
	int unified = cgroups->place_fd[NG_CGROUP_UNIFIED];

	NG_CLOSE int fd = unified < 0 ? -1 : openat(unified, "cgroup.controllers", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));
	for (size_t i = 0; n > 0 && i < NG_COUNT(v1_mounts); i++) {
		rest = ng_trim((struct ng_span){ text, (size_t)n });
		while (cgroups->place_fd[v1_mounts[i].place] < 0 && ng_word_next(&rest, &word)) {
			if (ng_span_equal(word, ng_span(v1_mounts[i].v2)))
				cgroups->place_fd[v1_mounts[i].place] = unified;
		}
	}
}

static void find_v1(struct ng_cgroups *cgroups, int root)
{
	static const enum ng_cgroup_place order[] = { NG_CGROUP_MEMORY, NG_CGROUP_CPUACCT, NG_CGROUP_CPU,
		NG_CGROUP_PIDS };
	size_t used = (size_t)snprintf(cgroups->description, sizeof(cgroups->description), "cgroup v1 (");
	const char *comma = "";

	for (size_t i = 0; i < NG_COUNT(v1_mounts); i++) {
		int fd = open_mount(root, v1_mounts[i].name);
		cgroups->place_fd[v1_mounts[i].place] = fd;
		if (fd < 0)
			continue;
		used += (size_t)snprintf(cgroups->description + used, sizeof(cgroups->description) - used, "%s%s",
			comma, v1_mounts[i].label);
		comma = ", ";
	}
	cgroups->place_fd[NG_CGROUP_UNIFIED] = open_mount(root, (const char *const[4]){ "unified" });
	bool any = *comma;
	if (any)
		find_beside(cgroups);
	/* systemd accounts memory and tasks for every unit, but CPU time only on request */
	for (size_t i = any ? NG_COUNT(order) : 0; i-- > 0;) {
		if (cgroups->place_fd[order[i]] >= 0) {
			cgroups->mode = NG_CGROUP_V1;
			cgroups->walked = order[i];
		}
	}
	bool hybrid = cgroups->mode == NG_CGROUP_V1 && cgroups->place_fd[NG_CGROUP_UNIFIED] >= 0;
	if (hybrid)
		cgroups->mode = NG_CGROUP_HYBRID;
	snprintf(cgroups->description + used, sizeof(cgroups->description) - used, ")%s",
		hybrid ? " plus cgroup v2" : "");
}

void ng_cgroups_find_places(struct ng_cgroups *cgroups, int root)
{
	struct stat info;

	for (size_t i = 0; i < NG_CGROUP_PLACES; i++)
		cgroups->place_fd[i] = -1;
	cgroups->mode = NG_CGROUP_NONE;
	if (root >= 0 && !find_v2(cgroups, root))
		find_v1(cgroups, root);
	if (cgroups->mode == NG_CGROUP_NONE)
		snprintf(cgroups->description, sizeof(cgroups->description), "no cgroups");
	else if (fstat(cgroups->place_fd[cgroups->walked], &info) == 0)
		cgroups->device = info.st_dev;
}

void ng_cgroups_close_places(struct ng_cgroups *cgroups)
{
	for (size_t i = NG_CGROUP_PLACES; i-- > 0;) {
		if (i != NG_CGROUP_UNIFIED && cgroups->place_fd[i] == cgroups->place_fd[NG_CGROUP_UNIFIED])
			cgroups->place_fd[i] = -1;
		else
			ng_close_fd(&cgroups->place_fd[i]);
	}
}

/* ---- entering a cgroup ---- */

/*
 * kind and minikube bind-mount the root of each hierarchy onto a cgroup below it: what is mounted there belongs
 * elsewhere in the tree. Linux before 5.6 lacks openat2, and seccomp profiles of container runtimes may not know the
 * call.
 */
int ng_cgroup_open(int directory, const char *path)
{
	struct open_how how = { .flags = DIRECTORY | O_NOFOLLOW, .resolve = RESOLVE_NO_XDEV };

	int fd = (int)syscall(SYS_openat2, directory, path, &how, sizeof(how));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(directory, path, DIRECTORY | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

static size_t path_size(const struct ng_cgroup *group)
{
	size_t size = 0;

	for (; group->parent; group = group->parent)
		size += group->name_size + 1;
	return size;
}

/* Fills the buffer from its end; without a leading slash. */
static void write_path(const struct ng_cgroup *group, char *path, size_t size)
{
	for (; group->parent; group = group->parent) {
		size -= group->name_size + 1;
		path[size] = '/';
		memcpy(path + size + 1, group->name, group->name_size);
	}
}

struct ng_span ng_cgroup_path(struct ng_arena *arena, const struct ng_cgroup *group)
{
	size_t size = path_size(group);
	char *path = ng_alloc(arena, size + 2);

	if (!path)
		return (struct ng_span){ NULL, 0 };
	path[0] = '/';
	write_path(group, path, size);
	size += size == 0;
	path[size] = '\0';
	return (struct ng_span){ path, size };
}

enum { PATH_ROOM = 4096 }; /* the longest path that the kernel accepts in one call */

/*
 * From the root of the hierarchy; not inlined, to keep the buffer out of the stack frames of a walk through many
 * parents.
 */
__attribute__((noinline)) static int open_path(const struct ng_cgroup *group, size_t size, int root)
{
	char path[PATH_ROOM] = "/";

	write_path(group, path, size);
	path[size ? size : 1] = '\0';
	int fd = ng_cgroup_open(root, size ? path + 1 : ".");
	return fd == -EXDEV ? -ENOENT : fd;
}

static int open_below_parent(struct ng_scrape *scrape, const struct ng_cgroups *cgroups, const struct ng_cgroup *group,
	enum ng_cgroup_place place)
{
	int above = ng_cgroup_enter(scrape, cgroups, group->parent, place);

	if (above < 0)
		return above;
	int fd = ng_cgroup_open(above, group->name);
	ng_cgroup_leave(group->parent, above);
	return fd == -EXDEV ? -ENOENT : fd;
}

int ng_cgroup_enter(struct ng_scrape *scrape, const struct ng_cgroups *cgroups, const struct ng_cgroup *group,
	enum ng_cgroup_place place)
{
	int root = cgroups->place_fd[place == NG_CGROUP_WALKED ? cgroups->walked : place];
	bool walked = root == cgroups->place_fd[cgroups->walked];
	struct stat info;

	if (root < 0)
		return -ENOENT;
	if (walked && group->directory >= 0)
		return group->directory;
	size_t size = path_size(group);
	int fd = size < PATH_ROOM ? open_path(group, size, root) : open_below_parent(scrape, cgroups, group, place);
	if (fd < 0 || !walked)
		return fd;
	if (fstat(fd, &info) < 0) {
		int error = -errno;
		close(fd);
		return error;
	}
	/* recreated meanwhile */
	if (info.st_ino != group->generation || info.st_dev != cgroups->device) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

bool ng_cgroups_is_v2(const struct ng_cgroups *cgroups, enum ng_cgroup_place place)
{
	return cgroups->place_fd[place] >= 0 && cgroups->place_fd[place] == cgroups->place_fd[NG_CGROUP_UNIFIED];
}

void ng_cgroup_leave(const struct ng_cgroup *group, int directory)
{
	if (directory >= 0 && directory != group->directory)
		close(directory);
}
