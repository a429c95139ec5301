/* SPDX-License-Identifier: Apache-2.0 */
/* Interface attributes, and the three ways to get them. */
#ifndef COLLECTORS_NETCLASS_H
#define COLLECTORS_NETCLASS_H

#include "kernel/links.h"
#include "kernel/netlink.h"
#include <nodegauge/collector.h>

/* The numbers in the order of their families. */
enum netclass_number {
	NETCLASS_ADDRESS_ASSIGN_TYPE,
	NETCLASS_CARRIER,
	NETCLASS_CARRIER_CHANGES,
	NETCLASS_CARRIER_UP,
	NETCLASS_CARRIER_DOWN,
	NETCLASS_DEVICE_ID,
	NETCLASS_DORMANT,
	NETCLASS_FLAGS,
	NETCLASS_IFACE_ID,
	NETCLASS_IFACE_LINK,
	NETCLASS_LINK_MODE,
	NETCLASS_MTU,
	NETCLASS_NAME_ASSIGN_TYPE,
	NETCLASS_GROUP,
	NETCLASS_SPEED, /* Mbit/s */
	NETCLASS_QUEUE_LENGTH,
	NETCLASS_PROTOCOL_TYPE,
	NETCLASS_NUMBERS,
};

/* An interface. Texts may be empty; a number is valid if its bit in `given` is set. */
struct netclass_row {
	struct ng_span name, address, broadcast, duplex, operstate, alias;
	const char *adminstate; /* NULL: no such label */
	uint32_t given;
	uint32_t unread;  /* numbers that exist but cannot be read */
	bool text_unread; /* the same for one of the texts */
	int64_t number[NETCLASS_NUMBERS];
	const struct ng_link *link; /* NULL if read from sysfs */
	struct ng_labels *labels;
};

struct netclass_rows {
	struct ng_arena *arena;
	struct netclass_row *row;
	size_t count, capacity;
};

/* Reserves room for `count` rows. */
static inline void netclass_reserve(struct netclass_rows *rows, size_t count)
{
	rows->row = ng_alloc(rows->arena, count * sizeof(*rows->row) + 1);
	rows->capacity = rows->row ? count : 0;
}

static inline struct netclass_row *netclass_push(struct netclass_rows *rows)
{
	struct netclass_row *row = ng_push(rows->arena, &rows->row, &rows->count, &rows->capacity);

	if (row)
		*row = (struct netclass_row){ 0 };
	return row;
}

static inline void netclass_set(struct netclass_row *row, enum netclass_number number, int64_t value)
{
	row->number[number] = value;
	row->given |= 1u << number;
}

struct netclass_entry;

struct netclass {
	struct ng_pattern *ignored;
	bool ignore_invalid_speed, use_netlink, with_stats;

	bool own;          /* our own network namespace */
	bool live;         /* sysfs and netlink show the same interfaces */
	unsigned attempts; /* attempts to find that out */

	struct ng_netlink ethtool;

	/* attributes that netlink lacks, in the order of the last dump */
	struct netclass_entry *entry;
	size_t entry_count;
	struct ng_arena entries[2]; /* the one in use and the next */
	bool second;
	uint64_t now; /* CLOCK_MONOTONIC ns of the last update */
};

/* Reads all interfaces from sysfs. */
int netclass_by_sysfs(struct netclass *netclass, struct ng_scrape *scrape, struct netclass_rows *rows);

/*
 * Reads the attributes whose bits are set in `numbers`, and the texts on demand; values that the driver does not
 * provide are left out, and values that cannot be read are counted as well. -ENODATA if there was none at all.
 */
enum { NETCLASS_NO_TEXT, NETCLASS_DUPLEX_ONLY, NETCLASS_TEXTS };
int netclass_attributes(struct ng_scrape *scrape, int directory, const char *interface, uint32_t numbers,
	unsigned texts, struct netclass_row *row);

/* Whether sysfs and netlink show the same interfaces, so that the next function may be used. */
bool netclass_is_live(struct netclass *netclass, struct ng_scrape *scrape);

/* The same rows from netlink; sysfs is only used for what netlink lacks. */
int netclass_by_links(struct netclass *netclass, struct ng_scrape *scrape, struct netclass_rows *rows);

/* --collector.netclass.netlink: different rules, as in node_exporter. */
int netclass_by_netlink(struct netclass *netclass, struct ng_scrape *scrape, struct netclass_rows *rows);

/* ---- for the two above ---- */

/* Matches the cached attributes with `links`; call this first. */
int netclass_remember(struct netclass *netclass, const struct ng_links *links);

/* The sysfs-only attributes of link number `at`, from the cache or read again; -ENODATA if it is gone. */
int netclass_remembered(struct netclass *netclass, struct ng_scrape *scrape, const struct ng_link *link, size_t at,
	bool with_speed, struct netclass_row *row);

/* The attributes that are in the dump and need no interpretation. */
void netclass_fill(struct ng_arena *arena, const struct ng_link *link, struct netclass_row *row);

#endif
