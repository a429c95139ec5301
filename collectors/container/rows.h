/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: what of a group is shown, under which labels, and for how long after it has gone. */
#ifndef CONTAINER_ROWS_H
#define CONTAINER_ROWS_H

#include "model.h"

/* NULL when there is no memory. */
struct container_row *container_row_new(const struct container_model *model, const struct ng_cgroup *group,
	const struct container_place *place, enum container_shown shown);
void container_row_free(struct container_model *model, struct container_row *row);

/* The labels from what is known now: the row is shown from here on, and what it succeeds no longer. */
int container_row_name(
	struct ng_scrape *scrape, struct container_model *model, struct container_row *row, struct ng_span path);

/*
 * Some kubelets make the groups of a pod twice, by the systemd driver and by hand, use the former only and may leave
 * the latter behind. Where there are slices, what is not below them and never had a process is not shown.
 */
bool container_is_leftover(const struct container_model *model, const struct container_row *row);

/* Before the rows are read: of those with one key the one that lives is shown. 0 or -ENOMEM. */
int container_rows_settle(struct container_model *model, struct ng_cgroups *cgroups);

/* The group has gone: its row is kept for those who have not seen its last values. */
void container_row_leave(struct ng_scrape *scrape, struct container_model *model, struct ng_cgroup *group);

/* A container of a pod came and went before it was seen: a row without figures, among those that leave; or NULL. */
struct container_row *container_row_missed(struct ng_scrape *scrape, struct container_model *model,
	const struct ng_cgroup *pod, const struct container_place *place, const char *name);

/* Who has seen a row that leaves already sees it again: it has changed. */
void container_row_show_again(const struct container_model *model, struct container_row *row);

/* After an answer. */
void container_rows_seen(struct container_model *model, uint64_t readers, uint64_t recent, uint64_t now);

/* Those that leave; the others go with their groups. */
void container_rows_done(struct container_model *model);

#endif
