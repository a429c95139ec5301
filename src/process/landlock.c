/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uses raw system calls: the C library has no wrappers, and these few do not justify a library.
 *
 * Reading is not restricted, and therefore costs nothing. Source: Documentation/userspace-api/landlock.rst.
 */
#include "process/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <nodegauge/files.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13) /* version 2 */
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14) /* version 3 */
#endif

/* Everything that changes something or executes a program. */
static const uint64_t first_version =
	LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
	LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
	LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
	LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

int ng_landlock_version(void)
{
#ifdef NG_WRITES_REPORTS
	return -ENOSYS; /* sanitizers and coverage write their files when the process exits */
#endif
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return version < 0 ? -errno : (int)version;
}

static int except(int ruleset, const struct ng_landlock_exception *exception, uint64_t handled)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = exception->remove
					  ? LANDLOCK_ACCESS_FS_REMOVE_FILE
					  : LANDLOCK_ACCESS_FS_WRITE_FILE | (handled & LANDLOCK_ACCESS_FS_TRUNCATE),
	};
	NG_CLOSE int fd = open(exception->path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return 0;
	rule.parent_fd = fd;
	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

int ng_landlock_enter(const struct ng_landlock_exception *exceptions, size_t count)
{
	struct landlock_ruleset_attr attributes = { .handled_access_fs = first_version };
	int version = ng_landlock_version();

	if (version < 0)
		return version;
	if (version >= 2)
		attributes.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		attributes.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
	NG_CLOSE int ruleset =
		(int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes.handled_access_fs), 0);
	if (ruleset < 0)
		return -errno;
	for (size_t i = 0; i < count; i++) {
		int r = except(ruleset, &exceptions[i], attributes.handled_access_fs);
		if (r < 0)
			return r;
	}
	return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 0;
}
