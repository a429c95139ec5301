/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a file or directory is the same as when it was read. */
#ifndef KERNEL_FILE_VERSION_H
#define KERNEL_FILE_VERSION_H

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

struct ng_file_version {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
};

struct ng_file_version ng_file_version(const struct stat *status);
bool ng_file_version_same(const struct ng_file_version *a, const struct ng_file_version *b);

/*
 * File timestamps come from a clock that ticks every 1 to 10 ms (current_time in fs/inode.c), and some file systems
 * only store whole seconds, or even seconds: a file that was changed very recently may change again without its mtime
 * moving. To be called before the contents are read.
 */
bool ng_time_unsettled(const struct timespec *time);

#endif
