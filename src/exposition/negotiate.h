/* SPDX-License-Identifier: Apache-2.0 */
/* Which form of an answer a client asked for. Header values are NULL where the client sent none. */
#ifndef EXPOSITION_NEGOTIATE_H
#define EXPOSITION_NEGOTIATE_H

#include "exposition/encoder.h"

/* Whether the answer goes out as gzip: when the client takes it and does not like the plain form better (RFC
 * 9110, 12.5.3). */
bool ng_negotiate_gzip(const char *accept_encoding);

/*
 * The format and its Content-Type: text 0.0.4 always, with the escaping scheme echoed as node_exporter echoes it: that
 * of the best-liked clauses of Accept up to the one that matched.
 */
const char *ng_negotiate_type(const char *accept, enum ng_format *ret_format);

#endif
