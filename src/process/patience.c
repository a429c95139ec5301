/* SPDX-License-Identifier: Apache-2.0 */
#include "process/patience.h"

#include "base/log.h"
#include "kernel/kernel.h"
#include "process/service.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

static const uint64_t first_delay = 1000000000u, longest_delay = 15000000000u;

static void tell(struct ng_patience *patience, const char *reason)
{
	char status[sizeof(patience->reason) + 16];

	if (strncmp(patience->reason, reason, sizeof(patience->reason) - 1) == 0)
		return;
	snprintf(patience->reason, sizeof(patience->reason), "%s", reason);
	NG_LOG(NG_LOG_WARN, "cannot listen yet, retrying", "reason", patience->reason);
	snprintf(status, sizeof(status), "waiting: %s", patience->reason);
	ng_service_ready(status);
}

/* The signal received, or 0 on timeout. */
static int wait_for_signal(uint64_t duration)
{
	sigset_t set;
	struct timespec time = { .tv_sec = (time_t)(duration / 1000000000u),
		.tv_nsec = (long)(duration % 1000000000u) };

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	int signal = sigtimedwait(&set, NULL, &time);
	return signal < 0 ? 0 : signal;
}

bool ng_patience_wait(struct ng_patience *patience, const char *reason)
{
	uint64_t watchdog = ng_service_watchdog();
	int signal = 0;

	if (!ng_service_present())
		return false;
	tell(patience, reason);
	patience->delay = patience->delay ? patience->delay * 2 : first_delay;
	if (patience->delay > longest_delay)
		patience->delay = longest_delay;
	for (uint64_t now = ng_now(), end = now + patience->delay; !signal && now < end; now = ng_now()) {
		uint64_t slice = watchdog && watchdog < end - now ? watchdog : end - now;
		signal = wait_for_signal(slice);
		if (watchdog)
			ng_service_alive();
	}
	patience->ended = signal == SIGTERM || signal == SIGINT;
	if (patience->ended)
		ng_service_stopping();
	return !patience->ended;
}
