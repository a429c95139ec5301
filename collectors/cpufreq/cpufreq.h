/* SPDX-License-Identifier: Apache-2.0 */
/* Which policy applies to which CPUs (policies.c), for the cpufreq collector. */
#ifndef COLLECTORS_CPUFREQ_H
#define COLLECTORS_CPUFREQ_H

#include <nodegauge/collector.h>

enum ng_cpufreq_attribute {
	/* frequencies */
	NG_CPUINFO_CUR,
	NG_CPUINFO_AVG,
	NG_CPUINFO_MIN,
	NG_CPUINFO_MAX,
	NG_SCALING_CUR,
	NG_SCALING_MIN,
	NG_SCALING_MAX,
	NG_CPUFREQ_FREQUENCIES,
	NG_SCALING_GOVERNOR = NG_CPUFREQ_FREQUENCIES,
	NG_CPUFREQ_ATTRIBUTES,
};

struct ng_cpufreq_policy {
	struct ng_span link; /* what tells it from others: the target of a CPU's link, or nothing */
	struct ng_span *governor;
	size_t governor_count, governor_capacity;
	struct ng_file file[NG_CPUFREQ_ATTRIBUTES]; /* without a path where there is none, or not for us */
	/* of this scrape */
	uint64_t khz[NG_CPUFREQ_FREQUENCIES];
	bool given[NG_CPUFREQ_FREQUENCIES];
	struct ng_span ruling;
};

struct ng_cpufreq_cpu {
	size_t policy;
	struct ng_labels *labels;
	struct ng_labels **governor_labels; /* as the policy's governors */
};

struct ng_cpufreq_policies {
	uint64_t epoch; /* in which the CPUs were listed, or found to be the same */
	bool unsure;    /* something did not answer: they are to be listed again */
	struct ng_arena kept;
	struct ng_span signature; /* the CPUs on line and the policies, when they were listed */
	uint64_t listed_s;        /* when that was */
	struct ng_cpufreq_policy *policy;
	size_t policy_count, policy_capacity;
	struct ng_cpufreq_cpu *cpu;
	size_t cpu_count, cpu_capacity;
};

/* Lists the CPUs on line with their policies, unless they are known to be the same as before. */
int ng_cpufreq_policies_refresh(struct ng_cpufreq_policies *policies, struct ng_scrape *scrape);

/* Closes and forgets all, so that the next refresh lists them again. */
void ng_cpufreq_policies_forget(struct ng_cpufreq_policies *policies);

bool ng_cpufreq_has_governor(const struct ng_cpufreq_policy *policy, struct ng_span name);

#endif
