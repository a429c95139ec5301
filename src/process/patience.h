/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under a service manager, retries on temporary errors that prevent the daemon from starting: a port used by another
 * service, or an address that the machine does not have yet. If the daemon exited instead, the manager would restart it
 * again and again, with half a dozen lines in the journal each time.
 */
#ifndef PROCESS_PATIENCE_H
#define PROCESS_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

struct ng_patience {
	uint64_t delay; /* ns, of the last wait */
	bool ended;     /* SIGTERM or SIGINT was received */
	char reason[512];
};

/*
 * Waits for some seconds, longer each time, and returns true when it is time to retry; false without a service manager,
 * or if the process should exit. SIGHUP cuts the wait short. The signals must be blocked. If the reason has changed, it
 * is logged and reported to the manager as the status.
 */
bool ng_patience_wait(struct ng_patience *patience, const char *reason);

#endif
