/* SPDX-License-Identifier: Apache-2.0 */
/* Which rows are shown, what supersedes them, and how long rows of removed cgroups are shown. */
#include "exposition/labels.h"
#include "rows.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#define SECOND UINT64_C(1000000000)
#define U      "eaba4d29-74e5-4595-ace3-91b35ee08a0b"

struct stage {
	struct container_model model;
	struct ng_arena arena;
	struct ng_scrape scrape;
	uint64_t generation;
};

static int start(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	assert_non_null(stage);
	stage->model.levels = UINT32_MAX;
	stage->model.image = "unknown";
	stage->scrape.arena = &stage->arena;
	*state = stage;
	return 0;
}

static int stop(void **state)
{
	struct stage *stage = *state;

	while (stage->model.leaving) {
		struct container_row *next = stage->model.leaving->next;
		container_row_free(&stage->model, stage->model.leaving);
		stage->model.leaving = next;
	}
	assert_int_equal(stage->model.by_key.count, 0);
	ng_table_done(&stage->model.by_key);
	ng_arena_done(&stage->arena);
	free(stage);
	return 0;
}

/* ---- cgroups that are not directories ---- */

static struct ng_cgroup *new_group(struct stage *stage, struct container_place place)
{
	struct ng_cgroup *group = calloc(1, sizeof(*group) + sizeof(struct container_group));

	assert_non_null(group);
	group->name = "group";
	group->name_size = 5;
	group->generation = ++stage->generation;
	container_group(group)->place = place;
	return group;
}

static struct container_row *row_of(struct ng_cgroup *group)
{
	return container_group(group)->row;
}

/* Marks it as read. */
static void read_it(struct ng_cgroup *group)
{
	container_set(&row_of(group)->figures.values, VALUE_CPU_USAGE, 1);
}

static struct ng_cgroup *new_unit(struct stage *stage, const char *path)
{
	struct ng_cgroup *group = new_group(stage, (struct container_place){ .level = CONTAINER_SERVICE });

	container_group(group)->row =
		container_row_new(&stage->model, group, &container_group(group)->place, SHOWN_SERVICE);
	assert_non_null(row_of(group));
	assert_int_equal(row_of(group)->naming, NAMING_DONE);
	assert_int_equal(container_row_name(&stage->scrape, &stage->model, row_of(group), ng_span(path)), 0);
	read_it(group);
	return group;
}

static struct container_named *names(const char *space, const char *pod, const char *container)
{
	struct container_named *named = calloc(1, sizeof(*named) + 1);

	assert_non_null(named);
	named->space = ng_span(space);
	named->pod = ng_span(pod);
	named->container = ng_span(container);
	return named;
}

static struct ng_cgroup *new_container(struct stage *stage, const char *path, const char *container, bool sliced)
{
	struct container_place place = { .level = CONTAINER_CONTAINER,
		.kubernetes = true,
		.has_id = true,
		.uid = U,
		.sliced = sliced,
		.runtime = CONTAINER_RUNTIME_CONTAINERD };

	struct ng_cgroup *group = new_group(stage, place);
	container_group(group)->row =
		container_row_new(&stage->model, group, &container_group(group)->place, SHOWN_CONTAINER);
	assert_non_null(row_of(group));
	assert_int_equal(row_of(group)->naming, NAMING_WANTED);
	read_it(group);
	if (container) {
		row_of(group)->named = names("space", "pod", container);
		assert_int_equal(container_row_name(&stage->scrape, &stage->model, row_of(group), ng_span(path)), 0);
	}
	return group;
}

static void leave(struct stage *stage, struct ng_cgroup *group)
{
	container_row_leave(&stage->scrape, &stage->model, group);
	assert_null(row_of(group));
	free(group);
}

static void drop(struct stage *stage, struct ng_cgroup *group)
{
	container_row_free(&stage->model, row_of(group));
	free(group);
}

/* ---- removed cgroups ---- */

static void until_all_have_seen_it(void **context)
{
	struct stage *stage = *context;
	struct container_model *model = &stage->model;

	model->recent_readers = 5;
	leave(stage, new_unit(stage, "/a.service"));
	assert_int_equal(model->leaving_count, 1);
	container_rows_seen(model, 1, 5, SECOND);
	assert_int_equal(model->leaving_count, 1);
	container_rows_seen(model, 1, 5, 2 * SECOND);
	assert_int_equal(model->leaving_count, 1);
	container_rows_seen(model, 4, 5, 3 * SECOND);
	assert_int_equal(model->leaving_count, 0);
	assert_int_equal(model->forgotten, 0);
}

/* A scraper that no longer scrapes is not waited for. */
static void not_for_who_stopped(void **context)
{
	struct stage *stage = *context;
	struct container_model *model = &stage->model;

	model->recent_readers = 3;
	leave(stage, new_unit(stage, "/a.service"));
	container_rows_seen(model, 1, 3, SECOND);
	assert_int_equal(model->leaving_count, 1);
	container_rows_seen(model, 1, 1, 2 * SECOND);
	assert_int_equal(model->leaving_count, 0);
}

static void not_for_ever(void **context)
{
	struct stage *stage = *context;
	struct container_model *model = &stage->model;

	model->recent_readers = 3;
	leave(stage, new_unit(stage, "/a.service"));
	container_rows_seen(model, 1, 3, SECOND);
	container_rows_seen(model, 1, 3, 300 * SECOND);
	assert_int_equal(model->leaving_count, 1);
	container_rows_seen(model, 1, 3, 302 * SECOND);
	assert_int_equal(model->leaving_count, 0);
	assert_int_equal(model->forgotten, 1);
}

/* Before anybody has scraped: the first scraper gets it. */
static void before_anybody_asks(void **context)
{
	struct stage *stage = *context;
	struct container_model *model = &stage->model;

	leave(stage, new_unit(stage, "/a.service"));
	assert_int_equal(model->leaving_count, 1);
	container_rows_seen(model, 1, 1, SECOND);
	assert_int_equal(model->leaving_count, 0);
}

static void not_too_many(void **context)
{
	struct stage *stage = *context;
	struct container_model *model = &stage->model;
	char path[64];

	model->recent_readers = 3;
	for (unsigned i = 0; i < 2500; i++) {
		snprintf(path, sizeof(path), "/unit%u.service", i);
		leave(stage, new_unit(stage, path));
		ng_arena_reset(&stage->arena);
	}
	assert_int_equal(model->leaving_count, 2000);
	assert_int_equal(model->forgotten, 500);
	/* the latest ones remain */
	struct ng_span labels = labels_text(model->leaving->labels);
	assert_non_null(memmem(labels.text, labels.size, "unit2499.", 9));
	container_rows_seen(model, 3, 3, SECOND);
	assert_int_equal(model->leaving_count, 0);
}

/* A row that was never read, or is not shown, is not kept. */
static void not_what_was_never_read(void **context)
{
	struct stage *stage = *context;
	struct ng_cgroup *group = new_unit(stage, "/a.service");

	row_of(group)->figures.values.present = 0;
	leave(stage, group);
	assert_int_equal(stage->model.leaving_count, 0);
}

/* ---- superseding ---- */

static void a_restart(void **context)
{
	struct stage *stage = *context;
	struct container_model *model = &stage->model;

	model->recent_readers = 3;
	leave(stage, new_container(stage, "/pod/1", "app", true));
	assert_int_equal(model->leaving_count, 1);
	struct ng_cgroup *second = new_container(stage, "/pod/2", "app", true);
	/* only its counters are shown, to scrapers that have not seen them */
	assert_int_equal(model->leaving_count, 1);
	assert_true(model->leaving->outdone && model->leaving->superseded);
	assert_int_equal(model->forgotten, 0);
	assert_false(row_of(second)->outdone);
	container_rows_seen(model, 3, 3, SECOND);
	assert_int_equal(model->leaving_count, 0);
	assert_int_equal(model->forgotten, 0);
	assert_false(row_of(second)->outdone);
	/* different names: both are shown */
	struct ng_cgroup *other = new_container(stage, "/pod/3", "other", true);
	assert_false(row_of(second)->outdone || row_of(other)->outdone);
	drop(stage, second);
	drop(stage, other);
}

/* Also while the earlier one is still alive, and if they are named in either order. */
static void one_beside_the_other(void **context)
{
	struct stage *stage = *context;
	struct ng_cgroup *first = new_container(stage, "/pod/1", "app", true),
			 *second = new_container(stage, "/pod/2", NULL, true),
			 *third = new_container(stage, "/pod/3", "app", true);

	assert_true(row_of(first)->outdone);
	assert_false(row_of(third)->outdone);
	row_of(second)->named = names("space", "pod", "app");
	assert_int_equal(container_row_name(&stage->scrape, &stage->model, row_of(second), ng_span("/pod/2")), 0);
	assert_true(row_of(second)->outdone);
	assert_false(row_of(third)->outdone);
	leave(stage, first);
	leave(stage, second);
	assert_int_equal(stage->model.leaving_count, 2);
	for (const struct container_row *row = stage->model.leaving; row; row = row->next)
		assert_true(row->outdone && row->superseded);
	container_rows_seen(&stage->model, 1, 1, SECOND);
	assert_int_equal(stage->model.leaving_count, 0);
	drop(stage, third);
}

/* A pod that exists twice, as slices and by hand: the slices are the real one. */
static void shadows(void **context)
{
	struct stage *stage = *context;
	struct ng_cgroup *real = new_container(stage, "/slice/1", "app", true),
			 *later = new_container(stage, "/hand/1", "app", false);

	assert_false(row_of(real)->outdone);
	assert_true(row_of(later)->outdone);
	/* nor is it shown when it is removed */
	leave(stage, later);
	assert_int_equal(stage->model.leaving_count, 0);
	drop(stage, real);
}

/* A service that creates cgroups under the names of a pod does not hide it, even with the UID of a removed one. */
static void pretend(struct stage *stage, const char *uid)
{
	struct ng_cgroup *real = new_container(stage, "/slice/1", "app", true),
			 *later = new_container(stage, "/own.service/slice/1", NULL, true);

	row_of(later)->place.delegated = true;
	memcpy(row_of(later)->place.uid, uid, strlen(uid) + 1);
	row_of(later)->named = names("space", "pod", "app");
	assert_int_equal(
		container_row_name(&stage->scrape, &stage->model, row_of(later), ng_span("/own.service/slice/1")), 0);
	assert_false(row_of(real)->outdone);
	assert_true(row_of(later)->outdone);
	/* a restart of the real one works as usual */
	struct ng_cgroup *restart = new_container(stage, "/slice/2", "app", true);
	assert_true(row_of(real)->outdone);
	assert_true(row_of(later)->outdone);
	assert_false(row_of(restart)->outdone);
	drop(stage, later);
	drop(stage, real);
	drop(stage, restart);
}

static void pretenders(void **context)
{
	pretend(*context, U);
	pretend(*context, "0140a87f-07d9-4f7a-b705-eb6ada2dd5ab");
}

/* A pod's second tree, in which nothing ever ran, even after the first is gone. */
static void leftovers(void **context)
{
	struct stage *stage = *context;
	struct ng_cgroup *left = new_container(stage, "/hand/1", "app", false),
			 *real = new_container(stage, "/slice/1", "app", true);
	struct container_model *model = &stage->model;

	container_set(&row_of(left)->figures.values, VALUE_CPU_USAGE, 0);
	assert_false(container_is_leftover(model, row_of(left)));
	model->slice_roots = 1;
	assert_true(container_is_leftover(model, row_of(left)));
	assert_false(container_is_leftover(model, row_of(real)));
	drop(stage, real);
	leave(stage, left);
	assert_int_equal(model->leaving_count, 0);
	/* a cgroup that is used is not a leftover */
	struct ng_cgroup *used = new_container(stage, "/hand/2", "app", false);
	assert_false(container_is_leftover(model, row_of(used)));
	drop(stage, used);
}

static void a_unit_that_comes_again(void **context)
{
	struct stage *stage = *context;
	struct container_model *model = &stage->model;

	model->recent_readers = 3;
	leave(stage, new_unit(stage, "/a.service"));
	leave(stage, new_unit(stage, "/b.service"));
	struct ng_cgroup *again = new_unit(stage, "/a.service");
	assert_int_equal(model->leaving_count, 1);
	assert_false(row_of(again)->outdone);
	drop(stage, again);
}

/* A unit whose labels could not be allocated is not shown. */
static void without_labels(void **context)
{
	struct stage *stage = *context;
	struct ng_cgroup *group = new_group(stage, (struct container_place){ .level = CONTAINER_SERVICE });

	container_group(group)->row =
		container_row_new(&stage->model, group, &container_group(group)->place, SHOWN_SERVICE);
	assert_non_null(row_of(group));
	assert_int_equal(
		container_row_name(&stage->scrape, &stage->model, row_of(group), (struct ng_span){ NULL, 0 }), -ENOMEM);
	read_it(group);
	leave(stage, group);
	assert_int_equal(stage->model.leaving_count, 0);
}

/* A container that ended before its names were known is named and shown afterwards. */
static void named_late(void **context)
{
	struct stage *stage = *context;
	struct container_model *model = &stage->model;

	model->recent_readers = 1;
	leave(stage, new_container(stage, "/pod/1", NULL, true));
	assert_int_equal(model->leaving_count, 1);
	container_rows_seen(model, 1, 1, SECOND);
	assert_int_equal(model->leaving_count, 1);
	struct container_row *row = model->leaving;
	row->named = names("space", "pod", "app");
	assert_int_equal(container_row_name(&stage->scrape, model, row, ng_span("/pod/1")), 0);
	container_rows_seen(model, 1, 1, 2 * SECOND);
	assert_int_equal(model->leaving_count, 0);
}

/* A container that was shown by its path and turns out to be a sandbox leaves no row behind. */
static void shown_and_then_not(void **context)
{
	struct stage *stage = *context;
	struct ng_cgroup *group = new_unit(stage, "/a.service");

	row_of(group)->naming = NAMING_SANDBOX;
	drop(stage, group);
	assert_int_equal(stage->model.by_key.count, 0);
	group = new_unit(stage, "/b.service");
	row_of(group)->naming = NAMING_SANDBOX;
	assert_int_equal(container_row_name(&stage->scrape, &stage->model, row_of(group), ng_span("/c.service")), 0);
	assert_int_equal(stage->model.by_key.count, 1);
	drop(stage, group);
}

#define ROW_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST(until_all_have_seen_it),
		ROW_TEST(not_for_who_stopped),
		ROW_TEST(not_for_ever),
		ROW_TEST(before_anybody_asks),
		ROW_TEST(not_too_many),
		ROW_TEST(not_what_was_never_read),
		ROW_TEST(a_restart),
		ROW_TEST(one_beside_the_other),
		ROW_TEST(shadows),
		ROW_TEST(pretenders),
		ROW_TEST(leftovers),
		ROW_TEST(a_unit_that_comes_again),
		ROW_TEST(without_labels),
		ROW_TEST(named_late),
		ROW_TEST(shown_and_then_not),
	};

	return cmocka_run_group_tests_name("container_rows", tests, NULL, NULL);
}
