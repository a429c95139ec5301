/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_WRITE_H
#define CONTAINER_WRITE_H

#include "families.h"

/* Everything, family by family. */
void container_write(struct ng_scrape *scrape, struct container *state, const struct container_rows *rows);

#endif
