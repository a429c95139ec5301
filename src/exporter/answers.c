/* SPDX-License-Identifier: Apache-2.0 */
#include "exporter/answers.h"

#include <nodegauge/page.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char ng_text_type[] = "text/plain; charset=utf-8";

/* ---- plain responses ---- */

void ng_answer_text(struct ng_request *request, unsigned status, struct ng_span text)
{
	ng_request_answer(request, &(struct ng_answer){ .status = status, .type = ng_text_type, .body = text });
}

void ng_answer_owned(struct ng_request *request, unsigned status, const char *type, struct ng_span text)
{
	if (!text.text) {
		ng_answer_text(request, 500, NG_SPAN("Out of memory.\n"));
		return;
	}
	ng_request_answer(request, &(struct ng_answer){ .status = status,
					   .type = type,
					   .page = type != ng_text_type,
					   .body = text,
					   .release = free,
					   .context = (void *)text.text });
}

void ng_answer_format(struct ng_request *request, unsigned status, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	int n = vasprintf(&text, format, arguments);
	va_end(arguments);
	ng_answer_owned(request, status, ng_text_type,
		n < 0 ? (struct ng_span){ NULL, 0 } : (struct ng_span){ text, (size_t)n });
}
