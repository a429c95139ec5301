/* SPDX-License-Identifier: Apache-2.0 */
#include "config/node_exporter.h"

#include <stdio.h>

const struct ng_their_collector ng_their_collectors[] = {
	{ .name = "arp", NG_THEIRS_ON },
	{ .name = "bcache", NG_THEIRS_ON },
	{ .name = "bcachefs", NG_THEIRS_ON },
	{ .name = "bonding", NG_THEIRS_ON },
	{ .name = "btrfs", NG_THEIRS_ON },
	{ .name = "buddyinfo" },
	{ .name = "cgroups" },
	{ .name = "conntrack", NG_THEIRS_ON },
	{ .name = "cpu", NG_THEIRS_ON },
	{ .name = "cpu_vulnerabilities" },
	{ .name = "cpufreq", NG_THEIRS_ON },
	{ .name = "diskstats", NG_THEIRS_ON },
	{ .name = "dmi", NG_THEIRS_ON },
	{ .name = "dmmultipath", NG_THEIRS_NEWER },
	{ .name = "drbd" },
	{ .name = "drm" },
	{ .name = "edac", NG_THEIRS_ON },
	{ .name = "entropy", NG_THEIRS_ON },
	{ .name = "ethtool" },
	{ .name = "fibrechannel", NG_THEIRS_ON },
	{ .name = "filefd", NG_THEIRS_ON },
	{ .name = "filesystem", NG_THEIRS_ON },
	{ .name = "hwmon", NG_THEIRS_ON },
	{ .name = "infiniband", NG_THEIRS_ON },
	{ .name = "interrupts" },
	{ .name = "ipvs", NG_THEIRS_ON },
	{ .name = "kernel_hung", NG_THEIRS_ON },
	{ .name = "ksmd" },
	{ .name = "lnstat" },
	{ .name = "loadavg", NG_THEIRS_ON },
	{ .name = "logind" },
	{ .name = "mdadm", NG_THEIRS_ON },
	{ .name = "meminfo", NG_THEIRS_ON },
	{ .name = "meminfo_numa" },
	{ .name = "mountstats" },
	{ .name = "netclass", NG_THEIRS_ON, .alias = "netclass_rtnl" },
	{ .name = "netdev", NG_THEIRS_ON },
	{ .name = "netstat", NG_THEIRS_ON },
	{ .name = "network_route" },
	{ .name = "nfs", NG_THEIRS_ON },
	{ .name = "nfsd", NG_THEIRS_ON },
	{ .name = "ntp" },
	{ .name = "nvme", NG_THEIRS_ON },
	{ .name = "nvmesubsystem" },
	{ .name = "os", NG_THEIRS_ON },
	{ .name = "pcidevice" },
	{ .name = "perf" },
	{ .name = "powersupplyclass", NG_THEIRS_ON, .alias = "powersupply" },
	{ .name = "pressure", NG_THEIRS_ON },
	{ .name = "processes" },
	{ .name = "qdisc", .alias = "qdisk" },
	{ .name = "rapl", NG_THEIRS_ON },
	{ .name = "runit" },
	{ .name = "schedstat", NG_THEIRS_ON },
	{ .name = "selinux", NG_THEIRS_ON },
	{ .name = "slabinfo" },
	{ .name = "sockstat", NG_THEIRS_ON },
	{ .name = "softirqs" },
	{ .name = "softnet", NG_THEIRS_ON },
	{ .name = "stat", NG_THEIRS_ON },
	{ .name = "supervisord" },
	{ .name = "swap" },
	{ .name = "sysctl" },
	{ .name = "systemd" },
	{ .name = "tapestats", NG_THEIRS_ON },
	{ .name = "tcpstat" },
	{ .name = "textfile", NG_THEIRS_ON },
	{ .name = "thermal_zone", NG_THEIRS_ON },
	{ .name = "time", NG_THEIRS_ON },
	{ .name = "timex", NG_THEIRS_ON },
	{ .name = "udp_queues", NG_THEIRS_ON },
	{ .name = "uname", NG_THEIRS_ON },
	{ .name = "vmstat", NG_THEIRS_ON },
	{ .name = "watchdog", NG_THEIRS_ON },
	{ .name = "wifi" },
	{ .name = "xfrm" },
	{ .name = "xfs", NG_THEIRS_ON },
	{ .name = "zfs", NG_THEIRS_ON },
	{ .name = "zoneinfo" },
	{ .name = NULL },
};

/* node_exporter's own flags, and flags of versions before 0.16, that have no meaning here. */
static const struct {
	const char *flag, *reason;
} flags[] = {
	{ "web.config.file", "nodegauge has no TLS and no authentication: make it listen on 127.0.0.1 behind a proxy "
			     "that has both" },
	{ "collectors.enabled", "removed in node_exporter 0.16; use --collector.disable-defaults --collector.NAME" },
	{ "collectors.print", "removed in node_exporter 0.16; use --collector.list" },
};

const struct ng_their_collector *ng_their_collector_of(struct ng_span flag)
{
	if (ng_span_starts(flag, NG_SPAN("no-")))
		flag = ng_span_skip(flag, 3);
	if (!ng_span_starts(flag, NG_SPAN("collector.")))
		return NULL;
	struct ng_span name = ng_span_skip(flag, sizeof("collector.") - 1);
	name.size = ng_span_find(name, '.');
	for (const struct ng_their_collector *at = ng_their_collectors; at->name; at++) {
		if (ng_span_equal(ng_span(at->name), name) || (at->alias && ng_span_equal(ng_span(at->alias), name)))
			return at;
	}
	return NULL;
}

bool ng_collector_exists(const struct ng_options *options, const char *name)
{
	const struct ng_registry *registry = options->registry;

	for (size_t i = 0; i < registry->count; i++) {
		if (strcmp(registry->item[i]->name, name) == 0)
			return true;
	}
	return false;
}

bool ng_their_switched_off(const struct ng_options *options, struct ng_span flag)
{
	const struct ng_their_collector *collector = ng_their_collector_of(flag);
	size_t prefix = sizeof("no-collector.") - 1;

	return collector && ng_span_starts(flag, NG_SPAN("no-collector.")) &&
	       ng_span_equal(ng_span_skip(flag, prefix), ng_span(collector->name)) &&
	       !ng_collector_exists(options, collector->name);
}

bool ng_their_flag_missing(const struct ng_options *options, struct ng_span flag, char *text, size_t size)
{
	for (size_t i = 0; i < NG_COUNT(flags); i++) {
		if (ng_span_equal(ng_span(flags[i].flag), flag)) {
			snprintf(text, size, "%s", flags[i].reason);
			return true;
		}
	}
	const struct ng_their_collector *collector = ng_their_collector_of(flag);
	if (!collector || ng_collector_exists(options, collector->name))
		return false;
	snprintf(text, size, "nodegauge does not have node_exporter's collector %s", collector->name);
	return true;
}
