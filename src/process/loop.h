/* SPDX-License-Identifier: Apache-2.0 */
/* The main thread: HTTP, deadlines, signals and the service manager, in one epoll loop. */
#ifndef PROCESS_LOOP_H
#define PROCESS_LOOP_H

#include "exporter/exporter.h"

/* Blocks the signals that the loop handles. Call it before any thread is started, because threads inherit the mask. */
void ng_loop_block_signals(void);

/*
 * Serves until SIGTERM or SIGINT, and then until pending responses have been sent, but at most one more second. 0 or a
 * negative errno.
 */
int ng_loop_run(struct ng_engine *engine, struct ng_server *server, struct ng_exporter *exporter);

#endif
