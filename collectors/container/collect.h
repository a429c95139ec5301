/* SPDX-License-Identifier: Apache-2.0 */
/* One scrape. */
#ifndef CONTAINER_COLLECT_H
#define CONTAINER_COLLECT_H

#include <nodegauge/collector.h>

struct container;

/* Reads every cgroup that is shown and writes all rows. The tree must be up to date. */
int container_collect(struct ng_scrape *scrape, struct container *state);

#endif
