/* SPDX-License-Identifier: Apache-2.0 */
/* A page with what it needs, and the answer that it is encoded to. */
#ifndef TESTS_UNIT_PAGES_H
#define TESTS_UNIT_PAGES_H

#include "exposition/encoder.h"

struct page_fixture {
	struct ng_page page;
	struct ng_encoded answer;
	struct ng_arena arena, heads;
};

/* Into `*state`, for a page that knows these families; 0, or -1 without memory. */
int page_fixture_open(void **state, const struct ng_family *families, size_t count);
int page_fixture_close(void **state);

#endif
