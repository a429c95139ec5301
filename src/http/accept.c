/* SPDX-License-Identifier: Apache-2.0 */
#include "http/accept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	PASSING_LEAST = 6, /* descriptors for the main loop and for what collectors open while they read */
	PASSING_MOST = 32,
};
static const uint64_t pause_ns = 100u * (uint64_t)1000000u;

/* How long descriptors must have been available for a new shortage to be logged. */
static const uint64_t recovered_ns = 60u * (uint64_t)1000000000u;

static void watch(struct ng_acceptor *acceptor, bool on)
{
	for (size_t i = 0; i < acceptor->count; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u64 = i };
		epoll_ctl(acceptor->epoll_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, acceptor->listeners[i].fd, &event);
	}
}

static int accept_one(const struct ng_listener *listener, struct sockaddr_storage *ret_address, socklen_t *ret_size)
{
	*ret_address = (struct sockaddr_storage){ 0 };
	*ret_size = sizeof(*ret_address);
	int fd = accept4(listener->fd, (struct sockaddr *)ret_address, ret_size, SOCK_CLOEXEC | SOCK_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int open_spare(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* 0 if a connection was accepted, -EAGAIN if there is none after all. */
static int accept_by_spare(struct ng_acceptor *acceptor, const struct ng_listener *listener)
{
	struct sockaddr_storage address;
	socklen_t size;

	if (acceptor->spare_fd < 0)
		return -EMFILE;
	close(acceptor->spare_fd);
	int fd = accept_one(listener, &address, &size);
	if (fd >= 0 && ng_connections_evict(acceptor->connections)) {
		acceptor->spare_fd = -1;
		acceptor->take(acceptor->context, fd, &address, size);
		return 0;
	}
	if (fd >= 0) {
		close(fd);
		acceptor->connections->counts.refused_total++;
	}
	acceptor->spare_fd = open_spare();
	return fd < 0 ? fd : 0;
}

/* Logged once while it lasts: each connection that is closed ends the shortage for a moment. */
static void complain(struct ng_acceptor *acceptor, int error, uint64_t now)
{
	if (!acceptor->starved || now - acceptor->starved > recovered_ns)
		ng_connections_log(acceptor->connections, "out of file descriptors: connections refused",
			error == EMFILE ? "see LimitNOFILE= or ulimit -n" : strerror(error));
	acceptor->starved = now;
}

void ng_acceptor_take(struct ng_acceptor *acceptor, size_t listener, uint64_t now)
{
	const struct ng_listener *from = &acceptor->listeners[listener];
	struct sockaddr_storage address;
	socklen_t size;

	for (int i = 0; i < NG_ACCEPTS_AT_ONCE; i++) {
		int fd = accept_one(from, &address, &size);
		if (fd >= 0) {
			acceptor->take(acceptor->context, fd, &address, size);
			continue;
		}
		if (fd != -EMFILE && fd != -ENFILE && fd != -ENOMEM && fd != -ENOBUFS)
			return;
		int r = accept_by_spare(acceptor, from);
		if (r == -EAGAIN)
			return;
		complain(acceptor, -fd, now);
		if (r == 0)
			continue;
		watch(acceptor, false);
		acceptor->again = now + pause_ns;
		return;
	}
}

/*
 * Connections must not use up the descriptors needed for reading. The number of the next descriptor shows how many are
 * in use: 0 to 2 are, and each new one gets the lowest free number.
 */
static int fit_limits(struct ng_acceptor *acceptor, struct ng_error *error)
{
	struct ng_server_limits *limits = &acceptor->connections->limits;
	struct rlimit files;
	char detail[96];

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return -errno;
	uint64_t passing = files.rlim_cur / 8;
	passing = passing < PASSING_LEAST ? PASSING_LEAST : passing > PASSING_MOST ? PASSING_MOST : passing;
	uint64_t used = passing + (acceptor->spare_fd < 0 ? files.rlim_cur : (uint64_t)acceptor->spare_fd + 1);
	if (files.rlim_cur <= used)
		return ng_error_set(error, -EMFILE,
			"the limit of %llu file descriptors is too low, at least %llu are needed: see LimitNOFILE= "
			"or ulimit -n",
			(unsigned long long)files.rlim_cur, (unsigned long long)used + 1);
	if (files.rlim_cur - used >= limits->connections)
		return 0;
	limits->connections = (unsigned)(files.rlim_cur - used);
	snprintf(detail, sizeof(detail),
		"%u, limited by %llu file descriptors: see LimitNOFILE= or "
		"ulimit -n",
		limits->connections, (unsigned long long)files.rlim_cur);
	ng_connections_log(acceptor->connections, "fewer concurrent connections than --web.max-connections", detail);
	return 0;
}

/* ---- life ---- */

int ng_acceptor_start(struct ng_acceptor *acceptor, struct ng_error *error)
{
	acceptor->spare_fd = open_spare();
	int r = fit_limits(acceptor, error);
	if (r == 0)
		watch(acceptor, true);
	return r;
}

uint64_t ng_acceptor_tick(struct ng_acceptor *acceptor, uint64_t now)
{
	if (acceptor->spare_fd < 0)
		acceptor->spare_fd = open_spare();
	if (acceptor->again && now >= acceptor->again) {
		acceptor->again = 0;
		watch(acceptor, true);
	}
	return acceptor->again ? acceptor->again : UINT64_MAX;
}

void ng_acceptor_wake(struct ng_acceptor *acceptor)
{
	if (acceptor->again)
		acceptor->again = 1;
}

void ng_acceptor_stop(struct ng_acceptor *acceptor)
{
	if (!acceptor->again)
		watch(acceptor, false);
}
