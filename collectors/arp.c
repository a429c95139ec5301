/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ARP table entries per interface.
 *
 *     IP address       HW type     Flags       HW address            Mask     Device
 *     192.0.2.1        0x1         0x2         52:54:00:12:34:56     *        eth0
 *
 * Source: net/ipv4/arp.c (arp_seq_show); netlink gives the same table with its states, see rtnetlink(7). Entries
 * of interfaces without ARP (NUD_NOARP) are in neither.
 */
#include "kernel/links.h"
#include "kernel/netlink.h"
#include <linux/neighbour.h>
#include <nodegauge/collector.h>
#include <sys/socket.h>

struct arp {
	struct ng_file file;
	struct ng_netlink netlink;
	struct ng_filter filter;
	bool use_netlink;
};

static const struct ng_option options[] = {
	NG_OPTION(arp, filter.include, NG_OPTION_PATTERN, "device-include", "",
		"Interfaces to report (regular expression)."),
	NG_OPTION(arp, filter.exclude, NG_OPTION_PATTERN, "device-exclude", "",
		"Interfaces to leave out (regular expression)."),
	NG_OPTION(arp, use_netlink, NG_OPTION_BOOL, "netlink", "true", "Use netlink instead of /proc/net/arp."),
};

static const struct ng_family family = {
	.name = "node_arp_entries",
	.help = "ARP table entries of the interface.",
	.type = NG_GAUGE,
	.labels = "device",
};

/* ---- counting by key: the name of an interface, or the bytes of its index ---- */

struct tally {
	struct ng_span key;
	uint64_t entries; /* 0: free */
};

/* Open addressing; the number of slots is a power of two, and at least half of them are free. */
struct table {
	struct ng_arena *arena;
	struct tally *slot;
	size_t slots, used;
};

/* The slot of the key, or the free slot where it would go; NULL in a table without slots. */
static struct tally *table_find(const struct table *table, struct ng_span key)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < key.size; i++)
		hash = (hash ^ (unsigned char)key.text[i]) * 16777619u;
	for (size_t i = 0; i < table->slots; i++) {
		struct tally *slot = &table->slot[(hash + i) & (table->slots - 1)];
		if (slot->entries == 0 || ng_span_equal(slot->key, key))
			return slot;
	}
	return NULL;
}

static int table_widen(struct table *table)
{
	const struct table old = *table;

	if ((table->used + 1) * 2 <= table->slots)
		return 0;
	table->slots = old.slots ? old.slots * 2 : 16;
	table->slot = ng_alloc0(table->arena, table->slots * sizeof(*table->slot));
	if (!table->slot)
		return -ENOMEM;
	for (size_t i = 0; i < old.slots; i++) {
		struct tally *slot = old.slot[i].entries ? table_find(table, old.slot[i].key) : NULL;
		if (slot)
			*slot = old.slot[i];
	}
	return 0;
}

static int table_add(struct table *table, struct ng_span key, uint64_t entries)
{
	int r = table_widen(table);
	struct tally *slot = r == 0 ? table_find(table, key) : NULL;

	if (!slot)
		return -ENOMEM;
	if (slot->entries == 0) {
		slot->key = key;
		table->used++;
	}
	slot->entries += entries;
	return 0;
}

/* ---- the two sources ---- */

enum { HEADER_WORDS = 9, ENTRY_WORDS = 6 };

/* For an interface without hardware addresses the column is blank. */
static int line_parse(struct ng_span line, struct ng_span *ret_device)
{
	struct ng_span words[HEADER_WORDS], rest = line;
	uint64_t number;
	size_t n = 0;

	while (n < HEADER_WORDS && ng_word_next(&rest, &words[n]))
		n++;
	if (n == 0 || n == HEADER_WORDS)
		return -ENODATA;
	if ((n != ENTRY_WORDS && n != ENTRY_WORDS - 1) || ng_span_find(words[0], '.') == words[0].size ||
		ng_hex(words[1], &number) < 0 || ng_hex(words[2], &number) < 0)
		return -EBADMSG;
	*ret_device = words[n - 1];
	return 0;
}

static int count_lines(struct ng_scrape *scrape, const char *path, struct ng_span text, struct table *table)
{
	static const char expected[] = "an entry of the ARP table";
	struct ng_span line, device;
	unsigned number = 0;
	bool broken = false;

	while (ng_line_next(&text, &line)) {
		number++;
		int r = line_parse(line, &device);
		if (r == 0)
			r = table_add(table, device, 1);
		if (r == -ENOMEM)
			return r;
		if (r == -EBADMSG) {
			ng_drop_record(scrape, path, number, expected);
			broken = true;
		}
	}
	return number == 0 || (broken && table->used == 0) ? ng_broken(scrape, path, 1, expected) : 0;
}

static int count_file(struct arp *arp, struct ng_scrape *scrape, struct table *table)
{
	struct ng_span text;

	int r = ng_file_read(scrape, &arp->file, &text);
	return r < 0 ? r : count_lines(scrape, arp->file.path, text, table);
}

/* Afterwards the keys are names; entries of interfaces that are gone are dropped. */
static int count_netlink(struct arp *arp, struct ng_scrape *scrape, struct table *table)
{
	struct table indexes = { .arena = scrape->arena };
	struct ng_neighbours neighbours;
	struct ng_links links = { NULL, 0 };

	int r = ng_neighbours(scrape, &arp->netlink, AF_INET, &neighbours);
	if (r < 0)
		return r;
	for (size_t i = 0; i < neighbours.count; i++) {
		const struct ng_neighbour *neighbour = &neighbours.neighbour[i];
		if (neighbour->state & NUD_NOARP)
			continue;
		r = table_add(
			&indexes, (struct ng_span){ (const char *)&neighbour->index, sizeof(neighbour->index) }, 1);
		if (r < 0)
			return r;
	}
	if (indexes.used == 0)
		return 0;
	r = ng_links(scrape, &links);
	for (size_t i = 0; r == 0 && i < links.count; i++) {
		const struct ng_link *link = &links.link[i];
		const struct tally *slot =
			table_find(&indexes, (struct ng_span){ (const char *)&link->index, sizeof(link->index) });
		if (slot && slot->entries)
			r = table_add(table, link->name, slot->entries);
	}
	return r;
}

static int arp_init(void *state, struct ng_setup *setup)
{
	struct arp *arp = state;
	bool own;

	(void)ng_net_path(setup, &own);
	arp->use_netlink = arp->use_netlink && own;
	return 0;
}

static int arp_collect(void *state, struct ng_scrape *scrape)
{
	struct arp *arp = state;
	struct table table = { .arena = scrape->arena };

	int r = arp->use_netlink ? count_netlink(arp, scrape, &table) : count_file(arp, scrape, &table);
	if (r < 0)
		return r;
	ng_family(scrape->page, &family);
	for (size_t i = 0; i < table.slots; i++) {
		struct ng_span device = table.slot[i].key;
		if (table.slot[i].entries && ng_filter_keeps(&arp->filter, device))
			ng_sample_u64(
				scrape->page, NG_LABELS(scrape->arena, { "device", device }), table.slot[i].entries);
	}
	return 0;
}

static void arp_done(void *state)
{
	struct arp *arp = state;

	ng_netlink_close(&arp->netlink);
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(arp, file, NG_PROC, NG_RECORDS, "net/arp"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "arp",
	.summary = "ARP table entries per interface",
	.options = options,
	.option_count = NG_COUNT(options),
	.families = &family,
	.family_count = 1,
	.state_size = sizeof(struct arp),
	.files = files,
	.file_count = NG_COUNT(files),
	.init = arp_init,
	.collect = arp_collect,
	.done = arp_done,
};
NG_COLLECTOR(descriptor);
