/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network interfaces of this process's network namespace, from one RTM_GETLINK dump per scrape for all collectors
 * (linux/rtnetlink.h, linux/if_link.h). Use it only if ng_net_path says that the namespace is the host's.
 */
#ifndef KERNEL_LINKS_H
#define KERNEL_LINKS_H

#include <linux/if_link.h>
#include <nodegauge/text.h>

struct ng_scrape;

/* The optional attributes that the kernel provided. */
enum {
	NG_LINK_CARRIER = 1 << 0,
	NG_LINK_CARRIER_CHANGES = 1 << 1,
	NG_LINK_CARRIER_UPDOWN = 1 << 2,
	NG_LINK_STATS = 1 << 3,
	NG_LINK_GROUP = 1 << 4,
	NG_LINK_TXQLEN = 1 << 5,
	NG_LINK_LINKMODE = 1 << 6,
	NG_LINK_NETNSID = 1 << 7, /* the lower device is in another namespace */
	NG_LINK_PROMISCUITY = 1 << 8,
	NG_LINK_ALLMULTI = 1 << 9, /* since Linux 6.0 */
};

struct ng_link {
	struct ng_span name;
	struct ng_span alias;     /* empty if there is none */
	struct ng_span kind;      /* IFLA_INFO_KIND: "veth", "bond"; empty for hardware */
	struct ng_span address;   /* raw bytes */
	struct ng_span broadcast; /* raw bytes */
	uint32_t given;
	uint32_t index;
	uint32_t lower; /* IFLA_LINK, or its own index */
	uint32_t flags; /* IFF_* */
	uint32_t mtu, txqlen, group;
	uint32_t carrier_changes, carrier_up, carrier_down;
	uint16_t type; /* ARPHRD_* */
	uint8_t operstate, linkmode, carrier;
	struct rtnl_link_stats64 stats;
	struct ng_span altnames;        /* each followed by a NUL */
	uint32_t promiscuity, allmulti; /* number of users that requested the mode */
};

struct ng_links {
	const struct ng_link *link;
	size_t count;
};

/* Valid until the end of the scrape. */
int ng_links(struct ng_scrape *scrape, struct ng_links *ret_links);

#endif
