/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts that are queried by helper threads: one task each, which outlives the table if it hangs. */
#include "filesystem.h"

#include "index.h"

#include <nodegauge/privilege.h>

static void probe_run(struct ng_task *task)
{
	struct probe *probe = (struct probe *)task;

	probe->error = ng_privileged_statfs(probe->path, &probe->fs);
}

static struct probe *probe_new(const char *path)
{
	size_t size = strlen(path) + 1;
	struct probe *probe = ng_task_new(sizeof(*probe) + size, probe_run);

	if (!probe)
		return NULL;
	memcpy(probe->path, path, size);
	return probe;
}

/* The probes so far, by their paths. */
struct known {
	struct probe **probes;
	struct index index;
};

static int list_known(struct ng_arena *arena, struct probe *first, struct known *known)
{
	size_t count = 0, i = 0;

	for (const struct probe *probe = first; probe; probe = probe->next)
		count++;
	known->probes = ng_alloc(arena, count * sizeof(*known->probes) + 1);
	if (!known->probes || !index_make(arena, count, &known->index))
		return -ENOMEM;
	for (struct probe *probe = first; probe; probe = probe->next) {
		probe->kept = false;
		known->probes[i] = probe;
		index_add(&known->index, ng_hash(NG_HASH_SEED, ng_span(probe->path)), i++);
	}
	return 0;
}

/* The probe for the same path: if it hangs there, no second one is started. */
static struct probe *probe_find(const struct known *known, const char *path)
{
	uint64_t cursor = ng_hash(NG_HASH_SEED, ng_span(path));
	size_t k;

	while (index_next(&known->index, &cursor, &k)) {
		struct probe *probe = known->probes[k];
		if (!probe->kept && strcmp(probe->path, path) == 0)
			return probe;
	}
	return NULL;
}

static int add_probes(struct filesystem *filesystem, struct ng_arena *arena)
{
	struct table *table = &filesystem->table;
	struct known known;

	int r = list_known(arena, filesystem->probes, &known);
	for (size_t i = 0; r == 0 && i < table->count; i++) {
		struct row *row = &table->rows[i];
		if (!row->may_hang)
			continue;
		row->probe = probe_find(&known, row->path);
		if (!row->probe) {
			row->probe = probe_new(row->path);
			if (!row->probe)
				return -ENOMEM;
			row->probe->next = filesystem->probes;
			filesystem->probes = row->probe;
		}
		row->probe->kept = true;
		table->task_count++;
	}
	return r;
}

static void free_unkept(struct filesystem *filesystem)
{
	struct probe **at = &filesystem->probes;

	while (*at) {
		struct probe *probe = *at;
		if (probe->kept) {
			at = &probe->next;
			continue;
		}
		*at = probe->next;
		ng_task_free(filesystem->guard, &probe->task);
	}
}

/* The type and whatever precedes the path in the source: "server:/export", "//server/share", "user@server:". */
static struct ng_span server(const struct ng_mount *mount)
{
	struct ng_span source = mount->source;

	if (ng_span_starts(source, NG_SPAN("//")))
		source.size = 2 + ng_span_find(ng_span_skip(source, 2), '/');
	else if (ng_span_find(source, ':') < source.size)
		source.size = ng_span_find(source, ':');
	else
		source.size = 0;
	return source;
}

/*
 * If many mounts hang at once, they are most likely on one server, so each server gets its first turn before any gets
 * its second.
 */
static int find_turns(struct ng_arena *arena, struct table *table, uint32_t *ret_turns)
{
	struct index first; /* row of each server */
	size_t k = 0;

	if (!index_make(arena, table->count, &first))
		return -ENOMEM;
	for (size_t i = 0; i < table->count; i++) {
		struct row *row = &table->rows[i];
		if (!row->probe)
			continue;
		struct ng_span host = server(&row->mount);
		uint64_t hash = ng_hash(ng_hash(NG_HASH_SEED, row->mount.type), host), cursor = hash;
		bool found = false;
		while (!found && index_next(&first, &cursor, &k)) {
			const struct ng_mount *other = &table->rows[k].mount;
			found = ng_span_equal(other->type, row->mount.type) && ng_span_equal(server(other), host);
		}
		if (!found)
			index_add(&first, hash, i);
		else
			row->turn = ++table->rows[k].followers;
		if (row->turn >= *ret_turns)
			*ret_turns = row->turn + 1;
	}
	return 0;
}

static int order_tasks(struct ng_arena *arena, struct table *table)
{
	uint32_t turns = 0;

	int r = find_turns(arena, table, &turns);
	if (r < 0)
		return r;
	size_t *place = ng_alloc0(arena, (turns + 1) * sizeof(*place));
	table->tasks = ng_alloc(&table->arena, table->task_count * sizeof(*table->tasks) + 1);
	if (!place || !table->tasks)
		return -ENOMEM;
	for (size_t i = 0; i < table->count; i++) {
		if (table->rows[i].probe)
			place[table->rows[i].turn + 1]++;
	}
	for (size_t i = 1; i <= turns; i++)
		place[i] += place[i - 1];
	for (size_t i = 0; i < table->count; i++) {
		if (table->rows[i].probe)
			table->tasks[place[table->rows[i].turn]++] = &table->rows[i].probe->task;
	}
	return 0;
}

int filesystem_probes(struct filesystem *filesystem, struct ng_scrape *scrape)
{
	int r = add_probes(filesystem, scrape->arena);

	if (r == 0)
		r = order_tasks(scrape->arena, &filesystem->table);
	if (r == 0)
		free_unkept(filesystem);
	return r;
}

void filesystem_probes_done(struct filesystem *filesystem)
{
	for (struct probe *probe = filesystem->probes; probe; probe = probe->next)
		probe->kept = false;
	free_unkept(filesystem);
}
