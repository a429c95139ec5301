/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory zones: watermarks, sizes and counters.
 *
 *     Node 0, zone   Normal
 *       per-node stats
 *           nr_inactive_anon 2500
 *       pages free     184361
 *             min      11242
 *             protection: (0, 0, 1536, 1536)
 *           nr_free_pages 184361
 *       pagesets
 *         cpu: 0
 *                   count: 12
 *
 * Values that apply to the whole node are in its first populated zone. Source: proc(5), mm/vmstat.c
 * (zoneinfo_show_print).
 */
#include <nodegauge/collector.h>

/* A line's first word, and the family that its number goes to. */
#define PAGES(X, key, help) X(key, key "_pages", NG_GAUGE, help)
#define TOTAL(X, key, help) X(key, key "_total", NG_COUNTER, help)
#define FIELDS(X)                                                                                                      \
	PAGES(X, "min", "Watermark below which only urgent allocations succeed.")                                      \
	PAGES(X, "low", "Watermark below which background reclaim starts.")                                            \
	PAGES(X, "high", "Watermark above which background reclaim stops.")                                            \
	PAGES(X, "scanned", "Pages scanned since the last reclaim.")                                                   \
	PAGES(X, "spanned", "Pages spanned by the zone, including holes.")                                             \
	PAGES(X, "present", "Physical pages present in the zone.")                                                     \
	PAGES(X, "managed", "Pages managed by the page allocator.")                                                    \
	X("nr_free_pages", "nr_free_pages", NG_GAUGE, "Free pages.")                                                   \
	PAGES(X, "nr_active_anon", "Recently used anonymous pages.")                                                   \
	PAGES(X, "nr_inactive_anon", "Anonymous pages not recently used.")                                             \
	PAGES(X, "nr_active_file", "Recently used page cache pages.")                                                  \
	PAGES(X, "nr_inactive_file", "Page cache pages not recently used.")                                            \
	PAGES(X, "nr_isolated_anon", "Anonymous pages isolated from the LRU list for reclaim.")                        \
	PAGES(X, "nr_isolated_file", "Page cache pages isolated from the LRU list for reclaim.")                       \
	X("nr_anon_pages", "nr_anon_pages", NG_GAUGE, "Anonymous pages mapped by processes.")                          \
	X("nr_anon_transparent_hugepages", "nr_anon_transparent_hugepages", NG_GAUGE, "Anonymous huge pages.")         \
	X("nr_file_pages", "nr_file_pages", NG_GAUGE, "Page cache pages.")                                             \
	PAGES(X, "nr_slab_reclaimable", "Reclaimable slab pages.")                                                     \
	PAGES(X, "nr_slab_unreclaimable", "Unreclaimable slab pages.")                                                 \
	PAGES(X, "nr_mlock_stack", "Mlocked stack pages.")                                                             \
	X("nr_kernel_stack", "nr_kernel_stacks", NG_GAUGE, "Kernel stacks, in KiB.")                                   \
	PAGES(X, "nr_mapped", "Page cache pages mapped by processes.")                                                 \
	PAGES(X, "nr_dirty", "Dirty pages waiting to be written back.")                                                \
	PAGES(X, "nr_writeback", "Pages being written back.")                                                          \
	PAGES(X, "nr_unevictable", "Pages that cannot be reclaimed.")                                                  \
	PAGES(X, "nr_shmem", "Pages of shared memory and tmpfs.")                                                      \
	TOTAL(X, "nr_dirtied", "Pages dirtied.")                                                                       \
	TOTAL(X, "nr_written", "Pages written.")                                                                       \
	TOTAL(X, "numa_hit", "Pages allocated on the intended node.")                                                  \
	TOTAL(X, "numa_miss", "Pages allocated on this node although intended for another.")                           \
	TOTAL(X, "numa_foreign", "Pages intended for this node but allocated on another.")                             \
	TOTAL(X, "numa_interleave", "Interleaved pages allocated on the intended node.")                               \
	TOTAL(X, "numa_local", "Pages allocated on the node where the process was running.")                           \
	TOTAL(X, "numa_other", "Pages allocated on this node while the process was running on another.")

#define FAMILY(key_, name_, type_, help_)                                                                              \
	{ .name = "node_zoneinfo_" name_, .help = help_, .type = type_, .labels = "node,zone" },
#define KEY(key_, name_, type_, help_) { key_, sizeof(key_) - 1 },

enum { PROTECTION, FIRST_FIELD };
static const struct ng_family families[] = {
	[PROTECTION] = { .name = "node_zoneinfo_protection_<zone>",
		.help = "Pages protected from allocations that could be served from the given higher zone.",
		.type = NG_GAUGE,
		.labels = "node,zone",
		.dynamic = true },
	FIELDS(FAMILY)
};
static const struct ng_span keys[] = { FIELDS(KEY) };
enum { KEYS = NG_COUNT(keys) };
_Static_assert(KEYS <= 64, "the set of present values is one word");

struct zone {
	struct ng_labels *labels;
	uint64_t present; /* bit i: value[i] is valid */
	uint64_t value[KEYS];
	uint64_t *protection; /* UNKNOWN for an invalid number */
	size_t protection_count, protection_capacity;
};

static const uint64_t UNKNOWN = UINT64_MAX;

struct zones {
	struct zone *zone;
	size_t count, capacity;
	size_t protection_most;
};

struct zoneinfo {
	struct ng_file file;
};

/* ---- parsing ---- */

/* "Node 0, zone   Normal" */
static bool heading_parse(struct ng_span line, struct ng_span *ret_node, struct ng_span *ret_zone)
{
	struct ng_span word;
	uint64_t unused;

	if (!ng_span_starts(line, NG_SPAN("Node ")))
		return false;
	if (!ng_word_next(&line, &word) || !ng_word_next(&line, ret_node) || !ng_word_next(&line, &word) ||
		!ng_word_next(&line, ret_zone))
		return false;
	if (ng_span_ends(*ret_node, NG_SPAN(",")))
		ret_node->size--;
	return ng_u64(*ret_node, &unused) == 0;
}

/* "(0, 0, 1536, 1536)" */
static int protection_parse(struct ng_scrape *scrape, struct zone *zone, unsigned number, struct ng_span text)
{
	struct ng_span part;

	text = ng_trim(text);
	if (text.size < 2 || text.text[0] != '(' || text.text[text.size - 1] != ')')
		return -EBADMSG;
	text = (struct ng_span){ text.text + 1, text.size - 2 };
	while (ng_part_next(&text, ',', &part)) {
		uint64_t *slot =
			ng_push(scrape->arena, &zone->protection, &zone->protection_count, &zone->protection_capacity);
		if (!slot)
			return -ENOMEM;
		if (ng_u64(ng_trim(part), slot) == 0)
			continue;
		*slot = UNKNOWN;
		ng_drop_value(scrape, "zoneinfo", number, "numbers in parentheses");
	}
	return 0;
}

/* The kernel's order is nearly that of the table: the search starts after the last match. */
static size_t key_find(struct ng_span key, size_t start)
{
	for (size_t i = 0; i < KEYS; i++) {
		size_t at = start + i < KEYS ? start + i : start + i - KEYS;
		if (keys[at].size == key.size && memcmp(keys[at].text, key.text, key.size) == 0)
			return at;
	}
	return KEYS;
}

static int line_parse(struct ng_scrape *scrape, struct zone *zone, unsigned number, struct ng_span line, size_t *next)
{
	struct ng_span key;

	if (!ng_word_next(&line, &key))
		return 0;
	if (key.text[key.size - 1] == ':')
		return ng_span_equal(key, NG_SPAN("protection:")) ? protection_parse(scrape, zone, number, line) : 0;
	size_t at = key_find(key, *next);
	if (at == KEYS)
		return 0;
	if (ng_u64_next(&line, &zone->value[at]) < 0)
		return -EBADMSG;
	zone->present |= (uint64_t)1 << at;
	*next = at + 1;
	return 0;
}

static struct zone *zone_add(struct ng_scrape *scrape, struct zones *zones, struct ng_span node, struct ng_span name)
{
	struct zone *zone = ng_push(scrape->arena, &zones->zone, &zones->count, &zones->capacity);

	if (zone)
		*zone = (struct zone){ .labels = NG_LABELS(scrape->arena, { "node", node }, { "zone", name }) };
	return zone;
}

static int zoneinfo_parse(struct ng_scrape *scrape, struct ng_span text, struct zones *zones)
{
	struct ng_span line, node, name;
	struct zone *zone = NULL;
	size_t next = 0;

	for (unsigned n = 1; ng_line_next(&text, &line); n++) {
		if (heading_parse(line, &node, &name)) {
			zone = zone_add(scrape, zones, node, name);
			if (!zone)
				return -ENOMEM;
			continue;
		}
		if (ng_span_starts(line, NG_SPAN("Node "))) { /* the following lines belong to no zone that we know */
			ng_drop_record(scrape, "zoneinfo", n, "a node and the name of a zone");
			zone = NULL;
			continue;
		}
		int r = zone ? line_parse(scrape, zone, n, line, &next) : 0;
		if (r == -EBADMSG)
			ng_drop_value(scrape, "zoneinfo", n, "a number");
		else if (r < 0)
			return r;
		if (zone && zone->protection_count > zones->protection_most)
			zones->protection_most = zone->protection_count;
	}
	return zones->count ? 0 : ng_broken(scrape, "zoneinfo", 1, "the name of a zone");
}

/* ---- families ---- */

static void protection_emit(struct ng_scrape *scrape, const struct zones *zones, size_t index)
{
	static const char prefix[] = "node_zoneinfo_protection_";
	char name[sizeof(prefix) + NG_DIGITS], digits[NG_DIGITS];
	struct ng_span number = ng_digits(digits, index);
	char *end = mempcpy(mempcpy(name, prefix, sizeof(prefix) - 1), number.text, number.size);

	ng_family_dynamic(scrape->page, NG_GAUGE, (struct ng_span){ name, (size_t)(end - name) },
		ng_span(families[PROTECTION].help));
	for (size_t i = 0; i < zones->count; i++) {
		const struct zone *zone = &zones->zone[i];
		if (index < zone->protection_count && zone->protection[index] != UNKNOWN)
			ng_sample_u64(scrape->page, zone->labels, zone->protection[index]);
	}
}

static int zoneinfo_collect(void *state, struct ng_scrape *scrape)
{
	struct zoneinfo *zoneinfo = state;
	struct zones zones = { 0 };
	struct ng_span text;

	int r = ng_file_read(scrape, &zoneinfo->file, &text);
	if (r == 0)
		r = zoneinfo_parse(scrape, text, &zones);
	if (r < 0)
		return r;
	for (size_t i = 0; i < KEYS; i++) {
		ng_family(scrape->page, &families[FIRST_FIELD + i]);
		for (size_t k = 0; k < zones.count; k++) {
			if (zones.zone[k].present >> i & 1)
				ng_sample_u64(scrape->page, zones.zone[k].labels, zones.zone[k].value[i]);
		}
	}
	for (size_t i = 0; i < zones.protection_most; i++)
		protection_emit(scrape, &zones, i);
	return 0;
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(zoneinfo, file, NG_PROC, NG_RECORDS, "zoneinfo"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "zoneinfo",
	.summary = "Memory zones: watermarks, sizes and counters",
	.off_by_default = true,
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct zoneinfo),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = zoneinfo_collect,
};
NG_COLLECTOR(descriptor);
