/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System-wide totals: interrupts, context switches, forks, boot time, running and blocked tasks, softirqs.
 *
 *     cpu  17614 4 5895 409046 1396 0 289 827 0 0
 *     cpu0 6434 0 2214 208330 66 0 127 420 0 0
 *     intr 494793 0 40 0 ...
 *     ctxt 868437
 *     btime 1795362052
 *     processes 18610
 *     procs_running 2
 *     procs_blocked 0
 *     softirq 452321 2 41458 612 9080 198514 0 3 95586 3 77964
 *
 * The CPU lines are handled by the cpu collector.
 *
 * Source: proc_stat(5), fs/proc/stat.c; for the order of the softirqs, the enum in include/linux/interrupt.h.
 */
#include <nodegauge/collector.h>

struct proc_stat {
	struct ng_shared *file;
	bool softirq;
};

enum { INTR, CTXT, FORKS, BOOT, RUNNING, BLOCKED, TOTALS, SOFTIRQS = TOTALS };

static const struct ng_family families[] = {
	[INTR] = { .name = "node_intr_total", .help = "Interrupts serviced.", .type = NG_COUNTER },
	[CTXT] = { .name = "node_context_switches_total", .help = "Context switches.", .type = NG_COUNTER },
	[FORKS] = { .name = "node_forks_total", .help = "Processes and threads created.", .type = NG_COUNTER },
	[BOOT] = { .name = "node_boot_time_seconds",
		.help = "Boot time of the machine, as a Unix timestamp.",
		.type = NG_GAUGE },
	[RUNNING] = { .name = "node_procs_running", .help = "Tasks running or ready to run.", .type = NG_GAUGE },
	[BLOCKED] = { .name = "node_procs_blocked", .help = "Tasks blocked on I/O.", .type = NG_GAUGE },
	[SOFTIRQS] = { .name = "node_softirqs_total",
		.help = "Softirqs serviced.",
		.type = NG_COUNTER,
		.labels = "vector" },
};

static const struct ng_span keys[TOTALS] = {
	[INTR] = NG_SPAN("intr"),
	[CTXT] = NG_SPAN("ctxt"),
	[FORKS] = NG_SPAN("processes"),
	[BOOT] = NG_SPAN("btime"),
	[RUNNING] = NG_SPAN("procs_running"),
	[BLOCKED] = NG_SPAN("procs_blocked"),
};

/* In the order of the line, after its total; IRQ_POLL is reported under its older name. */
static const struct ng_span vectors[] = {
	NG_SPAN("hi"),
	NG_SPAN("timer"),
	NG_SPAN("net_tx"),
	NG_SPAN("net_rx"),
	NG_SPAN("block"),
	NG_SPAN("block_iopoll"),
	NG_SPAN("tasklet"),
	NG_SPAN("sched"),
	NG_SPAN("hrtimer"),
	NG_SPAN("rcu"),
};

static const struct ng_option options[] = {
	NG_OPTION(proc_stat, softirq, NG_OPTION_BOOL, "softirq", "false", "Also report softirqs by vector."),
};

struct totals {
	uint64_t value[TOTALS];
	bool given[TOTALS];
	uint64_t vector[NG_COUNT(vectors)];
	bool vector_given[NG_COUNT(vectors)];
};

/* As many as the line has, after their sum. */
static void parse_vectors(struct ng_scrape *scrape, unsigned number, struct ng_span line, struct totals *totals)
{
	struct ng_span word;

	if (!ng_word_next(&line, &word))
		return;
	for (size_t i = 0; i < NG_COUNT(vectors) && ng_word_next(&line, &word); i++) {
		totals->vector_given[i] = ng_u64(word, &totals->vector[i]) == 0;
		if (!totals->vector_given[i])
			ng_drop_value(scrape, "stat", number, "a number for each soft interrupt");
	}
}

static void parse_line(
	struct ng_scrape *scrape, unsigned number, struct ng_span line, bool softirq, struct totals *totals)
{
	struct ng_span key;

	if (!ng_word_next(&line, &key))
		return;
	if (softirq && ng_span_equal(key, NG_SPAN("softirq")))
		parse_vectors(scrape, number, line, totals);
	for (size_t i = 0; i < TOTALS; i++) {
		if (!ng_span_equal(key, keys[i]))
			continue;
		totals->given[i] = ng_u64_next(&line, &totals->value[i]) == 0;
		if (!totals->given[i])
			ng_drop_value(scrape, "stat", number, "a number");
		return;
	}
}

static int parse(struct ng_scrape *scrape, struct ng_span text, bool softirq, struct totals *totals)
{
	struct ng_span line;
	bool any = false;

	for (unsigned number = 1; ng_line_next(&text, &line); number++) {
		if (!ng_span_starts(line, NG_SPAN("cpu")))
			parse_line(scrape, number, line, softirq, totals);
	}
	for (size_t i = 0; i < TOTALS; i++)
		any = any || totals->given[i];
	if (!any && !scrape->dropped_values)
		ng_broken(scrape, "stat", 0, "intr, ctxt, btime or processes");
	return any ? 0 : -EBADMSG;
}

static void emit(struct ng_scrape *scrape, const struct totals *totals, bool softirq)
{
	for (size_t i = 0; i < TOTALS; i++) {
		if (!totals->given[i])
			continue;
		ng_family(scrape->page, &families[i]);
		ng_sample_u64(scrape->page, NG_NO_LABELS, totals->value[i]);
	}
	if (!softirq)
		return;
	ng_family(scrape->page, &families[SOFTIRQS]);
	for (size_t i = 0; i < NG_COUNT(vectors); i++) {
		if (totals->vector_given[i])
			ng_sample_u64(
				scrape->page, NG_LABELS(scrape->arena, { "vector", vectors[i] }), totals->vector[i]);
	}
}

static int stat_init(void *state, struct ng_setup *setup)
{
	struct proc_stat *stat = state;

	stat->file = ng_shared(setup, NG_PROC, NG_WHOLE, "stat");
	return stat->file ? 0 : -ENOMEM;
}

static int stat_collect(void *state, struct ng_scrape *scrape)
{
	struct proc_stat *stat = state;
	struct totals totals = { 0 };
	struct ng_span text;

	int r = ng_shared_read(scrape, stat->file, &text);
	if (r == 0)
		r = parse(scrape, text, stat->softirq, &totals);
	if (r == 0)
		emit(scrape, &totals, stat->softirq);
	return r;
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "stat",
	.summary = "Interrupts, context switches, forks, boot time, running and blocked tasks",
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct proc_stat),
	.init = stat_init,
	.collect = stat_collect,
};
NG_COLLECTOR(descriptor);
