/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU vulnerabilities known to the kernel, and their mitigations.
 *
 *     itlb_multihit:      Not affected
 *     mmio_stale_data:    Mitigation: Clear CPU buffers; SMT Host state unknown
 *     spec_store_bypass:  Vulnerable
 *     srbds:              Unknown: Dependent on hypervisor status
 *
 * Source: Documentation/ABI/testing/sysfs-devices-system-cpu, cpu_show_common in arch/x86/kernel/cpu/bugs.c. The texts
 * are meant for humans: only their beginnings are regular, and itlb_multihit may be "KVM: Mitigation: Split huge
 * pages".
 */
#include <nodegauge/collector.h>

#define DIRECTORY "devices/system/cpu/vulnerabilities"

struct cpu_vulnerabilities {
	uint64_t epoch; /* in which the directory was listed */
	struct ng_arena kept;
	struct flaw *flaw;
	size_t count, capacity;
};

struct flaw {
	struct ng_span name;
	struct ng_file file;
};

static const struct ng_family families[] = {
	{ .name = "node_cpu_vulnerabilities_info",
		.help = "CPU vulnerability known to the kernel, with its mitigation; always 1.",
		.type = NG_GAUGE,
		.labels = "codename,state,mitigation" },
};

/* ---- parsing ---- */

static bool starts_with_any_case(struct ng_span text, struct ng_span lower)
{
	if (text.size < lower.size)
		return false;
	for (size_t i = 0; i < lower.size; i++) {
		char c = text.text[i];
		if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != lower.text[i])
			return false;
	}
	return true;
}

/* Everything after the first word, with single spaces between words; line breaks separate words too. */
static struct ng_span behind_first_word(struct ng_arena *arena, struct ng_span text)
{
	char *start = ng_alloc(arena, text.size + 1), *at = start;
	struct ng_span line, word;
	bool first = true;

	while (start && ng_line_next(&text, &line)) {
		while (ng_word_next(&line, &word)) {
			if (at > start)
				*at++ = ' ';
			if (!first) {
				memcpy(at, word.text, word.size);
				at += word.size;
			}
			first = false;
		}
	}
	return (struct ng_span){ start, (size_t)(at - start) };
}

static void parse(
	struct ng_arena *arena, struct ng_span text, struct ng_span *ret_state, struct ng_span *ret_mitigation)
{
	static const struct ng_span states[] = { NG_SPAN("vulnerable"), NG_SPAN("mitigation"), NG_SPAN("unknown") };

	*ret_mitigation = (struct ng_span){ NULL, 0 };
	*ret_state = NG_SPAN("not affected");
	if (starts_with_any_case(text, *ret_state))
		return;
	for (size_t i = 0; i < NG_COUNT(states); i++) {
		*ret_state = states[i];
		if (!starts_with_any_case(text, states[i]))
			continue;
		*ret_mitigation = behind_first_word(arena, text);
		return;
	}
	*ret_mitigation = text;
}

/* ---- reading ---- */

static void forget(struct cpu_vulnerabilities *flaws)
{
	for (size_t i = 0; i < flaws->count; i++)
		ng_file_close(&flaws->flaw[i].file);
	flaws->flaw = NULL;
	flaws->count = flaws->capacity = 0;
	flaws->epoch = 0;
	ng_arena_reset(&flaws->kept);
}

static int list(struct cpu_vulnerabilities *flaws, struct ng_scrape *scrape)
{
	struct ng_names names;

	forget(flaws);
	int r = ng_names(scrape, NG_SYS, DIRECTORY, &names);
	if (r < 0 && r != -ENOENT)
		return r;
	for (size_t i = 0; i < names.count; i++) {
		const char *path = ng_join(&flaws->kept, DIRECTORY, "/", names.name[i]);
		struct flaw *flaw = path ? ng_push(&flaws->kept, &flaws->flaw, &flaws->count, &flaws->capacity) : NULL;
		if (!flaw)
			return -ENOMEM;
		*flaw = (struct flaw){ ng_span(path + sizeof(DIRECTORY)), NG_FILE(NG_SYS, NG_VALUE, path) };
	}
	flaws->epoch = scrape->devices_epoch;
	return 0;
}

static int emit(struct ng_scrape *scrape, struct flaw *flaw)
{
	struct ng_span text, verdict, mitigation;

	int r = ng_file_read(scrape, &flaw->file, &text);
	if (r < 0)
		return r;
	text = ng_trim(text);
	if (!text.size)
		return ng_broken(scrape, flaw->file.path, 1, "the state of the vulnerability");
	parse(scrape->arena, text, &verdict, &mitigation);
	ng_sample_u64(scrape->page,
		NG_LABELS(
			scrape->arena, { "codename", flaw->name }, { "state", verdict }, { "mitigation", mitigation }),
		1);
	return 0;
}

static int cpu_vulnerabilities_collect(void *state, struct ng_scrape *scrape)
{
	struct cpu_vulnerabilities *flaws = state;
	int r = 0, failure = 0;
	bool any = false;

	if (flaws->epoch != scrape->devices_epoch)
		r = list(flaws, scrape);
	if (r < 0)
		return r;
	ng_family(scrape->page, &families[0]);
	for (size_t i = 0; i < flaws->count; i++) {
		r = emit(scrape, &flaws->flaw[i]);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			ng_drop_unread(scrape, r, flaws->flaw[i].file.path);
		if (r < 0 && !ng_absent(r))
			failure = r;
		any = any || r == 0;
	}
	return any ? 0 : ng_fail_noted(scrape, failure);
}

static void cpu_vulnerabilities_done(void *state)
{
	struct cpu_vulnerabilities *flaws = state;

	forget(flaws);
	ng_arena_done(&flaws->kept);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "cpu_vulnerabilities",
	.summary = "CPU vulnerabilities and their mitigations",
	.off_by_default = true,
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct cpu_vulnerabilities),
	.collect = cpu_vulnerabilities_collect,
	.done = cpu_vulnerabilities_done,
};
NG_COLLECTOR(descriptor);
