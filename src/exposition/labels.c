/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition/labels.h"

#include "base/arena.h"
#include "base/table.h"
#include "exposition/escape.h"

#include <stdlib.h>

/* What a set is when there is no memory for one. */
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
	*at++ = '{';
	for (size_t i = 0; i < count; i++) {
		at = put(at, ng_span(labels[i].name));
		*at++ = '=';
		*at++ = '"';
		at = ng_escape(at, labels[i].value, true);
		*at++ = '"';
		*at++ = ',';
	}
	at[-1] = '}';
	set->size = (uint32_t)(at - set->text);
	ng_arena_commit(arena, (const char *)set, (size_t)(at - (char *)set));
	return set;
}

/* ---- sets of sets ---- */

/* What is between the braces. */
static struct ng_span inner(const struct ng_labels *labels)
{
	struct ng_span text = ng_labels_text(labels);

	return text.size ? (struct ng_span){ text.text + 1, text.size - 2 } : text;
}

/* The next label of what is between the braces. */
static bool pair_next(struct ng_span *rest, struct ng_span *ret_pair)
{
	size_t end = ng_span_find(*rest, '"') + 1;

	if (rest->size == 0)
		return false;
	while (rest->text[end] != '"')
		end += rest->text[end] == '\\' ? 2 : 1;
	*ret_pair = (struct ng_span){ rest->text, end + 1 };
	*rest = ng_span_skip(*rest, end + 2);
	return true;
}

/* The label of that name with what it is made of; an empty span at the end where there is none. */
static struct ng_span find(const struct ng_labels *labels, const char *name)
{
	struct ng_span rest = inner(labels), pair;
	size_t size = strlen(name);

	while (pair_next(&rest, &pair)) {
		if (pair.size > size && pair.text[size] == '=' && memcmp(pair.text, name, size) == 0)
			return pair;
	}
	return (struct ng_span){ rest.text, 0 };
}

/* A set of what is between the braces of others, in this order; some may be empty. */
static struct ng_labels *assemble(struct ng_arena *arena, const struct ng_span *part, size_t count)
{
	size_t size = 1;

	for (size_t i = 0; i < count; i++)
		size += part[i].size + (part[i].size > 0);
	if (size == 1)
		return NG_NO_LABELS;
	struct ng_labels *set = ng_alloc(arena, sizeof(*set) + size);
	if (!set)
		return &failed;
	char *at = set->text;
	for (size_t i = 0; i < count; i++) {
		if (part[i].size == 0)
			continue;
		*at++ = ',';
		at = put(at, part[i]);
	}
	*at = '}';
	set->text[0] = '{';
	set->size = (uint32_t)size;
	return set;
}

struct ng_labels *ng_labels_join(struct ng_arena *arena, struct ng_labels *labels, struct ng_labels *more)
{
	if (labels == &failed || more == &failed)
		return &failed;
	return assemble(arena, (struct ng_span[]){ inner(labels), inner(more) }, 2);
}

struct ng_labels *ng_labels_insert(
	struct ng_arena *arena, struct ng_labels *labels, const char *name, struct ng_labels *more)
{
	if (labels == &failed || more == &failed)
		return &failed;
	struct ng_span all = inner(labels), pair = find(labels, name);
	if (all.size == 0)
		return more;
	size_t front = (size_t)(pair.text + pair.size - all.text);
	/* a comma separates the pair from what is behind it */
	struct ng_span behind = ng_span_skip(all, front + 1);
	return assemble(arena, (struct ng_span[]){ { all.text, front }, inner(more), behind }, 3);
}

struct ng_labels *ng_labels_only(struct ng_arena *arena, const struct ng_labels *labels, const char *name)
{
	if (labels == &failed)
		return &failed;
	struct ng_span pair = find(labels, name);
	return assemble(arena, &pair, 1);
}

struct ng_labels *ng_labels_copy(struct ng_arena *arena, const struct ng_labels *labels)
{
	struct ng_span all = inner(labels);

	return labels == &failed ? &failed : assemble(arena, &all, 1);
}

struct ng_labels *ng_labels_keep(const struct ng_labels *labels)
{
	size_t size = labels && labels != &failed ? sizeof(*labels) + labels->size : 0;
	struct ng_labels *copy = size ? malloc(size) : NULL;

	return copy ? memcpy(copy, labels, size) : NULL;
}

/* ---- comparing ---- */

bool ng_labels_equal(const struct ng_labels *a, const struct ng_labels *b)
{
	return a != &failed && b != &failed && ng_span_equal(ng_labels_text(a), ng_labels_text(b));
}

uint64_t ng_labels_hash(const struct ng_labels *labels)
{
	return ng_hash(NG_HASH_SEED, ng_labels_text(labels));
}
