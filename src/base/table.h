/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table of pointers with 64-bit keys: open addressing, at most half full, no memory allocated while empty. */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <nodegauge/text.h>

struct ng_table_slot {
	uint64_t key;
	void *value; /* NULL: free */
};

/* Initialize with zeroes. */
struct ng_table {
	struct ng_table_slot *slot;
	size_t room; /* a power of two */
	size_t count;
};

void *ng_table_get(const struct ng_table *table, uint64_t key);

/* Adds or replaces an entry. 0 or -ENOMEM. */
int ng_table_put(struct ng_table *table, uint64_t key, void *value);

/* Does nothing if the key is missing. */
void ng_table_drop(struct ng_table *table, uint64_t key);
void ng_table_done(struct ng_table *table);

/*
 * Hashes texts into a key (FNV-1a): each call gets the result of the previous one as its seed, the first one gets
 * NG_HASH_SEED. "ab", "c" and "a", "bc" give different keys.
 */
#define NG_HASH_SEED UINT64_C(0xcbf29ce484222325)
uint64_t ng_hash(uint64_t seed, struct ng_span text);

#endif
