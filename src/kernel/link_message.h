/* SPDX-License-Identifier: Apache-2.0 */
/* RTM_NEWLINK messages. */
#ifndef KERNEL_LINK_MESSAGE_H
#define KERNEL_LINK_MESSAGE_H

#include "kernel/netlink_dump.h"

#include "kernel/links.h"
#include <nodegauge/arena.h>

struct ng_link_list {
	struct ng_arena *arena;
	struct ng_link *link;
	size_t count, capacity;
};

/* An ng_netlink_visit whose context is a list: adds an interface; other messages are ignored. */
int ng_link_take(void *list, const struct nlmsghdr *message);

/* Parses IFLA_STATS64 or IFLA_STATS_LINK_64; older kernels send a shorter one. */
void ng_link_take_stats(struct ng_link *link, struct ng_span value);

/* Whether everything except the statistics is equal. */
bool ng_link_same(const struct ng_link *a, const struct ng_link *b);

#endif
