/* SPDX-License-Identifier: Apache-2.0 */
/* The service manager: readiness, watchdog and socket activation (sd_notify(3), sd_listen_fds(3)). */
#ifndef PROCESS_SERVICE_H
#define PROCESS_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

/* Takes over the sockets of socket activation: their number, with *ret_first the first descriptor; they are ours to
 * close. */
int ng_service_sockets(int *ret_first);

/* Whether a service manager wants to be told of our state. */
bool ng_service_present(void);

void ng_service_ready(const char *status);
void ng_service_reloading(void);
void ng_service_stopping(void);

/* Interval at which the watchdog must be pinged, in ns; 0 for never. */
uint64_t ng_service_watchdog(void);
void ng_service_alive(void);

/*
 * Just before the process exits with this status. A thread that the kernel does not release, such as one in statfs(2)
 * on a FUSE file system whose server hangs, keeps its process from ending, and the service manager waits for its main
 * process. So if there are such threads, a new process becomes the main one and exits in our place. systemd accepts
 * that of a service that is being stopped since version 257; without an effect where it does not.
 */
void ng_service_leave(int status);

#endif
