/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interfaces as sysfs shows them: one value in each file of /sys/class/net/INTERFACE/.
 *
 * Source: Documentation/ABI/testing/sysfs-class-net, net/core/net-sysfs.c. Files that say nothing in the interface's
 * state (speed of one that is down) answer EINVAL.
 */
#include "netclass.h"

static const struct {
	const char *file;
	enum netclass_number number;
} attributes[] = {
	{ "addr_assign_type", NETCLASS_ADDRESS_ASSIGN_TYPE },
	{ "carrier", NETCLASS_CARRIER },
	{ "carrier_changes", NETCLASS_CARRIER_CHANGES },
	{ "carrier_up_count", NETCLASS_CARRIER_UP },
	{ "carrier_down_count", NETCLASS_CARRIER_DOWN },
	{ "dev_id", NETCLASS_DEVICE_ID },
	{ "dormant", NETCLASS_DORMANT },
	{ "flags", NETCLASS_FLAGS },
	{ "ifindex", NETCLASS_IFACE_ID },
	{ "iflink", NETCLASS_IFACE_LINK },
	{ "link_mode", NETCLASS_LINK_MODE },
	{ "mtu", NETCLASS_MTU },
	{ "name_assign_type", NETCLASS_NAME_ASSIGN_TYPE },
	{ "netdev_group", NETCLASS_GROUP },
	{ "speed", NETCLASS_SPEED },
	{ "tx_queue_len", NETCLASS_QUEUE_LENGTH },
	{ "type", NETCLASS_PROTOCOL_TYPE },
};

/* Decimal with a sign, or hexadecimal with 0x. */
static int parse_number(struct ng_span text, int64_t *ret_value)
{
	uint64_t bits;

	if (!ng_span_starts(text, NG_SPAN("0x")))
		return ng_i64(text, ret_value);
	if (ng_hex(text, &bits) < 0 || bits > INT64_MAX)
		return -EINVAL;
	*ret_value = (int64_t)bits;
	return 0;
}

/* 1 for a value, 0 for none, or an error that is none of the interface's. */
static int read_attribute(struct ng_scrape *scrape, int directory, const char *file, struct ng_span *ret_value)
{
	struct ng_span text;

	int r = ng_read_at(scrape, directory, NG_VALUE, file, &text);
	if (r == 0) {
		*ret_value = ng_trim(text);
		return 1;
	}
	return ng_item_gone(r) || r == -EACCES || r == -EPERM ? 0 : r;
}

static int read_texts(struct ng_scrape *scrape, int directory, unsigned texts, struct netclass_row *row)
{
	const struct {
		const char *file;
		struct ng_span *place;
	} places[] = {
		{ "duplex", &row->duplex },
		{ "address", &row->address },
		{ "broadcast", &row->broadcast },
		{ "operstate", &row->operstate },
		{ "ifalias", &row->alias },
	};
	size_t count = texts == NETCLASS_TEXTS ? NG_COUNT(places) : 1;
	int found = 0;

	for (size_t i = 0; i < count; i++) {
		int r = read_attribute(scrape, directory, places[i].file, places[i].place);
		if (r < 0)
			return r;
		found |= r;
	}
	return found;
}

int netclass_attributes(
	struct ng_scrape *scrape, int directory, uint32_t numbers, unsigned texts, struct netclass_row *row)
{
	int found = texts ? read_texts(scrape, directory, texts, row) : 0;

	if (found < 0)
		return found;
	for (size_t i = 0; i < NG_COUNT(attributes); i++) {
		struct ng_span value;
		int64_t number;
		if (!(numbers >> attributes[i].number & 1))
			continue;
		int r = read_attribute(scrape, directory, attributes[i].file, &value);
		if (r < 0)
			return r;
		found |= r;
		if (r && parse_number(value, &number) == 0)
			netclass_set(row, attributes[i].number, number);
	}
	return found ? 0 : -ENODATA;
}

static int read_interface(struct ng_scrape *scrape, int net, const char *name, struct netclass_row *ret_row)
{
	NG_CLOSE int directory = -1;

	*ret_row = (struct netclass_row){ .name = ng_span(name) };
	int r = ng_directory_at(scrape, net, name, &directory);
	if (r == 0)
		r = netclass_attributes(scrape, directory, UINT32_MAX, NETCLASS_TEXTS, ret_row);
	if (r < 0)
		return r;
	if (!(ret_row->given >> NETCLASS_FLAGS & 1))
		ret_row->adminstate = "unknown";
	else
		ret_row->adminstate = ret_row->number[NETCLASS_FLAGS] & 1 ? "up" : "down";
	return 0;
}

int netclass_by_sysfs(struct netclass *netclass, struct ng_scrape *scrape, struct netclass_rows *rows)
{
	NG_CLOSE int net = -1;
	struct ng_names names;

	int r = ng_directory(scrape, NG_SYS, "class/net", &net);
	if (r == 0)
		r = ng_names_at(scrape, net, ".", &names);
	if (r == -ENOENT || r == -EACCES || r == -EPERM)
		return -ENODATA;
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		struct netclass_row row;
		if (ng_pattern_matches(netclass->ignored, ng_span(names.name[i])))
			continue;
		r = read_interface(scrape, net, names.name[i], &row);
		if (r == -ENOTDIR) { /* bonding_masters */
			r = 0;
			continue;
		}
		if (r < 0 && ng_item_gone(r)) {
			ng_drop(scrape);
			r = 0;
			continue;
		}
		struct netclass_row *place = r == 0 ? netclass_push(rows) : NULL;
		if (place)
			*place = row;
		else
			r = r < 0 ? r : -ENOMEM;
	}
	return r;
}
