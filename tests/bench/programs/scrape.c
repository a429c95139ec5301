/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that scrapes one server over one connection, one request after another, and charges the processor time to
 * the server: it reads that process's own CPU clock (all threads, nanoseconds), so neither this client nor any other
 * load on the machine is in the figure.
 *
 *     scrape [-n COUNT] [-w WARMUP] [-i MILLISECONDS] [-z] [-p PID] [-o FILE] PORT [PATH]
 *
 *     -n  scrapes that count (200)           -w  scrapes before them (20)
 *     -i  pause before each scrape (0)       -z  ask for gzip
 *     -p  the process to charge              -o  store the last body as it came
 *
 * Prints one line: scrapes=200 failed=0 body=60080 cpu=5160.1 user=0.72 p50=5310.0 p99=8020.3
 * cpu, p50 and p99 are microseconds (cpu per scrape, the others of the scrape's duration); user is the share of the CPU
 * time that was not the kernel's, sampled by the kernel's tick and therefore rough; body is the size of the last one.
 */
#include "timing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
	struct sockaddr_in server;
	int fd;
	char request[512];
	char *answer; /* as received; NUL-terminated */
	size_t used, capacity;
	char *body; /* inside answer, with the chunk headers taken out */
	size_t body_size;
};

struct usage {
	uint64_t cpu;               /* nanoseconds */
	unsigned long user, system; /* ticks */
};

static struct usage usage_of(pid_t pid)
{
	struct usage usage = { 0 };
	clockid_t clock;
	char path[64], text[1024];

	if (pid == 0)
		return usage;
	if (clock_getcpuclockid(pid, &clock) == 0)
		usage.cpu = clock_now(clock);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return usage;
	size_t size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	/* proc_pid_stat(5): the name in brackets may hold anything; utime and stime are fields 14 and 15. */
	const char *fields = strrchr(text, ')');
	if (fields != NULL)
		sscanf(fields + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &usage.user, &usage.system);
	return usage;
}

static void client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

static bool client_connect(struct client *client)
{
	int on = 1;
	struct timeval patience = { .tv_sec = 60 };

	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return false;
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(client->fd, (const struct sockaddr *)&client->server, sizeof(client->server)) == 0)
		return true;
	client_close(client);
	return false;
}

/* Receives until `size` bytes of the answer are here. */
static bool client_fill(struct client *client, size_t size)
{
	while (client->used < size) {
		if (client->capacity < size + 65536) {
			client->capacity = 2 * (size + 65536);
			client->answer = realloc(client->answer, client->capacity);
			if (client->answer == NULL)
				abort();
		}
		ssize_t n = recv(client->fd, client->answer + client->used, client->capacity - client->used - 1, 0);
		if (n <= 0)
			return false;
		client->used += (size_t)n;
		client->answer[client->used] = '\0';
	}
	return true;
}

/* The offset behind `end`, looked for from `start` on; 0 when the connection breaks first. */
static size_t client_until(struct client *client, size_t start, const char *end)
{
	for (;;) {
		const char *found = client->used > start ? strstr(client->answer + start, end) : NULL;
		if (found != NULL)
			return (size_t)(found - client->answer) + strlen(end);
		if (!client_fill(client, client->used + 1))
			return 0;
	}
}

static const char *header(char *head, const char *name)
{
	for (char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
		if (strncasecmp(line + 2, name, strlen(name)) == 0)
			return line + 2 + strlen(name);
	}
	return NULL;
}

static bool client_chunks(struct client *client, size_t at)
{
	size_t end = at;

	client->body_size = 0;
	for (;;) {
		size_t data = client_until(client, at, "\r\n");
		if (data == 0)
			return false;
		size_t size = strtoul(client->answer + at, NULL, 16);
		if (!client_fill(client, data + size + 2))
			return false;
		memmove(client->answer + end, client->answer + data, size);
		end += size;
		client->body_size += size;
		at = data + size + 2;
		if (size == 0)
			return true;
	}
}

/* One request on the open connection. Returns whether a whole answer with status 200 came. */
static bool client_ask(struct client *client)
{
	size_t request_size = strlen(client->request);
	bool whole;

	client->used = 0;
	if (send(client->fd, client->request, request_size, MSG_NOSIGNAL) != (ssize_t)request_size)
		return false;
	size_t body = client_until(client, 0, "\r\n\r\n");
	if (body == 0)
		return false;
	char held = client->answer[body];
	client->answer[body] = '\0';
	bool good = strncmp(client->answer, "HTTP/1.1 200", 12) == 0;
	const char *length = header(client->answer, "Content-Length:");
	bool chunked = header(client->answer, "Transfer-Encoding: chunked") != NULL;
	size_t size = length != NULL ? strtoul(length, NULL, 10) : 0;
	client->answer[body] = held;
	if (chunked) {
		whole = client_chunks(client, body);
	} else {
		whole = client_fill(client, body + size);
		client->body_size = size;
	}
	client->body = client->answer + body;
	return good && whole;
}

static bool client_scrape(struct client *client)
{
	if (client->fd < 0 && !client_connect(client))
		return false;
	if (client_ask(client))
		return true;
	client_close(client);
	return false;
}

static void store(const struct client *client, const char *path)
{
	FILE *file = fopen(path, "w");

	if (file == NULL || fwrite(client->body, 1, client->body_size, file) != client->body_size || fclose(file) != 0)
		perror(path);
}

int main(int argc, char **argv)
{
	long count = 200, warmup = 20, pause = 0;
	const char *coding = "", *output = NULL;
	pid_t pid = 0;
	int option;

	while ((option = getopt(argc, argv, "n:w:i:zp:o:")) != -1) {
		switch (option) {
		case 'n':
			count = atol(optarg);
			break;
		case 'w':
			warmup = atol(optarg);
			break;
		case 'i':
			pause = atol(optarg);
			break;
		case 'z':
			coding = "Accept-Encoding: gzip\r\n";
			break;
		case 'p':
			pid = atoi(optarg);
			break;
		case 'o':
			output = optarg;
			break;
		default:
			return 2;
		}
	}
	if (optind >= argc || count < 1) {
		fputs("usage: scrape [-n COUNT] [-w WARMUP] [-i MILLISECONDS] [-z] [-p PID] [-o FILE] PORT [PATH]\n",
			stderr);
		return 2;
	}
	struct client client = {
		.server = { .sin_family = AF_INET,
			.sin_port = htons((uint16_t)atoi(argv[optind])),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK) },
		.fd = -1,
	};
	/* What Prometheus itself would send, but for the formats that only some servers know. */
	snprintf(client.request, sizeof(client.request),
		"GET %.200s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nUser-Agent: scrape\r\n"
		"Accept: text/plain;version=0.0.4;q=0.9,*/*;q=0.1\r\n%s\r\n",
		optind + 1 < argc ? argv[optind + 1] : "/metrics", argv[optind], coding);

	uint64_t *duration = calloc((size_t)count, sizeof(*duration));
	struct usage before = { 0 };
	long failed = 0;
	if (duration == NULL)
		return 1;
	for (long i = -warmup; i < count; i++) {
		if (i == 0)
			before = usage_of(pid);
		pause_for(pause);
		uint64_t start = clock_now(CLOCK_MONOTONIC);
		bool good = client_scrape(&client);
		if (i < 0)
			continue;
		duration[i] = clock_now(CLOCK_MONOTONIC) - start;
		failed += !good;
	}
	struct usage after = usage_of(pid);
	unsigned long user = after.user - before.user, system = after.system - before.system;
	printf("scrapes=%ld failed=%ld body=%zu cpu=%.3f user=%.2f p50=%.1f p99=%.1f\n", count, failed,
		client.body_size, (double)(after.cpu - before.cpu) / 1e3 / (double)count,
		user + system > 0 ? (double)user / (double)(user + system) : 0,
		(double)percentile(duration, (size_t)count, 50) / 1e3,
		(double)percentile(duration, (size_t)count, 99) / 1e3);
	if (output != NULL && client.body_size > 0)
		store(&client, output);
	return failed != 0;
}
