/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics about this process itself and its build. They come from the process's own /proc, regardless of
 * --path.procfs. */
#ifndef PROCESS_PROCESS_H
#define PROCESS_PROCESS_H

#include "engine/engine.h"

struct ng_process {
	int statm_fd, fds_fd; /* -1 if not kept open */
	uint64_t page_size;
	uint64_t start_ns; /* CLOCK_REALTIME of the start, rounded as in the kernel */
	bool counts_fds;   /* this kernel reports the number of descriptors as the size of /proc/self/fd (6.2) */
};

/* `keep_below` is the result of ng_keep_below. */
void ng_process_init(struct ng_process *process, int keep_below);
void ng_process_done(struct ng_process *process);

/* A writer for the engine; its context is a struct ng_process. */
extern const struct ng_writer ng_process_writer;

/* node_exporter_build_info and nodegauge_build_info; no context. */
extern const struct ng_writer ng_build_writer;

#endif
