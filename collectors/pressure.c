/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pressure stall information: how long tasks waited for CPU, memory, I/O and interrupts.
 *
 *     some avg10=0.00 avg60=0.03 avg300=0.00 total=18924636
 *     full avg10=0.00 avg60=0.00 avg300=0.00 total=0
 *
 * Totals are in microseconds. "some" is the time at least one task was waiting, "full" the time all non-idle tasks
 * were. cpu has no meaningful "full" for the whole machine (PSI_CPU_FULL applies to cgroups), irq has only "full", and
 * not every kernel has irq.
 *
 * Source: Documentation/accounting/psi.rst, psi_show in kernel/sched/psi.c. With psi=0, the files are missing or
 * reading them fails with EOPNOTSUPP; since 6.14, irq also does so if interrupt time is not accounted.
 */
#include "kernel/pressure.h"

#include <nodegauge/collector.h>

enum { CPU, IO, MEMORY, IRQ, RESOURCES };
enum { SOME = NG_PRESSURE_SOME, FULL = NG_PRESSURE_FULL, KINDS = NG_PRESSURE_KINDS };

struct pressure {
	struct ng_file file[RESOURCES];
	uint64_t absent[RESOURCES]; /* the epoch in which the file was missing */
};

static const struct ng_family families[] = {
	{ .name = "node_pressure_cpu_waiting_seconds_total",
		.help = "Time at least one task was waiting for a CPU.",
		.type = NG_COUNTER },
	{ .name = "node_pressure_io_waiting_seconds_total",
		.help = "Time at least one task was waiting for I/O.",
		.type = NG_COUNTER },
	{ .name = "node_pressure_io_stalled_seconds_total",
		.help = "Time all non-idle tasks were stalled on I/O.",
		.type = NG_COUNTER },
	{ .name = "node_pressure_memory_waiting_seconds_total",
		.help = "Time at least one task was waiting for memory.",
		.type = NG_COUNTER },
	{ .name = "node_pressure_memory_stalled_seconds_total",
		.help = "Time all non-idle tasks were stalled on memory.",
		.type = NG_COUNTER },
	{ .name = "node_pressure_irq_stalled_seconds_total",
		.help = "Time all non-idle tasks were stalled by interrupt handling.",
		.type = NG_COUNTER },
};

static const struct ng_family *const shown[RESOURCES][KINDS] = {
	[CPU] = { &families[0], NULL },
	[IO] = { &families[1], &families[2] },
	[MEMORY] = { &families[3], &families[4] },
	[IRQ] = { NULL, &families[5] },
};

struct totals {
	uint64_t us[KINDS];
	bool given[KINDS];
};

static int read_resource(struct pressure *pressure, struct ng_scrape *scrape, size_t i, struct totals *totals)
{
	static const char *const expected[KINDS] = { "a line \"some\" with its total",
		"a line \"full\" with its total" };
	struct ng_span text;

	int r = ng_file_read(scrape, &pressure->file[i], &text);
	if (r == -ENOENT || r == -EOPNOTSUPP) {
		pressure->absent[i] = scrape->devices_epoch;
		return -ENODATA;
	}
	if (r < 0) {
		ng_drop_unread(scrape, r, pressure->file[i].path);
		return r;
	}
	ng_pressure_parse(text, totals->us, totals->given);
	r = -EBADMSG;
	for (size_t kind = 0; kind < KINDS; kind++) {
		if (!shown[i][kind])
			continue;
		if (totals->given[kind])
			r = 0;
		else
			ng_drop_value(scrape, pressure->file[i].path, 0, expected[kind]);
	}
	return r;
}

static void emit(struct ng_page *page, size_t resource, const struct totals *totals)
{
	for (size_t kind = 0; kind < KINDS; kind++) {
		if (!shown[resource][kind] || !totals->given[kind])
			continue;
		ng_family(page, shown[resource][kind]);
		ng_sample_scaled(page, NG_NO_LABELS, totals->us[kind], 6);
	}
}

static int pressure_collect(void *state, struct ng_scrape *scrape)
{
	struct pressure *pressure = state;
	bool any = false;
	int failed = -ENODATA;
	const char *path = "pressure";

	for (size_t i = 0; i < RESOURCES; i++) {
		struct totals totals = { 0 };
		if (pressure->absent[i] == scrape->devices_epoch)
			continue;
		int r = read_resource(pressure, scrape, i, &totals);
		if (r == 0)
			emit(scrape->page, i, &totals);
		any = any || r == 0;
		if (r == 0 || r == -ENODATA)
			continue;
		failed = r;
		path = pressure->file[i].path;
	}
	if (any)
		return 0;
	return failed == -EBADMSG ? ng_broken(scrape, path, 0, "lines \"some\" and \"full\" with their totals")
				  : ng_failed(scrape, failed, "read", path);
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(pressure, file[CPU], NG_PROC, NG_WHOLE, "pressure/cpu"),
	NG_STATE_FILE(pressure, file[IO], NG_PROC, NG_WHOLE, "pressure/io"),
	NG_STATE_FILE(pressure, file[MEMORY], NG_PROC, NG_WHOLE, "pressure/memory"),
	NG_STATE_FILE(pressure, file[IRQ], NG_PROC, NG_WHOLE, "pressure/irq"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "pressure",
	.summary = "Time lost waiting for CPU, memory, I/O and interrupts (PSI)",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct pressure),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = pressure_collect,
};
NG_COLLECTOR(descriptor);
