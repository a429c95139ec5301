/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor: what the kernel itself charges for the reads of one scrape. It makes the calls of a plan (plan.awk writes
 * it from a trace of the daemon), over kept descriptors where the plan does not say otherwise, and does nothing else:
 * no parsing, no text.
 *
 *     floor [-n ROUNDS] [-i MILLISECONDS] [-e] PLAN     CPU time per round in microseconds; -e: each entry as well
 *     floor -p PORT -b BODY [-z GZIPPED] PLAN           makes one round for each GET, see serve.h
 *
 * A line of the plan, fields separated by tabs:
 *
 *     read     SIZE  COUNT  PATH       pread of SIZE bytes, COUNT times onwards or until the end of the file
 *     open     SIZE  COUNT  PATH       the same of a file that is opened by its kept directory, and closed again
 *     list     PATH                    all names of a directory
 *     statfs   PATH
 *     netlink  PROTOCOL  HEX           a request as it was sent; the answer is received to its end
 *     call     adjtimex|uname|sysinfo
 *
 * What does not exist here is left out with a word on standard error.
 */
#define _GNU_SOURCE
#include "serve.h"
#include "timing.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { PIECE = 32768 }; /* of a directory, or of a netlink dump: more than the kernel gives at once */

struct entry {
	void (*run)(const struct entry *entry);
	char *line; /* of the plan, for reports */
	char *path;
	int fd;
	size_t size;            /* of a read, or of the request */
	unsigned long pieces;   /* reads at most */
	unsigned char *request; /* netlink */
	uint64_t *cost;         /* nanoseconds, one per round; only with -e */
};

struct plan {
	struct entry *entry;
	size_t count;
};

/* As large as the largest read of the plan; its untouched pages cost nothing. */
static char *buffer;
static size_t buffer_size;

/* ---- the calls ---- */

static void run_read(const struct entry *entry)
{
	ssize_t n = 1;
	off_t offset = 0;

	for (unsigned long i = 0; i < entry->pieces && n > 0; i++) {
		n = pread(entry->fd, buffer, entry->size, offset);
		offset += n;
	}
}

static void run_open(const struct entry *entry)
{
	ssize_t n = 1;
	int fd = openat(entry->fd, entry->path, O_RDONLY | O_CLOEXEC);

	for (unsigned long i = 0; i < entry->pieces && n > 0; i++)
		n = read(fd, buffer, entry->size);
	close(fd);
}

static void run_list(const struct entry *entry)
{
	lseek(entry->fd, 0, SEEK_SET);
	while (syscall(SYS_getdents64, entry->fd, buffer, PIECE) > 0)
		;
}

static void run_statfs(const struct entry *entry)
{
	struct statfs ignored;

	statfs(entry->path, &ignored);
}

static void run_netlink(const struct entry *entry)
{
	bool more = send(entry->fd, entry->request, entry->size, 0) > 0;

	while (more) {
		ssize_t n = recv(entry->fd, buffer, PIECE, 0);
		unsigned left = n > 0 ? (unsigned)n : 0;
		more = left > 0;
		for (struct nlmsghdr *h = (struct nlmsghdr *)buffer; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR ||
				!(h->nlmsg_flags & NLM_F_MULTI))
				more = false;
		}
	}
}

static void run_adjtimex(const struct entry *entry)
{
	struct timex t = { .modes = 0 };

	(void)entry;
	adjtimex(&t);
}

static void run_uname(const struct entry *entry)
{
	struct utsname ignored;

	(void)entry;
	uname(&ignored);
}

static void run_sysinfo(const struct entry *entry)
{
	struct sysinfo ignored;

	(void)entry;
	sysinfo(&ignored);
}

/* ---- the plan ---- */

static void buffer_reserve(size_t size)
{
	if (size <= buffer_size)
		return;
	free(buffer);
	buffer = malloc(size);
	if (buffer == NULL)
		abort();
	buffer_size = size;
}

static int open_netlink(struct entry *entry, int protocol, const char *hex)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	entry->size = strlen(hex) / 2;
	entry->request = calloc(1, entry->size + 1);
	for (size_t i = 0; i < entry->size; i++)
		sscanf(hex + 2 * i, "%2hhx", &entry->request[i]);
	entry->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	return entry->fd < 0 ? -1 : connect(entry->fd, (struct sockaddr *)&kernel, sizeof(kernel));
}

/* Returns whether the entry can be run here. */
static bool entry_open(struct entry *entry)
{
	char *rest = strdup(entry->line), *field[4] = { 0 };

	for (int i = 0; i < 4 && rest != NULL; i++)
		field[i] = strsep(&rest, "\t");
	const char *what = field[0];
	if (strcmp(what, "read") == 0 && field[3] != NULL) {
		entry->run = run_read;
		entry->size = strtoul(field[1], NULL, 10);
		entry->pieces = strtoul(field[2], NULL, 10);
		entry->path = field[3];
		entry->fd = open(entry->path, O_RDONLY | O_CLOEXEC);
		buffer_reserve(entry->size);
		return entry->fd >= 0 && pread(entry->fd, buffer, entry->size, 0) >= 0;
	}
	if (strcmp(what, "open") == 0 && field[3] != NULL && strrchr(field[3], '/')) {
		char *slash = strrchr(field[3], '/');
		*slash = '\0';
		entry->run = run_open;
		entry->size = strtoul(field[1], NULL, 10);
		entry->pieces = strtoul(field[2], NULL, 10);
		entry->path = slash + 1;
		entry->fd = open(slash > field[3] ? field[3] : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		buffer_reserve(entry->size);
		return entry->fd >= 0 && faccessat(entry->fd, entry->path, R_OK, 0) == 0;
	}
	if (strcmp(what, "list") == 0 && field[1] != NULL) {
		entry->run = run_list;
		entry->path = field[1];
		entry->fd = open(entry->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return entry->fd >= 0;
	}
	if (strcmp(what, "statfs") == 0 && field[1] != NULL) {
		struct statfs ignored;
		entry->run = run_statfs;
		entry->path = field[1];
		return statfs(entry->path, &ignored) == 0;
	}
	if (strcmp(what, "netlink") == 0 && field[2] != NULL) {
		entry->run = run_netlink;
		return open_netlink(entry, atoi(field[1]), field[2]) == 0;
	}
	if (strcmp(what, "call") == 0 && field[1] != NULL) {
		entry->run = strcmp(field[1], "adjtimex") == 0  ? run_adjtimex
			     : strcmp(field[1], "uname") == 0   ? run_uname
			     : strcmp(field[1], "sysinfo") == 0 ? run_sysinfo
								: NULL;
		return entry->run != NULL;
	}
	return false;
}

static struct plan plan_load(const char *path)
{
	struct plan plan = { 0 };
	size_t capacity = 0, room = 0;
	char *line = NULL;
	FILE *file = fopen(path, "r");

	if (file == NULL) {
		perror(path);
		exit(1);
	}
	buffer_reserve(PIECE);
	while (getline(&line, &room, file) > 0) {
		if (plan.count == capacity) {
			capacity = capacity ? 2 * capacity : 256;
			plan.entry = realloc(plan.entry, capacity * sizeof(*plan.entry));
			if (plan.entry == NULL)
				abort();
		}
		line[strcspn(line, "\n")] = '\0';
		plan.entry[plan.count] = (struct entry){ .line = strdup(line), .fd = -1 };
		if (entry_open(&plan.entry[plan.count]))
			plan.count++;
		else
			fprintf(stderr, "floor: left out: %s\n", line);
	}
	fclose(file);
	free(line);
	return plan;
}

static void plan_run(void *argument)
{
	const struct plan *plan = argument;

	for (size_t i = 0; i < plan->count; i++)
		plan->entry[i].run(&plan->entry[i]);
}

/* ---- without a server ---- */

static void measure_all(struct plan *plan, size_t rounds, long pause)
{
	uint64_t *cost = calloc(rounds, sizeof(*cost));

	for (size_t round = 0; round < rounds; round++) {
		pause_for(pause);
		uint64_t start = clock_now(CLOCK_PROCESS_CPUTIME_ID);
		plan_run(plan);
		cost[round] = clock_now(CLOCK_PROCESS_CPUTIME_ID) - start;
	}
	uint64_t median = percentile(cost, rounds, 50);
	printf("entries=%zu rounds=%zu cpu=%.3f least=%.3f\n", plan->count, rounds, (double)median / 1e3,
		(double)cost[0] / 1e3);
	free(cost);
}

static void measure_each(struct plan *plan, size_t rounds, long pause)
{
	for (size_t i = 0; i < plan->count; i++)
		plan->entry[i].cost = calloc(rounds, sizeof(uint64_t));
	for (size_t round = 0; round < rounds; round++) {
		pause_for(pause);
		for (size_t i = 0; i < plan->count; i++) {
			uint64_t start = clock_now(CLOCK_MONOTONIC);
			plan->entry[i].run(&plan->entry[i]);
			plan->entry[i].cost[round] = clock_now(CLOCK_MONOTONIC) - start;
		}
	}
	for (size_t i = 0; i < plan->count; i++)
		printf("%.2f\t%s\n", (double)percentile(plan->entry[i].cost, rounds, 50) / 1e3, plan->entry[i].line);
}

static int usage(void)
{
	fputs("usage: floor [-n ROUNDS] [-i MILLISECONDS] [-e] PLAN\n"
	      "       floor -p PORT -b BODY [-z GZIPPED] PLAN\n",
		stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const char *body = NULL, *gzipped = NULL;
	size_t rounds = 200;
	long pause = 0;
	int option, port = 0;
	bool each = false;

	while ((option = getopt(argc, argv, "n:i:ep:b:z:")) != -1) {
		switch (option) {
		case 'n':
			rounds = strtoul(optarg, NULL, 10);
			break;
		case 'i':
			pause = atol(optarg);
			break;
		case 'e':
			each = true;
			break;
		case 'p':
			port = atoi(optarg);
			break;
		case 'b':
			body = optarg;
			break;
		case 'z':
			gzipped = optarg;
			break;
		default:
			return usage();
		}
	}
	if (optind + 1 != argc || rounds < 1 || (port != 0) != (body != NULL))
		return usage();
	struct rlimit files = { 0 };
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	struct plan plan = plan_load(argv[optind]);
	if (port != 0)
		serve((uint16_t)port, body, gzipped, plan_run, &plan);
	measure_all(&plan, rounds, pause);
	if (each)
		measure_each(&plan, rounds, pause);
	return 0;
}
