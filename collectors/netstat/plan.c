/* SPDX-License-Identifier: Apache-2.0 */
/* Selects the counters to report. */
#include "netstat.h"

static const struct ng_span prefix = { "node_netstat_", 13 };

/* Whether the family is already in use: text that repeats a name must not open it twice. */
static bool taken(const struct netstat *netstat, struct ng_span name)
{
	for (size_t f = 0; f < FILES; f++) {
		const struct plan *plan = &netstat->plan[f];
		for (size_t b = 0; b < plan->count; b++) {
			for (size_t c = 0; c < plan->block[b].count; c++) {
				if (ng_span_equal(plan->block[b].column[c].name, name))
					return true;
			}
		}
	}
	return false;
}

/* The name of the family if the counter is wanted, else the empty span. It is in the scratch arena. */
static int wanted_name(const struct netstat *netstat, struct ng_arena *scratch, struct ng_span protocol,
	struct ng_span counter, struct ng_span *ret_name)
{
	const struct ng_span parts[] = { prefix, protocol, NG_SPAN("_"), counter };
	char *name = ng_alloc(scratch, prefix.size + protocol.size + 1 + counter.size);
	size_t size = 0;

	if (!name)
		return -ENOMEM;
	for (size_t i = 0; i < NG_COUNT(parts); i++) {
		if (parts[i].size)
			memcpy(name + size, parts[i].text, parts[i].size);
		size += parts[i].size;
	}
	*ret_name = (struct ng_span){ name, size };
	if (!ng_pattern_matches(netstat->fields, ng_span_skip(*ret_name, prefix.size)) || taken(netstat, *ret_name))
		*ret_name = (struct ng_span){ NULL, 0 };
	return 0;
}

static struct block *add_block(struct plan *plan, struct ng_span head)
{
	struct ng_span copy = ng_copy(&plan->arena, head);

	if (!copy.text)
		return NULL;
	struct block *block = ng_push(&plan->arena, &plan->block, &plan->count, &plan->capacity);
	if (block)
		*block = (struct block){ .head = copy };
	return block;
}

static int add_column(struct plan *plan, struct block *block, struct ng_span name, size_t index)
{
	struct column *column = ng_push(&plan->arena, &block->column, &block->count, &block->capacity);
	struct ng_span copy = ng_copy(&plan->arena, name);

	if (!column || !copy.text)
		return -ENOMEM;
	*column = (struct column){ netstat_known(name), copy, index };
	return 0;
}

/* "TcpExt: SyncookiesSent ...", and whether the next line has its values. */
static int plan_names(
	struct netstat *netstat, struct plan *plan, struct ng_arena *scratch, struct ng_span line, bool alone)
{
	struct ng_span protocol = netstat_protocol(line), counter, name, rest = ng_span_skip(line, protocol.size + 1);
	struct block *block = add_block(plan, line);

	if (!block)
		return -ENOMEM;
	block->alone = alone;
	if (alone)
		return 0;
	protocol.size--;
	while (ng_part_next(&rest, ' ', &counter)) {
		block->blanks++;
		int r = wanted_name(netstat, scratch, protocol, counter, &name);
		if (r == 0 && name.size)
			r = add_column(plan, block, name, block->blanks);
		if (r < 0)
			return r;
	}
	return 0;
}

static int plan_tables(struct netstat *netstat, struct plan *plan, struct ng_arena *scratch, struct ng_span text)
{
	struct ng_span line, next;
	int r = 0;

	while (r == 0 && ng_line_next(&text, &line)) {
		struct ng_span protocol = netstat_protocol(line), rest = text;
		bool alone = !protocol.size || !ng_line_next(&rest, &next) ||
			     !ng_span_equal(netstat_protocol(next), protocol);
		r = plan_names(netstat, plan, scratch, line, alone);
		if (!alone)
			text = rest;
	}
	return r;
}

/* "Ip6InReceives": the protocol ends with the digit; a name without one is not a counter. */
static int plan_name(struct netstat *netstat, struct plan *plan, struct ng_arena *scratch, struct ng_span word,
	bool alone, size_t feeds)
{
	size_t end = ng_span_find(word, '6') + 1;
	struct ng_span name;

	if (end > word.size)
		return 0;
	int r = wanted_name(netstat, scratch, (struct ng_span){ word.text, end }, ng_span_skip(word, end), &name);
	if (r < 0 || !name.size)
		return r;
	struct block *block = add_block(plan, word);
	if (!block)
		return -ENOMEM;
	block->feeds = feeds;
	block->alone = alone;
	return alone ? 0 : add_column(plan, block, name, 0);
}

static int plan_list(struct netstat *netstat, struct plan *plan, struct ng_arena *scratch, struct ng_span text)
{
	bool fed = ng_span_ends(text, NG_SPAN("\n"));
	struct ng_span line, name, word;
	size_t lines = 0;
	int r = 0;

	for (; r == 0 && ng_line_next(&text, &line); lines++) {
		if (ng_word_next(&line, &name))
			r = plan_name(netstat, plan, scratch, name, !ng_word_next(&line, &word), lines);
	}
	plan->feeds = lines && !fed ? lines - 1 : lines;
	return r;
}

int netstat_plan(struct netstat *netstat, size_t f, struct ng_arena *scratch, struct ng_span text)
{
	struct plan *plan = &netstat->plan[f];

	ng_arena_reset(&plan->arena);
	*plan = (struct plan){ .arena = plan->arena };
	int r = f == SNMP6 ? plan_list(netstat, plan, scratch, text) : plan_tables(netstat, plan, scratch, text);
	if (r < 0) /* an incomplete plan is useless: start again next time */
		*plan = (struct plan){ .arena = plan->arena };
	return r;
}
