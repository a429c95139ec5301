/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the parser. */
#ifndef TESTS_EXPOSITION_READ_H
#define TESTS_EXPOSITION_READ_H

#include "exposition.h"

/* ---- lexis.c ---- */

bool lexis_name(struct ng_span name, bool colon);
bool lexis_utf8(struct ng_span text);

/* Whether every backslash is followed by one of `known`. */
bool lexis_escapes(struct ng_span text, const char *known);

/* Accepts only what every scraper accepts: no leading '+', no hexadecimal, no underscores. */
bool lexis_number(struct ng_span text, double *ret_value);

/* ---- store.c: new elements are zeroed; the program exits if there is no memory ---- */

void exposition_reset(struct exposition *out);
struct prom_family *exposition_new_family(struct exposition *out);
struct prom_sample *exposition_new_sample(struct exposition *out);
struct prom_label *exposition_new_label(struct exposition *out);

/* Enters the newest one into its table; false if the name is already there. */
bool exposition_enter_family(struct exposition *out);
bool exposition_enter_sample(struct exposition *out);

/* Creates the key of the newest sample. */
void exposition_make_key(struct exposition *out);

#endif
