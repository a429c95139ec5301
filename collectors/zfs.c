/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenZFS: its statistics, those of each pool and dataset, and the state of each pool.
 *
 *     spl/kstat/zfs/arcstats
 *         6 1 0x01 91 4368 5266997922 97951858082072
 *         name                            type data
 *         hits                            4    8772612
 *     spl/kstat/zfs/POOL/io
 *         nread    nwritten reads    writes   ...
 *         1884160  3206144  22       132      ...
 *     spl/kstat/zfs/POOL/objset-0x36       like arcstats, with the name of the dataset
 *     spl/kstat/zfs/POOL/state             ONLINE
 *
 * Source: module/os/linux/spl/spl-kstat.c, include/os/linux/spl/sys/kstat.h. Type 3 is a signed and type 4 an unsigned
 * number of 64 bits; others are not reported. The statistics differ between versions, so the families are dynamic.
 */
#include "base/table.h"

#include <nodegauge/collector.h>

#define DIRECTORY "spl/kstat/zfs"

/* X(file, family prefix, what it is about) */
#define GROUPS(X)                                                                                                      \
	X("abdstats", "node_zfs_abd_", "the ARC's buffer data")                                                        \
	X("arcstats", "node_zfs_arc_", "the adaptive replacement cache (ARC)")                                         \
	X("dbufstats", "node_zfs_dbuf_", "the cache of dbufs")                                                         \
	X("dmu_tx", "node_zfs_dmu_tx_", "transactions of the data management unit")                                    \
	X("dnodestats", "node_zfs_dnode_", "dnodes")                                                                   \
	X("fm", "node_zfs_fm_", "fault management")                                                                    \
	X("vdev_cache_stats", "node_zfs_vdev_cache_", "the cache of virtual devices; gone since OpenZFS 2.2")          \
	X("vdev_mirror_stats", "node_zfs_vdev_mirror_", "reads from mirrors")                                          \
	X("xuio_stats", "node_zfs_xuio_", "XUIO; gone since OpenZFS 2.0")                                              \
	X("zfetchstats", "node_zfs_zfetch_", "prefetching")                                                            \
	X("zil", "node_zfs_zil_", "the ZFS intent log (ZIL)")

#define FAMILY(file_, prefix, about)                                                                                   \
	{ .name = prefix "<statistic>",                                                                                \
		.help = "Statistic of " about ", from " file_ ".",                                                     \
		.type = NG_UNTYPED,                                                                                    \
		.dynamic = true },
#define GROUP(file, prefix, about) { file, prefix },

enum { POOL_STATE };

static const struct ng_family families[] = { [POOL_STATE] = { .name = "node_zfs_zpool_state",
						     .help = "1 for the state that the pool is in, 0 for the others.",
						     .type = NG_GAUGE,
						     .labels = "zpool,state" },
	{ .name = "node_zfs_zpool_dataset_<statistic>",
		.help = "Statistic of the dataset, from its objset file.",
		.type = NG_UNTYPED,
		.labels = "zpool,dataset",
		.dynamic = true },
	{ .name = "node_zfs_zpool_<column>",
		.help = "Column of the pool's file io.",
		.type = NG_UNTYPED,
		.labels = "zpool",
		.dynamic = true },
	GROUPS(FAMILY) };

static const struct {
	const char *file, *prefix;
} groups[] = { GROUPS(GROUP) };

static const struct ng_span states[] = { NG_SPAN("online"), NG_SPAN("degraded"), NG_SPAN("faulted"), NG_SPAN("offline"),
	NG_SPAN("removed"), NG_SPAN("unavail"), NG_SPAN("suspended") };

struct item {
	struct ng_labels *labels;
	uint64_t magnitude;
	bool negative;
	size_t next; /* item of the family, from 1; 0: none */
};

/* A family found in the files, with its items in order. */
struct found {
	struct ng_span name;
	uint64_t hash;
	const char *file;
	size_t first, last; /* from 1 */
};

struct state {
	struct ng_span pool;
	size_t at; /* in states[]; its size if unknown */
};

struct reading {
	struct ng_scrape *scrape;
	struct found *found;
	size_t found_count, found_capacity, hint; /* hint: where the next name is expected */
	struct item *item;
	size_t item_count, item_capacity;
	struct state *state;
	size_t state_count, state_capacity;
};

/* ---- families ---- */

/* `prefix` and the key, in the characters of a metric name. */
static struct ng_span family_name(struct ng_arena *arena, const char *prefix, struct ng_span key)
{
	size_t front = strlen(prefix);
	char *name = ng_alloc(arena, front + key.size + 1);

	if (!name)
		return (struct ng_span){ NULL, 0 };
	memcpy(name, prefix, front);
	for (size_t i = 0; i < key.size; i++) {
		char c = key.text[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		name[front + i] = plain ? c : '_';
	}
	return (struct ng_span){ name, front + key.size };
}

static struct found *find(struct reading *reading, const char *prefix, struct ng_span key, const char *file)
{
	struct ng_span name = family_name(reading->scrape->arena, prefix, key);
	uint64_t hash = ng_hash(NG_HASH_SEED, name);

	if (!name.text)
		return NULL;
	for (size_t i = 0; i < reading->found_count; i++) {
		size_t at = (reading->hint + i) % reading->found_count;
		if (reading->found[at].hash == hash && ng_span_equal(reading->found[at].name, name)) {
			reading->hint = at + 1;
			return &reading->found[at];
		}
	}
	struct found *found =
		ng_push(reading->scrape->arena, &reading->found, &reading->found_count, &reading->found_capacity);
	if (found)
		*found = (struct found){ .name = name, .hash = hash, .file = file };
	return found;
}

/* -EBADMSG if the file, which has labels of its own, already had that name. */
static int add(struct reading *reading, struct found *found, struct item item)
{
	if (found->last && reading->item[found->last - 1].labels == item.labels)
		return -EBADMSG;
	struct item *place =
		ng_push(reading->scrape->arena, &reading->item, &reading->item_count, &reading->item_capacity);

	if (!place)
		return -ENOMEM;
	*place = item;
	if (found->last)
		reading->item[found->last - 1].next = reading->item_count;
	else
		found->first = reading->item_count;
	found->last = reading->item_count;
	return 0;
}

/* ---- parsing ---- */

static bool parse_number(struct ng_span text, bool is_signed, struct item *item)
{
	int64_t number;

	item->negative = is_signed && text.size && text.text[0] == '-';
	if (!item->negative)
		return ng_u64(text, &item->magnitude) == 0;
	if (ng_i64(text, &number) < 0)
		return false;
	item->magnitude = -(uint64_t)number;
	return true;
}

/* The text after "name type data". */
static bool skip_heading(struct ng_span *text, unsigned *number)
{
	struct ng_span line, word;

	while (ng_line_next(text, &line)) {
		++*number;
		if (ng_word_next(&line, &word) && ng_span_equal(word, NG_SPAN("name")) && ng_word_next(&line, &word) &&
			ng_span_equal(word, NG_SPAN("type")) && ng_word_next(&line, &word) &&
			ng_span_equal(word, NG_SPAN("data")))
			return true;
	}
	return false;
}

/* For the file of a dataset: with the pool's name, and labels from its line dataset_name on. */
static int parse_named(
	struct reading *reading, const char *path, const char *prefix, const char *pool, struct ng_span text)
{
	struct ng_labels *labels = NG_NO_LABELS;
	struct ng_span line, key, type, word;
	unsigned number = 0;

	if (!skip_heading(&text, &number))
		return -EBADMSG;
	while (ng_line_next(&text, &line)) {
		number++;
		if (!ng_word_next(&line, &key) || !ng_word_next(&line, &type))
			continue;
		if (pool && ng_span_equal(key, NG_SPAN("dataset_name"))) {
			labels = NG_LABELS(
				reading->scrape->arena, { "zpool", ng_span(pool) }, { "dataset", ng_trim(line) });
			continue;
		}
		bool is_signed = ng_span_equal(type, NG_SPAN("3"));
		if ((!is_signed && !ng_span_equal(type, NG_SPAN("4"))) || (pool && !labels))
			continue;
		int r = -EBADMSG;
		struct item item = { .labels = labels };
		if (ng_word_next(&line, &word) && parse_number(word, is_signed, &item)) {
			struct found *found = find(reading, prefix, key, pool ? "POOL/objset-*" : path);
			r = found ? add(reading, found, item) : -ENOMEM;
		}
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			ng_drop_value(reading->scrape, path, number, "a new name, a type and a number");
	}
	return pool && !labels ? -EBADMSG : 0;
}

/* A line of names and one of numbers. */
static int parse_io(struct reading *reading, const char *path, const char *pool, struct ng_span text)
{
	struct ng_labels *labels = NG_LABELS(reading->scrape->arena, { "zpool", ng_span(pool) });
	struct ng_span names = { NULL, 0 }, line, word, key;
	unsigned number = 0;

	while (!ng_span_starts(ng_trim(names), NG_SPAN("nread"))) {
		number++;
		if (!ng_line_next(&text, &names))
			return -EBADMSG;
	}
	if (!ng_line_next(&text, &line))
		return -EBADMSG;
	while (ng_word_next(&names, &key)) {
		int r = -EBADMSG;
		struct item item = { .labels = labels };
		if (ng_word_next(&line, &word) && parse_number(word, false, &item) &&
			!ng_span_equal(key, NG_SPAN("state"))) {
			struct found *found = find(reading, "node_zfs_zpool_", key, "POOL/io");
			r = found ? add(reading, found, item) : -ENOMEM;
		}
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			ng_drop_value(reading->scrape, path, number + 1, "a number for each name");
	}
	return 0;
}

static bool equal_ignoring_case(struct ng_span text, struct ng_span lower)
{
	size_t i = 0;

	if (text.size != lower.size)
		return false;
	while (i < text.size &&
		(text.text[i] >= 'A' && text.text[i] <= 'Z' ? text.text[i] | 32 : text.text[i]) == lower.text[i])
		i++;
	return i == text.size;
}

/* In a state that is not among ours, all series are 0, as in node_exporter. */
static int parse_state(struct reading *reading, const char *pool, struct ng_span text)
{
	struct ng_span name = ng_trim(text);
	size_t at = 0;

	if (!name.size)
		return -EBADMSG;
	while (at < NG_COUNT(states) && !equal_ignoring_case(name, states[at]))
		at++;
	struct state *state =
		ng_push(reading->scrape->arena, &reading->state, &reading->state_count, &reading->state_capacity);
	if (!state)
		return -ENOMEM;
	*state = (struct state){ ng_span(pool), at };
	return 0;
}

/* ---- reading ---- */

/* Leaves out a file that cannot be read or understood. */
static int leave_out(struct reading *reading, int r, const char *path)
{
	if (r == -ENOMEM)
		return r;
	if (r == -EBADMSG)
		ng_drop_record(reading->scrape, path, 0, "statistics of ZFS");
	else if (r < 0)
		ng_drop_unread(reading->scrape, r, path);
	return 0;
}

static int read_group(struct reading *reading, int directory, const char *file, const char *prefix)
{
	struct ng_span text;

	int r = ng_read_at(reading->scrape, directory, NG_RECORDS, file, &text);
	if (r == 0)
		r = parse_named(reading, file, prefix, NULL, text);
	return leave_out(reading, r, file);
}

static int read_pool_file(struct reading *reading, int directory, const char *pool, const char *name)
{
	const char *path = ng_join(reading->scrape->arena, pool, "/", name);
	bool io = strcmp(name, "io") == 0, state = strcmp(name, "state") == 0;
	struct ng_span text;

	if (!io && !state && strncmp(name, "objset-", 7) != 0)
		return 0;
	int r = path ? ng_read_at(reading->scrape, directory, NG_RECORDS, path, &text) : -ENOMEM;
	if (r == 0 && io)
		r = parse_io(reading, path, pool, text);
	else if (r == 0 && state)
		r = parse_state(reading, pool, text);
	else if (r == 0)
		r = parse_named(reading, path, "node_zfs_zpool_dataset_", pool, text);
	return leave_out(reading, r, path);
}

/* Pools are directories beside the files. */
static int read_pools(struct reading *reading, int directory)
{
	struct ng_names names, files;

	int r = ng_names_at(reading->scrape, directory, ".", &names);
	if (r < 0)
		return leave_out(reading, r, DIRECTORY);
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		int listed = ng_names_at(reading->scrape, directory, names.name[i], &files);
		if (listed == -ENOTDIR)
			continue;
		if (listed < 0)
			r = leave_out(reading, listed, names.name[i]);
		for (size_t k = 0; listed == 0 && r == 0 && k < files.count; k++)
			r = read_pool_file(reading, directory, names.name[i], files.name[k]);
	}
	return r;
}

/* ---- the collector ---- */

static int emit_found(const struct reading *reading, const struct found *found)
{
	struct ng_page *page = reading->scrape->page;
	const char *help = ng_join(reading->scrape->arena, "Statistic of ZFS, from ", DIRECTORY "/", found->file);

	if (!help)
		return -ENOMEM;
	ng_family_dynamic(page, NG_UNTYPED, found->name, ng_span(help));
	for (size_t at = found->first; at; at = reading->item[at - 1].next) {
		const struct item *item = &reading->item[at - 1];
		if (item->negative)
			ng_sample_i64(page, item->labels, (int64_t)-item->magnitude);
		else
			ng_sample_u64(page, item->labels, item->magnitude);
	}
	return 0;
}

static void emit_states(const struct reading *reading)
{
	ng_family(reading->scrape->page, &families[POOL_STATE]);
	for (size_t i = 0; i < reading->state_count; i++) {
		const struct state *state = &reading->state[i];
		for (size_t k = 0; k < NG_COUNT(states); k++) {
			struct ng_labels *labels =
				NG_LABELS(reading->scrape->arena, { "zpool", state->pool }, { "state", states[k] });
			ng_sample_u64(reading->scrape->page, labels, state->at == k);
		}
	}
}

static int zfs_collect(void *state, struct ng_scrape *scrape)
{
	struct reading reading = { .scrape = scrape };
	NG_CLOSE int directory = -1;

	(void)state;
	int r = ng_directory(scrape, NG_PROC, DIRECTORY, &directory);
	if (r < 0)
		return r == -ENOENT ? -ENODATA : r;
	for (size_t i = 0; r == 0 && i < NG_COUNT(groups); i++)
		r = read_group(&reading, directory, groups[i].file, groups[i].prefix);
	if (r == 0)
		r = read_pools(&reading, directory);
	for (size_t i = 0; r == 0 && i < reading.found_count; i++)
		r = emit_found(&reading, &reading.found[i]);
	if (r < 0)
		return r;
	emit_states(&reading);
	return 0;
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "zfs",
	.summary = "OpenZFS: ARC and other statistics, pools and datasets",
	.families = families,
	.family_count = NG_COUNT(families),
	.collect = zfs_collect,
};
NG_COLLECTOR(descriptor);
