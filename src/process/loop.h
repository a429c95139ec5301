/* SPDX-License-Identifier: Apache-2.0 */
/* The main thread: HTTP, deadlines, signals and the service manager, in one epoll loop. */
#ifndef PROCESS_LOOP_H
#define PROCESS_LOOP_H

#include "exporter/exporter.h"

/*
 * Blocks the signals that the loop takes. Before any thread is started, as threads inherit it.
 */
void ng_loop_block_signals(void);

/* Serves until SIGTERM or SIGINT, and then until the answers under way have gone out, a second at most. 0 or a negative
 * errno. */
int ng_loop_run(struct ng_engine *engine, struct ng_server *server, struct ng_exporter *exporter);

#endif
