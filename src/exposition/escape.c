/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition/escape.h"

#include "base/utf8.h"

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
