/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of the interfaces, from netlink. */
#include "addresses.h"

#include "kernel/links.h"
#include <arpa/inet.h>

static const char *address_scope(const struct ng_address *address)
{
	static const uint8_t zeros[16] = { 0 }, ones[4] = { 255, 255, 255, 255 };
	const uint8_t *b = address->bytes;

	if (address->family == AF_INET) {
		if (b[0] == 127 || (b[0] == 169 && b[1] == 254) || (b[0] == 224 && b[1] == 0 && b[2] == 0))
			return "link-local";
		return memcmp(b, zeros, 4) == 0 || memcmp(b, ones, 4) == 0 || b[0] >> 4 == 14 ? "" : "global";
	}
	bool loopback = memcmp(b, zeros, 15) == 0 && b[15] == 1;
	if (loopback || (b[0] == 0xfe && b[1] >> 6 == 2) || (b[0] == 0xff && (b[1] & 15) == 2))
		return "link-local";
	if (b[0] == 0xff)
		return (b[1] & 15) == 1 ? "interface-local" : "";
	return memcmp(b, zeros, 16) == 0 ? "" : "global";
}

static struct ng_labels *address_labels(struct ng_arena *arena, const struct ng_address *address, struct ng_span device)
{
	char text[INET6_ADDRSTRLEN], digits[NG_DIGITS];

	return NG_LABELS(arena, { "address", ng_span(inet_ntop(address->family, address->bytes, text, sizeof(text))) },
		{ "device", device }, { "netmask", ng_digits(digits, address->prefix) },
		{ "scope", ng_span(address_scope(address)) });
}

static bool repeated(const struct ng_addresses *addresses, size_t at)
{
	const struct ng_address *address = &addresses->address[at];

	for (size_t i = 0; address->peer && i < at; i++) {
		const struct ng_address *other = &addresses->address[i];
		if (other->index == address->index && other->family == address->family &&
			other->prefix == address->prefix &&
			memcmp(other->bytes, address->bytes, sizeof(address->bytes)) == 0)
			return true;
	}
	return false;
}

int netdev_write_addresses(struct ng_scrape *scrape, const struct ng_family *family, struct ng_netlink *netlink)
{
	struct ng_addresses addresses = { NULL, 0 };
	struct ng_links links = { NULL, 0 };
	size_t last = 0;

	int r = ng_links(scrape, &links);
	if (r == 0)
		r = ng_addresses(scrape, netlink, &addresses);
	if (r < 0)
		return r;
	ng_family(scrape->page, family);
	for (size_t i = 0; i < addresses.count; i++) {
		const struct ng_address *address = &addresses.address[i];
		for (size_t tries = 0; tries < links.count && links.link[last].index != address->index; tries++)
			last = (last + 1) % links.count;
		if (!links.count || links.link[last].index != address->index || repeated(&addresses, i))
			continue;
		ng_sample_u64(scrape->page, address_labels(scrape->arena, address, links.link[last].name), 1);
	}
	return 0;
}
