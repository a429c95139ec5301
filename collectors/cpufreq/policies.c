/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which CPUs exist, and which policy applies to each of them.
 *
 *     online                                       0-3
 *     cpu1/cpufreq -> ../cpufreq/policy0
 *     cpufreq/policy0/scaling_available_governors  performance powersave
 *
 * Source: Documentation/admin-guide/pm/cpufreq.rst, drivers/cpufreq/cpufreq.c, cpufreq_add_dev_interface.
 */
#include "cpufreq.h"

#define DIRECTORY "devices/system/cpu"

static const char *const attributes[NG_CPUFREQ_ATTRIBUTES] = {
	[NG_CPUINFO_CUR] = "/cpufreq/cpuinfo_cur_freq",
	[NG_CPUINFO_AVG] = "/cpufreq/cpuinfo_avg_freq",
	[NG_CPUINFO_MIN] = "/cpufreq/cpuinfo_min_freq",
	[NG_CPUINFO_MAX] = "/cpufreq/cpuinfo_max_freq",
	[NG_SCALING_CUR] = "/cpufreq/scaling_cur_freq",
	[NG_SCALING_MIN] = "/cpufreq/scaling_min_freq",
	[NG_SCALING_MAX] = "/cpufreq/scaling_max_freq",
	[NG_SCALING_GOVERNOR] = "/cpufreq/scaling_governor",
};

void ng_cpufreq_policies_forget(struct ng_cpufreq_policies *policies)
{
	for (size_t i = 0; i < policies->policy_count; i++) {
		for (size_t k = 0; k < NG_CPUFREQ_ATTRIBUTES; k++)
			ng_file_close(&policies->policy[i].file[k]);
	}
	ng_arena_reset(&policies->kept);
	*policies = (struct ng_cpufreq_policies){ .kept = policies->kept };
}

bool ng_cpufreq_has_governor(const struct ng_cpufreq_policy *policy, struct ng_span name)
{
	for (size_t i = 0; i < policy->governor_count; i++) {
		if (ng_span_equal(policy->governor[i], name))
			return true;
	}
	return false;
}

/* ---- listing ---- */

/* Whether a list such as "0-3,8" contains this CPU. */
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

static int read_governors(struct ng_cpufreq_policies *policies, struct ng_scrape *scrape, const char *cpu,
	struct ng_cpufreq_policy *policy)
{
	const char *path = ng_join(scrape->arena, cpu, "/cpufreq/scaling_available_governors", NULL);
	struct ng_span governors, word;

	if (!path)
		return -ENOMEM;
	int r = ng_read(scrape, NG_SYS, NG_VALUE, path, &governors);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		ng_drop_unread(scrape, r, path);
		policies->unsure = policies->unsure || r != -ENOENT;
		return 0;
	}
	governors = ng_copy(&policies->kept, ng_trim(governors));
	while (ng_word_next(&governors, &word)) {
		if (ng_cpufreq_has_governor(policy, word))
			continue;
		struct ng_span *governor = ng_push(
			&policies->kept, &policy->governor, &policy->governor_count, &policy->governor_capacity);
		if (!governor)
			return -ENOMEM;
		*governor = word;
	}
	return 0;
}

static int add_policy(
	struct ng_cpufreq_policies *policies, struct ng_scrape *scrape, const char *cpu, struct ng_span link)
{
	struct ng_cpufreq_policy policy = { .link = ng_copy(&policies->kept, link) };

	for (size_t i = 0; i < NG_CPUFREQ_ATTRIBUTES; i++) {
		const char *path = ng_join(&policies->kept, cpu, attributes[i], NULL);
		if (!path)
			return -ENOMEM;
		policy.file[i] = NG_FILE(NG_SYS, i == NG_CPUINFO_CUR ? NG_VALUE | NG_PRIVILEGED : NG_VALUE, path);
	}
	int r = read_governors(policies, scrape, cpu, &policy);
	if (r < 0)
		return r;
	struct ng_cpufreq_policy *slot =
		ng_push(&policies->kept, &policies->policy, &policies->policy_count, &policies->policy_capacity);
	if (!slot)
		return -ENOMEM;
	*slot = policy;
	return 0;
}

/* Finds or adds the policy of a CPU; -ENOENT if it has none. */
static int find_policy(
	struct ng_cpufreq_policies *policies, struct ng_scrape *scrape, const char *cpu, size_t *ret_policy)
{
	NG_CLOSE int directory = -1;
	struct ng_span link = (struct ng_span){ NULL, 0 };

	const char *path = ng_join(scrape->arena, cpu, "/cpufreq", NULL);
	if (!path)
		return -ENOMEM;
	int r = ng_readlink_at(scrape, ng_root_fd(scrape, NG_SYS), path, &link);
	if (r == -EINVAL) /* not a link, but a directory of its own */
		link = (struct ng_span){ NULL, 0 };
	else if (r < 0)
		return r;
	for (size_t i = 0; link.size && i < policies->policy_count; i++) {
		*ret_policy = i;
		if (ng_span_equal(policies->policy[i].link, link))
			return 0;
	}
	r = ng_directory(scrape, NG_SYS, path, &directory);
	if (r < 0)
		return r;
	*ret_policy = policies->policy_count;
	return add_policy(policies, scrape, cpu, link);
}

static int add_cpu(struct ng_cpufreq_policies *policies, struct ng_scrape *scrape, struct ng_span number)
{
	struct ng_cpufreq_cpu cpu = { .labels = NG_LABELS(&policies->kept, { "cpu", number }) };
	const char *path = ng_join(scrape->arena, DIRECTORY "/cpu", number.text, NULL);

	if (!path || !ng_labels_valid(cpu.labels))
		return -ENOMEM;
	int r = find_policy(policies, scrape, path, &cpu.policy);
	if (r < 0)
		return r;
	const struct ng_cpufreq_policy *policy = &policies->policy[cpu.policy];
	cpu.governor_labels = ng_alloc(&policies->kept, (policy->governor_count + 1) * sizeof(*cpu.governor_labels));
	for (size_t i = 0; cpu.governor_labels && i < policy->governor_count; i++) {
		cpu.governor_labels[i] =
			NG_LABELS(&policies->kept, { "cpu", number }, { "governor", policy->governor[i] });
		if (!ng_labels_valid(cpu.governor_labels[i]))
			return -ENOMEM;
	}
	struct ng_cpufreq_cpu *slot =
		ng_push(&policies->kept, &policies->cpu, &policies->cpu_count, &policies->cpu_capacity);
	if (!slot || !cpu.governor_labels)
		return -ENOMEM;
	*slot = cpu;
	return 0;
}

/* If there is no list of offline CPUs, uses the list of online ones. */
static void read_off_line(struct ng_cpufreq_policies *policies, struct ng_scrape *scrape, struct ng_span *ret_off_line,
	struct ng_span *ret_on_line)
{
	int r = ng_read(scrape, NG_SYS, NG_VALUE, DIRECTORY "/offline", ret_off_line);

	policies->unsure = r < 0 && r != -ENOENT;
	if (r < 0 && ng_read(scrape, NG_SYS, NG_VALUE, DIRECTORY "/online", ret_on_line) < 0)
		ng_drop_unread(scrape, r, DIRECTORY "/offline");
	*ret_off_line = ng_trim(*ret_off_line);
	*ret_on_line = ng_trim(*ret_on_line);
}

static int list(struct ng_cpufreq_policies *policies, struct ng_scrape *scrape)
{
	struct ng_span off_line = (struct ng_span){ NULL, 0 }, on_line = (struct ng_span){ NULL, 0 };
	struct ng_names names;
	uint64_t cpu;

	int r = ng_names(scrape, NG_SYS, DIRECTORY, &names);
	if (r < 0 && r != -ENOENT)
		return r;
	read_off_line(policies, scrape, &off_line, &on_line);
	for (size_t i = 0; i < names.count; i++) {
		struct ng_span name = ng_span(names.name[i]), number = ng_span_skip(name, 3);
		if (!ng_span_starts(name, NG_SPAN("cpu")) || ng_u64(number, &cpu) < 0)
			continue;
		if (list_has(off_line, cpu) || (on_line.size && !list_has(on_line, cpu)))
			continue;
		r = add_cpu(policies, scrape, number);
		if (r == -ENOMEM)
			return r;
		if (r < 0 && r != -ENOENT && r != -ENOTDIR) {
			ng_drop(scrape);
			ng_failed(scrape, r, "find the policy of", name.text);
			ng_note(scrape);
			policies->unsure = true;
		}
	}
	return 0;
}

/* ---- checking for changes ---- */

static uint64_t now_s(void)
{
	return ng_now() / 1000000000;
}

/* Changes whenever the CPUs or their policies do; empty if the kernel does not provide it. */
static struct ng_span read_signature(struct ng_scrape *scrape)
{
	struct ng_span online;
	struct ng_names names;
	size_t size = 0;

	if (ng_read(scrape, NG_SYS, NG_VALUE, DIRECTORY "/online", &online) < 0)
		return (struct ng_span){ NULL, 0 };
	int r = ng_names(scrape, NG_SYS, DIRECTORY "/cpufreq", &names);
	if (r < 0 && r != -ENOENT)
		return (struct ng_span){ NULL, 0 };
	for (size_t i = 0; i < names.count; i++)
		size += strlen(names.name[i]) + 1;
	char *text = ng_alloc(scrape->arena, online.size + size + 1), *at = text;
	if (!text)
		return (struct ng_span){ NULL, 0 };
	if (online.size)
		at = mempcpy(at, online.text, online.size);
	for (size_t i = 0; i < names.count; i++)
		at = mempcpy(at, names.name[i], strlen(names.name[i]) + 1);
	return (struct ng_span){ text, (size_t)(at - text) };
}

int ng_cpufreq_policies_refresh(struct ng_cpufreq_policies *policies, struct ng_scrape *scrape)
{
	/* a driver that is loaded late creates policies without a device event */
	static const uint64_t retry_s = 60;
	bool late = policies->policy_count == 0 && now_s() - policies->listed_s >= retry_s;

	if (policies->epoch == scrape->devices_epoch && !late)
		return 0;
	struct ng_span signature = read_signature(scrape);
	if (policies->epoch && signature.size && ng_span_equal(signature, policies->signature)) {
		policies->epoch = scrape->devices_epoch;
		return 0;
	}
	ng_cpufreq_policies_forget(policies);
	int r = list(policies, scrape);
	if (r < 0 || policies->unsure)
		return r;
	policies->signature = ng_copy(&policies->kept, signature);
	policies->epoch = scrape->devices_epoch;
	policies->listed_s = now_s();
	return 0;
}
