/* SPDX-License-Identifier: Apache-2.0 */
#include "process/process.h"

#include "exporter/version.h"
#include "kernel/kernel.h"
#include "kernel/process_stat.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CPU, RESIDENT, VIRTUAL, VIRTUAL_MAX, START, OPEN_FDS, MAX_FDS, RECEIVED, TRANSMITTED, COUNT };
static const struct ng_family families[COUNT] = {
	[CPU] = { .name = "process_cpu_seconds_total",
		.type = NG_COUNTER,
		.help = "User and system CPU time of this process." },
	[RESIDENT] = { .name = "process_resident_memory_bytes",
		.type = NG_GAUGE,
		.help = "Resident memory of this process." },
	[VIRTUAL] = { .name = "process_virtual_memory_bytes",
		.type = NG_GAUGE,
		.help = "Virtual memory size of this process." },
	[VIRTUAL_MAX] = { .name = "process_virtual_memory_max_bytes",
		.type = NG_GAUGE,
		.help = "Virtual memory limit of this process." },
	[START] = { .name = "process_start_time_seconds",
		.type = NG_GAUGE,
		.help = "Start time of this process, as a Unix timestamp." },
	[OPEN_FDS] = { .name = "process_open_fds", .type = NG_GAUGE, .help = "Open file descriptors of this process." },
	[MAX_FDS] = { .name = "process_max_fds",
		.type = NG_GAUGE,
		.help = "Limit on open file descriptors of this process." },
	[RECEIVED] = { .name = "process_network_receive_bytes_total",
		.type = NG_COUNTER,
		.help = "IPv4 bytes received in the network namespace of this process, including those of other "
			"processes." },
	[TRANSMITTED] = { .name = "process_network_transmit_bytes_total",
		.type = NG_COUNTER,
		.help = "IPv4 bytes sent in the network namespace of this process, including those of other "
			"processes." },
};

/*
 * The kernel reports the start in clock ticks after boot, and the boot time is not stable to the nanosecond, so this is
 * computed only once.
 */
static uint64_t start_time(void)
{
	char text[1024];
	struct timespec real, boot;
	uint64_t ticks = 0;
	NG_CLOSE int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	if (n <= 0)
		return 0;
	struct ng_span word;
	if (ng_stat_field((struct ng_span){ text, (size_t)n }, NG_STAT_START, &word) < 0 || ng_u64(word, &ticks) < 0)
		return 0;
	uint64_t booted = ((uint64_t)real.tv_sec - (uint64_t)boot.tv_sec) * 1000000000u + (uint64_t)real.tv_nsec -
			  (uint64_t)boot.tv_nsec;
	return booted + ticks * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
}

static int open_statm(void)
{
	return open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
}

static int open_fds(void)
{
	return open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void keep(int *fd, int keep_below)
{
	if (*fd < keep_below)
		return;
	close(*fd);
	*fd = -1;
}

void ng_process_init(struct ng_process *process, int keep_below)
{
	struct stat status;

	process->statm_fd = open_statm();
	process->fds_fd = open_fds();
	process->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	process->start_ns = start_time();
	process->counts_fds = process->fds_fd >= 0 && fstat(process->fds_fd, &status) == 0 && status.st_size > 0;
	keep(&process->statm_fd, keep_below);
	keep(&process->fds_fd, keep_below);
}

void ng_process_done(struct ng_process *process)
{
	ng_close_fd(&process->statm_fd);
	ng_close_fd(&process->fds_fd);
}

static void write_cpu(struct ng_page *page, const struct ng_family *family)
{
	struct timespec used;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) < 0)
		return;
	ng_family(page, family);
	ng_sample_scaled(page, NG_NO_LABELS, (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec, 9);
}

static void write_memory(const struct ng_process *process, struct ng_page *page, const struct ng_family *own)
{
	char text[256];
	uint64_t size, resident;
	NG_CLOSE int passing = process->statm_fd < 0 ? open_statm() : -1;
	ssize_t n = pread(process->statm_fd < 0 ? passing : process->statm_fd, text, sizeof(text), 0);
	struct ng_span rest = { text, n > 0 ? (size_t)n : 0 };

	if (ng_u64_next(&rest, &size) < 0 || ng_u64_next(&rest, &resident) < 0)
		return;
	ng_gauge_u64(page, &own[RESIDENT], resident * process->page_size);
	ng_gauge_u64(page, &own[VIRTUAL], size * process->page_size);
}

static void write_limit(struct ng_page *page, const struct ng_family *family, __rlimit_resource_t resource)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return;
	ng_gauge_u64(page, family, limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur);
}

/* Includes the descriptor used for the listing, as in client_golang. 0 if it is not available. */
static uint64_t count_fds(const struct ng_process *process)
{
	NG_CLOSE int passing = process->fds_fd < 0 ? open_fds() : -1;
	int fd = process->fds_fd < 0 ? passing : process->fds_fd;
	_Alignas(struct dirent64) char bytes[4096];
	struct stat status;
	uint64_t count = 0;
	ssize_t n;

	if (process->counts_fds && fstat(fd, &status) == 0)
		return (uint64_t)status.st_size;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return 0;
	while ((n = getdents64(fd, bytes, sizeof(bytes))) > 0) {
		for (ssize_t at = 0; at < n; at += ((const struct dirent64 *)(const void *)(bytes + at))->d_reclen)
			count += ((const struct dirent64 *)(const void *)(bytes + at))->d_name[0] != '.';
	}
	return count;
}

/* The kernel counts by network namespace, not by process:
 *
 *     IpExt: InNoRoutes InTruncatedPkts ... InOctets OutOctets ...
 *     IpExt: 0 0 ... 886150424 62251713 ...
 */
static void write_network(struct ng_scrape *scrape, const struct ng_family *own)
{
	struct ng_span text, names, values, name, value;
	uint64_t bytes;

	if (ng_shared_read(scrape, scrape->kernel->netstat, &text) < 0)
		return;
	do {
		if (!ng_line_next(&text, &names) || !ng_line_next(&text, &values))
			return;
	} while (!ng_span_starts(names, NG_SPAN("IpExt: ")));
	for (int wanted = 2; wanted && ng_part_next(&names, ' ', &name) && ng_part_next(&values, ' ', &value);) {
		bool in = ng_span_equal(name, NG_SPAN("InOctets")), out = ng_span_equal(name, NG_SPAN("OutOctets"));
		wanted -= in || out;
		if ((in || out) && ng_u64(value, &bytes) == 0)
			ng_gauge_u64(scrape->page, &own[in ? RECEIVED : TRANSMITTED], bytes);
	}
}

static void write_process(void *context, struct ng_scrape *scrape, const struct ng_family *own)
{
	const struct ng_process *process = context;
	struct ng_page *page = scrape->page;

	write_cpu(page, &own[CPU]);
	write_memory(process, page, own);
	write_limit(page, &own[VIRTUAL_MAX], RLIMIT_AS);
	if (process->start_ns) {
		ng_family(page, &own[START]);
		ng_sample_scaled(page, NG_NO_LABELS, process->start_ns / 10000000, 2);
	}
	uint64_t fds = count_fds(process);
	if (fds)
		ng_gauge_u64(page, &own[OPEN_FDS], fds);
	write_limit(page, &own[MAX_FDS], RLIMIT_NOFILE);
	write_network(scrape, own);
}

const struct ng_writer ng_process_writer = { .families = families, .family_count = COUNT, .write = write_process };

/* ---- the build ---- */

static const struct ng_family build_families[] = {
	{ .name = "node_exporter_build_info",
		.type = NG_GAUGE,
		.labels = "branch,goarch,goos,goversion,revision,tags,version",
		.help = "Version of this program; always 1. Provided because node_exporter dashboards query it." },
	{ .name = "nodegauge_build_info",
		.type = NG_GAUGE,
		.labels = "version,revision,compiler",
		.help = "Version, revision and compiler of this program; always 1." },
};

static void write_build(void *context, struct ng_scrape *scrape, const struct ng_family *own)
{
	struct ng_page *page = scrape->page;
	struct ng_arena *arena = scrape->arena;
	struct ng_span version = ng_span(ng_version), revision = ng_span(ng_revision), compiler = ng_span(ng_compiler);

	(void)context;
	ng_family(page, &own[0]);
	ng_sample_u64(page,
		NG_LABELS(arena, { "branch", NG_SPAN("nodegauge") }, { "goarch", ng_span(ng_machine) },
			{ "goos", NG_SPAN("linux") }, { "goversion", NG_SPAN("") }, { "revision", revision },
			{ "tags", NG_SPAN("") }, { "version", version }),
		1);
	ng_family(page, &own[1]);
	ng_sample_u64(
		page, NG_LABELS(arena, { "version", version }, { "revision", revision }, { "compiler", compiler }), 1);
}

const struct ng_writer ng_build_writer = {
	.families = build_families, .family_count = NG_COUNT(build_families), .write = write_build
};
