/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hung tasks that the kernel has detected since boot.
 *
 *     0
 *
 * Source: Documentation/admin-guide/sysctl/kernel.rst, kernel/hung_task.c; since Linux 6.13, with
 * CONFIG_DETECT_HUNG_TASK.
 */
#include <nodegauge/collector.h>

struct kernel_hung {
	struct ng_file file;
	uint64_t absent; /* the epoch in which the file was missing */
};

static const struct ng_family families[] = {
	{ .name = "node_kernel_hung_tasks_total",
		.help = "Hung task detections since boot; a task that keeps hanging is counted at each check.",
		.type = NG_COUNTER },
};

static int kernel_hung_collect(void *state, struct ng_scrape *scrape)
{
	struct kernel_hung *hung = state;
	struct ng_span text;
	uint64_t count;

	int r = hung->absent == scrape->devices_epoch ? -ENOENT : ng_file_read(scrape, &hung->file, &text);
	if (r == -ENOENT) {
		hung->absent = scrape->devices_epoch;
		return ng_failed(scrape, -ENODATA, "read", hung->file.path);
	}
	if (r < 0)
		return r;
	if (ng_u64(ng_trim(text), &count) < 0)
		return ng_broken(scrape, hung->file.path, 1, "a number");
	ng_family(scrape->page, &families[0]);
	ng_sample_u64(scrape->page, NG_NO_LABELS, count);
	return 0;
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(kernel_hung, file, NG_PROC, NG_VALUE, "sys/kernel/hung_task_detect_count"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "kernel_hung",
	.summary = "Hung tasks detected by the kernel",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct kernel_hung),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = kernel_hung_collect,
};
NG_COLLECTOR(descriptor);
