/* SPDX-License-Identifier: Apache-2.0 */
#include "process/service.h"

#include "kernel/kernel.h"

#include <stdlib.h>
#include <systemd/sd-daemon.h>

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

	/* twice as often as asked, as sd_watchdog_enabled(3) proposes */
	return sd_watchdog_enabled(0, &usec) > 0 ? usec * 1000 / 2 : 0;
}

void ng_service_alive(void)
{
	sd_notify(0, "WATCHDOG=1");
}
