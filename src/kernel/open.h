/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openat(2) and stat(2), except that paths below --path.rootfs are resolved as the system there would do it: an
 * absolute symbolic link, such as /var/lib/docker -> /data/docker, leads to a directory of that system, not to one of
 * ours.
 *
 * A path is below it if it is relative to the root's descriptor, or if it begins with the path of the root. Functions
 * return a negative errno; `directory` may be one, which is then returned. Privileged ones are retried with
 * CAP_DAC_READ_SEARCH if denied.
 */
#ifndef KERNEL_OPEN_H
#define KERNEL_OPEN_H

#include <nodegauge/files.h>

struct stat;

int ng_open_at(const struct ng_scrape *scrape, int directory, const char *path, int flags);
int ng_privileged_open_at(const struct ng_scrape *scrape, int directory, const char *path, int flags);
int ng_stat_at(const struct ng_scrape *scrape, int directory, const char *path, struct stat *ret_status);
int ng_privileged_stat_at(const struct ng_scrape *scrape, int directory, const char *path, struct stat *ret_status);

/* Raises CAP_DAC_READ_SEARCH if a call was denied and it may help; after true, call ng_lower. */
bool ng_raise_for(int error);

/* Opens a path as if `root` were the root directory, by following its links one by one. */
int ng_walk_below(int root, const char *path, int flags);

#endif
