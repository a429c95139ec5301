/* SPDX-License-Identifier: Apache-2.0 */
#include "process/prepare.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * If descriptors 0 to 2 are closed, the next files to be opened would get these numbers and be written to. Writing to a
 * closed standard output must fail.
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
	/* one heap for all threads: they allocate almost nothing */
	mallopt(M_ARENA_MAX, 1);
	/* memory that was needed temporarily is returned to the system */
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
