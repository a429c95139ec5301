/* SPDX-License-Identifier: Apache-2.0 */
#include "process/prepare.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * Descriptors 0 to 2 that were closed would be given to whatever is opened next, and then be written to. What goes to a
 * standard output that was closed has to fail.
 */
static void fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", (fd == STDOUT_FILENO ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	}
}

void ng_prepare_process(void)
{
	/* one heap for all threads: they allocate next to nothing */
	mallopt(M_ARENA_MAX, 1);
	/* what was needed once for a while goes back to the system */
	mallopt(M_MMAP_THRESHOLD, 64 << 10);
	mallopt(M_TRIM_THRESHOLD, 64 << 10);
	fill_standard_descriptors();
}

void ng_prepare_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}
