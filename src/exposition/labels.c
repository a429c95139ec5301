/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition/labels.h"

#include "base/arena.h"
#include "exposition/escape.h"

#include <stdlib.h>

/* Stands for any set if there is no memory. */
static struct ng_labels failed;

bool ng_labels_valid(const struct ng_labels *labels)
{
	return labels != &failed;
}

static char *put(char *at, struct ng_span text)
{
	if (text.size)
		memcpy(at, text.text, text.size);
	return at + text.size;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	return (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
}

/*
 * Hashes eight bytes at a time; the last word overlaps the one before it. The final mixing makes sums of such hashes
 * differ even if the texts differ in the same way.
 */
uint32_t ng_text_hash(struct ng_span text)
{
	uint64_t hash = text.size, word = 0;
	size_t at = 0;

	for (; at + sizeof(word) <= text.size; at += sizeof(word)) {
		memcpy(&word, text.text + at, sizeof(word));
		hash = mix(hash, word);
	}
	if (at)
		memcpy(&word, text.text + text.size - sizeof(word), sizeof(word));
	else if (text.size)
		memcpy(&word, text.text, text.size);
	hash = mix(hash, word);
	return (uint32_t)(mix(hash >> 32, hash) >> 32);
}

struct ng_labels *ng_labels(struct ng_arena *arena, const struct ng_label *labels, size_t count)
{
	size_t need = sizeof(struct ng_labels) + 2, room;

	if (count == 0)
		return NG_NO_LABELS;
	for (size_t i = 0; i < count; i++)
		need += strlen(labels[i].name) + labels[i].value.size * 3 + sizeof(",=\"\"") - 1;
	struct ng_labels *set = (void *)ng_arena_reserve(arena, need, &room);
	if (!set)
		return &failed;
	char *at = set->text;
	uint32_t hash = 0;
	*at++ = '{';
	for (size_t i = 0; i < count; i++) {
		const char *start = at;
		at = put(at, ng_span(labels[i].name));
		*at++ = '=';
		*at++ = '"';
		at = ng_escape(at, labels[i].value, true);
		*at++ = '"';
		hash += ng_text_hash((struct ng_span){ start, (size_t)(at - start) });
		*at++ = ',';
	}
	at[-1] = '}';
	set->page = 0;
	set->hash = hash;
	set->size = (uint32_t)(at - set->text);
	ng_arena_commit(arena, (const char *)set, (size_t)(at - (char *)set));
	return set;
}

/* ---- names and values ---- */

static struct ng_span text_of(const struct ng_labels *labels)
{
	return labels ? (struct ng_span){ labels->text, labels->size } : (struct ng_span){ NULL, 0 };
}

struct ng_pairs ng_labels_pairs(const struct ng_labels *labels)
{
	if (!labels || labels->size != NG_LABELS_JOINED)
		return (struct ng_pairs){ ng_labels_inner(text_of(labels)), { NULL, 0 } };
	struct ng_labels **part = ng_labels_parts(labels);
	return (struct ng_pairs){ ng_labels_inner(text_of(part[0])), ng_labels_inner(text_of(part[1])) };
}

bool ng_pairs_next(struct ng_pairs *pairs, struct ng_span *ret_name, struct ng_span *ret_value)
{
	if (pairs->rest.size == 0)
		*pairs = (struct ng_pairs){ pairs->next, { NULL, 0 } };
	struct ng_span rest = pairs->rest;
	size_t start = ng_span_find(rest, '"') + 1, end = start;
	if (rest.size == 0)
		return false;
	while (rest.text[end] != '"')
		end += rest.text[end] == '\\' ? 2 : 1;
	*ret_name = (struct ng_span){ rest.text, start - 2 };
	*ret_value = (struct ng_span){ rest.text + start, end - start };
	pairs->rest = ng_span_skip(rest, end + 2);
	return true;
}

char *ng_unescape(char *at, struct ng_span escaped)
{
	for (size_t i = 0; i < escaped.size; i++) {
		bool escape = escaped.text[i] == '\\';
		i += escape;
		*at++ = (char)(escape && escaped.text[i] == 'n' ? '\n' : escaped.text[i]);
	}
	return at;
}

/* The label with this name as it stands in the text; empty if there is none. */
static struct ng_span find(struct ng_pairs pairs, struct ng_span name)
{
	struct ng_span other, value;

	while (ng_pairs_next(&pairs, &other, &value)) {
		if (ng_span_equal(other, name))
			return (struct ng_span){ other.text, (size_t)(value.text + value.size + 1 - other.text) };
	}
	return (struct ng_span){ NULL, 0 };
}

/* ---- joining sets ---- */

/* The length of the text of a set made of all these parts; 1 if none. */
static size_t size_of(const struct ng_span *part, size_t count)
{
	size_t size = 1;

	for (size_t i = 0; i < count; i++)
		size += part[i].size + (part[i].size > 0);
	return size;
}

/* Makes a set from what is between the braces of others, in this order; some of them may be empty, but not all. */
static void fill(struct ng_labels *set, const struct ng_span *part, size_t count, uint32_t hash)
{
	char *at = set->text;

	for (size_t i = 0; i < count; i++) {
		if (part[i].size == 0)
			continue;
		*at++ = ',';
		at = put(at, part[i]);
	}
	*at++ = '}';
	set->text[0] = '{';
	set->page = 0;
	set->hash = hash;
	set->size = (uint32_t)(at - set->text);
}

static struct ng_labels *assemble(struct ng_arena *arena, const struct ng_span *part, size_t count, uint32_t hash)
{
	size_t size = size_of(part, count);

	if (size == 1)
		return NG_NO_LABELS;
	struct ng_labels *set = ng_alloc(arena, sizeof(*set) + size);
	if (!set)
		return &failed;
	fill(set, part, count, hash);
	return set;
}

static uint32_t hash_of(const struct ng_labels *labels)
{
	return labels ? labels->hash : 0;
}

static bool is_joined(const struct ng_labels *labels)
{
	return labels && labels->size == NG_LABELS_JOINED;
}

/* The set as one with a text of its own; it may be one already. */
static struct ng_labels *flat(struct ng_arena *arena, struct ng_labels *labels)
{
	return is_joined(labels) ? ng_labels_copy(arena, labels) : labels;
}

struct ng_labels *ng_labels_join(struct ng_arena *arena, struct ng_labels *labels, struct ng_labels *more)
{
	labels = flat(arena, labels);
	more = flat(arena, more);
	if (!labels || more == &failed)
		return more;
	if (!more || labels == &failed)
		return labels;
	struct ng_labels *set = ng_alloc(arena, sizeof(*set) + 2 * sizeof(set));
	if (!set)
		return &failed;
	*set = (struct ng_labels){ .hash = labels->hash + more->hash, .size = NG_LABELS_JOINED };
	ng_labels_parts(set)[0] = labels;
	ng_labels_parts(set)[1] = more;
	return set;
}

struct ng_labels *ng_labels_insert(
	struct ng_arena *arena, struct ng_labels *labels, const char *name, struct ng_labels *more)
{
	labels = flat(arena, labels);
	more = flat(arena, more);
	if (!labels || more == &failed)
		return more;
	if (!more || labels == &failed)
		return labels;
	struct ng_span all = ng_labels_inner(text_of(labels)), pair = find(ng_labels_pairs(labels), ng_span(name));
	size_t front = pair.text ? (size_t)(pair.text + pair.size - all.text) : all.size;
	/* a comma separates the pair from the next one */
	struct ng_span part[] = { { all.text, front }, ng_labels_inner(text_of(more)), ng_span_skip(all, front + 1) };
	return assemble(arena, part, 3, labels->hash + more->hash);
}

struct ng_labels *ng_labels_only(struct ng_arena *arena, const struct ng_labels *labels, const char *name)
{
	if (labels == &failed)
		return &failed;
	struct ng_span pair = find(ng_labels_pairs(labels), ng_span(name));
	return assemble(arena, &pair, 1, ng_text_hash(pair));
}

struct ng_labels *ng_labels_copy(struct ng_arena *arena, const struct ng_labels *labels)
{
	struct ng_pairs pairs = ng_labels_pairs(labels);

	if (labels == &failed)
		return &failed;
	return assemble(arena, (struct ng_span[]){ pairs.rest, pairs.next }, 2, hash_of(labels));
}

struct ng_labels *ng_labels_keep(const struct ng_labels *labels)
{
	struct ng_pairs pairs = ng_labels_pairs(labels);
	const struct ng_span part[] = { pairs.rest, pairs.next };

	if (!labels || labels == &failed)
		return NULL;
	struct ng_labels *kept = malloc(sizeof(*kept) + size_of(part, 2));
	if (kept)
		fill(kept, part, 2, labels->hash);
	return kept;
}

/* ---- comparing ---- */

static bool next_equal(struct ng_pairs *a, struct ng_pairs *b, bool *ret_more)
{
	struct ng_span name[2], value[2];

	*ret_more = ng_pairs_next(a, &name[0], &value[0]);
	if (ng_pairs_next(b, &name[1], &value[1]) != *ret_more)
		return false;
	return !*ret_more || (ng_span_equal(name[0], name[1]) && ng_span_equal(value[0], value[1]));
}

bool ng_labels_equal(const struct ng_labels *a, const struct ng_labels *b)
{
	bool more;

	if (a == &failed || b == &failed || hash_of(a) != hash_of(b))
		return false;
	if (!is_joined(a) && !is_joined(b))
		return ng_span_equal(text_of(a), text_of(b));
	struct ng_pairs left = ng_labels_pairs(a), right = ng_labels_pairs(b);
	while (next_equal(&left, &right, &more)) {
		if (!more)
			return true;
	}
	return false;
}

uint64_t ng_labels_hash(const struct ng_labels *labels)
{
	return hash_of(labels);
}

bool ng_pairs_equal(struct ng_pairs a, struct ng_pairs b)
{
	struct ng_pairs rest = b;
	struct ng_span name, value;

	if (ng_span_equal(a.rest, b.rest) && ng_span_equal(a.next, b.next))
		return true;
	while (ng_pairs_next(&a, &name, &value)) {
		struct ng_span other = find(b, name), skipped[2];
		/* name="value" */
		if (!ng_pairs_next(&rest, &skipped[0], &skipped[1]) || !other.text ||
			other.size != name.size + value.size + 3 ||
			memcmp(other.text + name.size + 2, value.text, value.size) != 0)
			return false;
	}
	return !ng_pairs_next(&rest, &name, &value);
}
