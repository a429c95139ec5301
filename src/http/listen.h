/* SPDX-License-Identifier: Apache-2.0 */
/* Opens listening sockets for addresses as users write them: ":9100", "127.0.0.1:9100", "[::1]:9100",
 * "unix:/run/x.sock". */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct ng_listener {
	int fd;
	char name[160];     /* as it is shown: "[::]:9100" */
	const char *unlink; /* path of a unix socket, removed at the end; NULL otherwise */
};

/* Access to a unix socket: permissions of its file. */
struct ng_socket_access {
	mode_t mode;
	gid_t group;
	bool has_group;
};

/* From an octal mode, and the name or number of a group or "". On -EINVAL, `error` says what is wrong. */
int ng_socket_access_parse(
	const char *mode, const char *group, struct ng_socket_access *ret_access, struct ng_error *error);

/*
 * Opens one address; *ret_listener is the caller's to close. ":PORT" is dual-stack: IPv6 that accepts IPv4 as well, or
 * plain IPv4 if there is no IPv6. A stale unix socket, which nobody listens on, is replaced.
 */
int ng_listen_open(const char *address, const struct ng_socket_access *access, struct ng_listener *ret_listener,
	struct ng_error *error);

/* Takes over a listening socket from the service manager. */
int ng_listen_adopt(int fd, struct ng_listener *ret_listener, struct ng_error *error);

void ng_listen_close(struct ng_listener *listener);

#endif
