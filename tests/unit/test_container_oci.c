/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations of containerd and CRI-O: what is read from them, and that nothing else is. */
#include "identity/json.h"
#include "identity/oci.h"
#include "scratch.h"
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define I "3fd1c40e7ab6598201cdef3344556677889900aabbccddeeff00112233445566"
#define U "eaba4d29-74e5-4595-ace3-91b35ee08a0b"
#define V "0140a87f-07d9-4f7a-b705-eb6ada2dd5ab"
#define M "ba752e40bfd184a540a6a3f6d127f0ec"

/* The members are in the same order as the runtimes write them. */
#define BEFORE                                                                                                         \
	"{\"ociVersion\":\"1.2.0\",\"process\":{\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[0]},"                \
	"\"args\":[\"sleep\",\"1e9\"],\"env\":[\"PATH=/bin\",\"PASSWORD=\\\"hunter2\\\\\\u00e9\"],\"cwd\":\"/\","      \
	"\"noNewPrivileges\":true,\"oomScoreAdj\":-998,\"x\":[-0.5e+3,null,{},[],{\"a\":[{}]}]},"                      \
	"\"root\":{\"path\":\"rootfs\"},\"mounts\":[{\"destination\":\"/proc\",\"options\":[\"nosuid\"]}],"
#define BEHIND                 ",\"linux\":{\"resources\":{\"memory\":{}}}}\n"
#define ANNOTATED(annotations) BEFORE "\"annotations\":{" annotations "}" BEHIND

#define CRI  "\"io.kubernetes.cri."
#define CRIO "\"io.kubernetes.cri-o."
#define WHOLE_CONTAINER                                                                                                \
	CRI "container-name\":\"sleeper\"," CRI "container-type\":\"container\"," CRI                                  \
	    "image-name\":\"docker.io/lab/busybox:1\"," CRI "sandbox-id\":\"" I "\"," CRI                              \
	    "sandbox-name\":\"web-1\"," CRI "sandbox-namespace\":\"default\"," CRI "sandbox-uid\":\"" U "\""
#define WHOLE_SANDBOX                                                                                                  \
	CRI "container-type\":\"sandbox\"," CRI "sandbox-id\":\"" I "\"," CRI                                          \
	    "sandbox-log-directory\":\"/var/log/pods/default_web-1_" U "\"," CRI "sandbox-name\":\"web-1\"," CRI       \
	    "sandbox-namespace\":\"default\"," CRI "sandbox-uid\":\"" U "\""
#define WHOLE_CRIO                                                                                                     \
	"\"a\":\"b\"," CRIO "Annotations\":\"{\\\"io.kubernetes.container.restartCount\\\":\\\"9\\\"}\"," CRIO         \
	"ContainerType\":\"container\"," CRIO "Image\":\"quay.io/x/y:2\"," CRIO                                        \
	"ImageName\":\"quay.io/x/y@sha256:1\"," CRIO "Name\":\"k8s_sleeper_web-1_default_" U "_3\"," CRI               \
	"sandbox-name\":\"forged\""

enum { BAD = 1, SANDBOX = 2, UNTYPED = 4, OF_CRIO = 8 };

/* The result: "<namespace>/<pod>/<container>/<image>/<UID>". */
static const struct {
	const char *text, *wanted;
	int flags;
} rows[] = {
	{ ANNOTATED(WHOLE_CONTAINER), "default/web-1/sleeper/docker.io/lab/busybox:1/" U, 0 },
	{ ANNOTATED(WHOLE_SANDBOX), "default/web-1///" U, SANDBOX },
	{ ANNOTATED(WHOLE_CRIO), "default/web-1/sleeper/quay.io/x/y:2/" U "/3", OF_CRIO },
	{ ANNOTATED(WHOLE_CRIO), "/forged///", UNTYPED },
	{ ANNOTATED(WHOLE_CONTAINER), "////", UNTYPED | OF_CRIO },
	{ ANNOTATED(CRIO "ContainerType\":\"sandbox\"," CRIO "Name\":\"k8s_lab_kube-system_" M "_0\""),
		"kube-system/lab///" M, SANDBOX | OF_CRIO },
	{ ANNOTATED(CRIO "ContainerType\":\"container\"," CRIO "Image\":\"" I "\"," CRIO
			 "ImageName\":\"r.io/p:3\"," CRIO "Name\":\"k8s_c_p_n_" U "_0\""),
		"n/p/c/r.io/p:3/" U "/0", OF_CRIO },
	{ ANNOTATED(CRIO "ContainerType\":\"container\"," CRIO "Image\":\"sha256:" I "\""), "///sha256:" I "/",
		OF_CRIO },
	/* containerd before 1.5 */
	{ ANNOTATED(CRI "container-type\":\"container\"," CRI "sandbox-id\":\"" I "\""), "////", 0 },
	{ ANNOTATED(CRI "container-type\":\"sandbox\"," CRI "sandbox-log-directory\":\"/var/log/pods/default_web-1_" U
			"\""),
		"default/web-1///" U, SANDBOX },
	{ ANNOTATED(CRI "container-type\":\"sandbox\"," CRI "sandbox-log-directory\":\"/x/y\""), "////", SANDBOX },
	/* spelling */
	{ " {\t\"annotations\" :\n{ \"io.kubernetes.cri.sandbox-n\\u0061me\" : \"w\\u0065b\" }}", "/web///", UNTYPED },
	{ "{\"annotations\":{}}", "////", UNTYPED },
	{ "{\"annotations\":{\"a\":\"\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\"}}", "////", UNTYPED },
	/* no names */
	{ ANNOTATED(CRI "sandbox-name\":\"a b\""), "", BAD },
	{ ANNOTATED(CRI "sandbox-name\":\"a\\nb\""), "", BAD },
	{ ANNOTATED(CRI "sandbox-name\":\"a\\u0000\""), "", BAD },
	{ ANNOTATED(CRI "sandbox-namespace\":\"a.b\""), "", BAD },
	{ ANNOTATED(CRI "sandbox-uid\":\"a\""), "", BAD },
	{ ANNOTATED(CRI "image-name\":\"a b\""), "", BAD },
	{ ANNOTATED(CRI "image-name\":\"\xff\""), "", BAD },
	{ ANNOTATED(CRI "container-type\":\"else\""), "", BAD },
	{ ANNOTATED(CRI "sandbox-name\":1"), "", BAD },
	{ ANNOTATED(CRI "sandbox-name\":\"a\"," CRI "sandbox-name\":\"a\""), "", BAD },
	{ ANNOTATED(CRIO "Name\":\"k8s_c_p_n_" U "\""), "", BAD | OF_CRIO },
	{ ANNOTATED(CRIO "Name\":\"k8s_c_p_n_x_0\""), "", BAD | OF_CRIO },
	{ ANNOTATED(CRIO "Name\":\"k9s_c_p_n_" U "_0\""), "", BAD | OF_CRIO },
	{ ANNOTATED(CRIO "Name\":\"k8s_c_p_n_" U "_0_0\""), "", BAD | OF_CRIO },
	{ ANNOTATED(CRIO "Name\":\"k8s_c_p_n_" U "_\""), "", BAD | OF_CRIO },
	/* not JSON, or not this kind */
	{ "", "", BAD },
	{ "{}", "", BAD },
	{ "[]", "", BAD },
	{ "null", "", BAD },
	{ "{\"annotations\":null}", "", BAD },
	{ "{\"annotations\":[]}", "", BAD },
	{ "{\"annotations\":{\"a\":{}}}", "", BAD },
	{ "{\"annotations\":{\"a\":\"b\",}}", "", BAD },
	{ "{\"annotations\":{\"a\" \"b\"}}", "", BAD },
	{ "{\"annotations\":{,}}", "", BAD },
	{ "{\"x\":1,,\"annotations\":{}}", "", BAD },
	{ "{\"x\":1 \"annotations\":{}}", "", BAD },
	{ "{\"x\":[1,],\"annotations\":{}}", "", BAD },
	{ "{\"x\":[1 2],\"annotations\":{}}", "", BAD },
	{ "{\"x\":[1},\"annotations\":{}}", "", BAD },
	{ "{\"x\":{1:2},\"annotations\":{}}", "", BAD },
	{ "{\"x\":{\"a\"},\"annotations\":{}}", "", BAD },
	{ "{\"x\":tru,\"annotations\":{}}", "", BAD },
	{ "{\"x\":-,\"annotations\":{}}", "", BAD },
	{ "{\"x\":1.,\"annotations\":{}}", "", BAD },
	{ "{\"x\":1e,\"annotations\":{}}", "", BAD },
	{ "{\"x\":\"\n\",\"annotations\":{}}", "", BAD },
	{ "{\"annotations\":{\"a\\x\":\"b\"}}", "", BAD },
	{ "{\"annotations\":{\"\\ud83d\":\"b\"}}", "", BAD },
	{ "{\"annotations\":{\"\\ude00\":\"b\"}}", "", BAD },
	{ "{\"annotations\":{\"\\ud83d\\u0041\":\"b\"}}", "", BAD },
	{ "{\"annotations\":{\"\\u00g0\":\"b\"}}", "", BAD },
	{ "{x:1}", "", BAD },
};

static void words(const struct container_oci *oci, char text[1024])
{
	const struct ng_span part[] = { oci->identity.space, oci->identity.pod, oci->identity.container, oci->image };
	size_t size = 0;

	for (size_t i = 0; i < NG_COUNT(part); i++)
		size += (size_t)sprintf(text + size, "%.*s/", (int)part[i].size, part[i].text ? part[i].text : "");
	size += (size_t)sprintf(text + size, "%s", oci->uid);
	if (oci->identity.has_restart)
		sprintf(text + size, "/%u", oci->identity.restart);
}

static void texts(void **state)
{
	static const size_t pieces[] = { 0, 1, 7 };
	struct ng_arena arena = { 0 };
	struct container_oci oci;
	char text[1024];

	(void)state;
	for (size_t i = 0; i < NG_COUNT(rows) * NG_COUNT(pieces); i++) {
		const char *input = rows[i / NG_COUNT(pieces)].text;
		int flags = rows[i / NG_COUNT(pieces)].flags;
		ng_arena_reset(&arena);
		int r = container_oci_parse(
			&arena, guarded(input), pieces[i % NG_COUNT(pieces)], flags & OF_CRIO, &oci);
		if (flags & BAD) {
			if (r != -EBADMSG)
				fail_msg("%s is taken", input);
			continue;
		}
		if (r != 0)
			fail_msg("%s is not taken", input);
		words(&oci, text);
		assert_string_equal(text, rows[i / NG_COUNT(pieces)].wanted);
		assert_int_equal(oci.sandbox, (flags & SANDBOX) != 0);
		assert_int_equal(oci.typed, !(flags & UNTYPED));
		assert_null(strstr(text, "hunter2"));
	}
	ng_arena_done(&arena);
}

/* Truncated anywhere it is an error, unless all annotations came before. */
static void prefixes(void **state)
{
	struct ng_arena arena = { 0 };
	struct container_oci oci;
	char text[1024];

	(void)state;
	for (size_t i = 0; i < NG_COUNT(rows); i++) {
		const char *limit = strstr(rows[i].text, ",\"linux\"");
		for (size_t n = 0; n < strlen(rows[i].text); n++) {
			ng_arena_reset(&arena);
			int r = container_oci_parse(
				&arena, guarded_bytes(rows[i].text, n), 0, rows[i].flags & OF_CRIO, &oci);
			if (r == 0 && (rows[i].flags & BAD || (limit && n < (size_t)(limit - rows[i].text))))
				fail_msg("%.*s is taken", (int)n, rows[i].text);
			if (r < 0)
				continue;
			words(&oci, text);
			assert_string_equal(text, rows[i].wanted);
		}
	}
	ng_arena_done(&arena);
}

static void bounds(void **state)
{
	struct ng_arena arena = { 0 };
	struct container_oci oci;
	size_t room = CONTAINER_JSON_LIMIT + 65536, size = 0;
	char *text = malloc(room);

	(void)state;
	assert_non_null(text);
	/* 64 levels and no more */
	for (size_t levels = 64; levels <= 65; levels++) {
		size = (size_t)sprintf(text, "{\"x\":");
		memset(text + size, '[', levels);
		memset(text + size + levels, ']', levels);
		size += 2 * levels;
		size += (size_t)sprintf(text + size, ",\"annotations\":{}}");
		assert_int_equal(container_oci_parse(&arena, (struct ng_span){ text, size }, 0, false, &oci),
			levels == 64 ? 0 : -EBADMSG);
	}
	/* a long value is skipped, or rejected if it is one of ours; a long key is never one of ours */
	size = (size_t)sprintf(text, "{\"annotations\":{\"io.kubernetes.cri.sandbox-name\":\"");
	memset(text + size, 'a', 2000);
	strcpy(text + size + 2000, "\"}}");
	assert_int_equal(container_oci_parse(&arena, ng_span(text), 0, false, &oci), -EBADMSG);
	assert_int_equal(container_oci_parse(&arena, ng_span(text), 0, true, &oci), 0);
	size = (size_t)sprintf(text, "{\"annotations\":{\"");
	memset(text + size, 'a', 2000);
	strcpy(text + size + 2000, "\":\"x\"}}");
	assert_int_equal(container_oci_parse(&arena, ng_span(text), 0, false, &oci), 0);
	/* size */
	size = (size_t)sprintf(text, "{\"x\":\"");
	memset(text + size, 'a', room - size);
	assert_int_equal(container_oci_parse(&arena, (struct ng_span){ text, room }, 0, false, &oci), -EFBIG);
	free(text);
	ng_arena_done(&arena);
}

static void wiped(void **state)
{
	static const char text[] = ANNOTATED(WHOLE_CONTAINER);
	struct container_json json;
	const char *bytes = (const char *)&json;

	(void)state;
	container_json_init(&json, -1, ng_span(text), 0);
	while (container_json_next(&json) > TOKEN_END)
		;
	assert_non_null(memmem(bytes, sizeof(json), "hunter2", 7));
	container_json_done(&json);
	for (size_t i = 0; i < sizeof(json); i++)
		assert_int_equal(bytes[i], 0);
}

/* ---- files ---- */

struct node {
	struct scratch scratch;
	struct probe probe;
};

static int start(void **state)
{
	struct node *node = calloc(1, sizeof(*node));

	assert_non_null(node);
	scratch_init(&node->scratch, "/tmp", "test_container_oci");
	probe_init(&node->probe);
	probe_open(&node->probe, NG_ROOTFS, &node->scratch, "");
	*state = node;
	return 0;
}

static int stop(void **state)
{
	struct node *node = *state;

	scratch_done(&node->scratch);
	probe_done(&node->probe);
	free(node);
	return 0;
}

static void put(const struct node *node, const char *name, const char *text)
{
	scratch_mkdir_above(&node->scratch, name);
	scratch_put(&node->scratch, name, text);
}

static int ask(struct node *node, const char *uid, struct container_oci *ret_oci)
{
	const char *paths[] = { "nowhere", "run/state" };
	struct ng_list states = { paths, 2 };
	uint8_t id[CONTAINER_ID_SIZE];

	assert_true(container_id_parse(ng_span(I), id));
	ng_arena_reset(&node->probe.arena);
	struct container_place place = { .runtime = CONTAINER_RUNTIME_CONTAINERD };

	memcpy(place.id, id, sizeof(place.id));
	strcpy(place.uid, uid);
	return container_oci_read(&node->probe.scrape, &states, &place, ret_oci);
}

static void files(void **state)
{
	static const struct {
		const char *path, *text, *image;
	} places[] = {
		{ "run/state/io.containerd.runtime.v2.task/k8s.io/" I "/config.json", ANNOTATED(WHOLE_CONTAINER),
			"docker.io/lab/busybox:1" },
		{ "run/state/io.containerd.runtime.v1.linux/k8s.io/" I "/config.json", ANNOTATED(WHOLE_CONTAINER),
			"docker.io/lab/busybox:1" },
		{ "run/state/" I "/config.json", ANNOTATED(WHOLE_CONTAINER), "docker.io/lab/busybox:1" },
		{ "run/state/overlay-containers/" I "/userdata/config.json", ANNOTATED(WHOLE_CRIO), "quay.io/x/y:2" },
		{ "run/state/vfs-containers/" I "/userdata/config.json", ANNOTATED(WHOLE_CRIO), "quay.io/x/y:2" },
		{ "run/state/" I "/userdata/config.json", ANNOTATED(WHOLE_CRIO), "quay.io/x/y:2" },
	};
	struct node *node = *state;
	struct container_oci oci;

	assert_int_equal(ask(node, U, &oci), -ENOENT);
	for (size_t i = 0; i < NG_COUNT(places); i++) {
		put(node, places[i].path, places[i].text);
		assert_int_equal(ask(node, U, &oci), 0);
		assert_span(oci.image, places[i].image);
		assert_int_equal(ask(node, "", &oci), 0);
		assert_int_equal(ask(node, V, &oci), -EBADMSG);
		scratch_unlink(&node->scratch, places[i].path);
	}
}

static void odd_files(void **state)
{
	static const char file[] = "run/state/" I "/config.json";
	struct node *node = *state;
	struct container_oci oci;
	char path[SCRATCH_PATH];

	scratch_path(&node->scratch, file, path);
	scratch_mkdir_above(&node->scratch, file);
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_int_equal(ask(node, U, &oci), -EBADMSG);
	scratch_unlink(&node->scratch, file);
	scratch_mkdir(&node->scratch, file);
	assert_int_equal(ask(node, U, &oci), -EBADMSG);
	scratch_rmdir(&node->scratch, file);
	scratch_symlink(&node->scratch, "/etc/passwd", file);
	assert_int_equal(ask(node, U, &oci), -ELOOP);
	scratch_unlink(&node->scratch, file);
	put(node, file, BEFORE "\"annotations\":{" CRI "sandbox-name\":\"hunter2 ");
	assert_int_equal(ask(node, U, &oci), -EBADMSG);
	assert_null(strstr(node->probe.reason, "hunter2"));
	assert_int_equal(truncate(path, CONTAINER_JSON_LIMIT + 1), 0);
	assert_int_equal(ask(node, U, &oci), -EFBIG);
	assert_int_equal(chmod(path, 0), 0);
	/* root that has switched to another user gets its capabilities back for this one call */
	bool root = geteuid() == 0;
	if (root)
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(ask(node, U, &oci), root ? -EFBIG : -EACCES);
	if (root)
		assert_int_equal(seteuid(0), 0);
}

#define ON_A_NODE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(texts),
		TEST(prefixes),
		TEST(bounds),
		TEST(wiped),
		ON_A_NODE(files),
		ON_A_NODE(odd_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
