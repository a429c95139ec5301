/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/link_message.h"

#include <errno.h>
#include <linux/rtnetlink.h>

/* IFLA_ALLMULTI, which headers before Linux 6.0 lack. */
enum { LINK_ALLMULTI = 61 };

static bool keep(struct ng_arena *arena, struct ng_span from, struct ng_span *ret_span)
{
	*ret_span = from.size ? ng_copy(arena, from) : (struct ng_span){ NULL, 0 };
	return from.size == 0 || ret_span->text;
}

void ng_link_take_stats(struct ng_link *link, struct ng_span value)
{
	memcpy(&link->stats, value.text, value.size < sizeof(link->stats) ? value.size : sizeof(link->stats));
	link->given |= NG_LINK_STATS;
}

/* Before 2.6.35 there were only 32-bit numbers; the fields are in the same order. */
static void take_narrow_stats(struct ng_link *link, struct ng_span value)
{
	size_t count = sizeof(struct rtnl_link_stats) / sizeof(uint32_t);
	uint32_t narrow;

	if (link->given & NG_LINK_STATS)
		return;
	for (size_t i = 0; i < count && (i + 1) * sizeof(narrow) <= value.size; i++) {
		memcpy(&narrow, value.text + i * sizeof(narrow), sizeof(narrow));
		uint64_t wide = narrow;
		memcpy((char *)&link->stats + i * sizeof(wide), &wide, sizeof(wide));
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

/* Alternative names, each followed by a NUL. */
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

/* False if the attribute is not a number. */
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
		ng_link_take_stats(link, attribute.value);
		break;
	case IFLA_STATS:
		take_narrow_stats(link, attribute.value);
		break;
	default:
		return false;
	}
	if (place)
		*place = ng_attribute_u32(attribute);
	return true;
}

int ng_link_take(void *list, const struct nlmsghdr *message)
{
	struct ng_link_list *growing = list;
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

static bool same_texts(const struct ng_link *a, const struct ng_link *b)
{
	return ng_span_equal(a->name, b->name) && ng_span_equal(a->alias, b->alias) &&
	       ng_span_equal(a->kind, b->kind) && ng_span_equal(a->address, b->address) &&
	       ng_span_equal(a->broadcast, b->broadcast) && ng_span_equal(a->altnames, b->altnames);
}

bool ng_link_same(const struct ng_link *a, const struct ng_link *b)
{
	return a->given == b->given && a->index == b->index && a->lower == b->lower && a->flags == b->flags &&
	       a->mtu == b->mtu && a->txqlen == b->txqlen && a->group == b->group &&
	       a->carrier_changes == b->carrier_changes && a->carrier_up == b->carrier_up &&
	       a->carrier_down == b->carrier_down && a->type == b->type && a->operstate == b->operstate &&
	       a->linkmode == b->linkmode && a->carrier == b->carrier && a->promiscuity == b->promiscuity &&
	       a->allmulti == b->allmulti && same_texts(a, b);
}
