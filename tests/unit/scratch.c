/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "../runner/tree.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void must(bool done, const char *what, const char *path)
{
	if (!done)
		fail_msg("cannot %s %s: %s", what, path, strerror(errno));
}

/* ---- files ---- */

void scratch_init(struct scratch *scratch, const char *parent, const char *name)
{
	int size = snprintf(scratch->root, sizeof(scratch->root), "%s/%s.XXXXXX", parent, name);

	assert_in_range(size, 1, sizeof(scratch->root) - 1);
	must(mkdtemp(scratch->root) != NULL, "make", scratch->root);
	scratch->directory = open(scratch->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(scratch->directory >= 0, "open", scratch->root);
}

static void remove_whole(const char *path)
{
	struct stat status;

	must(lstat(path, &status) == 0, "find", path);
	tree_remove(path);
	must(lstat(path, &status) < 0 && errno == ENOENT, "remove", path);
}

void scratch_done(const struct scratch *scratch)
{
	close(scratch->directory);
	remove_whole(scratch->root);
}

void scratch_path(const struct scratch *scratch, const char *name, char ret_path[SCRATCH_PATH])
{
	int size = snprintf(ret_path, SCRATCH_PATH, "%s/%s", scratch->root, name);

	assert_in_range(size, 1, SCRATCH_PATH - 1);
}

void scratch_mkdir(const struct scratch *scratch, const char *name)
{
	must(mkdirat(scratch->directory, name, 0755) == 0, "make", name);
}

void scratch_rmdir(const struct scratch *scratch, const char *name)
{
	must(unlinkat(scratch->directory, name, AT_REMOVEDIR) == 0, "remove", name);
}

void scratch_symlink(const struct scratch *scratch, const char *target, const char *name)
{
	must(symlinkat(target, scratch->directory, name) == 0, "link", name);
}

void scratch_unlink(const struct scratch *scratch, const char *name)
{
	must(unlinkat(scratch->directory, name, 0) == 0, "unlink", name);
}

void scratch_put(const struct scratch *scratch, const char *name, const char *text)
{
	char path[SCRATCH_PATH];

	scratch_path(scratch, name, path);
	must(tree_write(path, text, strlen(text)), "write", path);
}

void scratch_mkdir_above(const struct scratch *scratch, const char *name)
{
	char path[SCRATCH_PATH];

	scratch_path(scratch, name, path);
	for (char *slash = strchr(path + strlen(scratch->root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		must(mkdir(path, 0755) == 0 || errno == EEXIST, "make", path);
		*slash = '/';
	}
}

void scratch_clear(const struct scratch *scratch, const char *name)
{
	char path[SCRATCH_PATH];

	scratch_path(scratch, name, path);
	remove_whole(path);
}

/* ---- readers ---- */

void probe_init(struct probe *probe)
{
	*probe = (struct probe){ 0 };
	for (size_t i = 0; i < NG_ROOTS; i++)
		probe->kernel.root_fd[i] = -ENOENT;
	probe->scrape = (struct ng_scrape){ .arena = &probe->arena,
		.kernel = &probe->kernel,
		.reason = probe->reason,
		.reason_size = sizeof(probe->reason) };
}

void probe_done(struct probe *probe)
{
	for (size_t i = 0; i < NG_ROOTS; i++) {
		if (probe->kernel.root_fd[i] >= 0)
			close(probe->kernel.root_fd[i]);
	}
	ng_arena_done(&probe->arena);
}

void probe_open(struct probe *probe, enum ng_root root, const struct scratch *scratch, const char *name)
{
	char path[SCRATCH_PATH];

	scratch_path(scratch, name, path);
	probe->kernel.root_fd[root] = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(probe->kernel.root_fd[root] >= 0, "open", path);
	probe->kernel.root_path[root] = scratch->root; /* just not the root of this process */
}
