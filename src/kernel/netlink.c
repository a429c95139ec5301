/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netlink sockets (Documentation/userspace-api/netlink/intro.rst) with libmnl.
 *
 * The kernel sends a dump in pieces, each up to the size of the receive buffer, at most 32 KiB (netlink_dump). A
 * message that does not fit is truncated; then the buffer is enlarged and the dump restarted.
 */
#include "kernel/netlink_dump.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <nodegauge/files.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { BUFFER_FIRST = 16384, BUFFER_LAST = 4 << 20 };

void ng_netlink_close(struct ng_netlink *netlink)
{
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	ng_arena_done(&netlink->memory);
	*netlink = (struct ng_netlink){ .sequence = netlink->sequence };
}

/* Messages of an aborted dump may still be pending: only a new socket is certainly free of them. */
static void forget_socket(struct ng_netlink *netlink)
{
	mnl_socket_close(netlink->socket);
	netlink->socket = NULL;
}

void ng_netlink_settle(const struct ng_scrape *scrape, struct ng_netlink *netlink)
{
	if (netlink->socket && !ng_may_keep(scrape, mnl_socket_get_fd(netlink->socket)))
		forget_socket(netlink);
}

static int grow_buffer(struct ng_netlink *netlink)
{
	size_t size = netlink->buffer_size ? netlink->buffer_size * 2 : BUFFER_FIRST;

	if (size > BUFFER_LAST)
		return -EMSGSIZE;
	ng_arena_done(&netlink->memory);
	netlink->buffer = ng_alloc(&netlink->memory, size);
	netlink->buffer_size = netlink->buffer ? size : 0;
	return netlink->buffer ? 0 : -ENOMEM;
}

static int open_socket(struct ng_netlink *netlink, int protocol)
{
	const struct timeval patience = { .tv_sec = 30 };
	int r = netlink->buffer ? 0 : grow_buffer(netlink);

	if (r < 0 || netlink->socket)
		return r;
	netlink->socket = mnl_socket_open2(protocol, SOCK_CLOEXEC);
	if (!netlink->socket)
		return -errno;
	if (mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		forget_socket(netlink);
		return r;
	}
	/* the kernel always responds; if it ever does not, the thread is not lost */
	(void)setsockopt(mnl_socket_get_fd(netlink->socket), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return 0;
}

struct reading {
	ng_netlink_visit *visit;
	void *context;
};

static int on_message(const struct nlmsghdr *message, void *data)
{
	struct reading *reading = data;

	int r = reading->visit(reading->context, message);
	if (r == 0)
		return MNL_CB_OK;
	errno = -r;
	return MNL_CB_ERROR;
}

/* The end of a dump has its result. */
static int on_done(const struct nlmsghdr *message, void *data)
{
	int error = 0;

	(void)data;
	if (mnl_nlmsg_get_payload_len(message) >= sizeof(error))
		memcpy(&error, mnl_nlmsg_get_payload(message), sizeof(error));
	if (error >= 0)
		return MNL_CB_STOP;
	errno = -error;
	return MNL_CB_ERROR;
}

/* An error, or with error 0 the acknowledgement that ends a response without a dump. */
static int on_error(const struct nlmsghdr *message, void *data)
{
	const struct nlmsgerr *answer = mnl_nlmsg_get_payload(message);

	(void)data;
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*answer)) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	if (answer->error == 0)
		return MNL_CB_STOP;
	errno = answer->error < 0 ? -answer->error : answer->error;
	return MNL_CB_ERROR;
}

static int read_answers(struct ng_netlink *netlink, struct reading *reading)
{
	mnl_cb_t control[] = { [NLMSG_ERROR] = on_error, [NLMSG_DONE] = on_done };
	unsigned port = mnl_socket_get_portid(netlink->socket);

	for (;;) {
		ssize_t n = mnl_socket_recvfrom(netlink->socket, netlink->buffer, netlink->buffer_size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ENOSPC) { /* truncated */
			int r = grow_buffer(netlink);
			return r < 0 ? r : -EINTR;
		}
		if (n < 0)
			return -errno;
		int r = mnl_cb_run2(netlink->buffer, (size_t)n, netlink->sequence, port, on_message, reading, control,
			sizeof(control) / sizeof(control[0]));
		if (r <= MNL_CB_ERROR)
			return -errno;
		if (r == MNL_CB_STOP)
			return 0;
	}
}

static int exchange(struct ng_netlink *netlink, int protocol, struct nlmsghdr *request, struct reading *reading)
{
	int r = open_socket(netlink, protocol);

	if (r < 0)
		return r;
	request->nlmsg_seq = ++netlink->sequence;
	if (mnl_socket_sendto(netlink->socket, request, request->nlmsg_len) < 0)
		r = -errno;
	else
		r = read_answers(netlink, reading);
	if (r < 0)
		forget_socket(netlink);
	return r;
}

int ng_netlink_dump(
	struct ng_netlink *netlink, int protocol, struct nlmsghdr *request, ng_netlink_visit *visit, void *context)
{
	struct reading reading = { visit, context };

	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	return exchange(netlink, protocol, request, &reading);
}

int ng_netlink_ask(
	struct ng_netlink *netlink, int protocol, struct nlmsghdr *request, ng_netlink_visit *visit, void *context)
{
	struct reading reading = { visit, context };

	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	return exchange(netlink, protocol, request, &reading);
}

int ng_netlink_watch(struct ng_netlink *netlink, int protocol, unsigned group)
{
	/* one message is as good as many: the queue is short, and messages that do not fit show up as ENOBUFS */
	const int room = 4096;

	netlink->socket = mnl_socket_open2(protocol, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!netlink->socket)
		return -errno;
	(void)setsockopt(mnl_socket_get_fd(netlink->socket), SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
		mnl_socket_setsockopt(netlink->socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0) {
		int r = -errno;
		forget_socket(netlink);
		return r;
	}
	return 0;
}

int ng_netlink_heard(struct ng_netlink *netlink)
{
	int heard = 0;
	char byte;

	for (;;) {
		ssize_t n = recv(mnl_socket_get_fd(netlink->socket), &byte, sizeof(byte), MSG_DONTWAIT | MSG_TRUNC);
		if (n >= 0 || errno == ENOBUFS)
			heard = 1;
		else if (errno == EAGAIN)
			return heard;
		else if (errno != EINTR)
			return -errno;
	}
}
