/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clock frequencies of the CPUs, their limits and governors.
 *
 *     cpu0/cpufreq -> ../cpufreq/policy0
 *     policy0/scaling_cur_freq             1699981
 *     policy0/scaling_max_freq             3700000
 *     policy0/scaling_governor             powersave
 *     policy0/scaling_available_governors  performance powersave
 *
 * Frequencies are kHz. CPUs that are clocked together share a policy, which is read once for all of them.
 * cpuinfo_cur_freq is for root only; it is "<unknown>" where the driver cannot tell. A policy without a CPU on line
 * answers EBUSY.
 *
 * Source: Documentation/admin-guide/pm/cpufreq.rst, drivers/cpufreq/cpufreq.c.
 */
#include <fcntl.h>
#include <nodegauge/collector.h>
#include <sys/stat.h>
#include <time.h>

#define DIRECTORY "devices/system/cpu"

/*
 * A file kept open holds 5 kB of kernel memory, and 256 CPUs have 2000 of these files. So the first 32 policies keep
 * theirs (1.2 MB), those of the others are opened for each reading, which costs a microsecond more.
 */
enum { FILES_KEPT = 256 };

enum attribute {
	/* frequencies, as the families */
	CPUINFO_CUR,
	CPUINFO_AVG,
	CPUINFO_MIN,
	CPUINFO_MAX,
	SCALING_CUR,
	SCALING_MIN,
	SCALING_MAX,
	FREQUENCIES,
	GOVERNOR = FREQUENCIES,
	ATTRIBUTES,
};

static const struct ng_family families[ATTRIBUTES] = {
	[CPUINFO_CUR] = { .name = "node_cpu_frequency_hertz",
		.help = "Frequency of the CPU by its own account.",
		.type = NG_GAUGE,
		.labels = "cpu" },
	[CPUINFO_AVG] = { .name = "node_cpu_frequency_avg_hertz",
		.help = "Average frequency of the CPU while it was not idle.",
		.type = NG_GAUGE,
		.labels = "cpu" },
	[CPUINFO_MIN] = { .name = "node_cpu_frequency_min_hertz",
		.help = "Lowest frequency that the CPU can have.",
		.type = NG_GAUGE,
		.labels = "cpu" },
	[CPUINFO_MAX] = { .name = "node_cpu_frequency_max_hertz",
		.help = "Highest frequency that the CPU can have.",
		.type = NG_GAUGE,
		.labels = "cpu" },
	[SCALING_CUR] = { .name = "node_cpu_scaling_frequency_hertz",
		.help = "Frequency of the CPU by the kernel's account.",
		.type = NG_GAUGE,
		.labels = "cpu" },
	[SCALING_MIN] = { .name = "node_cpu_scaling_frequency_min_hertz",
		.help = "Lowest frequency that the policy allows.",
		.type = NG_GAUGE,
		.labels = "cpu" },
	[SCALING_MAX] = { .name = "node_cpu_scaling_frequency_max_hertz",
		.help = "Highest frequency that the policy allows.",
		.type = NG_GAUGE,
		.labels = "cpu" },
	[GOVERNOR] = { .name = "node_cpu_scaling_governor",
		.help = "1 for the governor that rules the CPU's frequency, 0 for the others that could.",
		.type = NG_GAUGE,
		.labels = "cpu,governor" },
};

static const char *const attributes[ATTRIBUTES] = {
	[CPUINFO_CUR] = "/cpufreq/cpuinfo_cur_freq",
	[CPUINFO_AVG] = "/cpufreq/cpuinfo_avg_freq",
	[CPUINFO_MIN] = "/cpufreq/cpuinfo_min_freq",
	[CPUINFO_MAX] = "/cpufreq/cpuinfo_max_freq",
	[SCALING_CUR] = "/cpufreq/scaling_cur_freq",
	[SCALING_MIN] = "/cpufreq/scaling_min_freq",
	[SCALING_MAX] = "/cpufreq/scaling_max_freq",
	[GOVERNOR] = "/cpufreq/scaling_governor",
};

struct policy {
	struct ng_span link; /* what tells it from others: the target of a CPU's link, or nothing */
	struct ng_span *governor;
	size_t governor_count, governor_capacity;
	struct ng_file file[ATTRIBUTES]; /* without a path where there is no such file, or not for us */
	/* of this scrape */
	uint64_t khz[FREQUENCIES];
	bool given[FREQUENCIES];
	struct ng_span ruling;
};

struct cpu {
	size_t policy;
	struct ng_span labels;
	struct ng_span *governor_labels; /* as the policy's governors */
};

struct cpufreq {
	uint64_t epoch; /* in which the CPUs were listed */
	bool unsure;    /* something did not answer: they are to be listed again */
	struct ng_arena kept;
	struct policy *policy;
	size_t policy_count, policy_capacity;
	struct cpu *cpu;
	size_t cpu_count, cpu_capacity;
	size_t files;          /* read in this scrape */
	bool surprised;        /* by a governor that was not available when the CPUs were listed */
	uint64_t surprised_in; /* the epoch */
};

/* ---- which CPUs and policies there are ---- */

static void forget(struct cpufreq *cpufreq)
{
	for (size_t i = 0; i < cpufreq->policy_count; i++) {
		for (size_t k = 0; k < ATTRIBUTES; k++)
			ng_file_close(&cpufreq->policy[i].file[k]);
	}
	ng_arena_reset(&cpufreq->kept);
	*cpufreq = (struct cpufreq){ .kept = cpufreq->kept, .surprised_in = cpufreq->surprised_in };
}

/* "0-3,8": whether a list of CPUs has this one. */
static bool list_has(struct ng_span list, uint64_t cpu)
{
	struct ng_span part, first;
	uint64_t from, to;

	while (ng_part_next(&list, ',', &part)) {
		if (!ng_part_next(&part, '-', &first) || ng_u64(first, &from) < 0)
			continue;
		if (part.size == 0)
			to = from;
		else if (ng_u64(part, &to) < 0)
			continue;
		if (cpu >= from && cpu <= to)
			return true;
	}
	return false;
}

static bool has_governor(const struct policy *policy, struct ng_span name)
{
	for (size_t i = 0; i < policy->governor_count; i++) {
		if (ng_span_equal(policy->governor[i], name))
			return true;
	}
	return false;
}

static int read_governors(struct cpufreq *cpufreq, struct ng_scrape *scrape, const char *cpu, struct policy *policy)
{
	const char *path = ng_join(scrape->arena, cpu, "/cpufreq/scaling_available_governors", NULL);
	struct ng_span governors, word;

	if (!path)
		return -ENOMEM;
	int r = ng_read(scrape, NG_SYS, NG_VALUE, path, &governors);
	if (r < 0) {
		cpufreq->unsure = cpufreq->unsure || r != -ENOENT;
		return r == -ENOMEM ? r : 0;
	}
	governors = ng_copy(&cpufreq->kept, ng_trim(governors));
	while (ng_word_next(&governors, &word)) {
		if (has_governor(policy, word))
			continue;
		struct ng_span *governor =
			ng_push(&cpufreq->kept, &policy->governor, &policy->governor_count, &policy->governor_capacity);
		if (!governor)
			return -ENOMEM;
		*governor = word;
	}
	return 0;
}

static int add_policy(struct cpufreq *cpufreq, struct ng_scrape *scrape, const char *cpu, struct ng_span link)
{
	struct policy policy = { .link = ng_copy(&cpufreq->kept, link) };

	for (size_t i = 0; i < ATTRIBUTES; i++) {
		const char *path = ng_join(&cpufreq->kept, cpu, attributes[i], NULL);
		if (!path)
			return -ENOMEM;
		policy.file[i] = NG_FILE(NG_SYS, NG_VALUE, path);
	}
	int r = read_governors(cpufreq, scrape, cpu, &policy);
	if (r < 0)
		return r;
	struct policy *slot =
		ng_push(&cpufreq->kept, &cpufreq->policy, &cpufreq->policy_count, &cpufreq->policy_capacity);
	if (!slot)
		return -ENOMEM;
	*slot = policy;
	return 0;
}

/* Finds or adds the policy of a CPU; -ENOENT for one without. */
static int find_policy(struct cpufreq *cpufreq, struct ng_scrape *scrape, const char *cpu, size_t *ret_policy)
{
	NG_CLOSE int directory = -1;
	struct ng_span link = NG_NO_LABELS;

	const char *path = ng_join(scrape->arena, cpu, "/cpufreq", NULL);
	if (!path)
		return -ENOMEM;
	int r = ng_readlink_at(scrape, ng_root_fd(scrape, NG_SYS), path, &link);
	if (r == -EINVAL) /* a directory of its own */
		link = NG_NO_LABELS;
	else if (r < 0)
		return r;
	for (size_t i = 0; link.size && i < cpufreq->policy_count; i++) {
		*ret_policy = i;
		if (ng_span_equal(cpufreq->policy[i].link, link))
			return 0;
	}
	r = ng_directory(scrape, NG_SYS, path, &directory);
	if (r < 0)
		return r;
	*ret_policy = cpufreq->policy_count;
	return add_policy(cpufreq, scrape, cpu, link);
}

static int add_cpu(struct cpufreq *cpufreq, struct ng_scrape *scrape, struct ng_span number)
{
	struct cpu cpu = { .labels = NG_LABELS(&cpufreq->kept, { "cpu", number }) };
	const char *path = ng_join(scrape->arena, DIRECTORY "/cpu", number.text, NULL);

	if (!path || !cpu.labels.text)
		return -ENOMEM;
	int r = find_policy(cpufreq, scrape, path, &cpu.policy);
	if (r < 0)
		return r;
	const struct policy *policy = &cpufreq->policy[cpu.policy];
	cpu.governor_labels = ng_alloc(&cpufreq->kept, (policy->governor_count + 1) * sizeof(*cpu.governor_labels));
	for (size_t i = 0; cpu.governor_labels && i < policy->governor_count; i++) {
		cpu.governor_labels[i] =
			NG_LABELS(&cpufreq->kept, { "cpu", number }, { "governor", policy->governor[i] });
		if (!cpu.governor_labels[i].text)
			return -ENOMEM;
	}
	struct cpu *slot = ng_push(&cpufreq->kept, &cpufreq->cpu, &cpufreq->cpu_count, &cpufreq->cpu_capacity);
	if (!slot || !cpu.governor_labels)
		return -ENOMEM;
	*slot = cpu;
	return 0;
}

static int list(struct cpufreq *cpufreq, struct ng_scrape *scrape)
{
	struct ng_span offline = NG_NO_LABELS;
	struct ng_names names;
	uint64_t cpu;

	forget(cpufreq);
	int r = ng_names(scrape, NG_SYS, DIRECTORY, &names);
	if (r < 0 && r != -ENOENT)
		return r;
	r = ng_read(scrape, NG_SYS, NG_VALUE, DIRECTORY "/offline", &offline);
	cpufreq->unsure = r < 0 && r != -ENOENT;
	offline = ng_trim(offline);
	for (size_t i = 0; i < names.count; i++) {
		struct ng_span name = ng_span(names.name[i]), number = ng_span_skip(name, 3);
		if (!ng_span_starts(name, NG_SPAN("cpu")) || ng_u64(number, &cpu) < 0 || list_has(offline, cpu))
			continue;
		r = add_cpu(cpufreq, scrape, number);
		if (r == -ENOMEM)
			return r;
		cpufreq->unsure = cpufreq->unsure || (r < 0 && r != -ENOENT && r != -ENOTDIR);
	}
	if (!cpufreq->unsure)
		cpufreq->epoch = scrape->devices_epoch;
	return 0;
}

/* ---- what they say ---- */

/* cpuinfo_cur_freq. */
static bool for_root_only(const struct ng_scrape *scrape, const char *path)
{
	struct stat status;

	return fstatat(ng_root_fd(scrape, NG_SYS), path, &status, 0) == 0 && (status.st_mode & 0777) == S_IRUSR;
}

/* -ENODATA where there is no such file, nothing in it, or no answer now. */
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
	if (r == -ENOENT || (r == -EACCES && for_root_only(scrape, file->path)))
		file->path = NULL; /* until the devices change */
	else if (ng_item_gone(r) || r == -EBUSY || r == -EACCES)
		ng_drop(scrape);
	else
		return r;
	return -ENODATA;
}

static int read_policy(struct cpufreq *cpufreq, struct ng_scrape *scrape, struct policy *policy)
{
	struct ng_span text;

	for (size_t i = 0; i < FREQUENCIES; i++) {
		int r = read_attribute(cpufreq, scrape, &policy->file[i], &text);
		if (r < 0 && r != -ENODATA)
			return r;
		policy->given[i] = r == 0 && ng_u64(text, &policy->khz[i]) == 0;
		if (r == 0 && !policy->given[i] && !ng_span_equal(text, NG_SPAN("<unknown>")))
			ng_drop(scrape);
	}
	policy->ruling = NG_NO_LABELS;
	int r = read_attribute(cpufreq, scrape, &policy->file[GOVERNOR], &policy->ruling);
	if (r < 0)
		return r == -ENODATA ? 0 : r;
	cpufreq->surprised = cpufreq->surprised || !has_governor(policy, policy->ruling);
	return 0;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/*
 * On x86, kernels up to 5.16 sleep for 10 ms and more over a CPU whose frequency was not looked at within the last
 * second (arch_freq_get_on_cpu in arch/x86/kernel/cpu/aperfmperf.c). Whoever opens /proc/cpuinfo makes them look at all
 * CPUs in one such sleep (arch_freq_prepare_all), so that the first CPU is the only one to be waited for.
 */
static void look_at_all(struct ng_scrape *scrape)
{
	NG_CLOSE int fd = -1;

	fd = openat(ng_root_fd(scrape, NG_PROC), "cpuinfo", O_RDONLY | O_CLOEXEC);
}

static int read_policies(struct cpufreq *cpufreq, struct ng_scrape *scrape)
{
	static const uint64_t slow_ms = 8;

	cpufreq->files = 0;
	for (size_t i = 0; i < cpufreq->policy_count; i++) {
		uint64_t start = i == 0 ? now_ms() : 0;
		int r = read_policy(cpufreq, scrape, &cpufreq->policy[i]);
		if (r < 0)
			return r;
		if (i == 0 && now_ms() - start >= slow_ms)
			look_at_all(scrape);
	}
	return 0;
}

static void emit(struct ng_page *page, const struct cpufreq *cpufreq)
{
	for (size_t k = 0; k < FREQUENCIES; k++) {
		ng_family(page, &families[k]);
		for (size_t i = 0; i < cpufreq->cpu_count; i++) {
			const struct policy *policy = &cpufreq->policy[cpufreq->cpu[i].policy];
			if (policy->given[k])
				ng_sample_u64(page, cpufreq->cpu[i].labels, policy->khz[k] * 1000);
		}
	}
	ng_family(page, &families[GOVERNOR]);
	for (size_t i = 0; i < cpufreq->cpu_count; i++) {
		const struct policy *policy = &cpufreq->policy[cpufreq->cpu[i].policy];
		for (size_t k = 0; policy->ruling.size && k < policy->governor_count; k++)
			ng_sample_u64(page, cpufreq->cpu[i].governor_labels[k],
				ng_span_equal(policy->governor[k], policy->ruling));
	}
}

static int cpufreq_collect(void *state, struct ng_scrape *scrape)
{
	struct cpufreq *cpufreq = state;
	int r = 0;

	if (cpufreq->epoch != scrape->devices_epoch)
		r = list(cpufreq, scrape);
	if (r == 0)
		r = read_policies(cpufreq, scrape);
	if (r == 0 && cpufreq->surprised && cpufreq->surprised_in != scrape->devices_epoch) {
		/* the module of a governor was loaded: no event of a device tells that */
		cpufreq->surprised_in = scrape->devices_epoch;
		r = list(cpufreq, scrape);
		if (r == 0)
			r = read_policies(cpufreq, scrape);
	}
	if (r == 0)
		emit(scrape->page, cpufreq);
	return r;
}

static void cpufreq_done(void *state)
{
	struct cpufreq *cpufreq = state;

	forget(cpufreq);
	ng_arena_done(&cpufreq->kept);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "cpufreq",
	.summary = "Clock frequencies of the CPUs, their limits and governors",
	.may_block = true, /* some kernels sleep over each CPU */
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct cpufreq),
	.collect = cpufreq_collect,
	.done = cpufreq_done,
};
NG_COLLECTOR(descriptor);
