/* SPDX-License-Identifier: Apache-2.0 */
/* Netlink dumps, and the attributes in their messages. libmnl is used only by the implementation. */
#ifndef KERNEL_NETLINK_DUMP_H
#define KERNEL_NETLINK_DUMP_H

#include "kernel/netlink.h"
#include <linux/netlink.h>

/* Called for each message of a dump. A negative errno aborts it. */
typedef int ng_netlink_visit(void *context, const struct nlmsghdr *message);

/* How often a dump is restarted if the table changed meanwhile (NLM_F_DUMP_INTR). */
enum { NG_DUMP_ATTEMPTS = 8 };

/*
 * Sends `request`, whose length and type must be set, and passes on the messages of the response. Returns -EINTR if the
 * table changed meanwhile, so that entries may be missing or duplicate: discard them and retry. After any error the
 * next dump uses a new socket.
 */
int ng_netlink_dump(
	struct ng_netlink *netlink, int protocol, struct nlmsghdr *request, ng_netlink_visit *visit, void *context);

/* The same for a request with a single response and an acknowledgement. */
int ng_netlink_ask(
	struct ng_netlink *netlink, int protocol, struct nlmsghdr *request, ng_netlink_visit *visit, void *context);

/* Closes the socket if it may not stay open between scrapes. */
void ng_netlink_settle(const struct ng_scrape *scrape, struct ng_netlink *netlink);

/*
 * Opens a socket that receives the messages of a multicast group, and tells whether there were any without parsing
 * them: 1 if so, or if some may have been lost, 0 if there were none since the last call, or a negative errno.
 */
int ng_netlink_watch(struct ng_netlink *netlink, int protocol, unsigned group);
int ng_netlink_heard(struct ng_netlink *netlink);

/* ---- attributes ---- */

struct ng_attribute {
	uint16_t type;
	struct ng_span value;
};

/* The part of a message after its fixed part; empty if the message is too short. */
static inline struct ng_span ng_netlink_rest(const struct nlmsghdr *message, size_t fixed)
{
	size_t head = NLMSG_HDRLEN + NLMSG_ALIGN(fixed);

	return message->nlmsg_len > head ? (struct ng_span){ (const char *)message + head, message->nlmsg_len - head }
					 : (struct ng_span){ NULL, 0 };
}

/* The fixed part, or NULL if the message is too short. */
static inline const void *ng_netlink_fixed(const struct nlmsghdr *message, size_t fixed)
{
	return message->nlmsg_len >= NLMSG_HDRLEN + fixed ? (const char *)message + NLMSG_HDRLEN : NULL;
}

static inline bool ng_attribute_next(struct ng_span *rest, struct ng_attribute *ret_attribute)
{
	struct nlattr head;

	if (rest->size < sizeof(head))
		return false;
	memcpy(&head, rest->text, sizeof(head));
	if (head.nla_len < sizeof(head) || head.nla_len > rest->size)
		return false;
	*ret_attribute = (struct ng_attribute){ head.nla_type & NLA_TYPE_MASK,
		{ rest->text + NLA_HDRLEN, head.nla_len - (size_t)NLA_HDRLEN } };
	*rest = ng_span_skip(*rest, NLA_ALIGN(head.nla_len));
	return true;
}

/* Integers; 0 if the attribute is shorter. */
static inline uint8_t ng_attribute_u8(struct ng_attribute attribute)
{
	return attribute.value.size ? (uint8_t)attribute.value.text[0] : 0;
}

static inline uint32_t ng_attribute_u32(struct ng_attribute attribute)
{
	uint32_t value = 0;

	if (attribute.value.size >= sizeof(value))
		memcpy(&value, attribute.value.text, sizeof(value));
	return value;
}

/* A text without its terminating NUL. */
static inline struct ng_span ng_attribute_text(struct ng_attribute attribute)
{
	return (struct ng_span){ attribute.value.text, ng_span_find(attribute.value, '\0') };
}

#endif
