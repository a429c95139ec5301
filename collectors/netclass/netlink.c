/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --collector.netclass.netlink: interfaces without sysfs, as far as possible.
 *
 * node_exporter reports different values in this mode, which its users expect: the flags from netlink, the link mode
 * under the name dormant, the carrier even if the interface is down, the own index for a tunnel, "Full" instead of
 * "full". Speed and duplex come from ethtool's netlink family (Linux 5.6), even if the interface is down; an unknown
 * speed is left out.
 */
#include "netclass.h"

#include <linux/ethtool.h>

static struct ng_span duplex_name(uint8_t duplex)
{
	switch (duplex) {
	case DUPLEX_HALF:
		return NG_SPAN("Half");
	case DUPLEX_FULL:
		return NG_SPAN("Full");
	default:
		return NG_SPAN("Unknown");
	}
}

static void fill_mode(const struct ng_link_modes *modes, size_t *last, struct netclass_row *row)
{
	/* both tables are in nearly the same order */
	for (size_t tries = 0; tries < modes->count; tries++, ++*last) {
		const struct ng_link_mode *mode = &modes->mode[*last % modes->count];
		if (mode->index != row->link->index)
			continue;
		if (mode->has_speed && mode->speed != (uint32_t)SPEED_UNKNOWN)
			netclass_set(row, NETCLASS_SPEED, mode->speed);
		if (mode->has_duplex)
			row->duplex = duplex_name(mode->duplex);
		return;
	}
}

static int fill_row(struct netclass *netclass, struct ng_scrape *scrape, const struct ng_link *link, size_t at,
	struct netclass_row *row)
{
	netclass_fill(scrape->arena, link, row);
	netclass_set(row, NETCLASS_FLAGS, link->flags);
	if (link->lower == 0) /* a tunnel without an underlying interface */
		netclass_set(row, NETCLASS_IFACE_LINK, link->index);
	if (link->given & NG_LINK_CARRIER)
		netclass_set(row, NETCLASS_CARRIER, link->carrier);
	if (link->given & NG_LINK_LINKMODE)
		netclass_set(row, NETCLASS_DORMANT, link->linkmode);
	return netclass_is_live(netclass, scrape) ? netclass_remembered(netclass, scrape, link, at, false, row) : 0;
}

int netclass_by_netlink(struct netclass *netclass, struct ng_scrape *scrape, struct netclass_rows *rows)
{
	struct ng_links links;
	struct ng_link_modes modes = { NULL, 0 };
	size_t last = 0;

	int r = ng_links(scrape, &links);
	if (r == 0)
		r = netclass_remember(netclass, &links);
	if (r < 0)
		return r;
	netclass_reserve(rows, links.count);
	int with_modes = ng_link_modes(scrape, &netclass->ethtool, &modes);
	if (with_modes < 0) /* -ENOENT: the family does not exist */
		ng_drop_unread(scrape, with_modes, "link modes");
	for (size_t i = 0; r == 0 && i < links.count; i++) {
		if (ng_pattern_matches(netclass->ignored, links.link[i].name))
			continue;
		struct netclass_row *row = netclass_push(rows);
		if (!row)
			return -ENOMEM;
		r = fill_row(netclass, scrape, &links.link[i], i, row);
		if (r == -ENODATA) {
			ng_drop(scrape);
			rows->count--;
			r = 0;
			continue;
		}
		fill_mode(&modes, &last, row);
		row->text_unread = row->text_unread || (with_modes < 0 && !ng_absent(with_modes));
	}
	return r;
}
