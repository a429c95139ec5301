/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_EVENTS = 64 };

struct answer {
	const char *text;
	size_t size;
};

struct server {
	int epoll, listener;
	struct answer plain, gzip;
	struct answer *rest; /* what is still to be sent, by descriptor */
	int capacity;
	void (*work)(void *);
	void *argument;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static struct answer answer_load(const char *path, const char *coding)
{
	struct stat file;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &file) < 0)
		fail(path);
	char *text = malloc((size_t)file.st_size + 256);
	if (text == NULL)
		fail(path);
	int head = sprintf(text,
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n%sContent-Length: %lld\r\n\r\n", coding,
		(long long)file.st_size);
	if (read(fd, text + head, (size_t)file.st_size) != file.st_size)
		fail(path);
	close(fd);
	return (struct answer){ text, (size_t)head + (size_t)file.st_size };
}

/* The work may keep thousands of descriptors, so those of connections can be high. */
static void server_room(struct server *server)
{
	struct rlimit files = { 0 };

	getrlimit(RLIMIT_NOFILE, &files);
	server->capacity = files.rlim_cur < 1 << 20 ? (int)files.rlim_cur : 1 << 20;
	server->rest = calloc((size_t)server->capacity, sizeof(*server->rest));
	if (server->rest == NULL)
		fail("calloc");
}

static void watch(const struct server *server, int operation, int fd, uint32_t events)
{
	epoll_ctl(server->epoll, operation, fd, &(struct epoll_event){ .events = events, .data.fd = fd });
}

static void server_listen(struct server *server, uint16_t port)
{
	int on = 1;
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};

	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(server->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(server->listener, 1024) < 0)
		fail("listen");
	watch(server, EPOLL_CTL_ADD, server->listener, EPOLLIN);
}

static void server_accept(struct server *server)
{
	int on = 1, fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= server->capacity)
		close(fd);
	if (fd < 0 || fd >= server->capacity)
		return;
	server->rest[fd].size = 0;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	watch(server, EPOLL_CTL_ADD, fd, EPOLLIN);
}

/* A request, which is taken to come in one piece, or room for the rest of an answer. */
static void server_turn(struct server *server, int fd)
{
	struct answer *rest = &server->rest[fd];
	bool resumed = rest->size > 0;
	char request[4096];

	if (!resumed) {
		ssize_t n = recv(fd, request, sizeof(request), 0);
		if (n <= 0) {
			close(fd);
			return;
		}
		server->work(server->argument);
		*rest = memmem(request, (size_t)n, "gzip", 4) != NULL ? server->gzip : server->plain;
	}
	ssize_t n = send(fd, rest->text, rest->size, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN) {
		close(fd);
		return;
	}
	rest->text += n > 0 ? n : 0;
	rest->size -= n > 0 ? (size_t)n : 0;
	if (resumed != (rest->size > 0))
		watch(server, EPOLL_CTL_MOD, fd, rest->size > 0 ? EPOLLOUT : EPOLLIN);
}

_Noreturn void serve(uint16_t port, const char *body, const char *gzipped, void (*work)(void *), void *argument)
{
	struct server server = { .work = work, .argument = argument };
	struct epoll_event events[MAX_EVENTS];

	server_room(&server);
	server.plain = answer_load(body, "");
	server.gzip = gzipped != NULL ? answer_load(gzipped, "Content-Encoding: gzip\r\n") : server.plain;
	server_listen(&server, port);
	for (;;) {
		int ready = epoll_wait(server.epoll, events, MAX_EVENTS, -1);
		for (int i = 0; i < ready; i++) {
			if (events[i].data.fd == server.listener)
				server_accept(&server);
			else
				server_turn(&server, events[i].data.fd);
		}
	}
}
