/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/links_source.h"

#include "kernel/link_message.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <time.h>

/* The kernel would have to sum the IPv6 statistics over all CPUs for each interface, and nobody here uses them. */
static const uint32_t extension_mask = RTEXT_FILTER_SKIP_STATS;

/* Gives up after this many failed attempts in a row. */
enum { MISSES = 5 };

struct request {
	struct nlmsghdr head;
	struct ifinfomsg fixed;
	struct nlattr extension;
	uint32_t mask;
};

/* For one interface, or for all if the index is 0. */
static struct request make_request(uint32_t index)
{
	return (struct request){
		.head = { .nlmsg_len = sizeof(struct request), .nlmsg_type = RTM_GETLINK },
		.fixed = { .ifi_index = (int)index },
		.extension = { .nla_len = NLA_HDRLEN + sizeof(uint32_t), .nla_type = IFLA_EXT_MASK },
		.mask = extension_mask,
	};
}

static int dump(struct ng_links_source *source)
{
	size_t room = source->count + 8;
	int r = -EINTR;

	for (int i = 0; i < NG_DUMP_ATTEMPTS && r == -EINTR; i++) {
		struct ng_link_list list = { .arena = &source->arena };
		struct request request = make_request(0);
		ng_arena_reset(&source->arena);
		list.link = ng_alloc(&source->arena, room * sizeof(*list.link));
		list.capacity = list.link ? room : 0;
		r = ng_netlink_dump(&source->netlink, NETLINK_ROUTE, &request.head, ng_link_take, &list);
		source->link = list.link;
		source->count = list.count;
	}
	return r;
}

/* ---- only the statistics ---- */

static const uint64_t lifetime = 60u * (uint64_t)1000000000u;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

struct refreshing {
	struct ng_links_source *source;
	size_t count;
};

/* Expects the same order as in the other dump; otherwise something is new. */
static int take_fresh_stats(void *context, const struct nlmsghdr *message)
{
	struct refreshing *refreshing = context;
	const struct if_stats_msg *fixed = ng_netlink_fixed(message, sizeof(*fixed));
	struct ng_span rest = ng_netlink_rest(message, sizeof(*fixed));
	struct ng_attribute attribute;
	size_t at = refreshing->count++;

	if (!fixed || at >= refreshing->source->count || refreshing->source->link[at].index != fixed->ifindex)
		return -ESTALE;
	while (ng_attribute_next(&rest, &attribute)) {
		if (attribute.type != IFLA_STATS_LINK_64)
			continue;
		ng_link_take_stats(&refreshing->source->link[at], attribute.value);
		return 0;
	}
	return -ESTALE;
}

static int refresh(struct ng_links_source *source)
{
	struct refreshing refreshing = { .source = source };
	struct {
		struct nlmsghdr head;
		struct if_stats_msg fixed;
	} request = {
		.head = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETSTATS },
		.fixed = { .filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64) },
	};

	int r = ng_netlink_dump(&source->netlink, NETLINK_ROUTE, &request.head, take_fresh_stats, &refreshing);
	return r == 0 && refreshing.count != source->count ? -ESTALE : r;
}

/* ---- interfaces that are down ---- */

static size_t count_down(const struct ng_links_source *source)
{
	size_t n = 0;

	for (size_t i = 0; i < source->count; i++)
		n += !(source->link[i].flags & IFF_UP);
	return n;
}

/* Queries each interface that is down: some of its changes are not announced (netdev_state_change). */
static int verify_down(struct ng_links_source *source)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < source->count; i++) {
		struct ng_link_list list = { .arena = &source->scratch };
		struct request request = make_request(source->link[i].index);
		if (source->link[i].flags & IFF_UP)
			continue;
		ng_arena_reset(&source->scratch);
		r = ng_netlink_ask(&source->netlink, NETLINK_ROUTE, &request.head, ng_link_take, &list);
		if (r == 0 && (list.count != 1 || !ng_link_same(list.link, &source->link[i])))
			r = -ESTALE;
	}
	return r;
}

/* ---- the source ---- */

/*
 * Whether there was no notification since the last dump. Consumes notifications, so call it before a dump, not after.
 */
static bool unchanged(struct ng_links_source *source)
{
	if (source->unwatched)
		return false;
	if (!source->watch.socket && ng_netlink_watch(&source->watch, NETLINK_ROUTE, RTNLGRP_LINK) < 0) {
		source->unwatched = true;
		return false;
	}
	return ng_netlink_heard(&source->watch) == 0 && source->dumped_at && now() - source->dumped_at < lifetime;
}

static int read_anew(struct ng_links_source *source)
{
	/* an interface that is down costs as much as four in a dump */
	if (unchanged(source) && count_down(source) * 4 < source->count) {
		int r = refresh(source);
		if (r == 0)
			r = verify_down(source);
		if (r == 0) {
			source->misses = 0;
			return 0;
		}
		/* RTM_GETSTATS was added in Linux 4.7 */
		source->unwatched = r == -EOPNOTSUPP || r == -EINVAL || ++source->misses == MISSES;
	}
	source->dumped_at = 0;
	int r = dump(source);
	if (r == 0)
		source->dumped_at = now();
	return r;
}

int ng_links_source_read(struct ng_links_source *source, uint64_t serial, struct ng_links *ret_links)
{
	if (source->serial != serial) {
		source->error = read_anew(source);
		source->serial = serial;
	}
	if (source->error == 0)
		*ret_links = (struct ng_links){ source->link, source->count };
	return source->error;
}

void ng_links_source_settle(const struct ng_scrape *scrape, struct ng_links_source *source)
{
	ng_netlink_settle(scrape, &source->netlink);
	if (!source->watch.socket)
		return;
	ng_netlink_settle(scrape, &source->watch);
	source->unwatched = source->unwatched || !source->watch.socket;
}

void ng_links_source_done(struct ng_links_source *source)
{
	ng_netlink_close(&source->netlink);
	ng_netlink_close(&source->watch);
	ng_arena_done(&source->arena);
	ng_arena_done(&source->scratch);
}
