/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCSI tape drives: requests, bytes and time.
 *
 *     class/scsi_tape/st0/stats/in_flight       1
 *     class/scsi_tape/st0/stats/read_byte_cnt   979383912
 *     class/scsi_tape/st0/stats/read_ns         33788355744
 *
 * Source: Documentation/ABI/testing/sysfs-class-scsi_tape, drivers/scsi/st.c. A drive has up to eight names, one for
 * each mode, with the same statistics: only st0, st1 and so on are reported.
 */
#include <nodegauge/collector.h>

#define DIRECTORY "class/scsi_tape"

#define TAPE(name_, type_, help_)                                                                                      \
	{                                                                                                              \
		.name = "node_tape_" name_, .help = (help_), .type = (type_), .labels = "device"                       \
	}

static const struct ng_family families[] = {
	TAPE("io_now", NG_GAUGE, "Requests in progress."),
	TAPE("io_time_seconds_total", NG_COUNTER,
		"Time spent on requests of any kind, including movements of the tape."),
	TAPE("io_others_total", NG_COUNTER, "Requests other than reads and writes."),
	TAPE("read_bytes_total", NG_COUNTER, "Bytes read."),
	TAPE("reads_completed_total", NG_COUNTER, "Read requests."),
	TAPE("read_time_seconds_total", NG_COUNTER, "Time spent on read requests."),
	TAPE("residual_total", NG_COUNTER, "Reads and writes that transferred fewer bytes than requested."),
	TAPE("written_bytes_total", NG_COUNTER, "Bytes written."),
	TAPE("writes_completed_total", NG_COUNTER, "Write requests."),
	TAPE("write_time_seconds_total", NG_COUNTER, "Time spent on write requests."),
};

/* The file of each family, and the decimal places of its number. */
static const struct {
	const char *file;
	unsigned places;
} attributes[] = {
	{ "in_flight", 0 },
	{ "io_ns", 9 },
	{ "other_cnt", 0 },
	{ "read_byte_cnt", 0 },
	{ "read_cnt", 0 },
	{ "read_ns", 9 },
	{ "resid_cnt", 0 },
	{ "write_byte_cnt", 0 },
	{ "write_cnt", 0 },
	{ "write_ns", 9 },
};
_Static_assert(NG_COUNT(attributes) == NG_COUNT(families), "a file for each family");

struct tapestats {
	struct ng_pattern *ignored; /* NULL for the empty pattern, which matches everything */
};

static const struct ng_option options[] = {
	NG_OPTION(tapestats, ignored, NG_OPTION_PATTERN, "ignored-devices", "^$", "Tape drives to ignore."),
};

struct row {
	struct ng_labels *labels;
	uint64_t value[NG_COUNT(families)];
	bool given[NG_COUNT(families)];
};

/* "st" and digits */
static bool is_drive(struct ng_span name)
{
	uint64_t number;

	return ng_span_starts(name, NG_SPAN("st")) && ng_u64(ng_span_skip(name, 2), &number) == 0;
}

static int read_drive(struct ng_scrape *scrape, const char *name, struct row *row)
{
	NG_CLOSE int directory = -1;
	const char *path = ng_join(scrape->arena, DIRECTORY "/", name, "/stats");

	*row = (struct row){ .labels = NG_LABELS(scrape->arena, { "device", ng_span(name) }) };
	if (!path)
		return -ENOMEM;
	int r = ng_directory(scrape, NG_SYS, path, &directory);
	if (r < 0) {
		ng_drop(scrape);
		ng_drop_unread(scrape, r, path);
		return 0;
	}
	for (size_t i = 0; i < NG_COUNT(attributes); i++) {
		r = ng_read_u64_at(scrape, directory, attributes[i].file, &row->value[i]);
		row->given[i] = r == 0;
		if (r == 0)
			continue;
		const char *file = ng_join(scrape->arena, path, "/", attributes[i].file);
		if (!file || r == -ENOMEM)
			return -ENOMEM;
		if (r == -EBADMSG)
			ng_broken(scrape, file, 1, "a whole number of at most 64 bits");
		ng_drop_unread(scrape, r, file);
	}
	return 0;
}

static void emit(struct ng_page *page, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < NG_COUNT(families); i++) {
		ng_family(page, &families[i]);
		for (size_t k = 0; k < count; k++) {
			if (rows[k].given[i])
				ng_sample_scaled(page, rows[k].labels, rows[k].value[i], attributes[i].places);
		}
	}
}

static int tapestats_collect(void *state, struct ng_scrape *scrape)
{
	struct tapestats *tapestats = state;
	struct ng_names names;
	struct row *rows = NULL;
	size_t count = 0, capacity = 0;

	int r = ng_names(scrape, NG_SYS, DIRECTORY, &names);
	if (r < 0)
		return r == -ENOENT ? -ENODATA : r;
	for (size_t i = 0; i < names.count; i++) {
		struct ng_span name = ng_span(names.name[i]);
		if (!is_drive(name) || ng_pattern_matches(tapestats->ignored, name))
			continue;
		struct row *row = ng_push(scrape->arena, &rows, &count, &capacity);
		r = row ? read_drive(scrape, names.name[i], row) : -ENOMEM;
		if (r < 0)
			return r;
	}
	emit(scrape->page, rows, count);
	return 0;
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "tapestats",
	.summary = "SCSI tape drives: requests, bytes and time",
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct tapestats),
	.collect = tapestats_collect,
};
NG_COLLECTOR(descriptor);
