/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bcache: the B-tree and journal of each cache set, its backing devices with their hits and dirty data, and its caches.
 *
 *     fs/bcache/deaddd54-c735-46d5-868e-f331c5fd7c74/tree_depth                    1
 *     fs/bcache/deaddd54-c735-46d5-868e-f331c5fd7c74/internal/btree_nodes          4711
 *     fs/bcache/deaddd54-c735-46d5-868e-f331c5fd7c74/bdev0/dirty_data              1.3G
 *     fs/bcache/deaddd54-c735-46d5-868e-f331c5fd7c74/bdev0/writeback_rate_debug
 *         rate:           1.1M/sec
 *         target:         20.4G
 *         change:         -321.5k/sec
 *     fs/bcache/deaddd54-c735-46d5-868e-f331c5fd7c74/cache0/io_errors              0
 *
 * Source: Documentation/admin-guide/bcache.rst, drivers/md/bcache/sysfs.c. Sizes are rounded by bch_hprint in util.c:
 * "1.3G" are 1 GiB and 3 times 100 MiB, with which the remainder of 1023/1024 was divided. A cache set exists without
 * an event for its device when it is registered, so they are listed on each scrape.
 */
#include <nodegauge/collector.h>

#define DIRECTORY "fs/bcache"

/* Where a value is, and thus which label it has beside that of the set. */
enum place { SET, BACKING, WRITEBACK, CACHE, PRIORITY };

#define GAUGE(name_, labels_, help_)                                                                                   \
	{                                                                                                              \
		.name = "node_bcache_" name_, .help = (help_), .type = NG_GAUGE, .labels = (labels_)                   \
	}
#define COUNTER(name_, labels_, help_)                                                                                 \
	{                                                                                                              \
		.name = "node_bcache_" name_ "_total", .help = (help_), .type = NG_COUNTER, .labels = (labels_)        \
	}
#define ON_BACKING "uuid,backing_device"
#define ON_CACHE   "uuid,cache_device"

static const struct ng_family families[] = {
	GAUGE("average_key_size_sectors", "uuid", "Average data per key of the B-tree, in sectors of 512 bytes."),
	GAUGE("btree_cache_size_bytes", "uuid", "Memory used by the cache of B-tree nodes."),
	GAUGE("cache_available_percent", "uuid", "Share of the cache without dirty data."),
	GAUGE("congested", "uuid", "How far the cache is over its congestion threshold; then it is bypassed."),
	GAUGE("root_usage_percent", "uuid", "Share of the B-tree's root node in use."),
	GAUGE("tree_depth", "uuid", "Depth of the B-tree."),
	GAUGE("active_journal_entries", "uuid", "Journal entries that are newer than the B-tree."),
	GAUGE("btree_nodes", "uuid", "Nodes of the B-tree."),
	GAUGE("btree_read_average_duration_seconds", "uuid",
		"Average duration of reading a B-tree node, a thousand times too short, as in node_exporter."),
	COUNTER("cache_read_races", "uuid", "Reads from the cache whose bucket was reused meanwhile."),
	GAUGE("dirty_data_bytes", ON_BACKING, "Dirty data of the backing device in the cache."),
	COUNTER("bypassed_bytes", ON_BACKING, "Reads and writes that bypassed the cache."),
	COUNTER("cache_hits", ON_BACKING, "Requests found in the cache."),
	COUNTER("cache_misses", ON_BACKING, "Requests not found in the cache."),
	COUNTER("cache_bypass_hits", ON_BACKING, "Requests that should bypass the cache but were found in it."),
	COUNTER("cache_bypass_misses", ON_BACKING, "Requests that bypassed the cache and were not in it."),
	COUNTER("cache_miss_collisions", ON_BACKING, "Misses whose data a write had put into the cache meanwhile."),
	COUNTER("cache_readaheads", ON_BACKING, "Times data was read ahead; missing since Linux 5.14."),
	GAUGE("dirty_target_bytes", ON_BACKING, "Dirty data that writeback aims at."),
	GAUGE("writeback_rate", ON_BACKING, "Rate of writeback, in bytes per second."),
	GAUGE("writeback_rate_proportional_term", ON_BACKING, "Proportional term of the controller of that rate."),
	GAUGE("writeback_rate_integral_term", ON_BACKING, "Integral term of the controller of that rate."),
	GAUGE("writeback_change", ON_BACKING, "Last change of that rate."),
	GAUGE("io_errors", ON_CACHE, "Errors of the cache device, halved at intervals by io_error_halflife."),
	COUNTER("metadata_written_bytes", ON_CACHE, "Bytes of metadata written to the cache device."),
	COUNTER("written_bytes", ON_CACHE, "Bytes of data written to the cache device."),
	GAUGE("priority_stats_unused_percent", ON_CACHE, "Share of the cache device that contains no data."),
	GAUGE("priority_stats_metadata_percent", ON_CACHE, "Share of the cache device that contains metadata."),
};

/* In the order of the families: the file below the directory, or the key of a line. */
static const struct {
	enum place place;
	const char *source;
	unsigned places;
} values[] = {
	{ SET, "average_key_size", 0 },
	{ SET, "btree_cache_size", 0 },
	{ SET, "cache_available_percent", 0 },
	{ SET, "congested", 0 },
	{ SET, "root_usage_percent", 0 },
	{ SET, "tree_depth", 0 },
	{ SET, "internal/active_journal_entries", 0 },
	{ SET, "internal/btree_nodes", 0 },
	{ SET, "internal/btree_read_average_duration_us", 9 },
	{ SET, "internal/cache_read_races", 0 },
	{ BACKING, "dirty_data", 0 },
	{ BACKING, "stats_total/bypassed", 0 },
	{ BACKING, "stats_total/cache_hits", 0 },
	{ BACKING, "stats_total/cache_misses", 0 },
	{ BACKING, "stats_total/cache_bypass_hits", 0 },
	{ BACKING, "stats_total/cache_bypass_misses", 0 },
	{ BACKING, "stats_total/cache_miss_collisions", 0 },
	{ BACKING, "stats_total/cache_readaheads", 0 },
	{ WRITEBACK, "target:", 0 },
	{ WRITEBACK, "rate:", 0 },
	{ WRITEBACK, "proportional:", 0 },
	{ WRITEBACK, "integral:", 0 },
	{ WRITEBACK, "change:", 0 },
	{ CACHE, "io_errors", 0 },
	{ CACHE, "metadata_written", 0 },
	{ CACHE, "written", 0 },
	{ PRIORITY, "Unused:", 0 },
	{ PRIORITY, "Metadata:", 0 },
};
_Static_assert(NG_COUNT(values) == NG_COUNT(families), "a source for each family");

struct bcache {
	bool priority_stats;
};

static const struct ng_option options[] = {
	NG_OPTION(bcache, priority_stats, NG_OPTION_BOOL, "priorityStats", "false",
		"Report the shares of unused space and metadata, for which the kernel looks at each bucket of the "
		"cache."),
};

struct sample {
	size_t family;
	struct ng_labels *labels;
	uint64_t magnitude;
	bool negative;
};

struct samples {
	struct sample *sample;
	size_t count, capacity;
};

/* ---- parsing ---- */

/* The exponent of 1024; -1 if it is no unit. */
static int unit_of(char letter)
{
	static const char units[] = "kMGTPEZY";
	const char *at = letter ? strchr(units, letter) : NULL;

	return at ? (int)(at - units) + 1 : -1;
}

/*
 * "1.1M", "-321.5k", "42". Calculated as node_exporter does, so that the results are equal: the digits after the point
 * are a remainder from 0 to 1023, divided by 100.
 */
static int parse_size(struct ng_span text, uint64_t *ret_magnitude, bool *ret_negative)
{
	uint64_t whole, rest = 0;
	struct ng_span part;
	int unit = 0;

	*ret_negative = text.size && text.text[0] == '-';
	text = ng_span_skip(text, *ret_negative);
	if (text.size && text.text[text.size - 1] > '9') {
		unit = unit_of(text.text[text.size - 1]);
		text.size--;
	}
	if (unit < 0 || !ng_part_next(&text, '.', &part) || ng_u64(part, &whole) < 0)
		return -EBADMSG;
	if (text.text && text.text > part.text + part.size && ng_u64(text, &rest) < 0)
		return -EBADMSG;
	if (!unit) {
		*ret_magnitude = whole;
		return 0;
	}
	double value = (double)whole + (double)rest / 10.24;
	for (int i = 0; i < unit; i++)
		value *= 1024;
	if (value >= 0x1p64)
		return -EBADMSG;
	*ret_magnitude = (uint64_t)value;
	return 0;
}

/* The last word of the line that begins with `key`, without the unit at its end. */
static bool find_line(struct ng_span text, struct ng_span key, struct ng_span unit, struct ng_span *ret_value)
{
	struct ng_span line, word;

	while (ng_line_next(&text, &line)) {
		if (!ng_span_starts(line, key))
			continue;
		line = ng_span_skip(line, key.size);
		*ret_value = (struct ng_span){ NULL, 0 };
		while (ng_word_next(&line, &word))
			*ret_value = word;
		if (ng_span_ends(*ret_value, unit))
			ret_value->size -= unit.size;
		return true;
	}
	return false;
}

/* ---- reading ---- */

static int add(struct ng_scrape *scrape, struct samples *samples, size_t family, struct ng_labels *labels,
	const char *path, struct ng_span text)
{
	uint64_t magnitude;
	bool negative;

	if (parse_size(text, &magnitude, &negative) < 0 ||
		(negative && (values[family].place != WRITEBACK || magnitude > INT64_MAX))) {
		ng_drop_value(scrape, path, 0, "a size");
		return 0;
	}
	struct sample *sample = ng_push(scrape->arena, &samples->sample, &samples->count, &samples->capacity);
	if (!sample)
		return -ENOMEM;
	*sample = (struct sample){ family, labels, magnitude, negative };
	return 0;
}

/* The values of a place that have a file each. */
static int read_files(struct ng_scrape *scrape, struct samples *samples, const char *directory, enum place place,
	struct ng_labels *labels)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < NG_COUNT(values); i++) {
		struct ng_span text;
		if (values[i].place != place)
			continue;
		const char *path = ng_join(scrape->arena, directory, "/", values[i].source);
		r = path ? ng_read(scrape, NG_SYS, NG_VALUE, path, &text) : -ENOMEM;
		if (r == 0)
			r = add(scrape, samples, i, labels, path, ng_trim(text));
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			ng_drop_unread(scrape, r, path);
		r = 0;
	}
	return r;
}

/* The values of a place that share a file. */
static int read_lines(struct ng_scrape *scrape, struct samples *samples, const char *directory, enum place place,
	struct ng_labels *labels)
{
	const char *file = place == WRITEBACK ? "writeback_rate_debug" : "priority_stats";
	struct ng_span unit = place == WRITEBACK ? NG_SPAN("/sec") : NG_SPAN("%"), text, value;
	const char *path = ng_join(scrape->arena, directory, "/", file);

	int r = path ? ng_read(scrape, NG_SYS, NG_VALUE, path, &text) : -ENOMEM;
	if (r < 0 && r != -ENOMEM)
		ng_drop_unread(scrape, r, path);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (size_t i = 0; r == 0 && i < NG_COUNT(values); i++) {
		if (values[i].place != place)
			continue;
		if (find_line(text, ng_span(values[i].source), unit, &value))
			r = add(scrape, samples, i, labels, path, value);
		else
			ng_drop_value(scrape, path, 0, "a line for each value");
	}
	return r;
}

/* "bdev0", "cache0" */
static bool is_numbered(const char *name, struct ng_span prefix)
{
	return ng_span_starts(ng_span(name), prefix) && name[prefix.size] >= '0' && name[prefix.size] <= '9';
}

static int read_set(const struct bcache *bcache, struct ng_scrape *scrape, struct samples *samples, const char *uuid)
{
	const char *path = ng_join(scrape->arena, DIRECTORY "/", uuid, NULL);
	struct ng_label set = { "uuid", ng_span(uuid) };
	struct ng_names names;

	int r = path ? ng_names(scrape, NG_SYS, path, &names) : -ENOMEM;
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		ng_drop(scrape);
		ng_drop_unread(scrape, r, path);
		return 0;
	}
	r = read_files(scrape, samples, path, SET, NG_LABELS(scrape->arena, set));
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		const char *name = names.name[i];
		const char *below = ng_join(scrape->arena, path, "/", name);
		if (!below)
			return -ENOMEM;
		if (is_numbered(name, NG_SPAN("bdev"))) {
			struct ng_labels *labels = NG_LABELS(scrape->arena, set, { "backing_device", ng_span(name) });
			r = read_files(scrape, samples, below, BACKING, labels);
			if (r == 0)
				r = read_lines(scrape, samples, below, WRITEBACK, labels);
		} else if (is_numbered(name, NG_SPAN("cache"))) {
			struct ng_labels *labels = NG_LABELS(scrape->arena, set, { "cache_device", ng_span(name) });
			r = read_files(scrape, samples, below, CACHE, labels);
			if (r == 0 && bcache->priority_stats)
				r = read_lines(scrape, samples, below, PRIORITY, labels);
		}
	}
	return r;
}

/* ---- the collector ---- */

static void emit(struct ng_page *page, const struct samples *samples)
{
	for (size_t i = 0; i < NG_COUNT(families); i++) {
		ng_family(page, &families[i]);
		for (size_t k = 0; k < samples->count; k++) {
			const struct sample *sample = &samples->sample[k];
			if (sample->family != i)
				continue;
			if (sample->negative)
				ng_sample_i64(page, sample->labels, -(int64_t)sample->magnitude);
			else
				ng_sample_scaled(page, sample->labels, sample->magnitude, values[i].places);
		}
	}
}

static int bcache_collect(void *state, struct ng_scrape *scrape)
{
	const struct bcache *bcache = state;
	struct samples samples = { 0 };
	struct ng_names names;

	int r = ng_names(scrape, NG_SYS, DIRECTORY, &names);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		if (strchr(names.name[i], '-'))
			r = read_set(bcache, scrape, &samples, names.name[i]);
	}
	if (r == 0)
		emit(scrape->page, &samples);
	return r;
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "bcache",
	.may_block = true, /* some values are counted in the whole B-tree */
	.summary = "Bcache: B-tree and journal, hits and dirty data of backing devices, cache devices",
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct bcache),
	.collect = bcache_collect,
};
NG_COLLECTOR(descriptor);
