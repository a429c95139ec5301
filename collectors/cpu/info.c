/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vendor and model of the CPUs.
 *
 *     processor	: 0
 *     vendor_id	: GenuineIntel
 *     model name	: Intel(R) Xeon(R) Processor @ 2.50GHz
 *     cpu MHz		: 2500.000
 *     flags		: fpu vme de pse tsc msr ...
 *     bugs		: spectre_v1 spectre_v2 ...
 *
 * The text costs the kernel more than everything that is read by default, so it is read only on request. Each
 * architecture has its own keys; missing ones become empty labels. Sections end with an empty line. 32-bit ARM before
 * Linux 3.8 starts with "Processor : ARMv6-compatible processor rev 7 (v6l)", the model of all CPUs, has lines
 * "processor : 0" only on machines with several CPUs, and lists the features in a section after them.
 *
 * Source: proc_cpuinfo(5), show_cpuinfo in arch/ * /kernel: x86/kernel/cpu/proc.c, arm/kernel/setup.c,
 * arm64/kernel/cpuinfo.c, mips/kernel/proc.c, powerpc/kernel/setup-common.c, riscv/kernel/cpu.c,
 * s390/kernel/processor.c, loongarch/kernel/proc.c.
 */
#include "cpu.h"

enum field {
	PACKAGE,
	CORE,
	CPU,
	VENDOR,
	FAMILY,
	MODEL,
	MODEL_NAME,
	MICROCODE,
	STEPPING,
	CACHE,
	LABELS,
	MHZ,
	FLAGS,
	BUGS,
	FIELDS
};

static const char *const label_names[LABELS] = {
	[PACKAGE] = "package",
	[CORE] = "core",
	[CPU] = "cpu",
	[VENDOR] = "vendor",
	[FAMILY] = "family",
	[MODEL] = "model",
	[MODEL_NAME] = "model_name",
	[MICROCODE] = "microcode",
	[STEPPING] = "stepping",
	[CACHE] = "cachesize",
};

static const struct {
	struct ng_span key;
	enum field field;
} keys[] = {
	{ NG_SPAN("vendor_id"), VENDOR }, { NG_SPAN("cpu family"), FAMILY }, { NG_SPAN("model"), MODEL },
	{ NG_SPAN("model name"), MODEL_NAME }, { NG_SPAN("stepping"), STEPPING }, { NG_SPAN("microcode"), MICROCODE },
	{ NG_SPAN("cpu MHz"), MHZ }, { NG_SPAN("cache size"), CACHE }, { NG_SPAN("physical id"), PACKAGE },
	{ NG_SPAN("core id"), CORE }, { NG_SPAN("flags"), FLAGS }, { NG_SPAN("bugs"), BUGS },
	{ NG_SPAN("Features"), FLAGS },        /* arm */
	{ NG_SPAN("Processor"), MODEL_NAME },  /* arm before 3.8 */
	{ NG_SPAN("system type"), VENDOR },    /* mips */
	{ NG_SPAN("cpu model"), MODEL_NAME },  /* mips */
	{ NG_SPAN("cpu"), VENDOR },            /* powerpc */
	{ NG_SPAN("clock"), MHZ },             /* powerpc: "3425.000000MHz" */
	{ NG_SPAN("hart"), CORE },             /* riscv */
	{ NG_SPAN("isa"), MODEL_NAME },        /* riscv */
	{ NG_SPAN("features"), FLAGS },        /* s390 */
	{ NG_SPAN("cpu MHz dynamic"), MHZ },   /* s390 */
	{ NG_SPAN("CPU Family"), FAMILY },     /* loongarch */
	{ NG_SPAN("Model Name"), MODEL_NAME }, /* loongarch */
};

struct processor {
	uint64_t number; /* ascending */
	struct ng_span field[FIELDS];
	unsigned mhz_line;
};

struct processors {
	struct processor *processor;
	size_t count, capacity;
	struct processor common; /* fields before the first processor */
	struct processor behind; /* fields in a section of their own after a processor */
};

/* ---- parsing ---- */

/* "processor	: 0"; on s390 "processor 0: version = FF,  identification = 2733E8,  machine = 2964". */
static bool is_processor(struct ng_span key, struct ng_span *ret_number)
{
	struct ng_span word;

	if (!ng_word_next(&key, &word) || !ng_span_equal(word, NG_SPAN("processor")))
		return false;
	if (ng_word_next(&key, &word))
		*ret_number = word;
	return true;
}

/* s390 first lists the processors and then has a section for each, which starts with its number. */
static struct processor *find(struct processors *processors, struct ng_span number)
{
	for (size_t i = 0; i < processors->count; i++) {
		if (ng_span_equal(processors->processor[i].field[CPU], number))
			return &processors->processor[i];
	}
	return NULL;
}

static void parse_field(struct processor *processor, struct ng_span key, struct ng_span value, unsigned number)
{
	for (size_t i = 0; i < NG_COUNT(keys); i++) {
		if (!ng_span_equal(key, keys[i].key))
			continue;
		processor->field[keys[i].field] = value;
		if (keys[i].field == MHZ)
			processor->mhz_line = number;
		return;
	}
}

/* The next processor, with all fields that came before the first one. */
static struct processor *add(struct ng_arena *arena, struct processors *processors)
{
	struct processor *processor = ng_push(arena, &processors->processor, &processors->count, &processors->capacity);

	if (processor)
		*processor = processors->common;
	return processor;
}

/* Adds a processor if the number is the next one; the fields of any other go to `lost`. */
static int parse_number(struct ng_scrape *scrape, struct processors *processors, struct ng_span cpu, unsigned number,
	struct processor *lost, struct processor **ret_current)
{
	struct processor *processor = add(scrape->arena, processors);

	if (!processor)
		return -ENOMEM;
	*ret_current = processor;
	processor->field[CPU] = cpu;
	if (ng_u64(cpu, &processor->number) == 0 &&
		(processors->count == 1 || processor->number > processor[-1].number))
		return 0;
	ng_drop_record(scrape, "cpuinfo", number, "the number of the next processor");
	processors->count--;
	*ret_current = lost;
	return 0;
}

static int parse(struct ng_scrape *scrape, struct ng_span text, struct processors *processors)
{
	struct processor *current = &processors->common, lost;
	struct ng_span line, key, cpu;
	int r = 0;

	for (unsigned number = 1; r == 0 && ng_line_next(&text, &line); number++) {
		if (ng_trim(line).size == 0 && current != &processors->common)
			current = &processors->behind;
		if (ng_span_find(line, ':') == line.size || !ng_part_next(&line, ':', &key))
			continue;
		key = ng_trim(key);
		if (ng_span_starts(line, NG_SPAN(" ")))
			line = ng_span_skip(line, 1);
		cpu = line;
		if (is_processor(key, &cpu))
			r = parse_number(scrape, processors, cpu, number, &lost, &current);
		else if (ng_span_equal(key, NG_SPAN("cpu number")) && find(processors, line))
			current = find(processors, line);
		else
			parse_field(current, key, line, number);
	}
	return r;
}

/* Adds the common features to all processors, and handles a single processor without a number. */
static int complete(struct ng_arena *arena, struct processors *processors)
{
	if (processors->count == 0 && processors->common.field[MODEL_NAME].size) {
		struct processor *only = add(arena, processors);
		if (!only)
			return -ENOMEM;
		only->field[CPU] = NG_SPAN("0");
	}
	for (size_t i = 0; i < processors->count; i++) {
		struct ng_span *flags = &processors->processor[i].field[FLAGS];
		*flags = flags->size ? *flags : processors->behind.field[FLAGS];
	}
	return 0;
}

/* "2500.000", "3425.000000MHz": exact, in Hz. */
static bool parse_mhz(struct ng_span text, struct ng_decimal *ret_hz)
{
	enum { MEGA = 6 };

	text = ng_trim(text);
	if (ng_span_ends(text, NG_SPAN("MHz")))
		text.size -= 3;
	if (ng_decimal(text, ret_hz) < 0)
		return false;
	for (unsigned i = 0; i < MEGA; i++) {
		if (ret_hz->places)
			ret_hz->places--;
		else if (__builtin_mul_overflow(ret_hz->digits, 10, &ret_hz->digits))
			return false;
	}
	return true;
}

/* ---- emitting ---- */

static void emit_info(struct ng_scrape *scrape, const struct processors *processors)
{
	struct ng_label labels[LABELS];

	ng_family(scrape->page, &ng_cpu_families[NG_CPU_INFO]);
	for (size_t i = 0; i < processors->count; i++) {
		for (size_t k = 0; k < LABELS; k++)
			labels[k] = (struct ng_label){ label_names[k], processors->processor[i].field[k] };
		ng_sample_u64(scrape->page, ng_labels(scrape->arena, labels, LABELS), 1);
	}
}

static void emit_frequency(struct ng_scrape *scrape, const struct processors *processors)
{
	struct ng_decimal hz;

	ng_family(scrape->page, &ng_cpu_families[NG_CPU_FREQUENCY]);
	for (size_t i = 0; i < processors->count; i++) {
		const struct ng_span *field = processors->processor[i].field;
		if (!field[MHZ].size)
			continue;
		if (!parse_mhz(field[MHZ], &hz)) {
			ng_drop_value(scrape, "cpuinfo", processors->processor[i].mhz_line, "a frequency in MHz");
			continue;
		}
		ng_sample_decimal(scrape->page,
			NG_LABELS(scrape->arena, { "package", field[PACKAGE] }, { "core", field[CORE] },
				{ "cpu", field[CPU] }),
			hz);
	}
}

static bool has_word(struct ng_span words, struct ng_span wanted)
{
	struct ng_span word;

	while (ng_word_next(&words, &word)) {
		if (ng_span_equal(word, wanted))
			return true;
	}
	return false;
}

static void emit_words(
	struct ng_scrape *scrape, const struct ng_family *family, struct ng_pattern *wanted, struct ng_span words)
{
	const char *start = words.text;
	struct ng_span word;

	if (!wanted)
		return;
	ng_family(scrape->page, family);
	while (ng_word_next(&words, &word)) {
		struct ng_span before = { start, (size_t)(word.text - start) };
		if (ng_pattern_matches(wanted, word) && !has_word(before, word))
			ng_sample_u64(scrape->page, NG_LABELS(scrape->arena, { family->labels, word }), 1);
	}
}

int ng_cpu_info_collect(struct ng_cpu_info *info, struct ng_scrape *scrape)
{
	struct processors processors = { 0 };
	struct ng_span text;

	int r = ng_file_read(scrape, &info->file, &text);
	if (r == 0)
		r = parse(scrape, text, &processors);
	if (r == 0)
		r = complete(scrape->arena, &processors);
	if (r == -ENOMEM)
		return r;
	if (r == 0 && !processors.count)
		r = ng_broken(scrape, "cpuinfo", 1, "a processor");
	if (r < 0) {
		ng_drop_unread(scrape, r, "cpuinfo");
		return 0;
	}
	emit_info(scrape, &processors);
	if (info->frequency)
		emit_frequency(scrape, &processors);
	const struct ng_span *first = processors.processor[0].field;
	emit_words(scrape, &ng_cpu_families[NG_CPU_FLAG], info->flags, first[FLAGS]);
	emit_words(scrape, &ng_cpu_families[NG_CPU_BUG], info->bugs, first[BUGS]);
	return 0;
}
