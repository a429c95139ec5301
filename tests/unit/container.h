/* SPDX-License-Identifier: Apache-2.0 */
/* The container collector on a tree of files, for the tests that follow cgroups. */
#ifndef TESTS_CONTAINER_H
#define TESTS_CONTAINER_H

#include "collector.h"
#include "groups.h"

#define POD "kubepods/podeaba4d29-74e5-4595-ace3-91b35ee08a0b"

struct stage {
	struct groups *groups;
	struct container state;
};

/* Does not look at the tree yet: stage_follow does so for the first time. */
struct stage *stage_new(void);
void stage_follow(struct stage *stage);
int stage_stop(void **state);

/* Brings the tree up to date. */
void stage_update(struct stage *stage);

/* "POD/1111...": the container whose ID consists of that digit. */
const char *stage_container(char digit, char name[200]);

/* Writes a file of a cgroup, creating the cgroup's directory. */
void stage_put(struct stage *stage, const char *group, const char *file, const char *text);

/* The row of a removed container, or NULL. */
const struct container_row *stage_gone(const struct stage *stage, char digit);

#endif
