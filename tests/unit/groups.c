/* SPDX-License-Identifier: Apache-2.0 */
#include "groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PAYLOAD = 24 };

/* ---- what the hooks report ---- */

static void tell(struct groups *groups, char what, const struct ng_cgroup *group)
{
	struct ng_span path = ng_cgroup_path(&groups->probe.arena, group);
	size_t room = sizeof(groups->told) - groups->told_size;

	groups->told_size +=
		(size_t)snprintf(groups->told + groups->told_size, room, "%c%.*s ", what, (int)path.size, path.text);
	if (groups->told_size >= sizeof(groups->told))
		groups->told_size = sizeof(groups->told) - 1;
}

static unsigned added(void *context, struct ng_scrape *scrape, struct ng_cgroup *group)
{
	struct groups *groups = context;

	(void)scrape;
	/* the payload exists and is zeroed */
	for (size_t i = 0; i < PAYLOAD; i++)
		assert_int_equal(group->payload[i], 0);
	memset(group->payload, 1, PAYLOAD);
	tell(groups, '+', group);
	if (groups->scarce && !strcmp(group->name, groups->scarce))
		return groups->flags | NG_CGROUP_SCARCE;
	return groups->shallow && !strcmp(group->name, groups->shallow) ? 0 : groups->flags;
}

static void removed(void *context, struct ng_scrape *scrape, struct ng_cgroup *group)
{
	(void)scrape;
	tell(context, '-', group);
}

static void emptied(void *context, struct ng_scrape *scrape, struct ng_cgroup *group)
{
	(void)scrape;
	tell(context, 'e', group);
}

static void memory_event(void *context, struct ng_scrape *scrape, struct ng_cgroup *group)
{
	(void)scrape;
	tell(context, 'm', group);
}

void groups_update(struct groups *groups, bool whole)
{
	groups->told_size = 0;
	groups->told[0] = '\0';
	ng_arena_reset(&groups->probe.arena);
	assert_int_equal(ng_cgroups_update(&groups->probe.scrape, groups->cgroups, whole), 0);
}

void groups_expect(struct groups *groups, bool whole, const char *told)
{
	groups_update(groups, whole);
	assert_string_equal(groups->told, told);
}

/* ---- the tree ---- */

void groups_make(const struct groups *groups, const char *name)
{
	scratch_mkdir(&groups->scratch, name);
}

void groups_make_usual(const struct groups *groups)
{
	groups_make(groups, "a");
	groups_make(groups, "a/x");
	groups_make(groups, "b");
}

void groups_take(const struct groups *groups, const char *name)
{
	scratch_rmdir(&groups->scratch, name);
}

void groups_put(const struct groups *groups, const char *name, const char *text)
{
	scratch_put(&groups->scratch, name, text);
}

int groups_start(void **state)
{
	struct groups *groups = calloc(1, sizeof(*groups));

	assert_non_null(groups);
	scratch_init(&groups->scratch, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", "test_cgroups");
	probe_init(&groups->probe);
	probe_open(&groups->probe, NG_CGROUP, &groups->scratch, "");
	groups->flags = NG_CGROUP_DESCEND;
	groups_put(groups, "cgroup.controllers", "cpu\n");
	groups_put(groups, "cgroup.procs", "");
	*state = groups;
	return 0;
}

int groups_stop(void **state)
{
	struct groups *groups = *state;

	ng_cgroups_free(groups->cgroups);
	scratch_done(&groups->scratch);
	probe_done(&groups->probe);
	free(groups);
	return 0;
}

void groups_follow(struct groups *groups, uint64_t limit, uint64_t descriptors, bool watch)
{
	const struct ng_cgroups_hooks hooks = { .payload_size = PAYLOAD,
		.added = added,
		.removed = removed,
		.emptied = emptied,
		.memory_event = memory_event,
		.context = groups };
	struct ng_setup setup = { .arena = &groups->probe.arena, .kernel = &groups->probe.kernel };

	assert_int_equal(ng_cgroups_new(&setup, &hooks, limit, descriptors, watch, &groups->cgroups), 0);
}

struct ng_cgroups_state groups_state(const struct groups *groups)
{
	struct ng_cgroups_state state;

	ng_cgroups_state(groups->cgroups, &state);
	return state;
}

struct ng_cgroup *groups_named(const struct groups *groups, const char *name)
{
	struct ng_cgroup *group = ng_cgroups_root(groups->cgroups);

	while (group && strcmp(group->name, name) != 0)
		group = ng_cgroup_next(group);
	return group;
}
