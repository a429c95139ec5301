/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Make and model of the CPUs.
 *
 *     processor	: 0
 *     vendor_id	: GenuineIntel
 *     model name	: Intel(R) Xeon(R) Processor @ 2.50GHz
 *     cpu MHz		: 2500.000
 *     flags		: fpu vme de pse tsc msr ...
 *     bugs		: spectre_v1 spectre_v2 ...
 *
 * The text costs the kernel more than all that is read by default, so it is read only when asked for. Each architecture
 * has its own words; what it does not say is an empty label.
 *
 * Source: proc_cpuinfo(5), show_cpuinfo in arch/ * /kernel: x86/kernel/cpu/proc.c, arm64/kernel/cpuinfo.c,
 * powerpc/kernel/setup-common.c, riscv/kernel/cpu.c, s390/kernel/processor.c, loongarch/kernel/proc.c.
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
};

struct processors {
	struct processor *processor;
	size_t count, capacity;
	struct processor common; /* what stands before the first one */
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

static void parse_field(struct processor *processor, struct ng_span key, struct ng_span value)
{
	for (size_t i = 0; i < NG_COUNT(keys); i++) {
		if (ng_span_equal(key, keys[i].key)) {
			processor->field[keys[i].field] = value;
			return;
		}
	}
}

/* The next processor, which has all that was said before the first. */
static struct processor *add(struct ng_arena *arena, struct processors *processors)
{
	struct processor *processor = ng_push(arena, &processors->processor, &processors->count, &processors->capacity);

	if (processor)
		*processor = processors->common;
	return processor;
}

static int parse(struct ng_scrape *scrape, struct ng_span text, struct processors *processors)
{
	struct processor *current = &processors->common;
	struct ng_span line, key, cpu;

	for (unsigned number = 1; ng_line_next(&text, &line); number++) {
		if (ng_span_find(line, ':') == line.size || !ng_part_next(&line, ':', &key))
			continue;
		key = ng_trim(key);
		if (ng_span_starts(line, NG_SPAN(" ")))
			line = ng_span_skip(line, 1);
		cpu = line;
		if (is_processor(key, &cpu)) {
			current = add(scrape->arena, processors);
			if (!current)
				return -ENOMEM;
			current->field[CPU] = cpu;
			if (ng_u64(cpu, &current->number) < 0 ||
				(processors->count > 1 && current->number <= current[-1].number))
				return ng_broken(scrape, "cpuinfo", number, "the number of the next processor");
		} else if (ng_span_equal(key, NG_SPAN("cpu number")) && find(processors, line)) {
			current = find(processors, line);
		} else {
			parse_field(current, key, line);
		}
	}
	return processors->count ? 0 : ng_broken(scrape, "cpuinfo", 1, "a processor");
}

/* "2500.000", "3425.000000MHz": in Hz, exactly. */
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
		if (!parse_mhz(field[MHZ], &hz))
			continue;
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
	if (r < 0)
		return r;
	emit_info(scrape, &processors);
	if (info->frequency)
		emit_frequency(scrape, &processors);
	const struct ng_span *first = processors.processor[0].field;
	emit_words(scrape, &ng_cpu_families[NG_CPU_FLAG], info->flags, first[FLAGS]);
	emit_words(scrape, &ng_cpu_families[NG_CPU_BUG], info->bugs, first[BUGS]);
	return 0;
}
