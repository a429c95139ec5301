/* SPDX-License-Identifier: Apache-2.0 */
#include "http/listen.h"

#include "http/address.h"
#include "http/occupant.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <nodegauge/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

/* Explains why binding failed, if the error text alone is not clear. */
static const char *explain(int number, const struct sockaddr *address)
{
	const struct sockaddr_in6 *six = (const void *)address;

	switch (number) {
	case EINVAL:
		if (address->sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr) && !six->sin6_scope_id)
			return "a link-local address needs its interface, as in [fe80::1%eth0]:9100";
		break;
	case EADDRNOTAVAIL:
		return "no interface of this machine has this address";
	case EACCES:
		return "ports below 1024 need CAP_NET_BIND_SERVICE";
	case EAFNOSUPPORT:
		return "this kernel has no IPv6";
	default:
		break;
	}
	return strerror(number);
}

/* The address is in use: says by what. */
static int fail_taken(const char *address, const struct sockaddr *taken, struct ng_error *error)
{
	char who[384];

	ng_occupant(taken, who, sizeof(who));
	return ng_error_set(error, -EADDRINUSE, "listen on %s: %s: used by %s; see 'ss -ltnp'", address,
		strerror(EADDRINUSE), *who ? who : "another process");
}

static void name_listener(struct ng_listener *listener)
{
	struct sockaddr_storage address = { 0 };
	socklen_t size = sizeof(address);
	char host[64], port[16];

	if (getsockname(listener->fd, (struct sockaddr *)&address, &size) < 0)
		return;
	if (address.ss_family == AF_UNIX) {
		const char *path = ((struct sockaddr_un *)&address)->sun_path;
		/* an abstract socket has no file, and its name begins with a NUL */
		bool abstract = size > offsetof(struct sockaddr_un, sun_path) && !*path;
		snprintf(listener->name, sizeof(listener->name), "unix:%s%s", abstract ? "@" : "", path + abstract);
		return;
	}
	if (getnameinfo((struct sockaddr *)&address, size, host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(listener->name, sizeof(listener->name), address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s",
			host, port);
}

/* Nobody can connect to the file of a unix socket before its permissions are right. */
static int grant(const char *path, const struct ng_socket_access *access)
{
	if (access->has_group && lchown(path, (uid_t)-1, access->group) < 0)
		return -errno;
	return chmod(path, access->mode) < 0 ? -errno : 0;
}

static int bind_and_listen(
	int fd, const struct sockaddr *address, socklen_t size, const struct ng_socket_access *access)
{
	int r = 0;

	if (bind(fd, address, size) < 0)
		return -errno;
	if (address->sa_family == AF_UNIX)
		r = grant(((const struct sockaddr_un *)(const void *)address)->sun_path, access);
	return r == 0 && listen(fd, BACKLOG) < 0 ? -errno : r;
}

static int listen_on(int family, const struct sockaddr *address, socklen_t size, const struct ng_socket_access *access,
	struct ng_listener *ret_listener)
{
	int on = 1, off = 0, fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	int r = bind_and_listen(fd, address, size, access);
	if (r < 0) {
		close(fd);
		return r;
	}
	ret_listener->fd = fd;
	name_listener(ret_listener);
	return 0;
}

/* ---- unix sockets ---- */

/* Checks the path: 0 if a socket can be created there, after removing a stale one that nobody listens on. */
static int make_place(const struct sockaddr_un *address, const char **ret_why)
{
	struct stat status;

	if (lstat(address->sun_path, &status) < 0)
		return 0; /* bind gives a better error */
	if (!S_ISSOCK(status.st_mode)) {
		*ret_why = "the path exists and is not a socket: remove it or use another path";
		return -EEXIST;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int r = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	close(fd);
	if (r == -ECONNREFUSED)
		return unlink(address->sun_path) < 0 ? -errno : 0;
	if (r < 0)
		return r;
	*ret_why = "another process is listening there; see 'ss -lxp'";
	return -EADDRINUSE;
}

static int fail_unix(const char *path, const char *why, int number, struct ng_error *error)
{
	return ng_error_set(error, number, "listen on unix:%s: %s", path, why ? why : strerror(-number));
}

static int listen_unix(const char *path, const struct ng_socket_access *access, struct ng_listener *ret_listener,
	struct ng_error *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *why = NULL;

	memcpy(address.sun_path, path, strlen(path)); /* ng_address_parse has checked that it fits */
	int r = make_place(&address, &why);
	if (r == 0)
		r = listen_on(AF_UNIX, (struct sockaddr *)&address, sizeof(address), access, ret_listener);
	if (r == -EPERM && access->has_group) {
		unlink(path);
		why = "cannot set the group given by --web.unix-socket-group: not root, and not a member of it";
		r = -EINVAL; /* a retry would not help */
	}
	if (r == -ENOENT || r == -ENOTDIR)
		why = "its directory does not exist";
	if (r < 0)
		return fail_unix(path, why, r, error);
	ret_listener->unlink = path;
	return 0;
}

/* ---- TCP ---- */

static int listen_tcp(const char *address, const char *host, const char *port, struct ng_listener *ret_listener,
	struct ng_error *error)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV
	};
	struct addrinfo *found = NULL;
	const char *why = "the host name has no address", *zone = strchr(host, '%');
	int r = -EADDRNOTAVAIL;

	int code = getaddrinfo(*host ? host : NULL, port, &hints, &found);
	if (code != 0 && zone && !if_nametoindex(zone + 1)) {
		/* the name service may not be up yet */
		return ng_error_set(error, -EADDRNOTAVAIL, "listen on %s: there is no interface %s", address, zone + 1);
	}
	if (code != 0) {
		/* the name service may not be up yet */
		return ng_error_set(error, -EADDRNOTAVAIL, "listen on %s: %s", address, gai_strerror(code));
	}
	/* the IPv6 any-address accepts IPv4 as well; for a name with both, IPv4 is used, as in Go */
	const int order[] = { *host ? AF_INET : AF_INET6, *host ? AF_INET6 : AF_INET };
	for (size_t i = 0; i < 2 && r < 0 && r != -EADDRINUSE; i++) {
		for (const struct addrinfo *at = found; at && r < 0 && r != -EADDRINUSE; at = at->ai_next) {
			if (at->ai_family != order[i])
				continue;
			r = listen_on(at->ai_family, at->ai_addr, at->ai_addrlen, NULL, ret_listener);
			why = r < 0 ? explain(-r, at->ai_addr) : NULL;
			if (r == -EADDRINUSE)
				fail_taken(address, at->ai_addr, error);
		}
	}
	freeaddrinfo(found);
	if (r < 0 && r != -EADDRINUSE)
		ng_error_set(error, r, "listen on %s: %s", address, why);
	return r;
}

int ng_listen_open(const char *address, const struct ng_socket_access *access, struct ng_listener *ret_listener,
	struct ng_error *error)
{
	struct ng_address_parts parts;

	*ret_listener = (struct ng_listener){ .fd = -1 };
	int r = ng_address_parse(address, &parts, error);
	if (r < 0)
		return r;
	return parts.path ? listen_unix(parts.path, access, ret_listener, error)
			  : listen_tcp(address, parts.host, parts.port, ret_listener, error);
}

int ng_socket_access_parse(
	const char *mode, const char *group, struct ng_socket_access *ret_access, struct ng_error *error)
{
	struct group *entry = *group ? getgrnam(group) : NULL;
	uint64_t number;

	*ret_access = (struct ng_socket_access){ .mode = (mode_t)strtoul(mode, NULL, 8), .has_group = *group };
	if (!*mode || mode[strspn(mode, "01234567")] || strlen(mode) > 4 || ret_access->mode > 0777)
		return ng_error_set(error, -EINVAL,
			"--web.unix-socket-mode: bad mode '%s': expected an octal number such as 0660", mode);
	if (entry) {
		ret_access->group = entry->gr_gid;
	} else if (*group && ng_u64(ng_span(group), &number) == 0 && number < UINT32_MAX) {
		ret_access->group = (gid_t)number;
	} else if (*group)
		return ng_error_set(error, -EINVAL, "--web.unix-socket-group: there is no group '%s'", group);
	return 0;
}

int ng_listen_adopt(int fd, struct ng_listener *ret_listener, struct ng_error *error)
{
	int listening = 0, type = 0;
	socklen_t size = sizeof(listening), type_size = sizeof(type);

	*ret_listener = (struct ng_listener){ .fd = fd };
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0 || !listening ||
		getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) < 0 || type != SOCK_STREAM)
		return ng_error_set(
			error, -EINVAL, "socket activation: descriptor %d is not a listening stream socket", fd);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	name_listener(ret_listener);
	return 0;
}

void ng_listen_close(struct ng_listener *listener)
{
	if (listener->fd >= 0)
		close(listener->fd);
	if (listener->unlink)
		unlink(listener->unlink);
	listener->fd = -1;
	listener->unlink = NULL;
}
