/* SPDX-License-Identifier: Apache-2.0 */
#include "exporter/readers.h"

#include <stddef.h>

static const uint64_t recent_ns = UINT64_C(300000000000);

static size_t find(const struct ng_readers *readers, uint64_t key)
{
	size_t oldest = 0;

	for (size_t i = 0; i < NG_READERS_MAX; i++) {
		if (readers->slot[i].seen && readers->slot[i].key == key)
			return i;
		if (readers->slot[i].seen < readers->slot[oldest].seen)
			oldest = i;
	}
	return oldest;
}

uint64_t ng_readers_note(struct ng_readers *readers, uint64_t address, uint64_t connection, uint64_t now)
{
	/* addresses are odd, connections even */
	uint64_t key = connection ? connection << 1 : address | 1;
	size_t at = find(readers, key);

	if (connection && readers->slot[at].key != key) {
		/* until now, this connection was counted under its address */
		size_t before = find(readers, address | 1);
		if (readers->slot[before].key == (address | 1))
			at = before;
	}
	readers->slot[at].key = key;
	readers->slot[at].seen = now;
	return UINT64_C(1) << at;
}

uint64_t ng_readers_recent(const struct ng_readers *readers, uint64_t now)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < NG_READERS_MAX; i++) {
		if (readers->slot[i].seen && now - readers->slot[i].seen < recent_ns)
			bits |= UINT64_C(1) << i;
	}
	return bits;
}
