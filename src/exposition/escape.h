/* SPDX-License-Identifier: Apache-2.0 */
/* Escapes arbitrary bytes as text of the exposition format. */
#ifndef EXPOSITION_ESCAPE_H
#define EXPOSITION_ESCAPE_H

#include <nodegauge/text.h>

/*
 * Writes `text` escaped to `at`, which has room for three times its size, and returns the end. Invalid UTF-8 is
 * replaced by U+FFFD.
 */
char *ng_escape(char *at, struct ng_span text, bool quotes);

#endif
