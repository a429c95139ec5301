/* SPDX-License-Identifier: Apache-2.0 */
#include "container.h"

#include "follow.h"
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>

struct stage *stage_new(void)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	assert_non_null(stage);
	stage->state.model.levels = UINT32_MAX;
	stage->state.model.image = "unknown";
	groups_start((void **)&stage->groups);
	return stage;
}

void stage_follow(struct stage *stage)
{
	struct ng_setup setup = { .arena = &stage->groups->probe.arena, .kernel = &stage->groups->probe.kernel };

	assert_int_equal(container_follow_open(&stage->state, &setup, 1000, 1000, true), 0);
}

int stage_stop(void **state)
{
	struct stage *stage = *state;

	ng_cgroups_free(stage->state.cgroups);
	container_rows_done(&stage->state.model);
	container_accounts_done(&stage->state.settlement);
	groups_stop((void **)&stage->groups);
	free(stage);
	return 0;
}

void stage_update(struct stage *stage)
{
	assert_int_equal(ng_cgroups_update(&stage->groups->probe.scrape, stage->state.cgroups, true), 0);
}

const char *stage_container(char digit, char name[200])
{
	char id[65];

	memset(id, digit, 64);
	id[64] = '\0';
	snprintf(name, 200, POD "/%s", id);
	return name;
}

void stage_put(struct stage *stage, const char *group, const char *file, const char *text)
{
	char name[300];

	snprintf(name, sizeof(name), "%s/%s", group, file);
	scratch_mkdir_above(&stage->groups->scratch, name);
	groups_put(stage->groups, name, text);
}

const struct container_row *stage_gone(const struct stage *stage, char digit)
{
	const struct container_row *row = stage->state.model.leaving;

	while (row && row->place.id[0] != (digit - '0') * 17)
		row = row->next;
	return row;
}
