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

#endif
