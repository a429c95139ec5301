/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>

/* The length of the UTF-8 sequence of several bytes at `text`, or 0 where there is none. */
size_t ng_utf8_length(const char *text, size_t size);

#endif
