/* SPDX-License-Identifier: Apache-2.0 */
/* Names, numbers, escapes and characters of the text format. */
#include "exposition_read.h"

#include <stdlib.h>

bool lexis_name(struct ng_span name, bool colon)
{
	if (name.size == 0 || (name.text[0] >= '0' && name.text[0] <= '9'))
		return false;
	for (size_t i = 0; i < name.size; i++) {
		char c = name.text[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
			    (colon && c == ':')))
			return false;
	}
	return true;
}

/* The number of valid bytes at the start of a sequence (RFC 3629), 0 if there are none. */
static size_t utf8_length(const unsigned char *s, size_t size)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

	if (n == 0 || n > size)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
		(s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

bool lexis_utf8(struct ng_span text)
{
	const unsigned char *s = (const unsigned char *)text.text;

	for (size_t i = 0; i < text.size;) {
		size_t n = utf8_length(s + i, text.size - i);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

bool lexis_escapes(struct ng_span text, const char *known)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.text[i] == '\\' && (++i == text.size || !text.text[i] || !strchr(known, text.text[i])))
			return false;
	}
	return true;
}

static size_t digits(struct ng_span text, size_t i)
{
	size_t start = i;

	while (i < text.size && text.text[i] >= '0' && text.text[i] <= '9')
		i++;
	return i - start;
}

bool lexis_number(struct ng_span text, double *ret_value)
{
	char copy[400];
	size_t i = 0, n;

	if (text.size == 0 || text.size >= sizeof(copy))
		return false;
	memcpy(copy, text.text, text.size);
	copy[text.size] = '\0';
	*ret_value = strtod(copy, NULL);
	if (!strcmp(copy, "NaN") || !strcmp(copy, "+Inf") || !strcmp(copy, "-Inf"))
		return true;
	i += copy[i] == '-';
	n = digits(text, i);
	i += n;
	if (copy[i] == '.') {
		size_t behind = digits(text, ++i);
		n += behind;
		i += behind;
	}
	if (n == 0)
		return false;
	if (copy[i] == 'e' || copy[i] == 'E') {
		i++;
		i += copy[i] == '-' || copy[i] == '+';
		n = digits(text, i);
		if (n == 0)
			return false;
		i += n;
	}
	return i == text.size;
}
