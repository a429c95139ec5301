/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include <errno.h>
#include <stdlib.h>

static const size_t least_room = 64;

/* Keys are small consecutive numbers: Fibonacci hashing spreads them. */
static size_t place_of(const struct ng_table *table, uint64_t key)
{
	return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (table->room - 1);
}

static struct ng_table_slot *find(const struct ng_table *table, uint64_t key)
{
	size_t at = place_of(table, key);

	while (table->slot[at].value && table->slot[at].key != key)
		at = (at + 1) & (table->room - 1);
	return &table->slot[at];
}

void *ng_table_get(const struct ng_table *table, uint64_t key)
{
	return table->room ? find(table, key)->value : NULL;
}

static int resize(struct ng_table *table, size_t room)
{
	struct ng_table wider = { .slot = calloc(room, sizeof(*wider.slot)), .room = room, .count = table->count };

	if (!wider.slot)
		return -ENOMEM;
	for (size_t i = 0; i < table->room; i++) {
		if (table->slot[i].value)
			*find(&wider, table->slot[i].key) = table->slot[i];
	}
	free(table->slot);
	*table = wider;
	return 0;
}

int ng_table_put(struct ng_table *table, uint64_t key, void *value)
{
	if ((table->count + 1) * 2 > table->room) {
		int r = resize(table, table->room ? table->room * 2 : least_room);
		if (r < 0)
			return r;
	}
	struct ng_table_slot *slot = find(table, key);
	table->count += !slot->value;
	*slot = (struct ng_table_slot){ key, value };
	return 0;
}

/* Moves later entries up, so that no search stops at the hole. */
static void close_hole(struct ng_table *table, size_t hole)
{
	size_t mask = table->room - 1;

	for (size_t at = (hole + 1) & mask; table->slot[at].value; at = (at + 1) & mask) {
		size_t home = place_of(table, table->slot[at].key);
		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		table->slot[hole] = table->slot[at];
		hole = at;
	}
	table->slot[hole].value = NULL;
}

void ng_table_drop(struct ng_table *table, uint64_t key)
{
	if (!ng_table_get(table, key))
		return;
	close_hole(table, (size_t)(find(table, key) - table->slot));
	table->count--;
	if (table->room > least_room && table->count * 8 < table->room)
		resize(table, table->room / 2);
}

void ng_table_done(struct ng_table *table)
{
	free(table->slot);
	*table = (struct ng_table){ 0 };
}

uint64_t ng_hash(uint64_t seed, struct ng_span text)
{
	const uint64_t prime = UINT64_C(0x100000001b3);

	for (size_t i = 0; i < text.size; i++)
		seed = (seed ^ (unsigned char)text.text[i]) * prime;
	return (seed ^ 0xff) * prime;
}
