/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files with a single number, and files with "key value" lines.
 *
 *     memory.max     max          memory.events   low 0
 *                                                 high 3
 */
#include "stats/files.h"

#include <sys/stat.h>

int container_enter(struct ng_scrape *scrape, const struct ng_cgroups *cgroups, const struct ng_cgroup *group,
	enum ng_cgroup_place place)
{
	int directory = ng_cgroup_enter(scrape, cgroups, group, place);

	if (directory < 0)
		ng_drop_unread(scrape, directory, *group->name ? group->name : "/");
	return directory;
}

int container_peek(
	struct ng_scrape *scrape, int directory, enum ng_kind kind, const char *file, struct ng_span *ret_text)
{
	int r = ng_peek_at(scrape, directory, kind, file, ret_text);

	if (r < 0)
		ng_drop_unread(scrape, r, file);
	return r;
}

void container_read_start(struct ng_scrape *scrape, int directory, const char *file, struct container_values *values)
{
	struct stat own, other;

	bool known = fstat(directory, &own) == 0;
	bool both = known && fstatat(directory, file, &other, 0) == 0;
	/* a file that does not exist has no earlier time; one that we cannot see may have */
	if (!known || (!both && errno != ENOENT)) {
		ng_drop_unread(scrape, -errno, file);
		return;
	}
	int64_t at = own.st_mtime;
	if (both && other.st_mtime < at)
		at = other.st_mtime;
	if (at > 0)
		container_set(values, VALUE_STARTED, (uint64_t)at);
}

static uint64_t head_of(const char *key, size_t size)
{
	uint64_t head = 0, middle = 0, tail = 0;

	memcpy(&head, key, size < sizeof(head) ? size : sizeof(head));
	/* tells inactive_anon from inactive_file */
	if (size > sizeof(tail))
		memcpy(&tail, key + size - sizeof(tail), sizeof(tail));
	/* tells workingset_refault_file from other keys of the same length */
	if (size > 2 * sizeof(middle))
		memcpy(&middle, key + sizeof(head), sizeof(middle));
	return head + middle * UINT64_C(0x100000001b3) + tail * 31 + size * UINT64_C(0x9e3779b97f4a7c15);
}

static int find_key(const struct container_key *keys, size_t count, struct ng_span name)
{
	for (size_t i = 0; i < count; i++) {
		if (keys[i].size == name.size && memcmp(keys[i].name, name.text, name.size) == 0)
			return (int)i;
	}
	return -1;
}

/* The key on this line: the same as last time, or looked up and remembered. */
static int key_of(struct container_plan *plan, uint32_t line, const struct container_key *keys, size_t count,
	struct ng_span name, bool *ret_known)
{
	uint64_t head = head_of(name.text, name.size);

	if (line < plan->count && plan->head[line] == head) {
		int known = plan->key[line];
		if (known < 0 || (keys[known].size == name.size && memcmp(keys[known].name, name.text, name.size) == 0))
			return known;
	}
	*ret_known = false;
	int found = find_key(keys, count, name);
	if (line < CONTAINER_PLAN_LINES && line <= plan->count) {
		plan->head[line] = head;
		plan->key[line] = (int16_t)found;
		plan->count = line + 1;
	}
	return found;
}

/*
 * The kernel always prints the same keys in the same order, so lines after the last wanted key are not parsed. The last
 * line is known only if all keys have been seen: cgroups without a controller have fewer lines than others.
 */
static void learn_end(struct container_plan *plan, uint32_t lines, size_t key_count)
{
	uint32_t end = 0;
	size_t seen = 0;

	for (uint32_t i = 0; i < plan->count && i < lines; i++) {
		if (plan->key[i] < 0)
			continue;
		seen++;
		end = i + 1;
	}
	plan->end = seen == key_count ? end : 0;
}

int container_read_keys(struct ng_scrape *scrape, int directory, const char *file, const struct container_key *keys,
	size_t key_count, struct container_plan *plan, struct container_values *values)
{
	struct ng_span text, line;
	bool known = true;
	uint32_t at = 0;

	int r = container_peek(scrape, directory, NG_VALUE, file, &text);
	for (; r == 0 && !(known && plan->end && at == plan->end) && ng_line_next(&text, &line); at++) {
		size_t space = ng_span_find(line, ' ');
		int which = key_of(plan, at, keys, key_count, (struct ng_span){ line.text, space }, &known);
		uint64_t value;
		if (which < 0)
			continue;
		if (ng_u64(ng_span_skip(line, space + 1), &value) < 0) {
			ng_drop_value(scrape, file, at + 1, "a key and a whole number");
			continue;
		}
		container_set(values, keys[which].value, keys[which].microseconds ? value * 1000 : value);
	}
	if (r == 0 && !known)
		learn_end(plan, at, key_count);
	return r;
}

int container_read_number(struct ng_scrape *scrape, int directory, const char *file, enum container_value which,
	struct container_values *values)
{
	struct ng_span text;
	uint64_t value;

	int r = container_peek(scrape, directory, NG_VALUE, file, &text);
	if (r < 0)
		return r;
	text = ng_trim(text);
	if (ng_span_equal(text, NG_SPAN("max")))
		return 0;
	if (ng_u64(text, &value) == 0) {
		container_set(values, which, value);
		return 0;
	}
	ng_drop_value(scrape, file, 1, "a whole number or max");
	return 0;
}

void container_read_limit(struct ng_scrape *scrape, int directory, const char *file, enum container_value which,
	struct container_figures *figures)
{
	int r = container_read_number(scrape, directory, file, which, &figures->values);

	container_note_limit(figures, which, r);
}

void container_note_limit(struct container_figures *figures, enum container_value which, int r)
{
	const uint64_t bit = UINT64_C(1) << which;

	figures->limits_missed |= container_failed(r);
	figures->unknown &= ~bit;
	if (r == 0 || r == -ENOENT)
		return;
	figures->unknown |= bit;
	figures->values.present &= ~bit;
}
