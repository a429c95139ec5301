/* SPDX-License-Identifier: Apache-2.0 */
#include "process/service.h"

#include "kernel/kernel.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

int ng_service_sockets(int *ret_first)
{
	*ret_first = SD_LISTEN_FDS_START;
	return sd_listen_fds(1);
}

bool ng_service_present(void)
{
	return getenv("NOTIFY_SOCKET") != NULL;
}

void ng_service_ready(const char *status)
{
	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void ng_service_reloading(void)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)(ng_now() / 1000));
}

void ng_service_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

uint64_t ng_service_watchdog(void)
{
	uint64_t usec;

	/* twice as often as required, as sd_watchdog_enabled(3) recommends */
	return sd_watchdog_enabled(0, &usec) > 0 ? usec * 1000 / 2 : 0;
}

void ng_service_alive(void)
{
	sd_notify(0, "WATCHDOG=1");
}

/* ---- the end of a process with a stuck thread ---- */

enum { LOOKS = 50, HEIR_STACK = 16 << 10, HEIR_PATIENCE_MS = 1000 };
static const struct timespec look_pause = { .tv_nsec = 2000000 };
static const uint64_t barrier_us = 500000;

struct heir {
	int go[2]; /* closed when it may exit */
	int status;
};

/* Joined threads still count for a moment. */
static bool has_other_threads(void)
{
	struct stat tasks;

	for (size_t i = 0; i < LOOKS; i++) {
		/* a subdirectory for each thread */
		if (stat("/proc/self/task", &tasks) < 0 || tasks.st_nlink <= 3)
			return false;
		nanosleep(&look_pause, NULL);
	}
	return true;
}

/* Whether the manager itself started this process, in its own PID namespace. */
static bool is_main_process(void)
{
	const char *pid = getenv("SYSTEMD_EXEC_PID");

	return ng_service_present() && pid && strtol(pid, NULL, 10) == getpid();
}

static int run_heir(void *context)
{
	const struct heir *heir = context;
	struct pollfd go = { .fd = heir->go[0] }; /* POLLHUP once it is closed */

	close(heir->go[1]);
	/* not forever: a stuck thread keeps the other end open if its process was killed meanwhile */
	poll(&go, 1, HEIR_PATIENCE_MS);
	_exit(heir->status);
}

void ng_service_leave(int status)
{
	static _Alignas(16) char stack[HEIR_STACK];
	struct heir heir = { .status = status };

	if (!is_main_process() || !has_other_threads() || pipe2(heir.go, O_CLOEXEC) < 0)
		return;
	/*
	 * a sibling, because the manager only notices the end of its own children; without CLONE_VM the stack is a copy
	 */
	int pid = clone(run_heir, stack + sizeof(stack), CLONE_PARENT | SIGCHLD, &heir);
	if (pid > 0) {
		sd_notifyf(0, "MAINPID=%d", pid);
		sd_notify_barrier(0, barrier_us);
	}
	close(heir.go[0]);
	close(heir.go[1]);
}
