/* SPDX-License-Identifier: Apache-2.0 */
/* The labels of pods, containers and other cgroups. */
#ifndef CONTAINER_LABELS_H
#define CONTAINER_LABELS_H

#include "identity/named.h"

#include <nodegauge/page.h>

/* `named` is NULL if no names are known. `image` is shown if the container's own image is unknown; NULL for none. */
struct ng_labels *container_labels(struct ng_arena *arena, const struct container_place *place,
	const struct container_named *named, struct ng_span path, const char *image);

/* All labels of an interface. For the kubelet, a pod's interfaces belong to the sandbox and have its name and image. */
struct ng_labels *container_network_labels(struct ng_arena *arena, struct ng_labels *labels,
	const struct container_named *named, const char *uid, const struct container_place *sandbox,
	struct ng_span image, const char *interface);

#endif
