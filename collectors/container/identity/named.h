/* SPDX-License-Identifier: Apache-2.0 */
/* The names of a pod or container, as its row keeps them. */
#ifndef CONTAINER_NAMED_H
#define CONTAINER_NAMED_H

#include "identity/names.h"

/* The names of a row, in one piece of memory with their text. */
struct container_named {
	struct ng_span space, pod, container; /* of Kubernetes; empty for others */
	struct ng_span image, name;           /* as the runtime says */
	uint32_t restart;
	bool has_restart;
	char text[];
};

#endif
