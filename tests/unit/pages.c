/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include <stdlib.h>

int page_fixture_open(void **state, const struct ng_family *families, size_t count)
{
	struct page_fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	fixture->page.known = families;
	fixture->page.known_count = count;
	fixture->page.heads = ng_page_heads(&fixture->heads, families, count);
	*state = fixture;
	return fixture->page.heads ? 0 : -1;
}

int page_fixture_close(void **state)
{
	struct page_fixture *fixture = *state;

	ng_page_done(&fixture->page);
	ng_encoded_done(&fixture->answer);
	ng_arena_done(&fixture->arena);
	ng_arena_done(&fixture->heads);
	free(fixture);
	return 0;
}
