/* SPDX-License-Identifier: Apache-2.0 */
/* The lines before the samples of a family in format 0.0.4. */
#ifndef EXPOSITION_HEAD_H
#define EXPOSITION_HEAD_H

#include "exposition/page.h"

/* Writes the HELP and TYPE lines to `at`, which has ng_head_room bytes; returns the end. */
char *ng_render_head(char *at, struct ng_span name, struct ng_span help, enum ng_type type);
size_t ng_head_room(struct ng_span name, struct ng_span help);

#endif
