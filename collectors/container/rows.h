/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: what is shown of a cgroup, under which labels, and for how long after it is gone. */
#ifndef CONTAINER_ROWS_H
#define CONTAINER_ROWS_H

#include "model.h"

/* NULL if there is no memory. */
struct container_row *container_row_new(const struct container_model *model, const struct ng_cgroup *group,
	const struct container_place *place, enum container_shown shown);
void container_row_free(struct container_model *model, struct container_row *row);

/* Makes the labels from what is known now: the row is shown from now on, and the row that it supersedes is not. */
int container_row_name(
	struct ng_scrape *scrape, struct container_model *model, struct container_row *row, struct ng_span path);

/*
 * Some kubelets create a pod's cgroups twice, with the systemd driver and by hand, use only the former and may leave
 * the latter behind. If there are slices, cgroups that are not below them and never had a process are not shown.
 */
bool container_is_leftover(const struct container_model *model, const struct container_row *row);

/* Before the rows are read: of the rows with the same key, selects the live one. 0 or -ENOMEM. */
int container_rows_settle(struct container_model *model, struct ng_cgroups *cgroups);

/* The cgroup is gone: its row is kept for scrapers that have not seen its final values. */
void container_row_leave(struct ng_scrape *scrape, struct container_model *model, struct ng_cgroup *group);

/* A container of a pod that came and went unseen: adds a row without figures to the leaving rows; may return NULL. */
struct container_row *container_row_missed(struct ng_scrape *scrape, struct container_model *model,
	const struct ng_cgroup *pod, const struct container_place *place, const char *name);

/* Shows a leaving row once more to scrapers that have already seen it, because it has changed. */
void container_row_show_again(const struct container_model *model, struct container_row *row);

/* Call after each response. */
void container_rows_seen(struct container_model *model, uint64_t readers, uint64_t recent, uint64_t now);

/* Frees the leaving rows; the others are freed with their cgroups. */
void container_rows_done(struct container_model *model);

#endif
