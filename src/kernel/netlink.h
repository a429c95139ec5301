/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of the kernel's network stack from netlink, in this process's network namespace: use it only if ng_net_path
 * says that this is the host's. For the interfaces themselves, see links.h.
 *
 * Arrays are allocated in the arena of the scrape. Functions return 0 or a negative errno and record what failed in the
 * scrape.
 */
#ifndef KERNEL_NETLINK_H
#define KERNEL_NETLINK_H

#include <nodegauge/arena.h>
#include <nodegauge/text.h>

struct ng_scrape;
struct mnl_socket;

/*
 * A socket that is opened on first use and then kept; part of the collector's state; initialize with zeroes. Use it
 * with only one of the functions below: each socket is for one protocol.
 */
struct ng_netlink {
	struct mnl_socket *socket;
	struct ng_arena memory; /* of the buffer */
	char *buffer;
	size_t buffer_size;
	uint32_t sequence;
	uint16_t family; /* of generic netlink; 0 while unknown */
};
void ng_netlink_close(struct ng_netlink *netlink);

/* RTM_GETNEIGH. */
struct ng_neighbour {
	uint32_t index; /* of the interface */
	uint16_t state; /* NUD_* */
};
struct ng_neighbours {
	const struct ng_neighbour *neighbour;
	size_t count;
};
int ng_neighbours(
	struct ng_scrape *scrape, struct ng_netlink *netlink, int family, struct ng_neighbours *ret_neighbours);

/* RTM_GETADDR, IPv4 and IPv6. */
struct ng_address {
	uint32_t index; /* of the interface */
	uint8_t family; /* AF_* */
	uint8_t prefix; /* bits of the network */
	bool peer;      /* one end of a point-to-point link: another entry may differ only in the other end */
	uint8_t bytes[16];
};
struct ng_addresses {
	const struct ng_address *address;
	size_t count;
};
int ng_addresses(struct ng_scrape *scrape, struct ng_netlink *netlink, struct ng_addresses *ret_addresses);

/* ETHTOOL_MSG_LINKMODES_GET of the interfaces that have link modes; -ENOENT if the kernel has no ethtool netlink. */
struct ng_link_mode {
	uint32_t index; /* of the interface */
	uint32_t speed; /* Mbit/s; SPEED_UNKNOWN */
	uint8_t duplex; /* DUPLEX_* */
	bool has_speed;
	bool has_duplex;
};
struct ng_link_modes {
	const struct ng_link_mode *mode;
	size_t count;
};
int ng_link_modes(struct ng_scrape *scrape, struct ng_netlink *netlink, struct ng_link_modes *ret_modes);

/* SOCK_DIAG_BY_FAMILY: bytes in the queues of all UDP sockets. */
struct ng_udp_queues {
	uint64_t tx, rx;
	size_t sockets;
};
int ng_udp_queues(struct ng_scrape *scrape, struct ng_netlink *netlink, int family, struct ng_udp_queues *ret_queues);

#endif
