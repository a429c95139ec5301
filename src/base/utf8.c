/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <nodegauge/page.h>

/* Unicode 15, table 3-7. */
size_t ng_utf8_length(const char *text, size_t size)
{
	const unsigned char *at = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (size == 0)
		return 0;
	if (at[0] >= 0xc2 && at[0] <= 0xdf)
		n = 2;
	else if (at[0] >= 0xe0 && at[0] <= 0xef)
		n = 3;
	else if (at[0] >= 0xf0 && at[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (size < n)
		return 0;
	if (at[0] == 0xe0)
		low = 0xa0;
	else if (at[0] == 0xed)
		high = 0x9f;
	else if (at[0] == 0xf0)
		low = 0x90;
	else if (at[0] == 0xf4)
		high = 0x8f;
	if (at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

bool ng_is_utf8(struct ng_span text)
{
	while (text.size) {
		bool ascii = (unsigned char)text.text[0] < 0x80;
		size_t n = ascii ? 1 : ng_utf8_length(text.text, text.size);
		if (!n)
			return false;
		text = ng_span_skip(text, n);
	}
	return true;
}
