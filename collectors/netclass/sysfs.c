/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interfaces from sysfs: one value in each file of /sys/class/net/INTERFACE/.
 *
 * Source: Documentation/ABI/testing/sysfs-class-net, net/core/net-sysfs.c. Files that have no value in the interface's
 * current state (speed of one that is down) fail with EINVAL.
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

/* Signed decimal, or hexadecimal with 0x. */
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

/* Whether the attribute has no value: the file is missing, or has none in the interface's current state. */
static bool says_nothing(int error)
{
	return ng_absent(error) || error == -EINVAL;
}

static const char *attribute_path(struct ng_scrape *scrape, const char *interface, const char *file)
{
	const char *below = ng_join(scrape->arena, "class/net/", interface, "/");
	const char *path = below ? ng_join(scrape->arena, below, file, NULL) : NULL;

	return path ? path : file;
}

/* 0, -ENODATA if there is no value, or the error of reading, which is then counted. */
static int read_attribute(
	struct ng_scrape *scrape, int directory, const char *interface, const char *file, struct ng_span *ret_value)
{
	struct ng_span text;

	int r = ng_peek_at(scrape, directory, NG_VALUE, file, &text);
	if (r == 0)
		*ret_value = ng_trim(text);
	else if (says_nothing(r))
		r = -ENODATA;
	else
		ng_drop_unread(scrape, r, attribute_path(scrape, interface, file));
	return r;
}

/* Returns how many texts there were. */
static unsigned read_texts(
	struct ng_scrape *scrape, int directory, const char *interface, unsigned texts, struct netclass_row *row)
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
	size_t count = texts == NETCLASS_TEXTS ? NG_COUNT(places) : texts == NETCLASS_DUPLEX_ONLY;
	unsigned found = 0;

	for (size_t i = 0; i < count; i++) {
		int r = read_attribute(scrape, directory, interface, places[i].file, places[i].place);
		found += r == 0;
		row->text_unread = row->text_unread || (r < 0 && r != -ENODATA);
	}
	return found;
}

int netclass_attributes(struct ng_scrape *scrape, int directory, const char *interface, uint32_t numbers,
	unsigned texts, struct netclass_row *row)
{
	unsigned found = read_texts(scrape, directory, interface, texts, row);

	for (size_t i = 0; i < NG_COUNT(attributes); i++) {
		struct ng_span value;
		int64_t number;
		if (!(numbers >> attributes[i].number & 1))
			continue;
		int r = read_attribute(scrape, directory, interface, attributes[i].file, &value);
		found += r == 0;
		if (r == 0 && parse_number(value, &number) == 0) {
			netclass_set(row, attributes[i].number, number);
			continue;
		}
		if (r == 0)
			ng_drop_value(scrape, attribute_path(scrape, interface, attributes[i].file), 1, "a number");
		if (r != -ENODATA)
			row->unread |= 1u << attributes[i].number;
	}
	return found ? 0 : -ENODATA;
}

static int read_interface(struct ng_scrape *scrape, int net, const char *name, struct netclass_row *ret_row)
{
	NG_CLOSE int directory = -1;

	*ret_row = (struct netclass_row){ .name = ng_span(name) };
	int r = ng_directory_at(scrape, net, name, &directory);
	if (r == 0)
		r = netclass_attributes(scrape, directory, name, UINT32_MAX, NETCLASS_TEXTS, ret_row);
	if (r < 0)
		return r;
	ret_row->text_unread = ret_row->text_unread || ret_row->unread >> NETCLASS_FLAGS & 1;
	if (!(ret_row->given >> NETCLASS_FLAGS & 1))
		ret_row->adminstate = "unknown";
	else
		ret_row->adminstate = ret_row->number[NETCLASS_FLAGS] & 1 ? "up" : "down";
	return 0;
}

static void drop_interface(struct ng_scrape *scrape, const char *interface, int error)
{
	ng_drop(scrape);
	if (ng_item_gone(error))
		return;
	ng_failed(scrape, error, "open", attribute_path(scrape, interface, ""));
	ng_note(scrape);
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
		int found = read_interface(scrape, net, names.name[i], &row);
		if (found == -ENOTDIR) /* bonding_masters */
			continue;
		if (found < 0) {
			drop_interface(scrape, names.name[i], found);
			continue;
		}
		struct netclass_row *place = netclass_push(rows);
		if (!place)
			return -ENOMEM;
		*place = row;
	}
	return r;
}
