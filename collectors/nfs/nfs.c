/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The NFS client: its packets, RPCs and calls of each procedure.
 *
 *     net 0 0 0 0
 *     rpc 218 3 221                        calls, retransmissions, refreshed credentials
 *     proc3 22 0 10 4 7 ...                22 procedures, and calls of each
 *     proc4 69 1 51 54 83 ...
 *
 * Source: net/sunrpc/stats.c (rpc_proc_show); the procedures are those of fs/nfs/nfs{2,3,4}xdr.c. proc2 is missing
 * without CONFIG_NFS_V2. The file is there while the nfs module is loaded.
 */
#include "lines.h"

enum { PACKETS, CONNECTIONS, RPCS, RETRANSMISSIONS, REFRESHES, REQUESTS };

static const struct ng_family families[] = {
	[PACKETS] = { .name = "node_nfs_packets_total",
		.help = "Packets of the NFS client by transport protocol.",
		.type = NG_COUNTER,
		.labels = "protocol" },
	[CONNECTIONS] = { .name = "node_nfs_connections_total",
		.help = "TCP connections of the NFS client.",
		.type = NG_COUNTER },
	[RPCS] = { .name = "node_nfs_rpcs_total", .help = "RPCs of the NFS client.", .type = NG_COUNTER },
	[RETRANSMISSIONS] = { .name = "node_nfs_rpc_retransmissions_total",
		.help = "RPCs that the NFS client retransmitted.",
		.type = NG_COUNTER },
	[REFRESHES] = { .name = "node_nfs_rpc_authentication_refreshes_total",
		.help = "Times the NFS client refreshed its credentials.",
		.type = NG_COUNTER },
	[REQUESTS] = { .name = "node_nfs_requests_total",
		.help = "Calls of the NFS client by protocol version and procedure.",
		.type = NG_COUNTER,
		.labels = "method,proto" },
};

static const char *const procedures_2[] = { "Null", "GetAttr", "SetAttr", "Root", "Lookup", "ReadLink", "Read",
	"WrCache", "Write", "Create", "Remove", "Rename", "Link", "SymLink", "MkDir", "RmDir", "ReadDir", "FsStat" };

static const char *const procedures_3[] = { "Null", "GetAttr", "SetAttr", "Lookup", "Access", "ReadLink", "Read",
	"Write", "Create", "MkDir", "SymLink", "MkNod", "Remove", "RmDir", "Rename", "Link", "ReadDir", "ReadDirPlus",
	"FsStat", "FsInfo", "PathConf", "Commit" };

/* node_exporter's names and order; those that it does not have are not reported. */
static const char *const procedures_4[] = { "Null", "Read", "Write", "Commit", "Open", "OpenConfirm", "OpenNoattr",
	"OpenDowngrade", "Close", "Setattr", "FsInfo", "Renew", "SetClientID", "SetClientIDConfirm", "Lock", "Lockt",
	"Locku", "Access", "Getattr", "Lookup", "LookupRoot", "Remove", "Rename", "Link", "Symlink", "Create",
	"Pathconf", "StatFs", "ReadLink", "ReadDir", "ServerCaps", "DelegReturn", "GetACL", "SetACL", "FsLocations",
	"ReleaseLockowner", "Secinfo", "FsidPresent", "ExchangeID", "CreateSession", "DestroySession", "Sequence",
	"GetLeaseTime", "ReclaimComplete", "GetDeviceInfo", "LayoutGet", "LayoutCommit", "LayoutReturn",
	"SecinfoNoName", "TestStateID", "FreeStateID", "GetDeviceList", "BindConnToSession", "DestroyClientID", "Seek",
	"Allocate", "DeAllocate", "LayoutStats", "Clone" };

static const struct nfs_procedures procedures[] = {
	{ NG_SPAN("2"), procedures_2, NG_COUNT(procedures_2) },
	{ NG_SPAN("3"), procedures_3, NG_COUNT(procedures_3) },
	{ NG_SPAN("4"), procedures_4, NG_COUNT(procedures_4) },
};

enum { NET, RPC, PROC2, PROC3, PROC4, LINES };

struct values {
	uint64_t net[4], rpc[3];
	uint64_t proc2[NG_COUNT(procedures_2)], proc3[NG_COUNT(procedures_3)], proc4[NG_COUNT(procedures_4)];
};

struct nfs {
	struct ng_file file;
};

static void emit_packets(struct ng_scrape *scrape, const struct nfs_line *net)
{
	ng_family(scrape->page, &families[PACKETS]);
	if (net->given >> 1 & 1)
		ng_sample_u64(scrape->page, NG_LABELS(scrape->arena, { "protocol", NG_SPAN("udp") }), net->value[1]);
	if (net->given >> 2 & 1)
		ng_sample_u64(scrape->page, NG_LABELS(scrape->arena, { "protocol", NG_SPAN("tcp") }), net->value[2]);
	nfs_emit(scrape, &families[CONNECTIONS], net, 3);
}

static int nfs_collect(void *state, struct ng_scrape *scrape)
{
	struct nfs *nfs = state;
	struct values values;
	struct nfs_line lines[LINES] = {
		[NET] = { NG_SPAN("net"), false, NG_COUNT(values.net), values.net, 0, false },
		[RPC] = { NG_SPAN("rpc"), false, NG_COUNT(values.rpc), values.rpc, 0, false },
		[PROC2] = { NG_SPAN("proc2"), true, NG_COUNT(values.proc2), values.proc2, 0, false },
		[PROC3] = { NG_SPAN("proc3"), true, NG_COUNT(values.proc3), values.proc3, 0, false },
		[PROC4] = { NG_SPAN("proc4"), true, NG_COUNT(values.proc4), values.proc4, 0, false },
	};
	struct ng_span text;

	int r = ng_file_read(scrape, &nfs->file, &text);
	if (r == 0)
		r = nfs_parse(scrape, nfs->file.path, text, lines, LINES);
	if (r < 0)
		return r == -ENOENT ? -ENODATA : r;
	emit_packets(scrape, &lines[NET]);
	nfs_emit(scrape, &families[RPCS], &lines[RPC], 0);
	nfs_emit(scrape, &families[RETRANSMISSIONS], &lines[RPC], 1);
	nfs_emit(scrape, &families[REFRESHES], &lines[RPC], 2);
	ng_family(scrape->page, &families[REQUESTS]);
	for (size_t i = 0; i < NG_COUNT(procedures); i++)
		nfs_emit_procedures(scrape, &procedures[i], &lines[PROC2 + i]);
	return 0;
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(nfs, file, NG_PROC, NG_WHOLE, "net/rpc/nfs"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "nfs",
	.summary = "NFS client: packets, RPCs and calls of each procedure",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct nfs),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = nfs_collect,
};
NG_COLLECTOR(descriptor);
