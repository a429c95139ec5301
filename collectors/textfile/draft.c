/* SPDX-License-Identifier: Apache-2.0 */
/* The families of a text by name, and the family that a sample belongs to. */
#include "format.h"

static struct draft *find_draft(const struct parse *parse, struct ng_span name)
{
	for (uint64_t at = ng_hash(NG_HASH_SEED, name); parse->slots && parse->slots[at & parse->slot_mask]; at++) {
		struct draft *draft = &parse->drafts[parse->slots[at & parse->slot_mask] - 1];
		if (ng_span_equal(draft->name, name))
			return draft;
	}
	return NULL;
}

static void place_draft(struct parse *parse, size_t index)
{
	uint64_t at = ng_hash(NG_HASH_SEED, parse->drafts[index].name);

	while (parse->slots[at & parse->slot_mask])
		at++;
	parse->slots[at & parse->slot_mask] = (uint32_t)index + 1;
}

static bool grow_slots(struct parse *parse)
{
	size_t size = parse->slots ? (parse->slot_mask + 1) * 2 : 64;

	parse->slots = ng_alloc0(parse->scratch, size * sizeof(*parse->slots));
	if (!parse->slots)
		return false;
	parse->slot_mask = size - 1;
	for (size_t i = 0; i < parse->draft_count; i++)
		place_draft(parse, i);
	return true;
}

static struct draft *add_draft(struct parse *parse, struct ng_span name)
{
	if ((!parse->slots || parse->draft_count * 2 > parse->slot_mask) && !grow_slots(parse))
		return NULL;
	struct draft *draft = ng_push(parse->scratch, &parse->drafts, &parse->draft_count, &parse->draft_capacity);
	if (!draft)
		return NULL;
	*draft = (struct draft){ .name = name, .type = TYPE_OPEN };
	place_draft(parse, parse->draft_count - 1);
	return draft;
}

/* For x_count and the like, the family x if it exists and has this type. */
static struct draft *find_owner(const struct parse *parse, struct ng_span name, struct ng_span suffix, int type)
{
	if (name.size <= suffix.size || !ng_span_ends(name, suffix))
		return NULL;
	struct draft *draft = find_draft(parse, (struct ng_span){ name.text, name.size - suffix.size });
	return draft && draft->type == type ? draft : NULL;
}

struct draft *textfile_draft(struct parse *parse, struct ng_span name)
{
	static const struct {
		struct ng_span suffix;
		int type;
	} rules[] = {
		{ NG_SPAN("_count"), NG_SUMMARY },
		{ NG_SPAN("_sum"), NG_SUMMARY },
		{ NG_SPAN("_count"), NG_HISTOGRAM },
		{ NG_SPAN("_sum"), NG_HISTOGRAM },
		{ NG_SPAN("_bucket"), NG_HISTOGRAM },
	};
	struct draft *draft = find_draft(parse, name);

	for (size_t i = 0; !draft && i < NG_COUNT(rules); i++)
		draft = find_owner(parse, name, rules[i].suffix, rules[i].type);
	return draft ? draft : add_draft(parse, name);
}
