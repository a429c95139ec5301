/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The NFS server: its reply cache, data, threads, packets, RPCs and calls of each procedure.
 *
 *     rc 0 6 18622                         reply cache: hits, misses, not cached
 *     fh 0 0 0 0 0                         stale file handles, and four that are no longer used
 *     io 157286400 72864                   bytes read and written
 *     th 8 0 0.000 ...                     threads; the rest is no longer used
 *     ra 32 0 0 0 0 0 0 0 0 0 0 0          read-ahead cache: size, ten depths, not found; gone since Linux 5.4
 *     net 972 55 917 1                     packets, by UDP and TCP; TCP connections
 *     rpc 18628 3 1 2 0                    calls; bad ones, by format, authentication and client
 *     proc3 22 2 112 0 2719 ...            22 procedures, and calls of each
 *     proc4ops 76 0 0 0 1098 2 ...         operations of NFSv4
 *     wdeleg_getattr 15                    since Linux 6.7
 *
 * Source: fs/nfsd/stats.c (nfsd_show), net/sunrpc/stats.c (svc_seq_show). proc2 is missing without CONFIG_NFSD_V2. The
 * file is there while the nfsd module is loaded.
 */
#include "lines.h"

enum {
	CACHE_HITS,
	CACHE_MISSES,
	CACHE_NONE,
	STALE_HANDLES,
	BYTES_READ,
	BYTES_WRITTEN,
	THREADS,
	AHEAD_SIZE,
	AHEAD_NOT_FOUND,
	PACKETS,
	CONNECTIONS,
	RPC_ERRORS,
	RPCS,
	REQUESTS
};

static const struct ng_family families[] = {
	[CACHE_HITS] = { .name = "node_nfsd_reply_cache_hits_total",
		.help = "Repeated requests that the NFS server answered from its reply cache.",
		.type = NG_COUNTER },
	[CACHE_MISSES] = { .name = "node_nfsd_reply_cache_misses_total",
		.help = "Requests whose reply the NFS server had to cache.",
		.type = NG_COUNTER },
	[CACHE_NONE] = { .name = "node_nfsd_reply_cache_nocache_total",
		.help = "Requests to the NFS server whose reply needs no caching.",
		.type = NG_COUNTER },
	[STALE_HANDLES] = { .name = "node_nfsd_file_handles_stale_total",
		.help = "Requests to the NFS server with a stale file handle.",
		.type = NG_COUNTER },
	[BYTES_READ] = { .name = "node_nfsd_disk_bytes_read_total",
		.help = "Bytes that clients read from the NFS server.",
		.type = NG_COUNTER },
	[BYTES_WRITTEN] = { .name = "node_nfsd_disk_bytes_written_total",
		.help = "Bytes that clients wrote to the NFS server.",
		.type = NG_COUNTER },
	[THREADS] = { .name = "node_nfsd_server_threads",
		.help = "Kernel threads of the NFS server.",
		.type = NG_GAUGE },
	[AHEAD_SIZE] = { .name = "node_nfsd_read_ahead_cache_size_blocks",
		.help = "Size of the NFS server's read-ahead cache in blocks; 0 since Linux 5.4.",
		.type = NG_GAUGE },
	[AHEAD_NOT_FOUND] = { .name = "node_nfsd_read_ahead_cache_not_found_total",
		.help = "Lookups in the NFS server's read-ahead cache that found nothing.",
		.type = NG_COUNTER },
	[PACKETS] = { .name = "node_nfsd_packets_total",
		.help = "Packets of the NFS server by transport protocol.",
		.type = NG_COUNTER,
		.labels = "proto" },
	[CONNECTIONS] = { .name = "node_nfsd_connections_total",
		.help = "TCP connections accepted by the NFS server.",
		.type = NG_COUNTER },
	[RPC_ERRORS] = { .name = "node_nfsd_rpc_errors_total",
		.help = "RPCs that the NFS server rejected, by reason.",
		.type = NG_COUNTER,
		.labels = "error" },
	[RPCS] = { .name = "node_nfsd_server_rpcs_total", .help = "RPCs of the NFS server.", .type = NG_COUNTER },
	[REQUESTS] = { .name = "node_nfsd_requests_total",
		.help = "Calls to the NFS server by protocol version and procedure.",
		.type = NG_COUNTER,
		.labels = "method,proto" },
};

static const char *const procedures_2[] = { NULL, "GetAttr", "SetAttr", "Root", "Lookup", "ReadLink", "Read", "WrCache",
	"Write", "Create", "Remove", "Rename", "Link", "SymLink", "MkDir", "RmDir", "ReadDir", "FsStat" };

static const char *const procedures_3[] = { NULL, "GetAttr", "SetAttr", "Lookup", "Access", "ReadLink", "Read", "Write",
	"Create", "MkDir", "SymLink", "MkNod", "Remove", "RmDir", "Rename", "Link", "ReadDir", "ReadDirPlus", "FsStat",
	"FsInfo", "PathConf", "Commit" };

/* node_exporter's names; those that it does not have are not reported. Operations 0 to 2 do not exist. */
static const char *const procedures_4[] = { NULL, NULL, NULL, "Access", "Close", "Commit", "Create", "DelegPurge",
	"DelegReturn", "GetAttr", "GetFH", "Link", "Lock", "Lockt", "Locku", "Lookup", "LookupRoot", "Nverify", "Open",
	"OpenAttr", "OpenConfirm", "OpenDgrd", "PutFH", NULL, NULL, "Read", "ReadDir", "ReadLink", "Remove", "Rename",
	"Renew", "RestoreFH", "SaveFH", "SecInfo", "SetAttr", "SetClientID", "SetClientIDConfirm", "Verify", "Write",
	"RelLockOwner" };

static const char *const delegations[] = { "WdelegGetattr" };

static const struct nfs_procedures procedures[] = {
	{ NG_SPAN("2"), procedures_2, NG_COUNT(procedures_2) },
	{ NG_SPAN("3"), procedures_3, NG_COUNT(procedures_3) },
	{ NG_SPAN("4"), procedures_4, NG_COUNT(procedures_4) },
	{ NG_SPAN("4"), delegations, NG_COUNT(delegations) },
};

enum { RC, FH, IO, TH, RA, NET, RPC, PROC2, PROC3, PROC4OPS, WDELEG, LINES };

struct values {
	uint64_t rc[3], fh[1], io[2], th[1], ra[12], net[4], rpc[5], wdeleg[1];
	uint64_t proc2[NG_COUNT(procedures_2)], proc3[NG_COUNT(procedures_3)], proc4ops[NG_COUNT(procedures_4)];
};

/* The families without labels, and where their values are. */
static const struct {
	unsigned char family, line, column;
} plain[] = {
	{ CACHE_HITS, RC, 0 },
	{ CACHE_MISSES, RC, 1 },
	{ CACHE_NONE, RC, 2 },
	{ STALE_HANDLES, FH, 0 },
	{ BYTES_READ, IO, 0 },
	{ BYTES_WRITTEN, IO, 1 },
	{ THREADS, TH, 0 },
	{ AHEAD_SIZE, RA, 0 },
	{ AHEAD_NOT_FOUND, RA, 11 },
	{ CONNECTIONS, NET, 3 },
	{ RPCS, RPC, 0 },
};

static const struct {
	unsigned char family, line, column;
	const char *label;
	struct ng_span value;
} labelled[] = {
	{ PACKETS, NET, 1, "proto", NG_SPAN("udp") },
	{ PACKETS, NET, 2, "proto", NG_SPAN("tcp") },
	{ RPC_ERRORS, RPC, 2, "error", NG_SPAN("fmt") },
	{ RPC_ERRORS, RPC, 3, "error", NG_SPAN("auth") },
	{ RPC_ERRORS, RPC, 4, "error", NG_SPAN("cInt") },
};

struct nfsd {
	struct ng_file file;
};

static void emit(struct ng_scrape *scrape, const struct nfs_line *lines)
{
	for (size_t i = 0; i < NG_COUNT(plain); i++)
		nfs_emit(scrape, &families[plain[i].family], &lines[plain[i].line], plain[i].column);
	for (size_t i = 0; i < NG_COUNT(labelled); i++) {
		const struct nfs_line *line = &lines[labelled[i].line];
		if (i == 0 || labelled[i].family != labelled[i - 1].family)
			ng_family(scrape->page, &families[labelled[i].family]);
		if (line->given >> labelled[i].column & 1)
			ng_sample_u64(scrape->page, NG_LABELS(scrape->arena, { labelled[i].label, labelled[i].value }),
				line->value[labelled[i].column]);
	}
	ng_family(scrape->page, &families[REQUESTS]);
	for (size_t i = 0; i < NG_COUNT(procedures); i++)
		nfs_emit_procedures(scrape, &procedures[i], &lines[PROC2 + i]);
}

static int nfsd_collect(void *state, struct ng_scrape *scrape)
{
	struct nfsd *nfsd = state;
	struct values values;
	struct nfs_line lines[LINES] = {
		[RC] = { NG_SPAN("rc"), false, NG_COUNT(values.rc), values.rc, 0, false },
		[FH] = { NG_SPAN("fh"), false, NG_COUNT(values.fh), values.fh, 0, false },
		[IO] = { NG_SPAN("io"), false, NG_COUNT(values.io), values.io, 0, false },
		[TH] = { NG_SPAN("th"), false, NG_COUNT(values.th), values.th, 0, false },
		[RA] = { NG_SPAN("ra"), false, NG_COUNT(values.ra), values.ra, 0, false },
		[NET] = { NG_SPAN("net"), false, NG_COUNT(values.net), values.net, 0, false },
		[RPC] = { NG_SPAN("rpc"), false, NG_COUNT(values.rpc), values.rpc, 0, false },
		[PROC2] = { NG_SPAN("proc2"), true, NG_COUNT(values.proc2), values.proc2, 0, false },
		[PROC3] = { NG_SPAN("proc3"), true, NG_COUNT(values.proc3), values.proc3, 0, false },
		[PROC4OPS] = { NG_SPAN("proc4ops"), true, NG_COUNT(values.proc4ops), values.proc4ops, 0, false },
		[WDELEG] = { NG_SPAN("wdeleg_getattr"), false, NG_COUNT(values.wdeleg), values.wdeleg, 0, false },
	};
	struct ng_span text;

	int r = ng_file_read(scrape, &nfsd->file, &text);
	if (r == 0)
		r = nfs_parse(scrape, nfsd->file.path, text, lines, LINES);
	if (r < 0)
		return r == -ENOENT ? -ENODATA : r;
	emit(scrape, lines);
	return 0;
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(nfsd, file, NG_PROC, NG_WHOLE, "net/rpc/nfsd"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "nfsd",
	.summary = "NFS server: reply cache, data, threads, packets, RPCs and calls of each procedure",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct nfsd),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = nfsd_collect,
};
NG_COLLECTOR(descriptor);
