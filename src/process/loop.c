/* SPDX-License-Identifier: Apache-2.0 */
#include "process/loop.h"

#include "base/log.h"
#include "process/service.h"

#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* The rest of the second in which the process must exit is for cleaning up. */
static const uint64_t drain_ns = 800u * 1000000u;
static const uint64_t gather_ns = 500u * 1000000u;

static const uint64_t burst_ns = 2u * (uint64_t)1000000000u;

struct loop {
	struct ng_engine *engine;
	struct ng_server *server;
	struct ng_exporter *exporter;
	int epoll_fd, signal_fd;
	uint64_t watchdog, alive_at; /* interval, and when it is due; 0: none */
	uint64_t drain_until;        /* 0 while serving */
	uint64_t burst_until;        /* reloads until then are only counted, not logged */
	unsigned unlogged;
};

static void loop_signals(sigset_t *ret_set)
{
	sigemptyset(ret_set);
	sigaddset(ret_set, SIGTERM);
	sigaddset(ret_set, SIGINT);
	sigaddset(ret_set, SIGHUP);
}

void ng_loop_block_signals(void)
{
	sigset_t set;

	loop_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void start_draining(struct loop *loop, uint64_t now)
{
	if (loop->drain_until)
		return;
	NG_LOG(NG_LOG_INFO, "stopping");
	ng_service_stopping();
	ng_exporter_hurry(loop->exporter, now + gather_ns);
	ng_server_drain(loop->server);
	loop->drain_until = now + drain_ns;
}

/* The first of a burst is logged immediately, the others in one line at its end. */
static void reload(struct loop *loop, uint64_t now)
{
	ng_service_reloading();
	ng_engine_reopen(loop->engine);
	if (now >= loop->burst_until)
		NG_LOG(NG_LOG_INFO, "reloaded: devices are reread on the next scrape");
	else
		loop->unlogged++;
	loop->burst_until = now + burst_ns;
	ng_service_ready("reloaded");
}

static uint64_t log_burst(struct loop *loop, uint64_t now)
{
	char count[32];

	if (!loop->unlogged || now < loop->burst_until)
		return loop->unlogged ? loop->burst_until : UINT64_MAX;
	snprintf(count, sizeof(count), "%u", loop->unlogged);
	NG_LOG(NG_LOG_INFO, "reloaded several more times", "times", count);
	loop->unlogged = 0;
	return UINT64_MAX;
}

static void take_signals(struct loop *loop, uint64_t now)
{
	struct signalfd_siginfo signal;

	while (read(loop->signal_fd, &signal, sizeof(signal)) == sizeof(signal)) {
		if (signal.ssi_signo == SIGHUP)
			reload(loop, now);
		else
			start_draining(loop, now);
	}
}

static uint64_t keep_alive(struct loop *loop, uint64_t now)
{
	if (!loop->watchdog)
		return UINT64_MAX;
	if (now >= loop->alive_at) {
		ng_service_alive();
		loop->alive_at = now + loop->watchdog;
	}
	return loop->alive_at;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Does everything that is due; returns when to call again. */
static uint64_t run_once(struct loop *loop)
{
	uint64_t now = ng_now();

	ng_exporter_run(loop->exporter);
	uint64_t next = ng_server_run(loop->server, now);
	next = earlier(next, ng_engine_tick(loop->engine, now));
	next = earlier(next, ng_exporter_tick(loop->exporter, now));
	next = earlier(next, keep_alive(loop, now));
	next = earlier(next, log_burst(loop, now));
	if (loop->drain_until)
		next = earlier(next, loop->drain_until);
	return ng_server_has_work(loop->server) ? now : next;
}

static int milliseconds_until(uint64_t when)
{
	uint64_t now = ng_now();

	if (when == UINT64_MAX)
		return -1;
	if (when <= now)
		return 0;
	uint64_t ms = (when - now + 999999) / 1000000;
	return ms > 3600000 ? 3600000 : (int)ms;
}

static bool drained(struct loop *loop)
{
	return loop->drain_until && (ng_server_drain(loop->server) == 0 || ng_now() >= loop->drain_until);
}

static void serve(struct loop *loop)
{
	uint64_t next = run_once(loop);

	while (!drained(loop)) {
		struct epoll_event events[8];
		int n = epoll_wait(loop->epoll_fd, events, 8, milliseconds_until(next));
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == loop->signal_fd)
				take_signals(loop, ng_now());
		}
		next = run_once(loop);
	}
}

static int watch(struct loop *loop, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int ng_loop_run(struct ng_engine *engine, struct ng_server *server, struct ng_exporter *exporter)
{
	struct loop loop = {
		.engine = engine, .server = server, .exporter = exporter, .watchdog = ng_service_watchdog()
	};
	sigset_t set;

	loop_signals(&set);
	NG_CLOSE int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	NG_CLOSE int signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (epoll_fd < 0 || signal_fd < 0)
		return -errno;
	loop.epoll_fd = epoll_fd;
	loop.signal_fd = signal_fd;
	int r = watch(&loop, signal_fd);
	if (r == 0)
		r = watch(&loop, ng_server_fd(server));
	if (r == 0)
		r = watch(&loop, ng_exporter_fd(exporter));
	if (r < 0)
		return r;
	ng_service_ready("serving");
	serve(&loop);
	return 0;
}
