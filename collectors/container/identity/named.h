/* SPDX-License-Identifier: Apache-2.0 */
/* The names of a pod or container, as its row keeps them. */
#ifndef CONTAINER_NAMED_H
#define CONTAINER_NAMED_H

#include "identity/names.h"

/* The names of a row; struct and text are one allocation. */
struct container_named {
	struct ng_span space, pod, container; /* from Kubernetes; empty for others */
	struct ng_span image, name;           /* from the runtime */
	uint32_t restart;
	bool has_restart;
	char text[];
};

#endif
