/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/links.h"

#include "kernel/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>

/* The statistics of IPv6 would be folded over all CPUs for each interface, and nobody reads them here. */
static const uint32_t extension_mask = RTEXT_FILTER_SKIP_STATS;

/* IFLA_ALLMULTI, which headers before Linux 6.0 lack. */
enum { LINK_ALLMULTI = 61 };

struct growing {
	struct ng_arena *arena;
	struct ng_link *link;
	size_t count, capacity;
};

static bool keep(struct ng_arena *arena, struct ng_span from, struct ng_span *ret_span)
{
	*ret_span = from.size ? ng_copy(arena, from) : (struct ng_span){ NULL, 0 };
	return from.size == 0 || ret_span->text;
}

/* Kernels since 2.6.35 give 64 bits; the fields of both kinds stand in the same order. */
static void take_stats(struct ng_link *link, struct ng_span value, size_t width)
{
	char *to = (char *)&link->stats;

	if (width == sizeof(uint64_t)) {
		memcpy(to, value.text, value.size < sizeof(link->stats) ? value.size : sizeof(link->stats));
	} else if (!(link->given & NG_LINK_STATS)) {
		size_t n = value.size < sizeof(struct rtnl_link_stats) ? value.size : sizeof(struct rtnl_link_stats);
		for (size_t at = 0; at + width <= n; at += width) {
			uint32_t narrow;
			memcpy(&narrow, value.text + at, width);
			uint64_t wide = narrow;
			memcpy(to + at * 2, &wide, sizeof(wide));
		}
	}
	link->given |= NG_LINK_STATS;
}

static int take_kind(struct ng_arena *arena, struct ng_link *link, struct ng_span nested)
{
	struct ng_attribute attribute;

	while (ng_attribute_next(&nested, &attribute)) {
		if (attribute.type == IFLA_INFO_KIND && !keep(arena, ng_attribute_text(attribute), &link->kind))
			return -ENOMEM;
	}
	return 0;
}

/* Other names, each with the NUL behind it. */
static int take_altnames(struct ng_arena *arena, struct ng_link *link, struct ng_span nested)
{
	struct ng_attribute attribute;
	char *names = ng_alloc(arena, nested.size + 1);
	size_t used = 0;

	if (!names)
		return -ENOMEM;
	while (ng_attribute_next(&nested, &attribute)) {
		struct ng_span name = ng_attribute_text(attribute);
		if (attribute.type != IFLA_ALT_IFNAME || name.size == 0)
			continue;
		memcpy(names + used, name.text, name.size);
		used += name.size;
		names[used++] = '\0';
	}
	link->altnames = (struct ng_span){ names, used };
	return 0;
}

static int take_text(struct ng_arena *arena, struct ng_link *link, struct ng_attribute attribute)
{
	switch (attribute.type) {
	case IFLA_IFNAME:
		return keep(arena, ng_attribute_text(attribute), &link->name) ? 0 : -ENOMEM;
	case IFLA_IFALIAS:
		return keep(arena, ng_attribute_text(attribute), &link->alias) ? 0 : -ENOMEM;
	case IFLA_ADDRESS:
		return keep(arena, attribute.value, &link->address) ? 0 : -ENOMEM;
	case IFLA_BROADCAST:
		return keep(arena, attribute.value, &link->broadcast) ? 0 : -ENOMEM;
	case IFLA_LINKINFO:
		return take_kind(arena, link, attribute.value);
	case IFLA_PROP_LIST:
		return take_altnames(arena, link, attribute.value);
	default:
		return 0;
	}
}

/* False for an attribute that is no number. */
static bool take_number(struct ng_link *link, struct ng_attribute attribute)
{
	uint32_t *place = NULL;

	switch (attribute.type) {
	case IFLA_MTU:
		place = &link->mtu;
		break;
	case IFLA_LINK:
		place = &link->lower;
		break;
	case IFLA_LINK_NETNSID:
		link->given |= NG_LINK_NETNSID;
		break;
	case IFLA_TXQLEN:
		link->given |= NG_LINK_TXQLEN;
		place = &link->txqlen;
		break;
	case IFLA_GROUP:
		link->given |= NG_LINK_GROUP;
		place = &link->group;
		break;
	case IFLA_PROMISCUITY:
		link->given |= NG_LINK_PROMISCUITY;
		place = &link->promiscuity;
		break;
	case LINK_ALLMULTI:
		link->given |= NG_LINK_ALLMULTI;
		place = &link->allmulti;
		break;
	case IFLA_CARRIER_CHANGES:
		link->given |= NG_LINK_CARRIER_CHANGES;
		place = &link->carrier_changes;
		break;
	case IFLA_CARRIER_UP_COUNT:
		link->given |= NG_LINK_CARRIER_UPDOWN;
		place = &link->carrier_up;
		break;
	case IFLA_CARRIER_DOWN_COUNT:
		link->given |= NG_LINK_CARRIER_UPDOWN;
		place = &link->carrier_down;
		break;
	case IFLA_CARRIER:
		link->given |= NG_LINK_CARRIER;
		link->carrier = ng_attribute_u8(attribute);
		break;
	case IFLA_OPERSTATE:
		link->operstate = ng_attribute_u8(attribute);
		break;
	case IFLA_LINKMODE:
		link->given |= NG_LINK_LINKMODE;
		link->linkmode = ng_attribute_u8(attribute);
		break;
	case IFLA_STATS64:
		take_stats(link, attribute.value, sizeof(uint64_t));
		break;
	case IFLA_STATS:
		take_stats(link, attribute.value, sizeof(uint32_t));
		break;
	default:
		return false;
	}
	if (place)
		*place = ng_attribute_u32(attribute);
	return true;
}

static int take_link(void *context, const struct nlmsghdr *message)
{
	struct growing *growing = context;
	const struct ifinfomsg *fixed = ng_netlink_fixed(message, sizeof(*fixed));
	struct ng_span rest = ng_netlink_rest(message, sizeof(*fixed));
	struct ng_attribute attribute;

	if (message->nlmsg_type != RTM_NEWLINK || !fixed)
		return 0;
	struct ng_link *link = ng_push(growing->arena, &growing->link, &growing->count, &growing->capacity);
	if (!link)
		return -ENOMEM;
	*link = (struct ng_link){
		.index = (uint32_t)fixed->ifi_index,
		.lower = (uint32_t)fixed->ifi_index,
		.flags = fixed->ifi_flags,
		.type = fixed->ifi_type,
	};
	while (ng_attribute_next(&rest, &attribute)) {
		int r = take_number(link, attribute) ? 0 : take_text(growing->arena, link, attribute);
		if (r < 0)
			return r;
	}
	if (link->name.size == 0)
		growing->count--;
	return 0;
}

static int dump(struct ng_links_source *source)
{
	int r = -EINTR;

	for (int i = 0; i < NG_DUMP_ATTEMPTS && r == -EINTR; i++) {
		struct growing growing = { .arena = &source->arena };
		struct {
			struct nlmsghdr head;
			struct ifinfomsg fixed;
			struct nlattr extension;
			uint32_t mask;
		} request = {
			.head = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETLINK },
			.extension = { .nla_len = NLA_HDRLEN + sizeof(uint32_t), .nla_type = IFLA_EXT_MASK },
			.mask = extension_mask,
		};
		ng_arena_reset(&source->arena);
		r = ng_netlink_dump(&source->netlink, NETLINK_ROUTE, &request.head, take_link, &growing);
		source->links = (struct ng_links){ growing.link, growing.count };
	}
	return r;
}

int ng_links_source_read(struct ng_links_source *source, uint64_t serial, struct ng_links *ret_links)
{
	if (source->serial != serial) {
		source->error = dump(source);
		source->serial = serial;
	}
	if (source->error == 0)
		*ret_links = source->links;
	return source->error;
}

void ng_links_source_done(struct ng_links_source *source)
{
	ng_netlink_close(&source->netlink);
	ng_arena_done(&source->arena);
}
