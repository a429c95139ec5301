/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition/escape.h"

#include "base/utf8.h"

enum { WORD = 8 };

/* Sets the top bit of each byte that equals `c`, and possibly of some others. */
static inline uint64_t bytes_that_are(uint64_t word, unsigned char c)
{
	uint64_t difference = word ^ (UINT64_C(0x0101010101010101) * c);

	return difference - UINT64_C(0x0101010101010101);
}

/* Whether all bytes can be copied unchanged. */
static inline bool is_plain(uint64_t word)
{
	uint64_t found = bytes_that_are(word, '\\') | bytes_that_are(word, '\n') | bytes_that_are(word, '"') | word;

	return (found & UINT64_C(0x8080808080808080)) == 0;
}

char *ng_escape(char *at, struct ng_span text, bool quotes)
{
	if (text.size == 0)
		return at;
	const unsigned char *from = (const unsigned char *)text.text, *end = from + text.size;

	while (from < end) {
		uint64_t word;
		if ((size_t)(end - from) >= WORD && (memcpy(&word, from, WORD), is_plain(word))) {
			memcpy(at, &word, WORD);
			at += WORD;
			from += WORD;
			continue;
		}
		unsigned char c = *from;
		if (c >= 0x80) {
			size_t n = ng_utf8_length((const char *)from, (size_t)(end - from));
			memcpy(at, n ? (const char *)from : "\xef\xbf\xbd", n ? n : 3);
			at += n ? n : 3;
			from += n;
			/* one replacement character for a run of invalid bytes, like Go */
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
