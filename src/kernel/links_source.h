/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source behind ng_links. Not thread-safe: its user holds a lock.
 *
 * An RTM_GETLINK dump costs 1.5 us per interface and returns 1.1 kB for each, nearly all of it unchanged. The kernel
 * notifies of changes (RTNLGRP_LINK), so without notifications only the statistics are requested, with RTM_GETSTATS at
 * 0.2 us per interface. It does not notify of some changes of an interface that is down, so these few are requested one
 * by one, nor of an interface group written through sysfs: cached data expires after a minute.
 */
#ifndef KERNEL_LINKS_SOURCE_H
#define KERNEL_LINKS_SOURCE_H

#include "kernel/links.h"
#include "kernel/netlink.h"
#include <nodegauge/arena.h>

struct ng_scrape;

struct ng_links_source {
	struct ng_netlink netlink, watch;
	uint64_t serial; /* of the gather whose result is kept */
	int error;       /* of that read */
	struct ng_arena arena, scratch;
	struct ng_link *link;
	size_t count;
	unsigned misses;
	uint64_t dumped_at; /* CLOCK_MONOTONIC ns; 0 if the next read must be a dump */
	bool unwatched;     /* not supported by this kernel: each read is a dump */
};

/* Initialize with zeroes. The result is valid until the next read with another serial. */
int ng_links_source_read(struct ng_links_source *source, uint64_t serial, struct ng_links *ret_links);

/* Closes the sockets that may not stay open between scrapes; without the notification socket each read is a dump. */
void ng_links_source_settle(const struct ng_scrape *scrape, struct ng_links_source *source);
void ng_links_source_done(struct ng_links_source *source);

#endif
