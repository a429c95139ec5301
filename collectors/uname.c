/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result of uname(2): kernel version, architecture and host name.
 *
 * The host name is that of this process's UTS namespace. It may change at any time, so the call is made on every
 * scrape, and only the labels are cached.
 */
#include <nodegauge/collector.h>
#include <sys/utsname.h>

struct names {
	struct utsname last; /* the source of the labels */
	struct ng_labels *labels;
	struct ng_arena arena;
};

static const struct ng_family families[] = {
	{ .name = "node_uname_info",
		.help = "System information from uname(2); always 1.",
		.type = NG_GAUGE,
		.labels = "sysname,release,version,machine,nodename,domainname" },
};

static void labels_make(struct names *names, const struct utsname *now)
{
	ng_arena_reset(&names->arena);
	names->last = *now;
	names->labels =
		NG_LABELS(&names->arena, { "sysname", ng_span(now->sysname) }, { "release", ng_span(now->release) },
			{ "version", ng_span(now->version) }, { "machine", ng_span(now->machine) },
			{ "nodename", ng_span(now->nodename) }, { "domainname", ng_span(now->domainname) });
}

static int uname_collect(void *state, struct ng_scrape *scrape)
{
	struct names *names = state;
	struct utsname now = { 0 };

	if (uname(&now) < 0)
		return ng_failed(scrape, -errno, "call", "uname");
	if (!names->labels || !ng_labels_valid(names->labels) || memcmp(&now, &names->last, sizeof(now)) != 0)
		labels_make(names, &now);
	ng_family(scrape->page, &families[0]);
	ng_sample_u64(scrape->page, names->labels, 1);
	return 0;
}

static void uname_done(void *state)
{
	struct names *names = state;

	ng_arena_done(&names->arena);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "uname",
	.summary = "Kernel version, architecture and host name",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct names),
	.collect = uname_collect,
	.done = uname_done,
};
NG_COLLECTOR(descriptor);
