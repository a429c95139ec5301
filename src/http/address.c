/* SPDX-License-Identifier: Apache-2.0 */
#include "http/address.h"

#include <errno.h>
#include <nodegauge/text.h>
#include <sys/un.h>

static int split(const char *address, struct ng_address_parts *parts)
{
	const char *colon = strrchr(address, ':');
	struct ng_span name;
	uint64_t port;

	if (!colon || ng_u64(ng_span(colon + 1), &port) < 0 || port > 65535)
		return -EINVAL;
	name = (struct ng_span){ address, (size_t)(colon - address) };
	if (name.size && name.text[0] == '[') {
		if (name.size < 2 || name.text[name.size - 1] != ']')
			return -EINVAL;
		name = (struct ng_span){ name.text + 1, name.size - 2 };
	} else if (ng_span_find(name, ':') < name.size) {
		return -EINVAL;
	}
	if (name.size >= sizeof(parts->host))
		return -EINVAL;
	if (name.size)
		memcpy(parts->host, name.text, name.size);
	parts->host[name.size] = '\0';
	parts->port = colon + 1;
	return 0;
}

int ng_address_parse(const char *text, struct ng_address_parts *ret_parts, struct ng_error *error)
{
	const char *right = NULL;

	*ret_parts = (struct ng_address_parts){ 0 };
	if (strncmp(text, "unix:", 5) == 0) {
		ret_parts->path = text + 5;
		if (!*ret_parts->path)
			right = "a path after unix:";
		else if (strlen(ret_parts->path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
			right = "a path of at most 107 bytes";
	} else if (split(text, ret_parts) < 0) {
		right = "HOST:PORT, [IPV6]:PORT, :PORT or unix:PATH";
	}
	return right ? ng_error_set(error, -EINVAL, "--web.listen-address: bad address '%s': expected %s", text, right)
		     : 0;
}
