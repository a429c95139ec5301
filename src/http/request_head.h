/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks the head of a request as received from the network against RFC 9112, before the HTTP library interprets it.
 *
 * Releases of the library differ in what they tolerate, and a head that two parties interpret differently allows
 * request smuggling. Only a GET or HEAD without a body and with a single interpretation passes; everything else is
 * rejected with a specific error, and the connection is closed.
 */
#ifndef HTTP_REQUEST_HEAD_H
#define HTTP_REQUEST_HEAD_H

#include <nodegauge/text.h>

enum {
	NG_HEAD_MAX = 8192, /* bytes, including the request line and the empty line */
	NG_TARGET_MAX = 2048,
	NG_ITEMS_MAX = 100, /* header fields, query arguments and cookies */
};

struct ng_refusal {
	unsigned status;
	const char *reason; /* the reason phrase of the status */
	const char *text;   /* what is wrong */
};

/*
 * The size of the first head, including the empty line that ends it, or 0 if that has not arrived yet. A single LF also
 * ends a line (RFC 9112, 2.2). Bytes before `from` were checked in an earlier call.
 */
size_t ng_request_head_size(struct ng_span bytes, size_t from);

/* Checks a complete head; NULL if it is valid. */
const struct ng_refusal *ng_request_head_judge(struct ng_span head);

/* Checks an incomplete head: the refusal if no request can start with these bytes, or if there are too many. */
const struct ng_refusal *ng_request_head_hopeless(struct ng_span bytes);

#endif
