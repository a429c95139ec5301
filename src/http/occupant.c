/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel reports the inode, user and cgroup of a listening socket to anyone (NETLINK_SOCK_DIAG, sock_diag(7),
 * net/ipv4/inet_diag.c; the cgroup since 5.8). The process can only be found through the descriptors in /proc/PID/fd,
 * which only root can see for other users. Used when startup fails, so it may be slow.
 */
#define _XOPEN_SOURCE 700
#include "http/occupant.h"

#include "kernel/netlink_dump.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <nodegauge/files.h>
#include <nodegauge/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TCP_STATE_LISTEN = 10 };

/* The socket to search for, and the result. */
struct occupant {
	uint16_t port; /* in network order */
	struct in6_addr address;
	bool found;
	uint32_t inode, user;
	uint64_t group; /* inode of the cgroup's directory; 0 if not reported */
};

/* ---- the socket ---- */

/* Maps IPv4 addresses to IPv6, so that there is only one kind; the IPv4 any-address becomes that of IPv6. */
static struct in6_addr widened(int family, const void *address)
{
	struct in6_addr wide = { 0 };

	if (family == AF_INET6) {
		memcpy(&wide, address, sizeof(wide));
	} else if (memcmp(address, &wide, 4) != 0) {
		memset(&wide.s6_addr[10], 0xff, 2);
		memcpy(&wide.s6_addr[12], address, 4);
	}
	return wide;
}

static bool is_any(const struct in6_addr *address)
{
	static const struct in6_addr any = { 0 };

	return memcmp(address, &any, sizeof(any)) == 0;
}

static int on_socket(void *context, const struct nlmsghdr *message)
{
	struct occupant *occupant = context;
	const struct inet_diag_msg *socket = ng_netlink_fixed(message, sizeof(*socket));
	struct ng_span rest = ng_netlink_rest(message, sizeof(*socket));
	struct ng_attribute attribute;

	if (!socket || occupant->found || socket->id.idiag_sport != occupant->port)
		return 0;
	struct in6_addr address = widened(socket->idiag_family, socket->id.idiag_src);
	if (!is_any(&address) && !is_any(&occupant->address) &&
		memcmp(&address, &occupant->address, sizeof(address)) != 0)
		return 0;
	occupant->found = true;
	occupant->inode = socket->idiag_inode;
	occupant->user = socket->idiag_uid;
	while (ng_attribute_next(&rest, &attribute)) {
		if (attribute.type == INET_DIAG_CGROUP_ID && attribute.value.size >= sizeof(occupant->group))
			memcpy(&occupant->group, attribute.value.text, sizeof(occupant->group));
	}
	return 0;
}

static void find_socket(struct occupant *occupant)
{
	static const uint8_t families[] = { AF_INET6, AF_INET };
	struct ng_netlink netlink = { 0 };

	for (size_t i = 0; i < sizeof(families) && !occupant->found; i++) {
		struct {
			struct nlmsghdr head;
			struct inet_diag_req_v2 request;
		} message = {
			.head = { .nlmsg_len = sizeof(message), .nlmsg_type = SOCK_DIAG_BY_FAMILY },
			.request = {
				.sdiag_family = families[i],
				.sdiag_protocol = IPPROTO_TCP,
				.idiag_states = 1 << TCP_STATE_LISTEN,
			},
		};
		ng_netlink_dump(&netlink, NETLINK_SOCK_DIAG, &message.head, on_socket, occupant);
	}
	ng_netlink_close(&netlink);
}

/* ---- its process ---- */

static bool has_socket(int processes, const char *pid, const char *wanted)
{
	char path[64], target[64];
	bool found = false;

	snprintf(path, sizeof(path), "%.20s/fd", pid);
	int fd = openat(processes, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	if (!directory) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	for (const struct dirent *entry; !found && (entry = readdir(directory));) {
		ssize_t n = readlinkat(fd, entry->d_name, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = '\0';
		found = strcmp(target, wanted) == 0;
	}
	closedir(directory);
	return found;
}

/* The PID of the first process that has the socket; 0 if none is visible. */
static int find_process(uint32_t inode)
{
	char wanted[64];
	int pid = 0;
	DIR *processes = opendir("/proc");

	if (!processes)
		return 0;
	snprintf(wanted, sizeof(wanted), "socket:[%u]", inode);
	for (const struct dirent *entry; !pid && (entry = readdir(processes));) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			has_socket(dirfd(processes), entry->d_name, wanted))
			pid = atoi(entry->d_name);
	}
	closedir(processes);
	return pid;
}

static struct ng_span read_of_process(int pid, const char *name, char *text, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	NG_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, size);
	return ng_trim((struct ng_span){ text, n < 0 ? 0 : (size_t)n });
}

/* ---- its cgroup, and hence its service ---- */

static struct {
	uint64_t inode;
	char name[256];
} sought; /* nftw has no context */

static int on_directory(const char *path, const struct stat *status, int kind, struct FTW *position)
{
	if (kind != FTW_D || status->st_ino != sought.inode)
		return 0;
	snprintf(sought.name, sizeof(sought.name), "%s", path + position->base);
	return 1;
}

static const char *find_group(uint64_t inode)
{
	sought.inode = inode;
	sought.name[0] = '\0';
	if (inode > 1) /* 1 is the root cgroup */
		nftw("/sys/fs/cgroup", on_directory, 16, FTW_PHYS | FTW_MOUNT);
	return sought.name;
}

void ng_occupant(const struct sockaddr *address, char *text, size_t size)
{
	struct occupant occupant = { 0 };
	char comm[64];

	*text = '\0';
	if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const void *)address;
		occupant.port = six->sin6_port;
		occupant.address = six->sin6_addr;
	} else {
		const struct sockaddr_in *four = (const void *)address;
		occupant.port = four->sin_port;
		occupant.address = widened(AF_INET, &four->sin_addr);
	}
	find_socket(&occupant);
	if (!occupant.found)
		return;
	int pid = find_process(occupant.inode);
	const char *group = find_group(occupant.group);
	struct ng_span name = read_of_process(pid, "comm", comm, sizeof(comm));
	if (pid)
		snprintf(text, size, "%.*s (pid %d%s%s)", (int)name.size, name.text, pid, *group ? ", " : "", group);
	else if (*group)
		snprintf(text, size, "%s", group);
	else
		snprintf(text, size, "a process of user %u", occupant.user);
}
