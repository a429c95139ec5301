/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raises and lowers capabilities with capset(2), which affects only the calling thread. libcap would allocate memory,
 * which is not allowed during a scrape.
 */
#include "kernel/open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <nodegauge/privilege.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

struct sets {
	struct __user_cap_header_struct head;
	struct __user_cap_data_struct word[_LINUX_CAPABILITY_U32S_3];
};

static bool sets_read(struct sets *sets)
{
	*sets = (struct sets){ .head = { .version = _LINUX_CAPABILITY_VERSION_3 } };
	return syscall(SYS_capget, &sets->head, sets->word) == 0;
}

static bool sets_write(struct sets *sets)
{
	return syscall(SYS_capset, &sets->head, sets->word) == 0;
}

bool ng_raise(int capability)
{
	int before = errno;
	struct sets sets;
	unsigned word = CAP_TO_INDEX((unsigned)capability);
	uint32_t bit = CAP_TO_MASK((unsigned)capability);
	bool raised = false;

	if (cap_valid(capability) && sets_read(&sets) && sets.word[word].permitted & bit &&
		!(sets.word[word].effective & bit)) {
		sets.word[word].effective |= bit;
		raised = sets_write(&sets);
	}
	errno = before;
	return raised;
}

void ng_lower(int capability)
{
	int before = errno;
	struct sets sets;

	if (sets_read(&sets)) {
		sets.word[CAP_TO_INDEX((unsigned)capability)].effective &= ~CAP_TO_MASK((unsigned)capability);
		sets_write(&sets);
	}
	errno = before;
}

/* ---- calls ---- */

bool ng_raise_for(int error)
{
	return (error == -EACCES || error == -EPERM) && ng_raise(CAP_DAC_READ_SEARCH);
}

static int try_open(int directory, const char *path, int flags)
{
	int fd = openat(directory, path, flags);

	return fd < 0 ? -errno : fd;
}

static int try_stat(const char *path, struct stat *ret_status)
{
	return stat(path, ret_status) < 0 ? -errno : 0;
}

static int try_statfs(const char *path, struct statfs *ret_status)
{
	return statfs(path, ret_status) < 0 ? -errno : 0;
}

int ng_privileged_open(int directory, const char *path, int flags)
{
	int r = try_open(directory, path, flags);

	if (ng_raise_for(r)) {
		r = try_open(directory, path, flags);
		ng_lower(CAP_DAC_READ_SEARCH);
	}
	return r;
}

int ng_privileged_stat(const char *path, struct stat *ret_status)
{
	int r = try_stat(path, ret_status);

	if (ng_raise_for(r)) {
		r = try_stat(path, ret_status);
		ng_lower(CAP_DAC_READ_SEARCH);
	}
	return r;
}

int ng_privileged_statfs(const char *path, struct statfs *ret_status)
{
	int r = try_statfs(path, ret_status);

	if (ng_raise_for(r)) {
		r = try_statfs(path, ret_status);
		ng_lower(CAP_DAC_READ_SEARCH);
	}
	return r;
}
