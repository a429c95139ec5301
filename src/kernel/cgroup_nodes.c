/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of the cgroup tree: creating, finding by name, removing. */
#include "kernel/cgroup_tree.h"

#include <stdlib.h>
#include <unistd.h>

/* ---- names ---- */

static uint64_t key_of(const struct ng_cgroups *cgroups, const struct ng_cgroup *parent, const char *name)
{
	return ng_hash(cgroups->secret ^ parent->generation, ng_span(name));
}

struct ng_cgroup *ng_cgroups_child(const struct ng_cgroups *cgroups, const struct ng_cgroup *parent, const char *name)
{
	struct ng_cgroup *at = ng_table_get(&cgroups->by_name, key_of(cgroups, parent, name));

	while (at && (at->parent != parent || strcmp(at->name, name) != 0))
		at = at->same;
	return at;
}

static int put_name(struct ng_cgroups *cgroups, struct ng_cgroup *group)
{
	uint64_t key = key_of(cgroups, group->parent, group->name);

	group->same = ng_table_get(&cgroups->by_name, key);
	return ng_table_put(&cgroups->by_name, key, group);
}

static void drop_name(struct ng_cgroups *cgroups, struct ng_cgroup *group)
{
	uint64_t key = key_of(cgroups, group->parent, group->name);
	struct ng_cgroup *at = ng_table_get(&cgroups->by_name, key);

	if (at != group) {
		while (at->same != group)
			at = at->same;
		at->same = group->same;
	} else if (group->same) {
		ng_table_put(&cgroups->by_name, key, group->same);
	} else {
		ng_table_drop(&cgroups->by_name, key);
	}
}

/* ---- adding and dropping ---- */

struct ng_cgroup *ng_cgroups_make(
	struct ng_cgroups *cgroups, struct ng_cgroup *parent, const char *name, uint64_t generation)
{
	size_t payload = (cgroups->hooks.payload_size + 15) & ~(size_t)15, name_size = strlen(name);
	struct ng_cgroup *group = calloc(1, sizeof(*group) + payload + name_size + 1);

	if (!group)
		return NULL;
	group->name = group->payload + payload;
	memcpy(group->payload + payload, name, name_size + 1);
	group->name_size = (uint32_t)name_size;
	group->generation = generation;
	group->fresh = cgroups->telling;
	group->born = group->listed = cgroups->telling || (parent && parent->listed);
	group->directory = group->watch = group->events = group->memory = -1;
	group->parent = parent;
	if (ng_table_put(&cgroups->by_generation, generation, group) < 0) {
		free(group);
		return NULL;
	}
	if (!parent)
		return group;
	if (put_name(cgroups, group) < 0) {
		ng_table_drop(&cgroups->by_generation, generation);
		free(group);
		return NULL;
	}
	group->depth = (uint16_t)(parent->depth + 1);
	group->before = parent->last;
	*(parent->last ? &parent->last->next : &parent->first) = group;
	parent->last = group;
	parent->children++;
	return group;
}

static void unlink_group(struct ng_cgroups *cgroups, struct ng_cgroup *group)
{
	struct ng_cgroup *parent = group->parent;

	if (!parent)
		return;
	drop_name(cgroups, group);
	*(group->before ? &group->before->next : &parent->first) = group->next;
	*(group->next ? &group->next->before : &parent->last) = group->before;
	parent->children--;
}

static void drop_one(struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *group)
{
	if (cgroups->hooks.removed)
		cgroups->hooks.removed(cgroups->hooks.context, scrape, group);
	unlink_group(cgroups, group);
	ng_cgroups_unwatch(cgroups, group);
	ng_table_drop(&cgroups->by_generation, group->generation);
	if (group->directory >= 0) {
		close(group->directory);
		cgroups->kept--;
	}
	if (cgroups->root == group)
		cgroups->root = NULL;
	free(group);
}

void ng_cgroups_drop(struct ng_scrape *scrape, struct ng_cgroups *cgroups, struct ng_cgroup *group)
{
	const struct ng_cgroup *dropped;

	do {
		struct ng_cgroup *leaf = group;
		/* the analyzer does not see that a node is unlinked before it is freed */
		while (leaf->first) /* NOLINT(clang-analyzer-unix.Malloc) */
			leaf = leaf->first;
		dropped = leaf;
		drop_one(scrape, cgroups, leaf);
	} while (dropped != group);
}

/* ---- iteration ---- */

struct ng_cgroup *ng_cgroup_next(const struct ng_cgroup *group)
{
	if (group->first)
		return group->first;
	while (group && !group->next)
		group = group->parent;
	return group ? group->next : NULL;
}
