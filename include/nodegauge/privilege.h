/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Privileges: capabilities(7).
 *
 * The daemon keeps only the capabilities that the descriptors of the enabled collectors list, and none of them is
 * effective. A collector raises one around a single call that was denied without it, in the thread that makes the call,
 * and lowers it again immediately. For files below the roots, NG_PRIVILEGED (files.h) does all of that.
 */
#ifndef NODEGAUGE_PRIVILEGE_H
#define NODEGAUGE_PRIVILEGE_H

#include <stdbool.h>

struct stat;
struct statfs;

/*
 * Makes a capability (a number from <linux/capability.h>) effective for this thread. Returns false if that would not
 * help, because the process does not have it or it is already effective; after true, call ng_lower. Preserves errno.
 */
bool ng_raise(int capability);
void ng_lower(int capability);

/*
 * openat(2), stat(2) and statfs(2), retried with CAP_DAC_READ_SEARCH if denied. They return a negative errno.
 */
int ng_privileged_open(int directory, const char *path, int flags);
int ng_privileged_stat(const char *path, struct stat *ret_status);
int ng_privileged_statfs(const char *path, struct statfs *ret_status);

#endif
