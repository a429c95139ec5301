/* SPDX-License-Identifier: Apache-2.0 */
/* The labels of rows. */
#ifndef CONTAINER_LABELS_H
#define CONTAINER_LABELS_H

#include "model.h"

/* ->labels of a row from what is known of it; malloc. 0 or -ENOMEM. */
int container_make_labels(
	struct ng_arena *arena, const struct container_model *model, struct container_row *row, struct ng_span path);

/* All labels of an interface: a pod's are the sandbox's for the kubelet, and have its name and image. */
struct ng_labels *container_network_labels(struct ng_arena *arena, const struct container_model *model,
	const struct container_row *row, const char *interface);

#endif
