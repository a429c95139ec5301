/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts by CPU, line and device.
 *
 *                 CPU0       CPU1
 *       8:          0          1  IR-IO-APIC   8-edge      rtc0
 *     128:     328511     322879  IR-PCI-MSI 524288-edge      xhci_hcd
 *     LOC:  174326351  135776678   Local timer interrupts
 *     ERR:          0
 *
 * There is a column for every online CPU, so the heading may skip numbers. On aarch64, a count may follow the colon
 * immediately. A row without a word after its counts is a total of the machine (ERR, MIS) and is left out, as is one
 * without counts (FIQ on ARM).
 *
 * Source: proc_interrupts(5), show_interrupts in kernel/irq/proc.c, arch_show_interrupts of each architecture.
 */
#include <nodegauge/collector.h>

struct interrupts {
	struct ng_file file;
	struct ng_filter filter;
	bool include_zeros;
};

/*
 * A large machine has a hundred thousand samples here. Labels are therefore built once per row and once per column, and
 * the counts are already in the form that the page stores.
 */
struct columns {
	struct ng_labels **cpu;
	size_t count, capacity;
};

struct row {
	struct ng_labels *labels; /* type, info and devices */
	struct ng_span *number;   /* one per column */
	bool numbered;
	int64_t line; /* its number, if any */
};

/* The rows seen so far: numbers ascend, names are few. */
struct seen {
	int64_t line;
	struct ng_labels **labels;
	size_t count, capacity;
};

static const struct ng_family families[] = {
	{ .name = "node_interrupts_total",
		.help = "Interrupts handled by the CPU.",
		.type = NG_COUNTER,
		.labels = "type,info,devices,cpu" },
};

static const struct ng_option options[] = {
	NG_OPTION(interrupts, filter.include, NG_OPTION_PATTERN, "name-include", "",
		"Report only interrupts whose \"name;info;devices\" matches this regular expression."),
	NG_OPTION(interrupts, filter.exclude, NG_OPTION_PATTERN, "name-exclude", "",
		"Leave out interrupts whose \"name;info;devices\" matches this regular expression."),
	NG_OPTION(interrupts, include_zeros, NG_OPTION_BOOL, "include-zeros", "true",
		"Include CPUs that have never handled the interrupt."),
};

/* ---- parsing ---- */

static struct ng_span joined(struct ng_arena *arena, const struct ng_span *part, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += part[i].size;
	char *text = ng_alloc(arena, size + 1), *at = text;
	for (size_t i = 0; text && i < count; i++) {
		if (part[i].size)
			memcpy(at, part[i].text, part[i].size);
		at += part[i].size;
	}
	return (struct ng_span){ text, text ? size : 0 };
}

/* The words of `text`, separated by single spaces. */
static struct ng_span words(struct ng_arena *arena, struct ng_span text)
{
	char *start = ng_alloc(arena, text.size + 1), *at = start;
	struct ng_span word;

	while (start && ng_word_next(&text, &word)) {
		if (at > start)
			*at++ = ' ';
		memcpy(at, word.text, word.size);
		at += word.size;
	}
	return (struct ng_span){ start, (size_t)(at - start) };
}

static int parse_heading(struct ng_scrape *scrape, struct ng_span line, struct columns *columns)
{
	struct ng_span word;
	uint64_t cpu, next = 0;

	for (; ng_word_next(&line, &word); next = cpu + 1) {
		if (!ng_span_starts(word, NG_SPAN("CPU")) || ng_u64(ng_span_skip(word, 3), &cpu) < 0 || cpu < next)
			return ng_broken(scrape, "interrupts", 1, "a header line with the CPU names");
		struct ng_labels **labels = ng_push(scrape->arena, &columns->cpu, &columns->count, &columns->capacity);
		if (!labels)
			return -ENOMEM;
		*labels = NG_LABELS(scrape->arena, { "cpu", ng_span_skip(word, 3) });
	}
	return columns->count ? 0 : ng_broken(scrape, "interrupts", 1, "a header line with the CPU names");
}

/* A malformed number is still not a word. */
static bool is_count(struct ng_span word)
{
	return word.text[0] == '-' || (word.text[0] >= '0' && word.text[0] <= '9');
}

/*
 * Splits the counts from the rest of the line. -ENODATA for a line of another kind, -EBADMSG if the number of counts
 * differs from the number of CPUs in the heading.
 */
static int split(struct ng_span line, const struct columns *columns, struct ng_span *ret_type, struct ng_span *ret_rest,
	struct row *row)
{
	struct ng_span word;
	bool more = true;
	size_t n = 0;

	while (ng_span_starts(line, NG_SPAN(" ")))
		line = ng_span_skip(line, 1);
	if (ng_span_find(line, ':') == line.size || !ng_part_next(&line, ':', ret_type))
		return -ENODATA;
	while (n < columns->count) {
		more = ng_word_next(&line, &row->number[n]);
		if (!more || !is_count(row->number[n]))
			break;
		n++;
	}
	if (n < columns->count)
		return n == 0 || (n == 1 && !more) ? -ENODATA : -EBADMSG;
	*ret_rest = line;
	if (!ng_word_next(&line, &word))
		return -ENODATA;
	uint64_t surplus;
	return ng_u64(word, &surplus) == 0 ? -EBADMSG : 0;
}

/*
 * Parses the text after the counts. A numbered line has its controller, then the hardware's own number of the line and
 * the devices; a named one (LOC, IPI0) has a description. False if the filter drops the row.
 */
static bool name_row(const struct interrupts *interrupts, struct ng_arena *arena, struct ng_span type,
	struct ng_span rest, struct row *row)
{
	struct ng_span info, devices = { NULL, 0 };

	row->numbered = ng_i64(type, &row->line) == 0;
	if (row->numbered) {
		ng_word_next(&rest, &info);
		devices = words(arena, rest);
	} else {
		info = words(arena, rest);
	}
	if (interrupts->filter.include || interrupts->filter.exclude) {
		const struct ng_span name[] = { type, NG_SPAN(";"), info, NG_SPAN(";"), devices };
		if (!ng_filter_keeps(&interrupts->filter, joined(arena, name, NG_COUNT(name))))
			return false;
	}
	row->labels = NG_LABELS(arena, { "type", type }, { "info", info }, { "devices", devices });
	return true;
}

/* Whether the same row occurred before, which the kernel never does; -ENOMEM. */
static int is_repeated(struct ng_arena *arena, struct seen *seen, const struct row *row)
{
	if (row->numbered) {
		bool repeated = row->line <= seen->line;
		seen->line = repeated ? seen->line : row->line;
		return repeated;
	}
	for (size_t i = 0; i < seen->count; i++) {
		if (ng_labels_equal(seen->labels[i], row->labels))
			return true;
	}
	struct ng_labels **slot = ng_push(arena, &seen->labels, &seen->count, &seen->capacity);
	if (!slot)
		return -ENOMEM;
	*slot = row->labels;
	return false;
}

/* ---- emitting ---- */

static void emit(const struct interrupts *interrupts, struct ng_scrape *scrape, unsigned line,
	const struct columns *columns, const struct row *row)
{
	uint64_t count;

	for (size_t i = 0; i < columns->count; i++) {
		if (ng_u64(row->number[i], &count) < 0)
			ng_drop_value(scrape, "interrupts", line, "a number for each CPU");
		else if (count > 0 || interrupts->include_zeros)
			ng_sample_text(scrape->page, NG_SUFFIX_NONE,
				ng_labels_join(scrape->arena, row->labels, columns->cpu[i]), row->number[i]);
	}
}

static int convert_rows(const struct interrupts *interrupts, struct ng_scrape *scrape, const struct columns *columns,
	struct ng_span text)
{
	struct seen seen = { .line = -1 };
	struct row row = { .number = ng_alloc(scrape->arena, (columns->count + 1) * sizeof(*row.number)) };
	struct ng_span line, type, rest;
	bool any = false, broken = false;

	if (!row.number)
		return -ENOMEM;
	ng_family(scrape->page, &families[0]);
	for (unsigned number = 2; ng_line_next(&text, &line); number++) {
		int r = split(line, columns, &type, &rest, &row);
		if (r == -EBADMSG) {
			ng_drop_record(scrape, "interrupts", number, "a number for each CPU");
			broken = true;
		}
		if (r < 0)
			continue;
		any = true;
		if (!name_row(interrupts, scrape->arena, type, rest, &row))
			continue;
		r = is_repeated(scrape->arena, &seen, &row);
		if (r < 0)
			return r;
		if (r)
			ng_drop_record(scrape, "interrupts", number, "each interrupt only once");
		else
			emit(interrupts, scrape, number, columns, &row);
	}
	return any || !broken ? 0 : ng_broken(scrape, "interrupts", 2, "a number for each CPU");
}

static int convert(const struct interrupts *interrupts, struct ng_scrape *scrape, struct ng_span text)
{
	struct columns columns = { 0 };
	struct ng_span line = { NULL, 0 };

	ng_line_next(&text, &line);
	int r = parse_heading(scrape, line, &columns);
	return r < 0 ? r : convert_rows(interrupts, scrape, &columns, text);
}

/* ---- life ---- */

static int interrupts_collect(void *state, struct ng_scrape *scrape)
{
	struct interrupts *interrupts = state;
	struct ng_span text;

	int r = ng_file_read(scrape, &interrupts->file, &text);
	return r < 0 ? r : convert(interrupts, scrape, text);
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(interrupts, file, NG_PROC, NG_RECORDS, "interrupts"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "interrupts",
	.summary = "Interrupts by CPU, line and device",
	.off_by_default = true,
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct interrupts),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = interrupts_collect,
};
NG_COLLECTOR(descriptor);
