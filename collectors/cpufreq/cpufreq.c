/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU frequencies, limits and governors.
 *
 *     cpu0/cpufreq -> ../cpufreq/policy0
 *     policy0/scaling_cur_freq             1699981
 *     policy0/scaling_max_freq             3700000
 *     policy0/scaling_governor             powersave
 *     policy0/scaling_available_governors  performance powersave
 *
 * Frequencies are in kHz. CPUs that are clocked together share a policy, which is read once for all of them.
 * cpuinfo_cur_freq is readable by root only; it is "<unknown>" if the driver does not know. Reading fails with EBUSY
 * for a policy without an online CPU, and cpuinfo_avg_freq of an idle CPU with EAGAIN.
 *
 * Source: Documentation/admin-guide/pm/cpufreq.rst, drivers/cpufreq/cpufreq.c.
 */
#include "cpufreq.h"

#include <fcntl.h>
#include <sys/stat.h>

/*
 * An open file costs 5 kB of kernel memory, and 256 CPUs have 2000 of these files. So the first 32 policies keep theirs
 * open (1.2 MB); those of the others are opened for each read, which costs one more microsecond.
 */
enum { FILES_KEPT = 256 };

static const uint64_t most_khz = UINT64_MAX / 1000;

static const struct ng_family families[NG_CPUFREQ_ATTRIBUTES] = {
	[NG_CPUINFO_CUR] = { .name = "node_cpu_frequency_hertz",
		.help = "Current frequency as reported by the CPU.",
		.type = NG_GAUGE,
		.labels = "cpu" },
	[NG_CPUINFO_AVG] = { .name = "node_cpu_frequency_avg_hertz",
		.help = "Average frequency of the CPU while not idle.",
		.type = NG_GAUGE,
		.labels = "cpu" },
	[NG_CPUINFO_MIN] = { .name = "node_cpu_frequency_min_hertz",
		.help = "Minimum frequency of the CPU.",
		.type = NG_GAUGE,
		.labels = "cpu" },
	[NG_CPUINFO_MAX] = { .name = "node_cpu_frequency_max_hertz",
		.help = "Maximum frequency of the CPU.",
		.type = NG_GAUGE,
		.labels = "cpu" },
	[NG_SCALING_CUR] = { .name = "node_cpu_scaling_frequency_hertz",
		.help = "Current frequency as reported by the kernel.",
		.type = NG_GAUGE,
		.labels = "cpu" },
	[NG_SCALING_MIN] = { .name = "node_cpu_scaling_frequency_min_hertz",
		.help = "Minimum frequency allowed by the policy.",
		.type = NG_GAUGE,
		.labels = "cpu" },
	[NG_SCALING_MAX] = { .name = "node_cpu_scaling_frequency_max_hertz",
		.help = "Maximum frequency allowed by the policy.",
		.type = NG_GAUGE,
		.labels = "cpu" },
	[NG_SCALING_GOVERNOR] = { .name = "node_cpu_scaling_governor",
		.help = "1 for the active frequency governor of the CPU, 0 for the other available ones.",
		.type = NG_GAUGE,
		.labels = "cpu,governor" },
};

struct cpufreq {
	struct ng_cpufreq_policies policies;
	size_t files;          /* read during this scrape */
	bool surprised;        /* by a governor that was not available when the policies were listed */
	uint64_t surprised_in; /* in this epoch */
};

/* cpuinfo_cur_freq. */
static bool for_root_only(const struct ng_scrape *scrape, const char *path)
{
	struct stat status;

	return fstatat(ng_root_fd(scrape, NG_SYS), path, &status, 0) == 0 && (status.st_mode & 0777) == S_IRUSR;
}

/* -ENODATA if the file is missing or empty, or cannot be read at the moment. */
static int read_attribute(
	struct cpufreq *cpufreq, struct ng_scrape *scrape, struct ng_file *file, struct ng_span *ret_text)
{
	if (!file->path)
		return -ENODATA;
	int r = ng_file_read(scrape, file, ret_text);
	if (r == 0) {
		if (cpufreq->files++ >= FILES_KEPT)
			ng_file_close(file);
		*ret_text = ng_trim(*ret_text);
		return ret_text->size ? 0 : -ENODATA;
	}
	if (r == -ENOMEM)
		return r;
	if (r == -ENOENT || (r == -EACCES && for_root_only(scrape, file->path)))
		file->path = NULL; /* until the devices change */
	else if (ng_absent(r) || r == -EBUSY || r == -EAGAIN)
		ng_drop(scrape);
	else
		ng_drop_unread(scrape, r, file->path);
	return -ENODATA;
}

static int read_policy(struct cpufreq *cpufreq, struct ng_scrape *scrape, struct ng_cpufreq_policy *policy)
{
	struct ng_span text;

	for (size_t i = 0; i < NG_CPUFREQ_FREQUENCIES; i++) {
		int r = read_attribute(cpufreq, scrape, &policy->file[i], &text);
		if (r < 0 && r != -ENODATA)
			return r;
		policy->given[i] = r == 0 && ng_u64(text, &policy->khz[i]) == 0 && policy->khz[i] <= most_khz;
		if (r == 0 && !policy->given[i] && !ng_span_equal(text, NG_SPAN("<unknown>")))
			ng_drop_value(scrape, policy->file[i].path, 1, "a frequency in kHz");
	}
	policy->ruling = (struct ng_span){ NULL, 0 };
	int r = read_attribute(cpufreq, scrape, &policy->file[NG_SCALING_GOVERNOR], &policy->ruling);
	if (r < 0)
		return r == -ENODATA ? 0 : r;
	cpufreq->surprised = cpufreq->surprised || !ng_cpufreq_has_governor(policy, policy->ruling);
	return 0;
}

static uint64_t now_ms(void)
{
	return ng_now() / 1000000;
}

/*
 * On x86, kernels up to 5.16 sleep for at least 10 ms for each CPU whose frequency was not read within the last second
 * (arch_freq_get_on_cpu in arch/x86/kernel/cpu/aperfmperf.c). Opening /proc/cpuinfo makes them sample all CPUs during a
 * single sleep (arch_freq_prepare_all), so that we wait only once.
 */
static void look_at_all(struct ng_scrape *scrape)
{
	int fd = openat(ng_root_fd(scrape, NG_PROC), "cpuinfo", O_RDONLY | O_CLOEXEC);

	ng_close_fd(&fd);
}

static int read_policies(struct cpufreq *cpufreq, struct ng_scrape *scrape)
{
	static const uint64_t slow_ms = 8;

	cpufreq->files = 0;
	cpufreq->surprised = false;
	for (size_t i = 0; i < cpufreq->policies.policy_count; i++) {
		uint64_t start = i == 0 ? now_ms() : 0;
		int r = read_policy(cpufreq, scrape, &cpufreq->policies.policy[i]);
		if (r < 0)
			return r;
		if (i == 0 && now_ms() - start >= slow_ms)
			look_at_all(scrape);
	}
	return 0;
}

static void emit(struct ng_page *page, const struct ng_cpufreq_policies *policies)
{
	for (size_t k = 0; k < NG_CPUFREQ_FREQUENCIES; k++) {
		ng_family(page, &families[k]);
		for (size_t i = 0; i < policies->cpu_count; i++) {
			const struct ng_cpufreq_policy *policy = &policies->policy[policies->cpu[i].policy];
			if (policy->given[k])
				ng_sample_u64(page, policies->cpu[i].labels, policy->khz[k] * 1000);
		}
	}
	ng_family(page, &families[NG_SCALING_GOVERNOR]);
	for (size_t i = 0; i < policies->cpu_count; i++) {
		const struct ng_cpufreq_policy *policy = &policies->policy[policies->cpu[i].policy];
		for (size_t k = 0; policy->ruling.size && k < policy->governor_count; k++)
			ng_sample_u64(page, policies->cpu[i].governor_labels[k],
				ng_span_equal(policy->governor[k], policy->ruling));
	}
}

static int cpufreq_collect(void *state, struct ng_scrape *scrape)
{
	struct cpufreq *cpufreq = state;

	int r = ng_cpufreq_policies_refresh(&cpufreq->policies, scrape);
	if (r == 0)
		r = read_policies(cpufreq, scrape);
	if (r == 0 && cpufreq->surprised && cpufreq->surprised_in != scrape->devices_epoch) {
		/* a governor module was loaded: there is no device event for that */
		cpufreq->surprised_in = scrape->devices_epoch;
		ng_cpufreq_policies_forget(&cpufreq->policies);
		r = ng_cpufreq_policies_refresh(&cpufreq->policies, scrape);
		if (r == 0)
			r = read_policies(cpufreq, scrape);
	}
	if (r == 0)
		emit(scrape->page, &cpufreq->policies);
	return r;
}

static void cpufreq_done(void *state)
{
	struct cpufreq *cpufreq = state;

	ng_cpufreq_policies_forget(&cpufreq->policies);
	ng_arena_done(&cpufreq->policies.kept);
}

static const struct ng_privilege privileges[] = {
	{ .capability = "root or CAP_DAC_READ_SEARCH", .lost = "node_cpu_frequency_hertz" },
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "cpufreq",
	.summary = "CPU frequencies, limits and governors",
	.may_block = true, /* some kernels sleep for each CPU */
	.families = families,
	.family_count = NG_COUNT(families),
	.privileges = privileges,
	.privilege_count = NG_COUNT(privileges),
	.state_size = sizeof(struct cpufreq),
	.collect = cpufreq_collect,
	.done = cpufreq_done,
};
NG_COLLECTOR(descriptor);
