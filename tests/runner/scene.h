/* SPDX-License-Identifier: Apache-2.0 */
/* The cases: their location, and one of them set up for use. */
#ifndef TESTS_SCENE_H
#define TESTS_SCENE_H

#include "instance.h"
#include "tree.h"

/* One directory tests/collectors/<collector>/<name>/. */
struct test_case {
	char *collector, *name, *path;
};

struct test_cases {
	struct test_case *item; /* sorted by collector and name */
	size_t count;
};

/* `only` is "COLLECTOR" or "COLLECTOR/NAME", or NULL. */
void cases_find(const char *directory, const char *only, struct test_cases *ret_cases);
void cases_done(struct test_cases *cases);

/* A case set up for use: its tree copied, the steps of `make` applied, missing roots created, flags read. */
struct scene {
	const struct test_case *source;
	char *root;
	char *text_of_flags;
	const char **flags;
	struct instance_plan plan;
	char error[512];
};

/* False with ->error if the case itself is invalid; there is nothing to close then. */
bool scene_open(struct scene *scene, const struct test_case *source);
void scene_close(struct scene *scene);

/* The text of a file of the case with @ROOT@ replaced; NULL if there is none. malloc'ed. */
char *scene_text(const struct scene *scene, const char *file);

#endif
