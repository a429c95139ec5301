/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of any kind as text of the exposition format. */
#ifndef EXPOSITION_ESCAPE_H
#define EXPOSITION_ESCAPE_H

#include <nodegauge/text.h>

/* Writes `text` escaped at `at`, which has room for three times its size, and returns the end. Bytes that are no UTF-8
 * are replaced by U+FFFD. */
char *ng_escape(char *at, struct ng_span text, bool quotes);

#endif
