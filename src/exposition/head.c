/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition/head.h"

#include "base/arena.h"
#include "exposition/escape.h"

const char *ng_type_name(enum ng_type type)
{
	switch (type) {
	case NG_COUNTER:
		return "counter";
	case NG_GAUGE:
		return "gauge";
	case NG_UNTYPED:
		return "untyped";
	case NG_HISTOGRAM:
		return "histogram";
	case NG_SUMMARY:
		return "summary";
	}
	return "untyped";
}

char *ng_render_head(char *at, struct ng_span name, struct ng_span help, enum ng_type type)
{
	const char *type_name = ng_type_name(type);

	memcpy(at, "# HELP ", 7);
	at += 7;
	memcpy(at, name.text, name.size);
	at += name.size;
	*at++ = ' ';
	at = ng_escape(at, help, false);
	memcpy(at, "\n# TYPE ", 8);
	at += 8;
	memcpy(at, name.text, name.size);
	at += name.size;
	*at++ = ' ';
	memcpy(at, type_name, strlen(type_name));
	at += strlen(type_name);
	*at++ = '\n';
	return at;
}

size_t ng_head_room(struct ng_span name, struct ng_span help)
{
	/* the help text may grow by escaping, and the name appears twice */
	return 2 * name.size + 3 * help.size + 64;
}

struct ng_family_head *ng_page_heads(struct ng_arena *arena, const struct ng_family *families, size_t count)
{
	struct ng_family_head *heads = ng_alloc0(arena, count * sizeof(*heads));

	for (size_t i = 0; heads && i < count; i++) {
		struct ng_span name = ng_span(families[i].name), help = ng_span(families[i].help);
		size_t size;
		char *start = ng_arena_reserve(arena, ng_head_room(name, help), &size);
		if (!start)
			return NULL;
		size = (size_t)(ng_render_head(start, name, help, families[i].type) - start);
		ng_arena_commit(arena, start, size);
		heads[i] = (struct ng_family_head){ { start, size }, (uint32_t)name.size, ng_text_hash(name) };
	}
	return heads;
}
