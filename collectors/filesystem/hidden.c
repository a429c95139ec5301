/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds mounts that no path leads to: those with another mount on top of them, and those below a directory that is
 * covered by another mount.
 *
 *     29 1 8:1 / / rw - ext4 /dev/a rw
 *     40 29 8:2 / /srv/b rw - ext4 /dev/b rw     in a directory of 29 that 41 covers
 *     41 29 8:3 / /srv rw - ext4 /dev/c rw       below 42
 *     42 41 8:4 / /srv rw - ext4 /dev/d rw
 *
 * A mount's parent is the mount that contains its mount point. The order of the lines is not reliable: a mount that is
 * moved, or propagated below another one, keeps its position. Source: Documentation/filesystems/sharedsubtree.rst,
 * fs/namespace.c (attach_recursive_mnt).
 */
#include "filesystem.h"

#include "index.h"

struct search {
	const struct ng_mount *mounts;
	struct index by_id;
	struct index children; /* by parent and mount point: the first of each */
};

static uint64_t hash_id(uint64_t id)
{
	return ng_hash(NG_HASH_SEED, (struct ng_span){ (const char *)&id, sizeof(id) });
}

static uint64_t hash_child(uint64_t parent, struct ng_span point)
{
	return ng_hash(hash_id(parent), point);
}

static bool find_id(const struct search *search, uint64_t id, size_t *ret_number)
{
	uint64_t cursor = hash_id(id);

	while (index_next(&search->by_id, &cursor, ret_number)) {
		if (search->mounts[*ret_number].id == id)
			return true;
	}
	return false;
}

/* Whether the parent has a mount at this point. */
static bool has_child(const struct search *search, uint64_t parent, struct ng_span point)
{
	uint64_t cursor = hash_child(parent, point);
	size_t i;

	while (index_next(&search->children, &cursor, &i)) {
		if (search->mounts[i].parent == parent && ng_span_equal(search->mounts[i].point, point))
			return true;
	}
	return false;
}

static int search_init(struct search *search, struct ng_arena *arena, const struct ng_mount *mounts, size_t count)
{
	size_t unused;

	search->mounts = mounts;
	if (!index_make(arena, count, &search->by_id) || !index_make(arena, count, &search->children))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct ng_mount *mount = &mounts[i];
		if (!find_id(search, mount->id, &unused))
			index_add(&search->by_id, hash_id(mount->id), i);
		/* the topmost mount is its own parent */
		if (mount->parent != mount->id && !has_child(search, mount->parent, mount->point))
			index_add(&search->children, hash_child(mount->parent, mount->point), i);
	}
	return 0;
}

/* Whether another mount covers a directory between the parent's mount point and the mount's. */
static bool is_cut_off(const struct search *search, const struct ng_mount *mount, const struct ng_mount *parent)
{
	struct ng_span above = mount->point;

	while (above.size > 1 && above.size > parent->point.size) {
		while (above.size > 1 && above.text[above.size - 1] != '/')
			above.size--;
		above.size -= above.size > 1;
		if (above.size >= parent->point.size && has_child(search, mount->parent, above))
			return true;
	}
	return false;
}

enum { UNKNOWN, ON_THE_WAY, REACHABLE, CUT_OFF };

/* Walks up to a mount whose state is known or that has no parent here, and back down; `way` has room for all mounts. */
static bool find_cut_off(const struct search *search, unsigned char *state, size_t *way, size_t number)
{
	size_t steps = 0, parent;
	bool cut_off = false;

	for (;;) {
		if (state[number] != UNKNOWN) {
			cut_off = state[number] == CUT_OFF;
			break;
		}
		state[number] = ON_THE_WAY;
		way[steps++] = number;
		if (!find_id(search, search->mounts[number].parent, &parent) || parent == number)
			break;
		number = parent;
	}
	while (steps-- > 0) {
		const struct ng_mount *mount = &search->mounts[way[steps]];
		if (!cut_off && find_id(search, mount->parent, &parent) && parent != way[steps])
			cut_off = is_cut_off(search, mount, &search->mounts[parent]);
		state[way[steps]] = cut_off ? CUT_OFF : REACHABLE;
	}
	return cut_off;
}

int filesystem_hide(struct ng_arena *arena, const struct ng_mount *mounts, size_t count, bool *hidden)
{
	unsigned char *state = ng_alloc0(arena, count + 1);
	size_t *way = ng_alloc(arena, (count + 1) * sizeof(*way));
	struct search search;

	if (!state || !way)
		return -ENOMEM;
	int r = search_init(&search, arena, mounts, count);
	for (size_t i = 0; r == 0 && i < count; i++)
		hidden[i] = has_child(&search, mounts[i].id, mounts[i].point) || find_cut_off(&search, state, way, i);
	return r;
}
