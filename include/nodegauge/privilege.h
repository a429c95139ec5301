/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Privileges: capabilities(7).
 *
 * Of its capabilities the daemon keeps those that the descriptors of the enabled collectors list, and holds them back:
 * none is in effect. A collector raises one around the single call that was refused without it, in the thread that
 * makes the call, and lowers it at once. For files of the roots NG_PRIVILEGED (files.h) does all of that.
 */
#ifndef NODEGAUGE_PRIVILEGE_H
#define NODEGAUGE_PRIVILEGE_H

#include <stdbool.h>

struct stat;
struct statfs;

/*
 * Puts a capability (a number of <linux/capability.h>) into effect for this thread. False where that would not help,
 * as the process does not have it or it is in effect already; true asks for ng_lower. Keeps errno.
 */
bool ng_raise(int capability);
void ng_lower(int capability);

/*
 * openat(2), stat(2) and statfs(2), made again with CAP_DAC_READ_SEARCH when they are refused. They return a negative
 * errno.
 */
int ng_privileged_open(int directory, const char *path, int flags);
int ng_privileged_stat(const char *path, struct stat *ret_status);
int ng_privileged_statfs(const char *path, struct statfs *ret_status);

#endif
