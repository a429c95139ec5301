/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of the virtual memory system.
 *
 *     nr_free_pages 184361
 *     pgpgin 1832466
 *     pgfault 172349012
 *
 * While the kernel is running, it prints the same keys in the same order. The lines to report are selected once; a
 * scrape only checks that each line still has a key of the same length and ending, and that the selected ones have
 * their keys. Source: mm/vmstat.c (vmstat_text).
 */
#include <nodegauge/collector.h>

static const struct ng_family families[] = {
	{ .name = "node_vmstat_oom_kill", .help = "Processes killed by the OOM killer.", .type = NG_UNTYPED },
	{ .name = "node_vmstat_pgfault", .help = "Page faults, minor and major.", .type = NG_UNTYPED },
	{ .name = "node_vmstat_pgmajfault", .help = "Major page faults, which needed I/O.", .type = NG_UNTYPED },
	{ .name = "node_vmstat_pgpgin", .help = "KiB paged in from disk.", .type = NG_UNTYPED },
	{ .name = "node_vmstat_pgpgout", .help = "KiB paged out to disk.", .type = NG_UNTYPED },
	{ .name = "node_vmstat_pswpin", .help = "Pages swapped in.", .type = NG_UNTYPED },
	{ .name = "node_vmstat_pswpout", .help = "Pages swapped out.", .type = NG_UNTYPED },
	{ .name = "node_vmstat_<field>", .help = "Field of /proc/vmstat.", .type = NG_UNTYPED, .dynamic = true },
};

/* A line of the file as learned: its key and the blank after it. */
struct line {
	uint32_t size;
	bool wanted;
	char tail[8]; /* the last 8 bytes, or all of a shorter line */
};

/* A wanted line. */
struct field {
	unsigned line; /* from 1 */
	bool given;    /* it has a value */
	struct ng_span key;
	const struct ng_family *family; /* NULL for one opened by name */
	struct ng_span name, help;
	uint64_t value;
};

struct vmstat {
	struct ng_file file;
	struct ng_pattern *wanted; /* the option */
	struct ng_arena arena;     /* of the following */
	struct line *lines;
	size_t line_count, line_capacity;
	struct field *fields;
	size_t field_count, field_capacity;
	bool unsure; /* some line has no name: learn the file again each time */
};

static const char expected[] = "a name and a number";

/* ---- learning the file ---- */

static bool field_known(const struct vmstat *vmstat, struct ng_span name)
{
	for (size_t i = 0; i < vmstat->field_count; i++) {
		if (ng_span_equal(vmstat->fields[i].name, name))
			return true;
	}
	return false;
}

static int field_learn(struct vmstat *vmstat, struct ng_span text, unsigned number)
{
	struct ng_span key = ng_copy(&vmstat->arena, text);
	const char *full = key.text ? ng_join(&vmstat->arena, "node_vmstat_", key.text, NULL) : NULL;
	const char *help = key.text ? ng_join(&vmstat->arena, "Field ", key.text, " of /proc/vmstat.") : NULL;
	struct field *field;

	if (!full || !help)
		return -ENOMEM;
	if (field_known(vmstat, ng_span(full)))
		return -EEXIST;
	field = ng_push(&vmstat->arena, &vmstat->fields, &vmstat->field_count, &vmstat->field_capacity);
	if (!field)
		return -ENOMEM;
	*field = (struct field){ .line = number, .key = key, .name = ng_span(full), .help = ng_span(help) };
	for (size_t i = 0; i < NG_COUNT(families); i++) {
		if (!families[i].dynamic && strcmp(families[i].name, full) == 0)
			field->family = &families[i];
	}
	return 0;
}

static uint32_t tail_start(const struct line *line)
{
	return line->size < sizeof(line->tail) ? 0 : line->size - (uint32_t)sizeof(line->tail);
}

/* -EBADMSG for a line without a name; it then matches any line. */
static int line_learn(struct vmstat *vmstat, struct ng_span text, unsigned number)
{
	size_t size = ng_span_find(text, ' ');
	struct ng_span key = { text.text, size };
	struct line *line = ng_push(&vmstat->arena, &vmstat->lines, &vmstat->line_count, &vmstat->line_capacity);

	if (!line)
		return -ENOMEM;
	*line = (struct line){ 0 };
	if (size == 0 || size == text.size || size >= UINT32_MAX)
		return -EBADMSG;
	line->size = (uint32_t)size + 1;
	memcpy(line->tail, text.text + tail_start(line), line->size - tail_start(line));
	if (!ng_pattern_matches(vmstat->wanted, key))
		return 0;
	int r = field_learn(vmstat, key, number);
	line->wanted = r == 0;
	return r == -EEXIST ? 0 : r;
}

static void vmstat_forget(struct vmstat *vmstat)
{
	ng_arena_reset(&vmstat->arena);
	vmstat->lines = NULL;
	vmstat->line_count = vmstat->line_capacity = 0;
	vmstat->fields = NULL;
	vmstat->field_count = vmstat->field_capacity = 0;
	vmstat->unsure = false;
}

static bool has_number(struct ng_span line)
{
	uint64_t unused;

	return ng_u64(ng_span_skip(line, ng_span_find(line, ' ') + 1), &unused) == 0;
}

/* Fails if no line has a number. */
static int vmstat_learn(struct vmstat *vmstat, struct ng_scrape *scrape, struct ng_span text)
{
	struct ng_span line;
	unsigned n = 0;
	bool any = false;

	vmstat_forget(vmstat);
	while (ng_line_next(&text, &line)) {
		int r = line_learn(vmstat, line, ++n);
		if (r < 0 && r != -EBADMSG)
			return r;
		if (r < 0) {
			vmstat->unsure = true;
			ng_drop_record(scrape, "vmstat", n, expected);
		}
		any = any || (r == 0 && has_number(line));
	}
	return any ? 0 : ng_broken(scrape, "vmstat", 1, expected);
}

/* ---- reading it ---- */

static bool line_matches(const struct line *line, const char *at)
{
	if (line->size < sizeof(line->tail))
		return memcmp(at, line->tail, line->size) == 0;
	return memcmp(at + line->size - sizeof(line->tail), line->tail, sizeof(line->tail)) == 0;
}

/* Reads the values of the wanted lines; false if the text does not match what was learned. */
static bool vmstat_parse(struct vmstat *vmstat, struct ng_span text)
{
	const char *at = text.text, *end = at + text.size;
	struct field *field = vmstat->fields;

	if (!vmstat->line_count)
		return false;
	for (const struct line *line = vmstat->lines, *last = line + vmstat->line_count; line < last; line++) {
		if ((size_t)(end - at) <= line->size || !line_matches(line, at))
			return false;
		const char *key = at, *number = at + line->size;
		for (at = number; at < end && *at != '\n';)
			at++;
		if (line->wanted) {
			if (memcmp(key, field->key.text, field->key.size) != 0)
				return false;
			struct ng_span digits = { number, (size_t)(at - number) };
			field->given = ng_u64(digits, &field->value) == 0;
			field++;
		}
		at += at < end;
	}
	return at == end;
}

static int vmstat_collect(void *state, struct ng_scrape *scrape)
{
	struct vmstat *vmstat = state;
	struct ng_span text;

	int r = ng_file_read(scrape, &vmstat->file, &text);
	if (r < 0)
		return r;
	if (!vmstat_parse(vmstat, text)) {
		r = vmstat_learn(vmstat, scrape, text);
		if (r < 0 || !vmstat_parse(vmstat, text)) {
			vmstat_forget(vmstat);
			return r < 0 ? r : ng_broken(scrape, "vmstat", 1, expected);
		}
	}
	for (size_t i = 0; i < vmstat->field_count; i++) {
		const struct field *field = &vmstat->fields[i];
		if (!field->given) {
			ng_drop_value(scrape, "vmstat", field->line, expected);
			continue;
		}
		if (field->family)
			ng_family(scrape->page, field->family);
		else
			ng_family_dynamic(scrape->page, NG_UNTYPED, field->name, field->help);
		ng_sample_u64(scrape->page, NG_NO_LABELS, field->value);
	}
	if (vmstat->unsure)
		vmstat_forget(vmstat);
	return 0;
}

static void vmstat_done(void *state)
{
	struct vmstat *vmstat = state;

	ng_arena_done(&vmstat->arena);
}

static const struct ng_option options[] = {
	NG_OPTION(vmstat, wanted, NG_OPTION_PATTERN, "fields", "^(oom_kill|pgpg|pswp|pg.*fault).*",
		"Fields to report (regular expression)."),
};

static const struct ng_state_file files[] = {
	NG_STATE_FILE(vmstat, file, NG_PROC, NG_RECORDS, "vmstat"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "vmstat",
	.summary = "Counters of the virtual memory system",
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct vmstat),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = vmstat_collect,
	.done = vmstat_done,
};
NG_COLLECTOR(descriptor);
