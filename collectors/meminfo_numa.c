/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of each NUMA node.
 *
 *     /sys/devices/system/node/node0/meminfo    Node 0 MemTotal:       24684096 kB
 *                                               Node 0 Active(anon):       1568 kB
 *                                               Node 0 HugePages_Total:     0
 *     /sys/devices/system/node/node0/numastat   numa_hit 57146
 *
 * Unlike in /proc/meminfo, the metric names have no unit. Source: drivers/base/node.c.
 */
#include <nodegauge/collector.h>

static const char directory[] = "devices/system/node";

static const struct ng_family families[] = {
	{ .name = "node_memory_numa_<Field>",
		.help = "Field of the NUMA node's meminfo, in bytes or pages.",
		.type = NG_GAUGE,
		.labels = "node",
		.dynamic = true },
	{ .name = "node_memory_numa_<field>_total",
		.help = "Field of the NUMA node's numastat, in pages.",
		.type = NG_COUNTER,
		.labels = "node",
		.dynamic = true },
};

/* The two files of a node, and their families. */
enum { MEMINFO, NUMASTAT, FILES };

struct node {
	struct ng_file file[FILES];
	struct ng_labels *labels;
};

struct field {
	enum ng_type type;
	struct ng_span key;        /* as in the text, without the colon */
	struct ng_span name, help; /* no name if an earlier field has the same one */
};

struct numa {
	uint64_t epoch; /* of the last listing */
	struct ng_arena arena;
	struct node *nodes;
	size_t node_count;
	struct field *fields; /* in the order of the text; never removed until the next listing */
	size_t field_count, field_capacity;
};

struct value {
	size_t field, node;
	uint64_t value;
};

struct values {
	struct value *item;
	size_t count, capacity;
};

/* ---- the nodes ---- */

static void numa_forget(struct numa *numa)
{
	for (size_t i = 0; i < numa->node_count; i++) {
		for (size_t k = 0; k < FILES; k++)
			ng_file_close(&numa->nodes[i].file[k]);
	}
	struct ng_arena arena = numa->arena;
	ng_arena_reset(&arena);
	*numa = (struct numa){ .arena = arena };
}

/* "node12" gives "12". */
static bool node_number(struct ng_span name, struct ng_span *ret_number)
{
	uint64_t unused;

	if (!ng_span_starts(name, NG_SPAN("node")))
		return false;
	*ret_number = ng_span_skip(name, 4);
	return ng_u64(*ret_number, &unused) == 0;
}

static int node_add(struct numa *numa, const char *name, struct ng_span number)
{
	struct node *node = &numa->nodes[numa->node_count];
	const char *base = ng_join(&numa->arena, directory, "/", name);
	const char *meminfo = base ? ng_join(&numa->arena, base, "/meminfo", NULL) : NULL;
	const char *numastat = base ? ng_join(&numa->arena, base, "/numastat", NULL) : NULL;

	if (!meminfo || !numastat)
		return -ENOMEM;
	node->file[MEMINFO] = NG_FILE(NG_SYS, NG_VALUE, meminfo);
	node->file[NUMASTAT] = NG_FILE(NG_SYS, NG_VALUE, numastat);
	node->labels = NG_LABELS(&numa->arena, { "node", number });
	numa->node_count++;
	return 0;
}

static int nodes_list(struct numa *numa, struct ng_scrape *scrape)
{
	struct ng_names names;
	struct ng_span number;

	numa_forget(numa);
	int r = ng_names(scrape, NG_SYS, directory, &names);
	if (r < 0 && r != -ENOENT) /* -ENOENT: a kernel without NUMA */
		return r;
	r = 0;
	numa->nodes = ng_alloc0(&numa->arena, (names.count + 1) * sizeof(*numa->nodes));
	if (!numa->nodes)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		if (node_number(ng_span(names.name[i]), &number))
			r = node_add(numa, names.name[i], number);
	}
	if (r == 0)
		numa->epoch = scrape->devices_epoch;
	return r;
}

/* ---- fields ---- */

/* "Active(anon)" gives "node_memory_numa_Active_anon". */
static int field_add(struct numa *numa, struct ng_span key, enum ng_type type)
{
	char *plain = (char *)ng_copy(&numa->arena, key).text, *out = plain;
	struct field *field = ng_push(&numa->arena, &numa->fields, &numa->field_count, &numa->field_capacity);

	if (!plain || !field)
		return -ENOMEM;
	for (size_t i = 0; i < key.size; i++) {
		if (key.text[i] != ')')
			*out++ = key.text[i] == '(' ? '_' : key.text[i];
	}
	*out = '\0';
	const char *name = ng_join(&numa->arena, "node_memory_numa_", plain, type == NG_COUNTER ? "_total" : NULL);
	const char *help = ng_join(&numa->arena, "Field ", plain,
		type == NG_COUNTER ? " of the NUMA node's numastat, in pages."
				   : " of the NUMA node's meminfo, in bytes or pages.");
	if (!name || !help)
		return -ENOMEM;
	*field = (struct field){ type, ng_copy(&numa->arena, key), ng_span(name), ng_span(help) };
	for (size_t i = 0; i + 1 < numa->field_count; i++) {
		if (ng_span_equal(numa->fields[i].name, field->name))
			field->name.size = 0; /* the first field with this name owns the family */
	}
	return field->key.text ? 0 : -ENOMEM;
}

/* The index of a field, usually the one after the last. */
static int field_find(struct numa *numa, struct ng_span key, enum ng_type type, size_t *next, size_t *ret_index)
{
	for (size_t i = 0; i < numa->field_count; i++) {
		size_t at = *next + i < numa->field_count ? *next + i : *next + i - numa->field_count;
		if (numa->fields[at].type == type && ng_span_equal(numa->fields[at].key, key)) {
			*ret_index = at;
			*next = at + 1;
			return 0;
		}
	}
	*ret_index = numa->field_count;
	*next = numa->field_count + 1;
	return field_add(numa, key, type);
}

/* ---- parsing ---- */

static const char *const expected[FILES] = {
	[MEMINFO] = "node, name and a number of bytes or pages below 2^63",
	[NUMASTAT] = "a name and a number",
};

/* "Node 0 MemTotal:  24684096 kB": leaves the number in `line`. */
static bool meminfo_key(struct ng_span *line, struct ng_span *ret_key)
{
	struct ng_span word;

	if (!ng_word_next(line, &word) || !ng_span_equal(word, NG_SPAN("Node")) || !ng_word_next(line, &word) ||
		!ng_word_next(line, ret_key))
		return false;
	if (ng_span_ends(*ret_key, NG_SPAN(":")))
		ret_key->size--;
	return ret_key->size > 0;
}

static bool meminfo_number(struct ng_span line, uint64_t *ret_value)
{
	struct ng_span unit;

	if (ng_u64_next(&line, ret_value) < 0)
		return false;
	if (ng_word_next(&line, &unit) &&
		(!ng_span_equal(unit, NG_SPAN("kB")) || __builtin_mul_overflow(*ret_value, 1024, ret_value)))
		return false;
	return *ret_value <= INT64_MAX;
}

static int value_add(struct numa *numa, struct ng_scrape *scrape, struct values *values, struct ng_span key,
	size_t which, size_t *next, struct value value)
{
	int r = field_find(numa, key, families[which].type, next, &value.field);

	if (r < 0)
		return r;
	struct value *slot = ng_push(scrape->arena, &values->item, &values->count, &values->capacity);
	if (!slot)
		return -ENOMEM;
	*slot = value;
	return 0;
}

static int file_parse(struct numa *numa, struct ng_scrape *scrape, size_t node, size_t which, struct values *values)
{
	const char *path = numa->nodes[node].file[which].path;
	struct ng_span text, line, key;
	size_t next = 0;

	int r = ng_file_read(scrape, &numa->nodes[node].file[which], &text);
	for (unsigned n = 1; r == 0 && ng_line_next(&text, &line); n++) {
		struct value value = { .node = node };
		line = ng_trim(line);
		if (line.size == 0)
			continue;
		if (which == MEMINFO ? !meminfo_key(&line, &key) : !ng_word_next(&line, &key))
			ng_drop_record(scrape, path, n, expected[which]);
		else if (which == MEMINFO ? !meminfo_number(line, &value.value) : ng_u64_next(&line, &value.value) < 0)
			ng_drop_value(scrape, path, n, expected[which]);
		else
			r = value_add(numa, scrape, values, key, which, &next, value);
	}
	return r;
}

/* A node that goes offline meanwhile is left out. */
static int nodes_parse(struct numa *numa, struct ng_scrape *scrape, struct values *values)
{
	int failure = 0;

	for (size_t i = 0; i < numa->node_count; i++) {
		for (size_t which = 0; which < FILES; which++) {
			int r = file_parse(numa, scrape, i, which, values);
			if (r == -ENOMEM)
				return r;
			if (ng_absent(r))
				ng_drop(scrape);
			else if (r < 0)
				ng_drop_unread(scrape, r, numa->nodes[i].file[which].path);
			failure = r < 0 && !ng_absent(r) ? r : failure;
		}
	}
	if (values->count || !numa->node_count)
		return 0;
	if (failure < 0)
		return ng_fail_noted(scrape, failure);
	return ng_broken(scrape, numa->nodes[0].file[MEMINFO].path, 1, expected[MEMINFO]);
}

/* ---- families ---- */

static int numa_emit(const struct numa *numa, struct ng_scrape *scrape, const struct values *values)
{
	/* one row per field, one column per node */
	size_t cells = numa->field_count * numa->node_count;
	const struct value **table = ng_alloc0(scrape->arena, (cells + 1) * sizeof(*table));

	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < values->count; i++)
		table[values->item[i].field * numa->node_count + values->item[i].node] = &values->item[i];
	for (size_t i = 0; i < numa->field_count; i++) {
		const struct field *field = &numa->fields[i];
		if (!field->name.size)
			continue;
		ng_family_dynamic(scrape->page, field->type, field->name, field->help);
		for (size_t k = 0; k < numa->node_count; k++) {
			const struct value *value = table[i * numa->node_count + k];
			if (value)
				ng_sample_u64(scrape->page, numa->nodes[k].labels, value->value);
		}
	}
	return 0;
}

static int numa_collect(void *state, struct ng_scrape *scrape)
{
	struct numa *numa = state;
	struct values values = { 0 };
	int r = 0;

	if (numa->epoch != scrape->devices_epoch)
		r = nodes_list(numa, scrape);
	if (r == 0)
		r = nodes_parse(numa, scrape, &values);
	if (r == 0)
		r = numa_emit(numa, scrape, &values);
	if (r < 0)
		numa_forget(numa);
	return r;
}

static void numa_done(void *state)
{
	struct numa *numa = state;

	numa_forget(numa);
	ng_arena_done(&numa->arena);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "meminfo_numa",
	.summary = "Memory statistics per NUMA node",
	.off_by_default = true,
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct numa),
	.collect = numa_collect,
	.done = numa_done,
};
NG_COLLECTOR(descriptor);
