/* SPDX-License-Identifier: Apache-2.0 */
/* Other tables that collectors get from netlink: neighbours, addresses, ethtool's link modes, UDP queues. */
#include "kernel/netlink_dump.h"

#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <nodegauge/collector.h>
#include <sys/socket.h>

struct growing {
	struct ng_arena *arena;
	void *items;
	size_t count, capacity;
};

/*
 * Dumps until the table did not change meanwhile. What `visit` pushed in failed attempts stays in the arena until the
 * scrape ends.
 */
static int dump(struct ng_scrape *scrape, struct ng_netlink *netlink, int protocol, struct nlmsghdr *request,
	ng_netlink_visit *visit, struct growing *growing)
{
	int r = -EINTR;

	for (int i = 0; i < NG_DUMP_ATTEMPTS && r == -EINTR; i++) {
		*growing = (struct growing){ .arena = scrape->arena };
		r = ng_netlink_dump(netlink, protocol, request, visit, growing);
	}
	ng_netlink_settle(scrape, netlink);
	return r;
}

/* ---- neighbours ---- */

static int take_neighbour(void *context, const struct nlmsghdr *message)
{
	struct growing *growing = context;
	const struct ndmsg *fixed = ng_netlink_fixed(message, sizeof(*fixed));

	if (message->nlmsg_type != RTM_NEWNEIGH || !fixed)
		return 0;
	struct ng_neighbour *neighbour =
		ng_push(growing->arena, (struct ng_neighbour **)&growing->items, &growing->count, &growing->capacity);
	if (!neighbour)
		return -ENOMEM;
	*neighbour = (struct ng_neighbour){ (uint32_t)fixed->ndm_ifindex, fixed->ndm_state };
	return 0;
}

int ng_neighbours(
	struct ng_scrape *scrape, struct ng_netlink *netlink, int family, struct ng_neighbours *ret_neighbours)
{
	struct growing growing;
	struct {
		struct nlmsghdr head;
		struct ndmsg fixed;
	} request = {
		.head = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETNEIGH },
		.fixed = { .ndm_family = (uint8_t)family },
	};

	int r = dump(scrape, netlink, NETLINK_ROUTE, &request.head, take_neighbour, &growing);
	if (r < 0)
		return ng_failed(scrape, r, "get the neighbours from", "netlink");
	*ret_neighbours = (struct ng_neighbours){ growing.items, growing.count };
	return 0;
}

/* ---- addresses ---- */

/* On a point-to-point interface, IFA_ADDRESS is the other end and IFA_LOCAL our own. */
static int take_address(void *context, const struct nlmsghdr *message)
{
	struct growing *growing = context;
	const struct ifaddrmsg *fixed = ng_netlink_fixed(message, sizeof(*fixed));
	struct ng_span rest = ng_netlink_rest(message, sizeof(*fixed)), local = { NULL, 0 }, other = { NULL, 0 };
	struct ng_attribute attribute;

	if (message->nlmsg_type != RTM_NEWADDR || !fixed)
		return 0;
	size_t size = fixed->ifa_family == AF_INET ? 4 : fixed->ifa_family == AF_INET6 ? 16 : 0;
	while (ng_attribute_next(&rest, &attribute)) {
		if (attribute.type == IFA_LOCAL)
			local = attribute.value;
		else if (attribute.type == IFA_ADDRESS)
			other = attribute.value;
	}
	struct ng_span own = local.size ? local : other;
	if (size == 0 || own.size < size)
		return 0;
	struct ng_address *address =
		ng_push(growing->arena, (struct ng_address **)&growing->items, &growing->count, &growing->capacity);
	if (!address)
		return -ENOMEM;
	*address = (struct ng_address){
		.index = fixed->ifa_index,
		.family = fixed->ifa_family,
		.prefix = fixed->ifa_prefixlen,
		.peer = local.size && other.size && !ng_span_equal(local, other),
	};
	memcpy(address->bytes, own.text, size);
	return 0;
}

int ng_addresses(struct ng_scrape *scrape, struct ng_netlink *netlink, struct ng_addresses *ret_addresses)
{
	struct growing growing;
	struct {
		struct nlmsghdr head;
		struct ifaddrmsg fixed;
	} request = { .head = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETADDR } };

	int r = dump(scrape, netlink, NETLINK_ROUTE, &request.head, take_address, &growing);
	if (r < 0)
		return ng_failed(scrape, r, "get the addresses from", "netlink");
	*ret_addresses = (struct ng_addresses){ growing.items, growing.count };
	return 0;
}

/* ---- link modes (Documentation/networking/ethtool-netlink.rst) ---- */

static int take_family(void *context, const struct nlmsghdr *message)
{
	struct ng_netlink *netlink = context;
	struct ng_span rest = ng_netlink_rest(message, sizeof(struct genlmsghdr));
	struct ng_attribute attribute;

	while (ng_attribute_next(&rest, &attribute)) {
		if (attribute.type == CTRL_ATTR_FAMILY_ID && attribute.value.size >= sizeof(netlink->family))
			memcpy(&netlink->family, attribute.value.text, sizeof(netlink->family));
	}
	return 0;
}

/* The message type of the family, which the kernel assigns at boot. */
static int find_ethtool(struct ng_netlink *netlink)
{
	struct {
		struct nlmsghdr head;
		struct genlmsghdr fixed;
		struct nlattr attribute;
		char name[NLA_ALIGN(sizeof(ETHTOOL_GENL_NAME))];
	} request = {
		.head = { .nlmsg_len = sizeof(request), .nlmsg_type = GENL_ID_CTRL },
		.fixed = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 },
		.attribute = { NLA_HDRLEN + sizeof(ETHTOOL_GENL_NAME), CTRL_ATTR_FAMILY_NAME },
		.name = ETHTOOL_GENL_NAME,
	};

	if (netlink->family)
		return 0;
	int r = ng_netlink_ask(netlink, NETLINK_GENERIC, &request.head, take_family, netlink);
	return r < 0 ? r : netlink->family ? 0 : -ENOENT;
}

static void take_header(struct ng_link_mode *mode, struct ng_span nested)
{
	struct ng_attribute attribute;

	while (ng_attribute_next(&nested, &attribute)) {
		if (attribute.type == ETHTOOL_A_HEADER_DEV_INDEX)
			mode->index = ng_attribute_u32(attribute);
	}
}

static int take_mode(void *context, const struct nlmsghdr *message)
{
	struct growing *growing = context;
	struct ng_span rest = ng_netlink_rest(message, sizeof(struct genlmsghdr));
	struct ng_attribute attribute;
	struct ng_link_mode *mode =
		ng_push(growing->arena, (struct ng_link_mode **)&growing->items, &growing->count, &growing->capacity);

	if (!mode)
		return -ENOMEM;
	*mode = (struct ng_link_mode){ 0 };
	while (ng_attribute_next(&rest, &attribute)) {
		switch (attribute.type) {
		case ETHTOOL_A_LINKMODES_HEADER:
			take_header(mode, attribute.value);
			break;
		case ETHTOOL_A_LINKMODES_SPEED:
			mode->has_speed = true;
			mode->speed = ng_attribute_u32(attribute);
			break;
		case ETHTOOL_A_LINKMODES_DUPLEX:
			mode->has_duplex = true;
			mode->duplex = ng_attribute_u8(attribute);
			break;
		default:
			break;
		}
	}
	return 0;
}

int ng_link_modes(struct ng_scrape *scrape, struct ng_netlink *netlink, struct ng_link_modes *ret_modes)
{
	struct growing growing;
	struct {
		struct nlmsghdr head;
		struct genlmsghdr fixed;
		struct nlattr header;
	} request = {
		.fixed = { .cmd = ETHTOOL_MSG_LINKMODES_GET, .version = ETHTOOL_GENL_VERSION },
		.header = { NLA_HDRLEN, ETHTOOL_A_LINKMODES_HEADER | NLA_F_NESTED },
	};

	int r = find_ethtool(netlink);
	if (r == 0) {
		request.head = (struct nlmsghdr){ .nlmsg_len = sizeof(request), .nlmsg_type = netlink->family };
		r = dump(scrape, netlink, NETLINK_GENERIC, &request.head, take_mode, &growing);
	}
	if (r < 0)
		return ng_failed(scrape, r, "get the link modes from", "ethtool netlink");
	*ret_modes = (struct ng_link_modes){ growing.items, growing.count };
	return 0;
}

/* ---- UDP sockets ---- */

static int take_socket(void *context, const struct nlmsghdr *message)
{
	struct ng_udp_queues *queues = context;
	const struct inet_diag_msg *fixed = ng_netlink_fixed(message, sizeof(*fixed));

	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY || !fixed)
		return 0;
	queues->tx += fixed->idiag_wqueue;
	queues->rx += fixed->idiag_rqueue;
	queues->sockets++;
	return 0;
}

int ng_udp_queues(struct ng_scrape *scrape, struct ng_netlink *netlink, int family, struct ng_udp_queues *ret_queues)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 fixed;
	} request = {
		.head = { .nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY },
		.fixed = { .sdiag_family = (uint8_t)family, .sdiag_protocol = IPPROTO_UDP, .idiag_states = UINT32_MAX },
	};
	int r = -EINTR;

	for (int i = 0; i < NG_DUMP_ATTEMPTS && r == -EINTR; i++) {
		*ret_queues = (struct ng_udp_queues){ 0 };
		r = ng_netlink_dump(netlink, NETLINK_SOCK_DIAG, &request.head, take_socket, ret_queues);
	}
	ng_netlink_settle(scrape, netlink);
	return r < 0 ? ng_failed(scrape, r, "get the UDP sockets from", "netlink") : 0;
}
