/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the reader share among themselves. */
#ifndef TESTS_EXPOSITION_READ_H
#define TESTS_EXPOSITION_READ_H

#include "exposition.h"

/* ---- lexis.c ---- */

bool lexis_name(struct ng_span name, bool colon);
bool lexis_utf8(struct ng_span text);

/* True when every backslash is followed by one of `known`. */
bool lexis_escapes(struct ng_span text, const char *known);

/* Only what every reader takes: no leading '+', no hexadecimal, no underscores. */
bool lexis_number(struct ng_span text, double *ret_value);

/* ---- store.c: new elements are zeroes; there is always memory, or the program ends ---- */

void exposition_reset(struct exposition *out);
struct prom_family *exposition_new_family(struct exposition *out);
struct prom_sample *exposition_new_sample(struct exposition *out);
struct prom_label *exposition_new_label(struct exposition *out);

/* Enters the newest one into its table; false when there is one of the same name. */
bool exposition_enter_family(struct exposition *out);
bool exposition_enter_sample(struct exposition *out);

/* Gives the newest sample its key. */
void exposition_make_key(struct exposition *out);

#endif
