/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/file_version.h"

#include <stdint.h>

struct ng_file_version ng_file_version(const struct stat *status)
{
	return (struct ng_file_version){ .device = status->st_dev,
		.inode = status->st_ino,
		.size = status->st_size,
		.modified = status->st_mtim,
		.changed = status->st_ctim };
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool ng_file_version_same(const struct ng_file_version *a, const struct ng_file_version *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       same_time(a->modified, b->modified) && same_time(a->changed, b->changed);
}

bool ng_time_unsettled(const struct timespec *time)
{
	int64_t coarse = time->tv_nsec ? 100000000 : 2100000000;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	/* a time far in the future, from before the clock was set back, will not come again */
	if (now.tv_sec > time->tv_sec + 3 || time->tv_sec > now.tv_sec + 3)
		return false;
	int64_t age = (int64_t)(now.tv_sec - time->tv_sec) * 1000000000 + now.tv_nsec - time->tv_nsec;
	return age < coarse && age > -coarse;
}
