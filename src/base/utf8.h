/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>

/* The length of the multi-byte UTF-8 sequence at `text`, or 0 if there is none. */
size_t ng_utf8_length(const char *text, size_t size);

#endif
