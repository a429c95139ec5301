/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel messages about interfaces, complete and truncated. */
#include "kernel/link_message.h"

#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct message {
	_Alignas(8) char bytes[2048];
	size_t size;
};

static void add_bytes(struct message *message, uint16_t type, const void *value, size_t size)
{
	struct nlattr head = { .nla_len = (uint16_t)(NLA_HDRLEN + size), .nla_type = type };

	assert_true(message->size + NLA_HDRLEN + NLA_ALIGN(size) <= sizeof(message->bytes));
	memcpy(message->bytes + message->size, &head, sizeof(head));
	if (size)
		memcpy(message->bytes + message->size + NLA_HDRLEN, value, size);
	message->size += NLA_HDRLEN + NLA_ALIGN(size);
}

static void add_text(struct message *message, uint16_t type, const char *text)
{
	add_bytes(message, type, text, strlen(text) + 1);
}

static void add_u32(struct message *message, uint16_t type, uint32_t value)
{
	add_bytes(message, type, &value, sizeof(value));
}

/* Nested attributes: begin_nest returns the position. */
static size_t begin_nest(struct message *message, uint16_t type)
{
	size_t at = message->size;

	add_bytes(message, type, NULL, 0);
	return at;
}

static void end_nest(struct message *message, size_t at)
{
	uint16_t size = (uint16_t)(message->size - at);

	memcpy(message->bytes + at, &size, sizeof(size));
}

static void finish(struct message *message)
{
	uint32_t size = (uint32_t)message->size;

	memcpy(message->bytes, &size, sizeof(size));
}

static void begin(struct message *message, int index, unsigned flags)
{
	struct nlmsghdr head = { .nlmsg_type = RTM_NEWLINK };
	struct ifinfomsg fixed = { .ifi_index = index, .ifi_type = 1, .ifi_flags = flags };

	memset(message, 0, sizeof(*message));
	memcpy(message->bytes, &head, sizeof(head));
	memcpy(message->bytes + NLMSG_HDRLEN, &fixed, sizeof(fixed));
	message->size = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(fixed));
}

static void make_veth(struct message *message)
{
	struct rtnl_link_stats64 stats = { .rx_packets = 1, .tx_compressed = UINT64_MAX };

	begin(message, 7, IFF_UP | IFF_RUNNING);
	add_text(message, IFLA_IFNAME, "veth0");
	add_text(message, IFLA_IFALIAS, "to the bridge");
	add_u32(message, IFLA_MTU, 1500);
	add_u32(message, IFLA_LINK, 8);
	add_bytes(message, IFLA_OPERSTATE, "\6", 1);
	add_bytes(message, IFLA_ADDRESS, "\2\0\0\0\0\1", 6);
	add_bytes(message, IFLA_STATS64, &stats, sizeof(stats));
	size_t info = begin_nest(message, IFLA_LINKINFO | NLA_F_NESTED);
	add_text(message, IFLA_INFO_KIND, "veth");
	end_nest(message, info);
	size_t names = begin_nest(message, IFLA_PROP_LIST | NLA_F_NESTED);
	add_text(message, IFLA_ALT_IFNAME, "one");
	add_text(message, IFLA_ALT_IFNAME, "another");
	end_nest(message, names);
	finish(message);
}

static bool is(struct ng_span span, const char *text)
{
	return ng_span_equal(span, ng_span(text));
}

static void a_whole_message(void **state)
{
	struct ng_arena arena = { 0 };
	struct ng_link_list list = { .arena = &arena };
	struct message message;

	(void)state;
	make_veth(&message);
	assert_int_equal(ng_link_take(&list, (const struct nlmsghdr *)message.bytes), 0);
	assert_int_equal(list.count, 1);
	const struct ng_link *link = list.link;
	assert_true(is(link->name, "veth0") && is(link->alias, "to the bridge") && is(link->kind, "veth"));
	assert_true(ng_span_equal(link->altnames, (struct ng_span){ "one\0another", 12 }));
	assert_int_equal(link->address.size, 6);
	assert_int_equal(link->mtu, 1500);
	assert_int_equal(link->index, 7);
	assert_int_equal(link->lower, 8);
	assert_int_equal(link->operstate, IF_OPER_UP);
	assert_int_equal(link->given & (NG_LINK_STATS | NG_LINK_CARRIER), NG_LINK_STATS);
	assert_true(link->stats.tx_compressed == UINT64_MAX);
	assert_true(ng_link_same(link, link));
	ng_arena_done(&arena);
}

static void narrow_statistics(void **state)
{
	struct ng_arena arena = { 0 };
	struct ng_link_list list = { .arena = &arena };
	struct rtnl_link_stats narrow = { .rx_packets = 5, .tx_bytes = UINT32_MAX, .tx_compressed = 9 };
	struct message message;

	(void)state;
	begin(&message, 1, IFF_UP);
	add_text(&message, IFLA_IFNAME, "old0");
	add_bytes(&message, IFLA_STATS, &narrow, sizeof(narrow));
	finish(&message);
	assert_int_equal(ng_link_take(&list, (const struct nlmsghdr *)message.bytes), 0);
	assert_true(list.link->stats.rx_packets == 5 && list.link->stats.tx_bytes == UINT32_MAX);
	assert_true(list.link->stats.tx_compressed == 9);
	assert_int_equal(list.link->lower, 1);
	ng_arena_done(&arena);
}

static void other_messages(void **state)
{
	struct ng_arena arena = { 0 };
	struct ng_link_list list = { .arena = &arena };
	struct message message;

	(void)state;
	begin(&message, 1, 0);
	finish(&message); /* without a name */
	assert_int_equal(ng_link_take(&list, (const struct nlmsghdr *)message.bytes), 0);
	make_veth(&message);
	((struct nlmsghdr *)message.bytes)->nlmsg_type = RTM_DELLINK;
	assert_int_equal(ng_link_take(&list, (const struct nlmsghdr *)message.bytes), 0);
	assert_int_equal(list.count, 0);
	ng_arena_done(&arena);
}

/* In a buffer of exactly that size, for the sanitizer. */
static void cut_at_every_byte(void **state)
{
	struct message message;

	(void)state;
	make_veth(&message);
	for (size_t size = NLMSG_HDRLEN; size <= message.size; size++) {
		struct ng_arena arena = { 0 };
		struct ng_link_list list = { .arena = &arena };
		struct nlmsghdr *cut = malloc(size);
		assert_non_null(cut);
		memcpy(cut, message.bytes, size);
		cut->nlmsg_len = (uint32_t)size;
		assert_int_equal(ng_link_take(&list, cut), 0);
		free(cut);
		ng_arena_done(&arena);
	}
}

static void what_counts_as_a_change(void **state)
{
	struct ng_link a = { .name = NG_SPAN("a"), .mtu = 1500 }, b = a;

	(void)state;
	b.stats.rx_bytes = 1;
	assert_true(ng_link_same(&a, &b));
	b.alias = NG_SPAN("new");
	assert_false(ng_link_same(&a, &b));
	b = a;
	b.group = 3;
	assert_false(ng_link_same(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_message),
		cmocka_unit_test(narrow_statistics),
		cmocka_unit_test(other_messages),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(what_counts_as_a_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
