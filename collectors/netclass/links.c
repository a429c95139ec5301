/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interfaces from netlink, with exactly the values that sysfs has.
 *
 * Opening and reading about 20 files costs 40 to 130 us per interface; an interface's part of a netlink dump costs 1.5
 * us. Values that netlink lacks are read from sysfs and cached until a change of the interface may have affected them,
 * but for at most two minutes: with a few drivers, the speed can be changed without a notification.
 */
#include "netclass.h"

#include <linux/if.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <time.h>

enum { ATTEMPTS = 3, SECOND = 1000000000 };

/* ---- the memory ---- */

/* If any of this changes, an attribute may have changed. All bytes are compared, so zero it before filling it in. */
struct key {
	uint32_t index, flags, carrier_changes, carrier_up, carrier_down;
	uint8_t operstate, carrier, address_size, none;
	char name[IFNAMSIZ];
	char address[32]; /* MAX_ADDR_LEN */
};

struct netclass_entry {
	struct key key;
	uint64_t read_at; /* 0: not yet */
	uint32_t given;
	int64_t address_assign_type, name_assign_type, device_id, speed;
	char duplex[16];
	uint8_t duplex_size;
};

enum {
	CONSTANT = 1u << NETCLASS_ADDRESS_ASSIGN_TYPE | 1u << NETCLASS_NAME_ASSIGN_TYPE | 1u << NETCLASS_DEVICE_ID,
	SPEED = 1u << NETCLASS_SPEED,
};

static void fill_bytes(char *to, size_t size, struct ng_span from)
{
	memcpy(to, from.size ? from.text : "", from.size < size ? from.size : size);
}

static struct key make_key(const struct ng_link *link)
{
	struct key key;

	memset(&key, 0, sizeof(key));
	key.index = link->index;
	key.flags = link->flags;
	key.carrier_changes = link->carrier_changes;
	key.carrier_up = link->carrier_up;
	key.carrier_down = link->carrier_down;
	key.operstate = link->operstate;
	key.carrier = link->carrier;
	key.address_size = (uint8_t)link->address.size;
	fill_bytes(key.name, sizeof(key.name), link->name);
	fill_bytes(key.address, sizeof(key.address), link->address);
	return key;
}

static bool in_line(const struct netclass *netclass, const struct ng_links *links)
{
	if (netclass->entry_count != links->count)
		return false;
	for (size_t i = 0; i < links->count; i++) {
		if (netclass->entry[i].key.index != links->link[i].index)
			return false;
	}
	return true;
}

int netclass_remember(struct netclass *netclass, const struct ng_links *links)
{
	struct ng_arena *next = &netclass->entries[!netclass->second];
	struct timespec time;
	size_t at = 0;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
	netclass->now = (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
	if (in_line(netclass, links))
		return 0;
	ng_arena_reset(next);
	struct netclass_entry *entry = ng_alloc0(next, (links->count + 1) * sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	for (size_t i = 0; i < links->count; i++) {
		entry[i].key.index = links->link[i].index;
		/* both lists are in nearly the same order */
		for (size_t tries = 0; tries < netclass->entry_count; tries++, at++) {
			const struct netclass_entry *old = &netclass->entry[at % netclass->entry_count];
			if (old->key.index != links->link[i].index)
				continue;
			entry[i] = *old;
			break;
		}
	}
	netclass->entry = entry;
	netclass->entry_count = links->count;
	netclass->second = !netclass->second;
	return 0;
}

/* -ENODATA if the interface is gone or renamed; values that cannot be read are marked in the row and counted. */
static int read_entry(struct ng_scrape *scrape, const struct ng_link *link, uint32_t numbers, unsigned texts,
	struct netclass_row *row)
{
	NG_CLOSE int directory = -1;
	const char *name = ng_copy(scrape->arena, link->name).text;
	const char *path = name ? ng_join(scrape->arena, "class/net/", name, NULL) : NULL;

	if (!path)
		return -ENOMEM;
	netclass_set(row, NETCLASS_IFACE_ID, link->index);
	int r = ng_directory(scrape, NG_SYS, path, &directory);
	if (ng_absent(r))
		return -ENODATA;
	if (r < 0) {
		ng_drop_unread(scrape, r, path);
		row->unread |= numbers;
		row->text_unread = row->text_unread || texts != NETCLASS_NO_TEXT;
		return 0;
	}
	r = netclass_attributes(scrape, directory, name, numbers | 1u << NETCLASS_IFACE_ID, texts, row);
	/* another interface may have taken the name */
	return r == 0 && row->number[NETCLASS_IFACE_ID] == link->index ? 0 : -ENODATA;
}

static void keep(struct netclass_entry *entry, const struct netclass_row *row)
{
	entry->given = row->given & (CONSTANT | SPEED);
	entry->address_assign_type = row->number[NETCLASS_ADDRESS_ASSIGN_TYPE];
	entry->name_assign_type = row->number[NETCLASS_NAME_ASSIGN_TYPE];
	entry->device_id = row->number[NETCLASS_DEVICE_ID];
	entry->speed = row->number[NETCLASS_SPEED];
	entry->duplex_size =
		(uint8_t)(row->duplex.size < sizeof(entry->duplex) ? row->duplex.size : sizeof(entry->duplex));
	fill_bytes(entry->duplex, sizeof(entry->duplex), row->duplex);
}

/* Interfaces whose speed depends on that of others. */
static bool speed_varies(const struct ng_link *link)
{
	static const struct ng_span kinds[] = { NG_SPAN("bond"), NG_SPAN("team"), NG_SPAN("bridge") };

	for (size_t i = 0; i < NG_COUNT(kinds); i++) {
		if (ng_span_equal(link->kind, kinds[i]))
			return true;
	}
	return false;
}

/* One to two minutes, so that not all interfaces are reread in the same scrape. */
static uint64_t lifetime(const struct ng_link *link)
{
	return (60 + link->index % 61) * (uint64_t)SECOND;
}

int netclass_remembered(struct netclass *netclass, struct ng_scrape *scrape, const struct ng_link *link, size_t at,
	bool with_speed, struct netclass_row *row)
{
	struct netclass_entry *entry = &netclass->entry[at];
	struct key key = make_key(link);
	bool stale = !entry->read_at || netclass->now - entry->read_at > lifetime(link) ||
		     memcmp(&key, &entry->key, sizeof(key)) != 0;

	if (stale || (with_speed && speed_varies(link))) {
		struct netclass_row fresh = { 0 };
		int r = read_entry(scrape, link, with_speed ? CONSTANT | SPEED : CONSTANT,
			with_speed ? NETCLASS_DUPLEX_ONLY : NETCLASS_NO_TEXT, &fresh);
		if (r < 0)
			return r;
		keep(entry, &fresh);
		entry->key = key;
		entry->read_at = fresh.unread || fresh.text_unread ? 0 : netclass->now;
		row->unread |= fresh.unread;
		row->text_unread = row->text_unread || fresh.text_unread;
	}
	row->given |= with_speed ? entry->given : entry->given & CONSTANT;
	row->number[NETCLASS_ADDRESS_ASSIGN_TYPE] = entry->address_assign_type;
	row->number[NETCLASS_NAME_ASSIGN_TYPE] = entry->name_assign_type;
	row->number[NETCLASS_DEVICE_ID] = entry->device_id;
	row->number[NETCLASS_SPEED] = entry->speed;
	if (with_speed)
		row->duplex = (struct ng_span){ entry->duplex, entry->duplex_size };
	return 0;
}

/* ---- what netlink tells ---- */

/* Same format as sysfs_format_mac. */
static struct ng_span format_address(struct ng_arena *arena, struct ng_span bytes)
{
	static const char digits[] = "0123456789abcdef";
	char *text = bytes.size ? ng_alloc(arena, bytes.size * 3) : NULL;

	for (size_t i = 0; text && i < bytes.size; i++) {
		unsigned char byte = (unsigned char)bytes.text[i];
		text[i * 3] = digits[byte >> 4];
		text[i * 3 + 1] = digits[byte & 15];
		text[i * 3 + 2] = ':';
	}
	return text ? (struct ng_span){ text, bytes.size * 3 - 1 } : (struct ng_span){ NULL, 0 };
}

static struct ng_span operstate_name(uint8_t operstate)
{
	static const char *const names[] = {
		[IF_OPER_UNKNOWN] = "unknown",
		[IF_OPER_NOTPRESENT] = "notpresent",
		[IF_OPER_DOWN] = "down",
		[IF_OPER_LOWERLAYERDOWN] = "lowerlayerdown",
		[IF_OPER_TESTING] = "testing",
		[IF_OPER_DORMANT] = "dormant",
		[IF_OPER_UP] = "up",
	};

	return operstate < NG_COUNT(names) ? ng_span(names[operstate]) : (struct ng_span){ NULL, 0 };
}

/*
 * The flags that the interface really has. Netlink shows promiscuous and allmulti only if user space requested them,
 * and adds three flags that are states (dev_get_flags).
 */
static int64_t real_flags(const struct ng_link *link)
{
	uint32_t flags = link->flags;

	flags &= ~(uint32_t)(IFF_RUNNING | IFF_LOWER_UP | IFF_DORMANT | IFF_PROMISC | IFF_ALLMULTI);
	if (link->promiscuity)
		flags |= IFF_PROMISC;
	if (link->allmulti)
		flags |= IFF_ALLMULTI;
	return flags;
}

/* The values that both netlink modes share. sysfs prints these numbers with a sign. */
void netclass_fill(struct ng_arena *arena, const struct ng_link *link, struct netclass_row *row)
{
	row->link = link;
	row->name = link->name;
	row->alias = link->alias;
	row->address = format_address(arena, link->address);
	row->broadcast = format_address(arena, link->broadcast);
	row->operstate = operstate_name(link->operstate);
	netclass_set(row, NETCLASS_IFACE_ID, (int32_t)link->index);
	netclass_set(row, NETCLASS_IFACE_LINK, (int32_t)link->lower);
	netclass_set(row, NETCLASS_MTU, (int32_t)link->mtu);
	netclass_set(row, NETCLASS_PROTOCOL_TYPE, link->type);
	if (link->given & NG_LINK_CARRIER_CHANGES)
		netclass_set(row, NETCLASS_CARRIER_CHANGES, (int32_t)link->carrier_changes);
	if (link->given & NG_LINK_CARRIER_UPDOWN) {
		netclass_set(row, NETCLASS_CARRIER_UP, (int32_t)link->carrier_up);
		netclass_set(row, NETCLASS_CARRIER_DOWN, (int32_t)link->carrier_down);
	}
	if (link->given & NG_LINK_LINKMODE)
		netclass_set(row, NETCLASS_LINK_MODE, link->linkmode);
	if (link->given & NG_LINK_GROUP)
		netclass_set(row, NETCLASS_GROUP, (int32_t)link->group);
	if (link->given & NG_LINK_TXQLEN)
		netclass_set(row, NETCLASS_QUEUE_LENGTH, (int32_t)link->txqlen);
}

static int fill_as_sysfs(struct netclass *netclass, struct ng_scrape *scrape, const struct ng_link *link, size_t at,
	struct netclass_row *row)
{
	netclass_fill(scrape->arena, link, row);
	row->alias = ng_trim(row->alias);
	row->adminstate = link->flags & IFF_UP ? "up" : "down";
	netclass_set(row, NETCLASS_FLAGS, real_flags(link));
	if (link->flags & IFF_UP) {
		netclass_set(row, NETCLASS_DORMANT, (link->flags & IFF_DORMANT) != 0);
		if (link->given & NG_LINK_CARRIER)
			netclass_set(row, NETCLASS_CARRIER, link->carrier);
	}
	int r = netclass_remembered(netclass, scrape, link, at, true, row);
	if (r < 0 || link->given & NG_LINK_ALLMULTI)
		return r;
	row->given &= ~(1u << NETCLASS_FLAGS);
	return read_entry(scrape, link, 1u << NETCLASS_FLAGS, NETCLASS_NO_TEXT, row);
}

int netclass_by_links(struct netclass *netclass, struct ng_scrape *scrape, struct netclass_rows *rows)
{
	struct ng_links links;

	int r = ng_links(scrape, &links);
	if (r == 0)
		r = netclass_remember(netclass, &links);
	netclass_reserve(rows, r == 0 ? links.count : 0);
	for (size_t i = 0; r == 0 && i < links.count; i++) {
		if (ng_pattern_matches(netclass->ignored, links.link[i].name))
			continue;
		struct netclass_row *row = netclass_push(rows);
		if (!row)
			return -ENOMEM;
		r = fill_as_sysfs(netclass, scrape, &links.link[i], i, row);
		if (r == -ENODATA) { /* renamed or removed meanwhile */
			ng_drop(scrape);
			rows->count--;
			r = 0;
		}
	}
	return r;
}

/* ---- whether netlink may be used ---- */

/* Whether the directories in /sys/class/net and the interfaces in netlink are the same, with the same indexes. */
static int same_interfaces(struct ng_scrape *scrape, bool *ret_same)
{
	NG_CLOSE int net = -1;
	struct ng_names names = { NULL, 0 };
	struct ng_links links = { NULL, 0 };
	size_t found = 0;

	*ret_same = false;
	int r = ng_links(scrape, &links);
	if (r == 0)
		r = ng_directory(scrape, NG_SYS, "class/net", &net);
	if (r == 0)
		r = ng_names_at(scrape, net, ".", &names);
	if (r < 0)
		return r;
	for (size_t i = 0; i < names.count; i++) {
		const char *path = ng_join(scrape->arena, names.name[i], "/ifindex", NULL);
		uint64_t index;
		size_t k = 0;
		if (!path || ng_read_u64_at(scrape, net, path, &index) < 0)
			continue;
		while (k < links.count &&
			(links.link[k].index != index || !ng_span_equal(links.link[k].name, ng_span(names.name[i]))))
			k++;
		if (k == links.count)
			return 0;
		found++;
	}
	*ret_same = found == links.count;
	return 0;
}

bool netclass_is_live(struct netclass *netclass, struct ng_scrape *scrape)
{
	struct statfs fs;
	int root = ng_root_fd(scrape, NG_SYS);

	if (netclass->live || !netclass->own || netclass->attempts == ATTEMPTS)
		return netclass->live;
	netclass->attempts++;
	if (root < 0 || fstatfs(root, &fs) < 0 || fs.f_type != SYSFS_MAGIC) {
		netclass->attempts = ATTEMPTS;
		return false;
	}
	return same_interfaces(scrape, &netclass->live) == 0 && netclass->live;
}
