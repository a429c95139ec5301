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
	struct ng_span link; /* identifies the policy: the target of a CPU's link, or empty */
	struct ng_span *governor;
	size_t governor_count, governor_capacity;
	struct ng_file file[NG_CPUFREQ_ATTRIBUTES]; /* without a path if it is missing or not readable by us */
	/* of this scrape */
	uint64_t khz[NG_CPUFREQ_FREQUENCIES];
	bool given[NG_CPUFREQ_FREQUENCIES];
	struct ng_span ruling;
};

struct ng_cpufreq_cpu {
	size_t policy;
	struct ng_labels *labels;
	struct ng_labels **governor_labels; /* in the order of the policy's governors */
};

struct ng_cpufreq_policies {
	uint64_t epoch; /* in which the CPUs were listed, or found unchanged */
	bool unsure;    /* something could not be read: list again */
	struct ng_arena kept;
	struct ng_span signature; /* the online CPUs and the policies at the time of listing */
	uint64_t listed_s;        /* time of listing */
	struct ng_cpufreq_policy *policy;
	size_t policy_count, policy_capacity;
	struct ng_cpufreq_cpu *cpu;
	size_t cpu_count, cpu_capacity;
};

/* Lists the online CPUs with their policies, unless they are known to be unchanged. */
int ng_cpufreq_policies_refresh(struct ng_cpufreq_policies *policies, struct ng_scrape *scrape);

/* Closes and forgets everything, so that the next refresh lists it again. */
void ng_cpufreq_policies_forget(struct ng_cpufreq_policies *policies);

bool ng_cpufreq_has_governor(const struct ng_cpufreq_policy *policy, struct ng_span name);

#endif
