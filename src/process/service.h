/* SPDX-License-Identifier: Apache-2.0 */
/* The service manager: readiness, watchdog and socket activation (sd_notify(3), sd_listen_fds(3)). */
#ifndef PROCESS_SERVICE_H
#define PROCESS_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Takes over the sockets passed by socket activation: returns their number, *ret_first is the first descriptor; the
 * caller closes them.
 */
int ng_service_sockets(int *ret_first);

/* Whether a service manager wants to be notified of our state. */
bool ng_service_present(void);

void ng_service_ready(const char *status);
void ng_service_reloading(void);
void ng_service_stopping(void);

/* Interval at which the watchdog must be pinged, in ns; 0 for never. */
uint64_t ng_service_watchdog(void);
void ng_service_alive(void);

/*
 * Called right before the process exits with this status. A thread that the kernel does not release, such as one in
 * statfs(2) on a FUSE file system whose server hangs, prevents its process from exiting, and the service manager waits
 * for its main process. So if there are such threads, a new process becomes the main one and exits instead of us. Since
 * version 257, systemd accepts this from a service that is being stopped; otherwise it has no effect.
 */
void ng_service_leave(int status);

#endif
