/* SPDX-License-Identifier: Apache-2.0 */
/* One scrape. */
#ifndef CONTAINER_COLLECT_H
#define CONTAINER_COLLECT_H

#include <nodegauge/collector.h>

struct container;

/* Of a tree that is up to date: every group that is shown is read, and all rows are written. */
int container_collect(struct ng_scrape *scrape, struct container *state);

#endif
