/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/open.h"

#include "kernel/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <nodegauge/privilege.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- roots ---- */

int ng_root_fd(const struct ng_scrape *scrape, enum ng_root root)
{
	return scrape->kernel->root_fd[root];
}

const char *ng_root_path(const struct ng_scrape *scrape, enum ng_root root)
{
	return scrape->kernel->root_path[root];
}

void ng_close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* ---- link by link ---- */

enum {
	LINKS_MAX = 40, /* as in the kernel: MAXSYMLINKS */
	STEP = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
};

struct walk {
	int root, at;   /* `at` is owned unless it is the root */
	unsigned depth; /* of `at` below the root */
	unsigned links; /* followed so far */
	char rest[PATH_MAX];
};

static void move_to(struct walk *walk, int directory, unsigned depth)
{
	if (walk->at != walk->root)
		close(walk->at);
	walk->at = directory;
	walk->depth = depth;
}

/* Puts the target of a link in front of the rest of the path; -EINVAL if it is not a link. */
static int follow(struct walk *walk, const char *name, const char *behind)
{
	char target[PATH_MAX];
	size_t left = strlen(behind) + 1;
	ssize_t size = readlinkat(walk->at, name, target, sizeof(target));

	if (size < 0)
		return -errno;
	if (++walk->links > LINKS_MAX)
		return -ELOOP;
	if ((size_t)size + 1 + left > sizeof(walk->rest))
		return -ENAMETOOLONG;
	memmove(walk->rest + size + 1, behind, left);
	memcpy(walk->rest, target, (size_t)size);
	walk->rest[size] = '/';
	if (size && target[0] == '/')
		move_to(walk, walk->root, 0);
	return 0;
}

static int enter(struct walk *walk, const char *name)
{
	bool up = strcmp(name, "..") == 0;

	if (strcmp(name, ".") == 0 || (up && walk->depth == 0))
		return 0;
	int next = openat(walk->at, name, STEP);
	if (next < 0)
		return -errno;
	move_to(walk, next, up ? walk->depth - 1 : walk->depth + 1);
	return 0;
}

static int open_last(const struct walk *walk, const char *name, int flags)
{
	int fd = openat(walk->at, name, flags);

	return fd < 0 ? -errno : fd;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Cuts the first component off a path. Returns what is behind it. */
static char *cut(char *path, char **ret_name)
{
	*ret_name = path + strspn(path, "/");
	char *behind = *ret_name + strcspn(*ret_name, "/");
	if (*behind)
		*behind++ = '\0';
	return behind + strspn(behind, "/");
}

static int walk_rest(struct walk *walk, int flags)
{
	char *behind = walk->rest, *name;

	for (;;) {
		behind = cut(behind, &name);
		if (*name == '\0')
			return open_last(walk, ".", flags);
		bool last = *behind == '\0' && !is_dots(name);
		if (last && (flags & O_NOFOLLOW))
			return open_last(walk, name, flags);
		int r = is_dots(name) ? -EINVAL : follow(walk, name, behind);
		if (r == 0)
			behind = walk->rest;
		else if (r != -EINVAL)
			return r;
		else if (last)
			return open_last(walk, name, flags | O_NOFOLLOW);
		else if ((r = enter(walk, name)) < 0)
			return r;
	}
}

int ng_walk_below(int root, const char *path, int flags)
{
	struct walk walk = { .root = root, .at = root };

	size_t size = strlen(path);
	if (size >= sizeof(walk.rest))
		return -ENAMETOOLONG;
	memcpy(walk.rest, path, size + 1);
	int r = walk_rest(&walk, flags);
	move_to(&walk, root, 0);
	return r;
}

/* ---- below the root file system ---- */

/*
 * Linux before 5.6 lacks openat2, seccomp profiles of container runtimes may not know it, and it fails with EAGAIN if
 * something is mounted or renamed while it resolves "..".
 */
static int open_below(int root, const char *path, int flags)
{
	struct open_how how = { .flags = (unsigned)flags, .resolve = RESOLVE_IN_ROOT };

	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (fd >= 0)
		return fd;
	return errno == ENOSYS || errno == EPERM || errno == EAGAIN ? ng_walk_below(root, path, flags) : -errno;
}

/* The part of a path that is to be resolved below the root file system; NULL if that is the one of this process. */
static const char *below_rootfs(const struct ng_scrape *scrape, int directory, const char *path)
{
	const char *root = ng_root_path(scrape, NG_ROOTFS);
	int fd = ng_root_fd(scrape, NG_ROOTFS);

	if (fd < 0 || strcmp(root, "/") == 0)
		return NULL;
	if (path[0] != '/')
		return directory == fd ? path : NULL;
	size_t size = strlen(root);
	while (size && root[size - 1] == '/')
		size--;
	return strncmp(path, root, size) == 0 && path[size] == '/' ? path + size : NULL;
}

int ng_open_at(const struct ng_scrape *scrape, int directory, const char *path, int flags)
{
	const char *below = below_rootfs(scrape, directory, path);

	if (directory < 0 && directory != AT_FDCWD)
		return directory;
	if (below)
		return open_below(ng_root_fd(scrape, NG_ROOTFS), below, flags);
	int fd = openat(directory, path, flags);
	return fd < 0 ? -errno : fd;
}

int ng_stat_at(const struct ng_scrape *scrape, int directory, const char *path, struct stat *ret_status)
{
	if (directory < 0 && directory != AT_FDCWD)
		return directory;
	if (!below_rootfs(scrape, directory, path))
		return fstatat(directory, path, ret_status, 0) < 0 ? -errno : 0;
	NG_CLOSE int fd = ng_open_at(scrape, directory, path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return fd;
	return fstat(fd, ret_status) < 0 ? -errno : 0;
}

int ng_privileged_open_at(const struct ng_scrape *scrape, int directory, const char *path, int flags)
{
	int r = ng_open_at(scrape, directory, path, flags);

	if (ng_raise_for(r)) {
		r = ng_open_at(scrape, directory, path, flags);
		ng_lower(CAP_DAC_READ_SEARCH);
	}
	return r;
}

int ng_privileged_stat_at(const struct ng_scrape *scrape, int directory, const char *path, struct stat *ret_status)
{
	int r = ng_stat_at(scrape, directory, path, ret_status);

	if (ng_raise_for(r)) {
		r = ng_stat_at(scrape, directory, path, ret_status);
		ng_lower(CAP_DAC_READ_SEARCH);
	}
	return r;
}
