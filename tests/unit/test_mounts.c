/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of mountinfo, their options and escapes. */
#include "support.h"

#include "kernel/mounts.h"
#include <errno.h>
#include <string.h>

static void a_line(void **state)
{
	struct ng_mount mount;

	(void)state;
	assert_int_equal(ng_mount_parse(guarded("36 35 98:12 /mnt1 /mnt/parent rw,noatime master:1 shared:7 - ext3 "
						"/dev/root rw,errors=continue"),
				 &mount),
		0);
	assert_int_equal(mount.id, 36);
	assert_int_equal(mount.parent, 35);
	assert_int_equal(mount.major, 98);
	assert_int_equal(mount.minor, 12);
	assert_span(mount.point, "/mnt/parent");
	assert_span(mount.options, "rw,noatime");
	assert_span(mount.type, "ext3");
	assert_span(mount.source, "/dev/root");
	assert_span(mount.super_options, "rw,errors=continue");
}

static void odd_lines(void **state)
{
	struct ng_mount mount;

	(void)state;
	assert_int_equal(ng_mount_parse(guarded("1 1 0:1 / / rw - tmpfs  rw"), &mount), 0);
	assert_span(mount.source, "");
	assert_int_equal(ng_mount_parse(guarded("1 1 0:1 / - rw - tmpfs - rw,a b - c"), &mount), 0);
	assert_span(mount.point, "-");
	assert_span(mount.source, "-");
	assert_span(mount.super_options, "rw,a b - c");
}

static void no_lines(void **state)
{
	static const char whole[] = "36 35 98:12 /mnt1 /mnt/parent rw,noatime master:1 - ext3 /dev/root r";
	static const char *const bad[] = { "", " ", "x 35 98:0 / / rw - ext3 a rw", "36 x 98:0 / / rw - ext3 a rw",
		"36 35 98 / / rw - ext3 a rw", "36 35 98:x / / rw - ext3 a rw", "36 35 :0 / / rw - ext3 a rw",
		"36 35 4294967296:0 / / rw - ext3 a rw", "36 35 98:0 / / rw ext3 a rw", "36 35 98:0 / / rw -ext3 a rw",
		"36 35 98:0 /  rw - ext3 a rw", "36 35 98:0 / / rw -  a rw" };
	struct ng_mount mount;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ng_mount_parse(guarded(bad[i]), &mount), -EBADMSG);
	for (size_t n = 0; n + 1 < sizeof(whole) - 1; n++)
		assert_int_equal(ng_mount_parse(guarded_bytes(whole, n), &mount), -EBADMSG);
}

static void options(void **state)
{
	(void)state;
	assert_true(ng_mount_option(guarded("ro"), NG_SPAN("ro")));
	assert_true(ng_mount_option(guarded("nosuid,ro"), NG_SPAN("ro")));
	assert_true(ng_mount_option(guarded("ro=,x"), NG_SPAN("ro")));
	assert_false(ng_mount_option(guarded("rw,errors=remount-ro,roe,zero,ro=1"), NG_SPAN("ro")));
	assert_false(ng_mount_option(guarded(""), NG_SPAN("ro")));
	assert_false(ng_mount_option(guarded(",,"), NG_SPAN("ro")));
}

static void unescaped(const char *text, const char *wanted)
{
	char bytes[64];
	char *end = ng_mount_unescape(bytes, guarded(text));

	assert_span(((struct ng_span){ bytes, (size_t)(end - bytes) }), wanted);
}

static void escapes(void **state)
{
	(void)state;
	unescaped("/a\\040b\\011c\\012d\\134e\\043f", "/a b\tc\nd\\e#f");
	unescaped("\\134040", "\\040");
	unescaped("\\377", "\xff");
	unescaped("\\400\\08\\04", "\\400\\08\\04");
	unescaped("\\", "\\");
	unescaped("", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line),
		TEST(odd_lines),
		TEST(no_lines),
		TEST(options),
		TEST(escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
