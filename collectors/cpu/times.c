/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How each CPU spent its time.
 *
 *     cpu  17614 4 5895 409046 1396 0 289 827 0 0
 *     cpu0 6434 0 2214 208330 66 0 127 420 0 0
 *     cpu1 11180 3 3681 200716 1330 0 162 407 0 0
 *     intr 494793 0 40 0 ...
 *
 * In jiffies of 1/100 s (USER_HZ): user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice. Offline
 * CPUs have no line. user includes guest, and nice includes guest_nice.
 *
 * Source: proc_stat(5), fs/proc/stat.c. The counters may go backwards: idle and iowait are derived from two clocks on a
 * tickless kernel (get_idle_time), and the others are subject to rounding. A negative one (steal time on Xen, Linux 4.8
 * to 4.10) is a wrapped difference of 64-bit nanoseconds.
 */
#include "cpu.h"

enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, GUEST, GUEST_NICE, MODES };

static const struct ng_span modes[MODES] = {
	[USER] = NG_SPAN("user"),
	[NICE] = NG_SPAN("nice"),
	[SYSTEM] = NG_SPAN("system"),
	[IDLE] = NG_SPAN("idle"),
	[IOWAIT] = NG_SPAN("iowait"),
	[IRQ] = NG_SPAN("irq"),
	[SOFTIRQ] = NG_SPAN("softirq"),
	[STEAL] = NG_SPAN("steal"),
	[GUEST] = NG_SPAN("user"), /* reported in a family of their own, as is GUEST_NICE */
	[GUEST_NICE] = NG_SPAN("nice"),
};

/* If idle time falls by this much, the CPU has been offline and has come back. */
enum { PLACES = 2, RESET_JIFFIES = 300 };

/* Anything above is a negative number of nanoseconds: 292 years. */
static const uint64_t most_jiffies = INT64_MAX / 10000000;

/* One line of the text. */
struct line {
	struct ng_span number;
	uint64_t id;
	uint64_t jiffies[MODES];
	size_t modes;   /* as many as the kernel prints */
	unsigned wrong; /* one bit per mode without a usable number */
};

struct lines {
	struct line *line;
	size_t count, capacity;
};

/* Kept for each CPU: the highest value of each counter, and its rendered labels. */
struct ng_cpu_row {
	uint64_t id;
	uint64_t jiffies[MODES];
	size_t modes;
	unsigned wrong;
	struct ng_labels *labels[MODES];
};

/* ---- parsing ---- */

/* False if the line is of no use. */
static bool parse_line(struct ng_scrape *scrape, unsigned number, struct ng_span text, struct line *line)
{
	struct ng_span word;

	line->wrong = 0;
	ng_word_next(&text, &word);
	line->number = ng_span_skip(word, 3);
	if (ng_u64(line->number, &line->id) < 0)
		return false;
	for (line->modes = 0; line->modes < MODES; line->modes++) {
		uint64_t *jiffies = &line->jiffies[line->modes];
		int r = ng_u64_next(&text, jiffies);
		if (r == -ENODATA)
			break;
		if (r < 0 || *jiffies > most_jiffies) {
			ng_drop_value(scrape, "stat", number, "a time in 1/100 s in each column");
			line->wrong |= 1u << line->modes;
		}
	}
	return line->modes > IDLE;
}

/* CPUs come first and in ascending order; the text after them is of no interest here. */
static int parse(struct ng_scrape *scrape, struct ng_span text, struct lines *lines)
{
	struct ng_span line;

	for (unsigned number = 1; ng_line_next(&text, &line); number++) {
		if (!ng_span_starts(line, NG_SPAN("cpu")) && lines->count)
			break;
		if (!ng_span_starts(line, NG_SPAN("cpu")) || ng_span_starts(line, NG_SPAN("cpu ")))
			continue;
		struct line *slot = ng_push(scrape->arena, &lines->line, &lines->count, &lines->capacity);
		if (!slot)
			return -ENOMEM;
		if (parse_line(scrape, number, line, slot) && (lines->count == 1 || slot->id > slot[-1].id))
			continue;
		ng_drop_record(scrape, "stat", number, "the number of the next CPU and its times");
		lines->count--;
	}
	return lines->count ? 0 : ng_broken(scrape, "stat", 1, "the CPU times");
}

/* ---- rows kept between scrapes ---- */

static bool same_cpus(const struct ng_cpu_times *times, const struct lines *lines)
{
	if (times->count != lines->count)
		return false;
	for (size_t i = 0; i < lines->count; i++) {
		if (times->row[i].id != lines->line[i].id)
			return false;
	}
	return true;
}

static int make_row(struct ng_arena *arena, const struct line *line, struct ng_cpu_row *row)
{
	*row = (struct ng_cpu_row){ .id = line->id };
	for (size_t i = 0; i < MODES; i++) {
		row->labels[i] = NG_LABELS(arena, { "cpu", line->number }, { "mode", modes[i] });
		if (!ng_labels_valid(row->labels[i]))
			return -ENOMEM;
	}
	return 0;
}

/* CPUs were added or removed: makes new rows, keeping the values of the CPUs that remain. */
static int remake(struct ng_cpu_times *times, struct ng_scrape *scrape, const struct lines *lines)
{
	size_t old_count = times->count, next = 0;
	struct ng_cpu_row *old = ng_alloc(scrape->arena, (old_count + 1) * sizeof(*old));

	if (!old)
		return -ENOMEM;
	if (old_count)
		memcpy(old, times->row, old_count * sizeof(*old));
	times->count = 0;
	ng_arena_reset(&times->kept);
	times->row = ng_alloc(&times->kept, lines->count * sizeof(*times->row));
	if (!times->row)
		return -ENOMEM;
	for (size_t i = 0; i < lines->count; i++) {
		int r = make_row(&times->kept, &lines->line[i], &times->row[i]);
		if (r < 0)
			return r;
		while (next < old_count && old[next].id < lines->line[i].id)
			next++;
		if (next < old_count && old[next].id == lines->line[i].id)
			memcpy(times->row[i].jiffies, old[next].jiffies, sizeof(old[next].jiffies));
	}
	times->count = lines->count;
	return 0;
}

static void update(struct ng_cpu_row *row, const struct line *line)
{
	bool idle_known = !(line->wrong & 1u << IDLE);

	if (idle_known && row->jiffies[IDLE] > line->jiffies[IDLE] &&
		row->jiffies[IDLE] - line->jiffies[IDLE] >= RESET_JIFFIES)
		memset(row->jiffies, 0, sizeof(row->jiffies));
	row->modes = line->modes;
	row->wrong = line->wrong;
	for (size_t i = 0; i < line->modes; i++) {
		if (!(line->wrong & 1u << i) && line->jiffies[i] > row->jiffies[i])
			row->jiffies[i] = line->jiffies[i];
	}
}

/* ---- emitting ---- */

static void emit(struct ng_page *page, const struct ng_cpu_times *times, size_t from, size_t to)
{
	for (size_t i = 0; i < times->count; i++) {
		const struct ng_cpu_row *row = &times->row[i];
		for (size_t mode = from; mode < to && mode < row->modes; mode++) {
			if (!(row->wrong & 1u << mode))
				ng_sample_scaled(page, row->labels[mode], row->jiffies[mode], PLACES);
		}
	}
}

int ng_cpu_times_collect(struct ng_cpu_times *times, struct ng_scrape *scrape, bool guest)
{
	struct lines lines = { 0 };
	struct ng_span text;

	int r = ng_shared_read(scrape, times->file, &text);
	if (r == 0)
		r = parse(scrape, text, &lines);
	if (r == 0 && !same_cpus(times, &lines))
		r = remake(times, scrape, &lines);
	if (r < 0)
		return r;
	for (size_t i = 0; i < lines.count; i++)
		update(&times->row[i], &lines.line[i]);
	ng_family(scrape->page, &ng_cpu_families[NG_CPU_SECONDS]);
	emit(scrape->page, times, USER, GUEST);
	if (guest) {
		ng_family(scrape->page, &ng_cpu_families[NG_CPU_GUEST_SECONDS]);
		emit(scrape->page, times, GUEST, MODES);
	}
	return 0;
}

void ng_cpu_times_done(struct ng_cpu_times *times)
{
	ng_arena_done(&times->kept);
}
