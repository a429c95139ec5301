/* SPDX-License-Identifier: Apache-2.0 */
/* The syntax of --web.listen-address. */
#ifndef HTTP_ADDRESS_H
#define HTTP_ADDRESS_H

#include "base/error.h"

#include <stdbool.h>

struct ng_address_parts {
	const char *path; /* after "unix:"; NULL for TCP */
	char host[256];   /* without brackets; empty for all addresses */
	const char *port; /* digits; borrowed from the text */
};

/* Splits HOST:PORT, [IPV6]:PORT, :PORT or unix:PATH; on -EINVAL, `error` says what is wrong with it. */
int ng_address_parse(const char *text, struct ng_address_parts *ret_parts, struct ng_error *error);

#endif
