/* SPDX-License-Identifier: Apache-2.0 */
/* The source behind ng_links: one RTM_GETLINK dump per gather. Not thread-safe: its user holds a lock. */
#ifndef KERNEL_LINKS_H
#define KERNEL_LINKS_H

#include <nodegauge/arena.h>
#include <nodegauge/links.h>
#include <nodegauge/netlink.h>

struct ng_links_source {
	struct ng_netlink netlink;
	uint64_t serial; /* of the gather whose answer is kept */
	int error;       /* of that reading */
	struct ng_arena arena;
	struct ng_links links;
};

/* A source of zeroes is ready. What is returned is valid until the next reading with another serial. */
int ng_links_source_read(struct ng_links_source *source, uint64_t serial, struct ng_links *ret_links);
void ng_links_source_done(struct ng_links_source *source);

#endif
