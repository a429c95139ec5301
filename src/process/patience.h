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
	bool ended;     /* SIGTERM or SIGINT came */
	char reason[512];
};

/*
 * Waits for some seconds, longer each time, and returns true when it is time to try again; false without a service
 * manager, or when the process is to end. SIGHUP cuts the wait short. The signals have to be blocked. A reason that is
 * another than before is logged, and told to the manager as the status.
 */
bool ng_patience_wait(struct ng_patience *patience, const char *reason);

#endif
