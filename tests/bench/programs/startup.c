/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From start to first byte: starts a server again and again, asks it for /metrics as soon as it listens, and takes the
 * time from fork to the first byte of the answer.
 *
 *     startup COUNT PORT COMMAND...        prints: starts=20 median=4.81 least=4.33   (milliseconds)
 */
#include "timing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char request[] = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

static pid_t start(char **command)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	int null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	execv(command[0], command);
	_exit(127);
}

/* A connection, tried every 50 us until the server listens; -1 when it ends before. */
static int connect_when_ready(uint16_t port, pid_t pid)
{
	struct sockaddr_in server = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};

	while (waitpid(pid, NULL, WNOHANG) == 0) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(fd, (const struct sockaddr *)&server, sizeof(server)) == 0)
			return fd;
		close(fd);
		nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
	}
	return -1;
}

static uint64_t first_byte(uint16_t port, char **command)
{
	/* Closed by a reset, so that no dead connection holds the port against the next start. */
	struct linger reset = { .l_onoff = 1 };
	char byte;
	uint64_t begin = clock_now(CLOCK_MONOTONIC);
	pid_t pid = start(command);
	int fd = pid > 0 ? connect_when_ready(port, pid) : -1;

	if (fd < 0 || send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0 || recv(fd, &byte, 1, 0) != 1) {
		fprintf(stderr, "startup: %s gives no answer\n", command[0]);
		exit(1);
	}
	uint64_t took = clock_now(CLOCK_MONOTONIC) - begin;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	return took;
}

int main(int argc, char **argv)
{
	size_t count = argc > 3 ? strtoul(argv[1], NULL, 10) : 0;
	uint64_t *took = calloc(count + 1, sizeof(*took));

	if (count == 0 || took == NULL) {
		fputs("usage: startup COUNT PORT COMMAND...\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < count; i++)
		took[i] = first_byte((uint16_t)atoi(argv[2]), argv + 3);
	uint64_t median = percentile(took, count, 50);
	printf("starts=%zu median=%.3f least=%.3f\n", count, (double)median / 1e6, (double)took[0] / 1e6);
	return 0;
}
