/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_WRITE_H
#define CONTAINER_WRITE_H

#include "emit/families.h"

/* Everything, family by family. */
void container_write(struct ng_scrape *scrape, struct container *state, const struct container_rows *rows);

/* What the sampler knows of the node. */
void container_write_node(struct ng_scrape *scrape, const struct container *state);

/* What is said of the machine. */
void container_machine_write(struct ng_scrape *scrape, const struct container *state);

#endif
