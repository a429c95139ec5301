/* SPDX-License-Identifier: Apache-2.0 */
/* Which representation a client asked for. Header values are NULL if the client did not send the header. */
#ifndef EXPOSITION_NEGOTIATE_H
#define EXPOSITION_NEGOTIATE_H

#include "exposition/encoder.h"

/*
 * Whether to compress the response: if the client accepts gzip and does not prefer the plain representation (RFC 9110,
 * 12.5.3).
 */
bool ng_negotiate_gzip(const char *accept_encoding);

/*
 * The format and its Content-Type: always text 0.0.4, with the escaping scheme echoed as node_exporter does: from the
 * most preferred clauses of Accept, up to the one that matched.
 */
const char *ng_negotiate_type(const char *accept, enum ng_format *ret_format);

#endif
