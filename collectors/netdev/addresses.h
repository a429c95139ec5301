/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COLLECTORS_NETDEV_ADDRESSES_H
#define COLLECTORS_NETDEV_ADDRESSES_H

#include "kernel/netlink.h"
#include <nodegauge/collector.h>

/* Writes the family, one sample for each address of an interface; nothing on failure. */
int netdev_write_addresses(struct ng_scrape *scrape, const struct ng_family *family, struct ng_netlink *netlink);

#endif
