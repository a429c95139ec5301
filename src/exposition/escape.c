/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition/escape.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "exposition/page.h"

char *ng_escape(char *at, struct ng_span text, bool quotes)
{
	if (text.size == 0)
		return at;
	const unsigned char *from = (const unsigned char *)text.text, *end = from + text.size;

	while (from < end) {
		unsigned char c = *from;
		if (c >= 0x80) {
			size_t n = ng_utf8_length((const char *)from, (size_t)(end - from));
			memcpy(at, n ? (const char *)from : "\xef\xbf\xbd", n ? n : 3);
			at += n ? n : 3;
			from += n;
			/* one replacement for a run of bytes that are none, as Go does it */
			while (!n && from < end && *from >= 0x80 &&
				!ng_utf8_length((const char *)from, (size_t)(end - from)))
				from++;
			continue;
		}
		if (c == '\\' || c == '\n' || (c == '"' && quotes)) {
			*at++ = '\\';
			c = c == '\n' ? 'n' : c;
		}
		*at++ = (char)c;
		from++;
	}
	return at;
}

struct ng_span ng_labels(struct ng_arena *arena, const struct ng_label *labels, size_t count)
{
	size_t need = 2, room_size;

	if (count == 0)
		return NG_NO_LABELS;
	for (size_t i = 0; i < count; i++)
		need += strlen(labels[i].name) + labels[i].value.size * 3 + sizeof(",=\"\"") - 1;
	char *start = ng_arena_reserve(arena, need, &room_size), *at = start;
	if (!start)
		return NG_LABELS_FAILED;
	*at++ = '{';
	for (size_t i = 0; i < count; i++) {
		size_t name_size = strlen(labels[i].name);
		memcpy(at, labels[i].name, name_size);
		at += name_size;
		*at++ = '=';
		*at++ = '"';
		at = ng_escape(at, labels[i].value, true);
		*at++ = '"';
		*at++ = ',';
	}
	at[-1] = '}';
	ng_arena_commit(arena, start, (size_t)(at - start));
	return (struct ng_span){ start, (size_t)(at - start) };
}
