/* SPDX-License-Identifier: Apache-2.0 */
/* Responses with a short text. */
#ifndef EXPORTER_ANSWERS_H
#define EXPORTER_ANSWERS_H

#include "http/server.h"

extern const char ng_text_type[]; /* Content-Type */

void ng_answer_text(struct ng_request *request, unsigned status, struct ng_span text);
void ng_answer_format(struct ng_request *request, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Takes ownership of malloc'ed text; NULL means that there was no memory for it. */
void ng_answer_owned(struct ng_request *request, unsigned status, const char *type, struct ng_span text);

#endif
