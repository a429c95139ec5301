/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of any bytes: the answer is one of those that there are, and the same in capitals. */
#include "exposition/negotiate.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char start[] = "text/plain; version=0.0.4; charset=utf-8; escaping=";
	enum ng_format format;
	char *header = malloc(size + 1), *capitals = malloc(size + 1);

	for (size_t i = 0; i < size; i++) {
		header[i] = data[i] ? (char)data[i] : ',';
		capitals[i] = (char)toupper((unsigned char)header[i]);
	}
	header[size] = capitals[size] = '\0';
	const char *type = ng_negotiate_type(header, &format);
	if (strncmp(type, start, strlen(start)) != 0 || ng_negotiate_type(capitals, &format) != type ||
		ng_negotiate_gzip(header) != ng_negotiate_gzip(capitals))
		abort();
	if (ng_negotiate_gzip(header) && !strstr(capitals, "GZIP"))
		abort();
	free(header);
	free(capitals);
	return 0;
}
