/* SPDX-License-Identifier: Apache-2.0 */
/* Paths below a root file system that is not the one of this process: links stay below it. */
#include "../runner/tree.h"
#include "kernel/kernel.h"
#include "kernel/open.h"
#include "scratch.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const files[] = { "data/docker/here", "etc/passwd", "usr/lib/file" };

static const struct {
	const char *path, *target;
} links[] = {
	{ "var/lib/docker", "/data/docker" },
	{ "var/run", "../run" },
	{ "run/up", "../../../../etc" },
	{ "etc/absolute", "/usr/lib/file" },
	{ "etc/relative", "../usr/lib/file" },
	{ "etc/chain", "absolute" },
	{ "etc/folder", "/data/" },
	{ "etc/root", "/" },
	{ "etc/dangling", "/nowhere/at/all" },
	{ "etc/a", "/etc/b" },
	{ "etc/b", "a" },
};

static const struct {
	const char *path;
	int flags, error;
} rows[] = {
	{ "data/docker/here", O_RDONLY, 0 },
	{ "/data/docker/here", O_RDONLY, 0 },
	{ "data//docker/./here", O_RDONLY, 0 },
	{ "../../../etc/passwd", O_RDONLY, 0 },
	{ "data/docker/../../../etc/passwd", O_RDONLY, 0 },
	{ "var/lib/docker/here", O_RDONLY, 0 },
	{ "var/lib/docker/../docker/here", O_RDONLY, 0 },
	{ "var/run/up/passwd", O_RDONLY, 0 },
	{ "etc/absolute", O_RDONLY, 0 },
	{ "etc/relative", O_RDONLY, 0 },
	{ "etc/chain", O_RDONLY, 0 },
	{ "etc/folder/docker/here", O_RDONLY, 0 },
	{ "etc/root/etc/root/etc/passwd", O_RDONLY, 0 },
	{ "var/lib/docker", O_RDONLY | O_DIRECTORY, 0 },
	{ "etc/root", O_RDONLY | O_DIRECTORY, 0 },
	{ ".", O_RDONLY | O_DIRECTORY, 0 },
	{ "..", O_RDONLY | O_DIRECTORY, 0 },
	{ "/", O_RDONLY | O_DIRECTORY, 0 },
	{ "etc/chain", O_PATH, 0 },
	{ "etc/passwd", O_RDONLY | O_NOFOLLOW, 0 },
	{ "var/lib/docker/here", O_RDONLY | O_NOFOLLOW, 0 },
	{ "etc/chain", O_RDONLY | O_NOFOLLOW, ELOOP },
	{ "etc/a", O_RDONLY, ELOOP },
	{ "etc/dangling", O_RDONLY, ENOENT },
	{ "etc/nothing/at/all", O_RDONLY, ENOENT },
	{ "etc/passwd/below", O_RDONLY, ENOTDIR },
	{ "etc/passwd", O_RDONLY | O_DIRECTORY, ENOTDIR },
};

struct fixture {
	struct scratch scratch;
	const char *paths[NG_ROOTS];
	struct ng_kernel kernel;
	struct ng_scrape scrape;
};

static int open_root(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	scratch_init(&fixture->scratch, "/tmp", "test_open");
	for (size_t i = 0; i < NG_COUNT(files); i++) {
		scratch_mkdir_above(&fixture->scratch, files[i]);
		scratch_put(&fixture->scratch, files[i], "inside\n");
	}
	for (size_t i = 0; i < NG_ROOTS; i++)
		fixture->paths[i] = fixture->scratch.root;
	fixture->scrape.kernel = &fixture->kernel;
	*state = fixture;
	int r = ng_kernel_init(&fixture->kernel, fixture->paths);
	for (size_t i = 0; r == 0 && i < NG_COUNT(links); i++) {
		scratch_mkdir_above(&fixture->scratch, links[i].path);
		r = symlinkat(links[i].target, ng_root_fd(&fixture->scrape, NG_ROOTFS), links[i].path);
	}
	return r;
}

static int close_root(void **state)
{
	struct fixture *fixture = *state;

	ng_kernel_done(&fixture->kernel);
	scratch_done(&fixture->scratch);
	free(fixture);
	return 0;
}

static unsigned descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void judge(int fd, size_t row, const char *how)
{
	struct stat status;
	char text[16] = "";

	if (fd < 0 ? -fd != rows[row].error : rows[row].error != 0)
		fail_msg("%s of '%s': %d instead of -%d", how, rows[row].path, fd, rows[row].error);
	if (fd >= 0 && !(rows[row].flags & O_PATH) && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		assert_int_equal(read(fd, text, sizeof(text) - 1), strlen("inside\n"));
		assert_string_equal(text, "inside\n");
	}
	if (fd >= 0)
		close(fd);
}

/* Following the links by hand gives the same as the kernel, whose rules are those of chroot(2). */
static void walk(void **state)
{
	struct fixture *fixture = *state;
	int root = ng_root_fd(&fixture->scrape, NG_ROOTFS);
	unsigned before = descriptors();

	for (size_t i = 0; i < NG_COUNT(rows); i++) {
		struct open_how how = { .flags = (unsigned)rows[i].flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
		int fd = (int)syscall(SYS_openat2, root, rows[i].path, &how, sizeof(how));
		if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
			judge(fd < 0 ? -errno : fd, i, "openat2");
		judge(ng_walk_below(root, rows[i].path, rows[i].flags | O_CLOEXEC), i, "walk");
		if (rows[i].path[0] != '/')
			judge(ng_open_at(&fixture->scrape, root, rows[i].path, rows[i].flags | O_CLOEXEC), i, "open");
	}
	assert_int_equal(descriptors(), before);
}

/* Any absolute path below the root belongs to it, whatever the directory is. */
static void absolute(void **state)
{
	struct fixture *fixture = *state;
	struct ng_scrape *scrape = &fixture->scrape;
	char *path = format("%s/var/lib/docker/here", fixture->scratch.root);
	struct stat status;
	int fd = ng_open_at(scrape, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(ng_stat_at(scrape, AT_FDCWD, path, &status), 0);
	assert_int_equal(status.st_size, strlen("inside\n"));
	fixture->kernel.root_path[NG_ROOTFS] = "/";
	assert_int_equal(ng_open_at(scrape, AT_FDCWD, path, O_RDONLY | O_CLOEXEC), -ENOENT);
	assert_int_equal(ng_stat_at(scrape, AT_FDCWD, path, &status), -ENOENT);
	assert_int_equal(ng_open_at(scrape, -EMFILE, "etc/passwd", O_RDONLY | O_CLOEXEC), -EMFILE);
	assert_int_equal(ng_stat_at(scrape, -EMFILE, "etc/passwd", &status), -EMFILE);
	free(path);
}

/* Links that grow the path beyond all bounds end, as in the kernel. */
static void longest(void **state)
{
	struct fixture *fixture = *state;
	int root = ng_root_fd(&fixture->scrape, NG_ROOTFS);
	char target[4000], path[2 * PATH_MAX] = "long/etc/passwd";

	memset(target, '/', sizeof(target) - 1);
	target[sizeof(target) - 1] = '\0';
	assert_int_equal(symlinkat(target, root, "long"), 0);
	int fd = ng_walk_below(root, path, O_PATH | O_CLOEXEC);
	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 4; i + 2 < PATH_MAX; i += 2)
		strcpy(path + i, "/.");
	assert_int_equal(ng_walk_below(root, path, O_PATH | O_CLOEXEC), -ENAMETOOLONG);
	strcpy(path + PATH_MAX - 2, "/.");
	assert_int_equal(ng_walk_below(root, path, O_PATH | O_CLOEXEC), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(walk, open_root, close_root),
		cmocka_unit_test_setup_teardown(absolute, open_root, close_root),
		cmocka_unit_test_setup_teardown(longest, open_root, close_root),
	};

	return cmocka_run_group_tests_name("open", tests, NULL, NULL);
}
