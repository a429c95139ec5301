/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of labels, and sets made of sets. */
#include "support.h"

#include "exposition/labels.h"

#include <stdio.h>
#include <stdlib.h>

struct fixture {
	struct ng_arena arena, small;
	struct ng_labels *plain, *odd; /* odd: values that look like labels */
	struct ng_labels *failed;
};

static int open_sets(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->small.limit = 8;
	fixture->plain = NG_LABELS(
		&fixture->arena, { "container", NG_SPAN("") }, { "id", NG_SPAN("/x") }, { "pod", NG_SPAN("p") });
	fixture->odd = NG_LABELS(&fixture->arena, { "a", NG_SPAN("\",id=\"1\\") }, { "xid", NG_SPAN("2") },
		{ "id", NG_SPAN("\\\"}\n,pod=\"") }, { "i", NG_SPAN("3") });
	fixture->failed = NG_LABELS(&fixture->small, { "x", NG_SPAN("y") });
	*state = fixture;
	return 0;
}

static int close_sets(void **state)
{
	struct fixture *fixture = *state;

	ng_arena_done(&fixture->arena);
	ng_arena_done(&fixture->small);
	free(fixture);
	return 0;
}

#define assert_labels(labels, string) assert_span(labels_text(labels), string)

static const char plain[] = "{container=\"\",id=\"/x\",pod=\"p\"}";
static const char odd[] = "{a=\"\\\",id=\\\"1\\\\\",xid=\"2\",id=\"\\\\\\\"}\\n,pod=\\\"\",i=\"3\"}";

static void made(void **state)
{
	struct fixture *fixture = *state;

	assert_labels(fixture->plain, plain);
	assert_labels(fixture->odd, odd);
	assert_true(ng_labels_valid(fixture->plain) && ng_labels_valid(NG_NO_LABELS));
	assert_null(ng_labels(&fixture->arena, NULL, 0));
}

static void joined(void **state)
{
	struct fixture *fixture = *state;
	struct ng_arena *arena = &fixture->arena;
	struct ng_labels *one = NG_LABELS_WITH(arena, fixture->plain, { "device", NG_SPAN("a\"b") });

	assert_labels(one, "{container=\"\",id=\"/x\",pod=\"p\",device=\"a\\\"b\"}");
	assert_labels(NG_LABELS_WITH(arena, one, { "x", NG_SPAN("1") }, { "y", NG_SPAN("2") }),
		"{container=\"\",id=\"/x\",pod=\"p\",device=\"a\\\"b\",x=\"1\",y=\"2\"}");
	assert_labels(fixture->plain, plain);
	assert_labels(ng_labels_join(arena, NG_NO_LABELS, fixture->plain), plain);
	assert_labels(ng_labels_join(arena, fixture->plain, NG_NO_LABELS), plain);
	assert_null(ng_labels_join(arena, NG_NO_LABELS, NG_NO_LABELS));
}

/* Label names are distinguished from values that look like them. */
static void inserted(void **state)
{
	struct fixture *fixture = *state;
	struct ng_arena *arena = &fixture->arena;
	struct ng_labels *more = NG_LABELS(arena, { "image", NG_SPAN("i") }, { "name", NG_SPAN("n") });

	assert_labels(ng_labels_insert(arena, fixture->plain, "id", more),
		"{container=\"\",id=\"/x\",image=\"i\",name=\"n\",pod=\"p\"}");
	assert_labels(ng_labels_insert(arena, fixture->odd, "id", more),
		"{a=\"\\\",id=\\\"1\\\\\",xid=\"2\",id=\"\\\\\\\"}\\n,pod=\\\"\",image=\"i\",name=\"n\",i=\"3\"}");
	/* at the end, whether it is the last label or there is none */
	assert_labels(ng_labels_insert(arena, fixture->plain, "pod", more),
		"{container=\"\",id=\"/x\",pod=\"p\",image=\"i\",name=\"n\"}");
	assert_labels(ng_labels_insert(arena, fixture->plain, "p", more),
		"{container=\"\",id=\"/x\",pod=\"p\",image=\"i\",name=\"n\"}");
	assert_labels(ng_labels_insert(arena, NG_NO_LABELS, "id", more), "{image=\"i\",name=\"n\"}");
	assert_labels(ng_labels_insert(arena, fixture->plain, "id", NG_NO_LABELS), plain);
}

static void alone(void **state)
{
	struct fixture *fixture = *state;
	struct ng_arena *arena = &fixture->arena;

	assert_labels(ng_labels_only(arena, fixture->plain, "id"), "{id=\"/x\"}");
	assert_labels(ng_labels_only(arena, fixture->plain, "container"), "{container=\"\"}");
	assert_labels(ng_labels_only(arena, fixture->odd, "id"), "{id=\"\\\\\\\"}\\n,pod=\\\"\"}");
	assert_null(ng_labels_only(arena, fixture->odd, "pod"));
	assert_null(ng_labels_only(arena, NG_NO_LABELS, "id"));
}

/* Copies outlive their originals. */
static void copied(void **state)
{
	struct fixture *fixture = *state;
	struct ng_labels *joined = NG_LABELS_WITH(&fixture->arena, fixture->odd, { "x", NG_SPAN("1") });
	struct ng_arena other = { 0 };
	struct ng_labels *copy = ng_labels_copy(&other, joined), *kept = ng_labels_keep(joined);

	assert_true(ng_labels_equal(copy, joined) && ng_labels_equal(kept, joined));
	ng_arena_reset(&fixture->arena);
	memset(ng_alloc(&fixture->arena, 900), '#', 900);
	assert_labels(copy, "{a=\"\\\",id=\\\"1\\\\\",xid=\"2\",id=\"\\\\\\\"}\\n,pod=\\\"\",i=\"3\",x=\"1\"}");
	assert_true(ng_labels_equal(copy, kept));
	assert_int_equal(ng_labels_hash(copy), ng_labels_hash(kept));
	assert_null(ng_labels_copy(&other, NG_NO_LABELS));
	assert_null(ng_labels_keep(NG_NO_LABELS));
	free(kept);
	ng_arena_done(&other);
}

static void compared(void **state)
{
	struct fixture *fixture = *state;
	struct ng_arena *arena = &fixture->arena;
	struct ng_labels *a = NG_LABELS(arena, { "a", NG_SPAN("1") }), *b = NG_LABELS(arena, { "b", NG_SPAN("2") });
	struct ng_labels *both = NG_LABELS(arena, { "a", NG_SPAN("1") }, { "b", NG_SPAN("2") });

	assert_true(ng_labels_equal(ng_labels_join(arena, a, b), both));
	assert_int_equal(ng_labels_hash(ng_labels_join(arena, a, b)), ng_labels_hash(both));
	assert_false(ng_labels_equal(ng_labels_join(arena, b, a), both));
	assert_false(ng_labels_equal(a, b));
	assert_false(ng_labels_equal(a, both));
	assert_false(ng_labels_equal(a, NG_NO_LABELS));
	assert_true(ng_labels_equal(NG_NO_LABELS, NG_NO_LABELS));
}

/* The only non-empty label is a different one in each set. */
static void hashes(void **state)
{
	enum { NAMES = 60 };
	struct fixture *fixture = *state;
	static char names[NAMES][8];
	struct ng_label labels[NAMES];
	uint64_t seen[NAMES];

	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(names[i], sizeof(names[i]), "l%u", i);
		labels[i] = (struct ng_label){ names[i], NG_SPAN("") };
	}
	for (unsigned i = 0; i < NAMES; i++) {
		labels[i].value = NG_SPAN("x");
		seen[i] = ng_labels_hash(ng_labels(&fixture->arena, labels, NAMES));
		labels[i].value = NG_SPAN("");
		for (unsigned k = 0; k < i; k++)
			assert_int_not_equal(seen[i], seen[k]);
	}
}

/* A set that could not be allocated invalidates all sets made from it. */
static void failures(void **state)
{
	struct fixture *fixture = *state;
	struct ng_arena *arena = &fixture->arena, *small = &fixture->small;
	struct ng_labels *failed = fixture->failed;

	assert_false(ng_labels_valid(failed));
	assert_false(ng_labels_valid(ng_labels_join(arena, failed, fixture->plain)));
	assert_false(ng_labels_valid(ng_labels_join(arena, fixture->plain, failed)));
	assert_false(ng_labels_valid(ng_labels_insert(arena, failed, "id", fixture->plain)));
	assert_false(ng_labels_valid(ng_labels_insert(arena, fixture->plain, "id", failed)));
	assert_false(ng_labels_valid(ng_labels_only(arena, failed, "id")));
	assert_false(ng_labels_valid(ng_labels_copy(arena, failed)));
	assert_null(ng_labels_keep(failed));
	assert_false(ng_labels_equal(failed, failed));
	assert_false(ng_labels_equal(failed, fixture->plain));
	/* no memory for the result */
	assert_false(ng_labels_valid(ng_labels_join(small, fixture->plain, fixture->odd)));
	assert_false(ng_labels_valid(ng_labels_insert(small, fixture->plain, "id", fixture->odd)));
	assert_false(ng_labels_valid(ng_labels_only(small, fixture->plain, "id")));
	assert_false(ng_labels_valid(ng_labels_copy(small, fixture->plain)));
}

#define SETS_TEST(name) cmocka_unit_test_setup_teardown(name, open_sets, close_sets)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SETS_TEST(made),
		SETS_TEST(joined),
		SETS_TEST(inserted),
		SETS_TEST(alone),
		SETS_TEST(copied),
		SETS_TEST(compared),
		SETS_TEST(hashes),
		SETS_TEST(failures),
	};

	return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
