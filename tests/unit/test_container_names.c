/* SPDX-License-Identifier: Apache-2.0 */
/* Names of links and targets, valid and forged, and when their directories are read. */
#include "node.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- names of links, targets and folders ---- */

static const struct {
	const char *name, *pod, *space, *container; /* no pod: rejected */
} links[] = {
	{ "web-58f969cf67-hmgcg_default_web-" I ".log", "web-58f969cf67-hmgcg", "default", "web" },
	{ "a_b_c-" I ".log", "a", "b", "c" },
	{ "a.b.c_kube-system_x-y-z-" I ".log", "a.b.c", "kube-system", "x-y-z" },
	{ "static-lab_kube-system_static-" J ".log", "static-lab", "kube-system", "static" },
	{ "0_0_0-" I ".log", "0", "0", "0" },
	{ "a_b_" J "-" I ".log", NULL, NULL, NULL }, /* 64 bytes are not a valid label */
	{ "a_b_c-" I, NULL, NULL, NULL },
	{ "a_b_c-" I ".log.gz", NULL, NULL, NULL },
	{ "a_b_c" I ".log", NULL, NULL, NULL },
	{ "a_b_c_" I ".log", NULL, NULL, NULL },
	{ "a_b-" I ".log", NULL, NULL, NULL },
	{ "a_b_c_d-" I ".log", NULL, NULL, NULL },
	{ "_b_c-" I ".log", NULL, NULL, NULL },
	{ "a__c-" I ".log", NULL, NULL, NULL },
	{ "a_b_-" I ".log", NULL, NULL, NULL },
	{ "a_b_c--" I ".log", NULL, NULL, NULL },
	{ "-a_b_c-" I ".log", NULL, NULL, NULL },
	{ "A_b_c-" I ".log", NULL, NULL, NULL },
	{ "a_b.b_c-" I ".log", NULL, NULL, NULL },
	{ "a_b_c.c-" I ".log", NULL, NULL, NULL },
	{ "a\n_b_c-" I ".log", NULL, NULL, NULL },
	{ "a\xff_b_c-" I ".log", NULL, NULL, NULL },
	{ "a\"_b_c-" I ".log", NULL, NULL, NULL },
	{ "a_b_c-3FD1C40E7AB6598201CDEF3344556677889900AABBCCDDEEFF00112233445566.log", NULL, NULL, NULL },
	{ "a_b_c-3fd1c40e.log", NULL, NULL, NULL },
	{ "-" I ".log", NULL, NULL, NULL },
	{ I ".log", NULL, NULL, NULL },
	{ ".log", NULL, NULL, NULL },
	{ "", NULL, NULL, NULL },
};

static void link_names(void **state)
{
	struct container_link link;

	(void)state;
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		bool valid = container_link_parse(guarded(links[i].name), &link);
		if (valid != (links[i].pod != NULL))
			fail_msg("%s", links[i].name);
		if (!valid)
			continue;
		assert_span(link.pod, links[i].pod);
		assert_span(link.space, links[i].space);
		assert_span(link.container, links[i].container);
		assert_false(link.cut);
		for (size_t n = 0; n < strlen(links[i].name); n++)
			assert_false(container_link_parse(guarded_bytes(links[i].name, n), &link));
	}
}

static const struct {
	const char *path, *space, *pod, *container, *uid;
	uint32_t restart;
} targets[] = {
	{ "/var/log/pods/default_web-1_" U "/web/0.log", "default", "web-1", "web", U, 0 },
	{ "/var/log/pods/kube-system_static-lab_" M "/static/12.log", "kube-system", "static-lab", "static", M, 12 },
	{ "/elsewhere/a_b.c_" U "/x/4294967295.log", "a", "b.c", "x", U, UINT32_MAX },
	{ "a_b_" U "/x/1.log", "a", "b", "x", U, 1 },
	{ "/p/a_b_" U "/x/4294967296.log", NULL, NULL, NULL, NULL, 0 },
	{ "/p/a_b_" U "/x/-1.log", NULL, NULL, NULL, NULL, 0 },
	{ "/p/a_b_" U "/x/.log", NULL, NULL, NULL, NULL, 0 },
	{ "/p/a_b_" U "/x/0.log.1", NULL, NULL, NULL, NULL, 0 },
	{ "/p/a_b_" U "/x_y/0.log", NULL, NULL, NULL, NULL, 0 },
	{ "/p/a_b_" U "//0.log", NULL, NULL, NULL, NULL, 0 },
	{ "/p/a_b_" U "/0.log", NULL, NULL, NULL, NULL, 0 },
	{ "/p/a_b_c_" U "/x/0.log", NULL, NULL, NULL, NULL, 0 },
	{ "/p/a_b/x/0.log", NULL, NULL, NULL, NULL, 0 },
	{ "/p/" U "/x/0.log", NULL, NULL, NULL, NULL, 0 },
	{ "/p/a_b_eaba4d29_74e5_4595_ace3_91b35ee08a0b/x/0.log", NULL, NULL, NULL, NULL, 0 },
	{ "/p/a.a_b_" U "/x/0.log", NULL, NULL, NULL, NULL, 0 },
	{ "/p/a_b\n_" U "/x/0.log", NULL, NULL, NULL, NULL, 0 },
	{ "/var/lib/docker/containers/" I "/" I "-json.log", NULL, NULL, NULL, NULL, 0 },
	{ "../../etc/passwd", NULL, NULL, NULL, NULL, 0 },
	{ "0.log", NULL, NULL, NULL, NULL, 0 },
	{ "/", NULL, NULL, NULL, NULL, 0 },
	{ "", NULL, NULL, NULL, NULL, 0 },
};

static void target_paths(void **state)
{
	struct container_target target;

	(void)state;
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		bool valid = container_target_parse(guarded(targets[i].path), &target);
		if (valid != (targets[i].pod != NULL))
			fail_msg("%s", targets[i].path);
		if (!valid)
			continue;
		assert_span(target.space, targets[i].space);
		assert_span(target.pod, targets[i].pod);
		assert_span(target.container, targets[i].container);
		assert_string_equal(target.uid, targets[i].uid);
		assert_int_equal(target.restart, targets[i].restart);
		for (size_t n = 0; n < strlen(targets[i].path); n++)
			assert_false(container_target_parse(guarded_bytes(targets[i].path, n), &target));
	}
}

/* ---- reading the directories ---- */

static void unreadable(void **state)
{
	struct node *node = *state;
	char path[SCRATCH_PATH];

	node_put_link(node, "web_default_c-" I ".log", "/var/log/pods/default_web_" U "/c/0.log");
	scratch_path(&node->scratch, "logs", path);
	assert_int_equal(chmod(path, 0), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	node->names.logs.known = false;
	assert_missing(node, I, U, CONTAINER_UNREADABLE);
	assert_int_equal(node->names.logs.error, -EACCES);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(path, 0755), 0);
	assert_named(node, I, U, "default/web/c/0");
}

static void not_a_directory(void **state)
{
	struct node *node = *state;

	node_put_file(node, "file");
	container_names_init(&node->names, "pods/file", "nowhere");
	assert_missing(node, I, U, CONTAINER_NO_DIRECTORY);
	assert_missing(node, NULL, U, CONTAINER_NO_DIRECTORY);
	/* nor is there a root */
	int root = node->probe.kernel.root_fd[NG_ROOTFS];
	node->probe.kernel.root_fd[NG_PROC] = root;
	node->probe.kernel.root_fd[NG_ROOTFS] = -ENOENT;
	assert_missing(node, I, U, CONTAINER_NO_DIRECTORY);
	node->probe.kernel.root_fd[NG_ROOTFS] = root;
	node->probe.kernel.root_fd[NG_PROC] = -ENOENT;
}

/* Sets the mtime of both directories to long ago, so that they are settled. */
static void age(const struct node *node, time_t seconds)
{
	const struct timespec times[2] = { { 1700000000 + seconds, 1 }, { 1700000000 + seconds, 1 } };
	char path[SCRATCH_PATH];

	scratch_path(&node->scratch, "logs", path);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	scratch_path(&node->scratch, "pods", path);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void passes(void **state)
{
	struct node *node = *state;
	uint8_t id[CONTAINER_ID_SIZE];
	uint64_t looked = 0, other_looked = 0;
	struct container_wish wish = { .id = id, .uid = U, .looked = &looked };
	struct container_wish other = { .uid = V, .looked = &other_looked };

	assert_true(container_id_parse(ng_span(I), id));
	assert_int_equal(container_names_resolve(&node->probe.scrape, &node->names, NULL, 0), 0);
	assert_int_equal(node->names.passes, 0);
	/* just created: it may change again within the same tick */
	container_names_resolve(&node->probe.scrape, &node->names, &wish, 1);
	container_names_resolve(&node->probe.scrape, &node->names, &wish, 1);
	assert_int_equal(node->names.passes, 2);
	age(node, 0);
	container_names_resolve(&node->probe.scrape, &node->names, &wish, 1);
	assert_int_equal(node->names.passes, 3);
	for (int i = 0; i < 5; i++)
		container_names_resolve(&node->probe.scrape, &node->names, &wish, 1);
	assert_int_equal(node->names.passes, 3);
	assert_int_equal(wish.missing, CONTAINER_NO_LINK);
	/* a new wish */
	container_names_resolve(&node->probe.scrape, &node->names, &other, 1);
	assert_int_equal(node->names.passes, 4);
	container_names_resolve(&node->probe.scrape, &node->names, &wish, 1);
	assert_int_equal(node->names.passes, 4);
	/* the directory changes */
	node_put_link(node, "web_default_c-" I ".log", "/var/log/pods/default_web_" U "/c/0.log");
	age(node, 1);
	assert_int_equal(container_names_resolve(&node->probe.scrape, &node->names, &wish, 1), 1);
	assert_int_equal(node->names.passes, 5);
	/* the clock was set back: a time in the future is no reason to read again and again */
	age(node, 1000000000);
	container_names_resolve(&node->probe.scrape, &node->names, &other, 1);
	assert_int_equal(node->names.passes, 6);
	assert_false(container_names_changed(&node->probe.scrape, &node->names));
	container_names_resolve(&node->probe.scrape, &node->names, &other, 1);
	assert_int_equal(node->names.passes, 6);
	/* a wish whose names were found gets them again; without memory nothing is found */
	assert_int_equal(container_names_resolve(&node->probe.scrape, &node->names, &wish, 1), 1);
	assert_span(wish.identity.container, "c");
	node->probe.arena.limit = 1;
	assert_int_equal(container_names_resolve(&node->probe.scrape, &node->names, &wish, 1), 0);
	assert_int_equal(wish.missing, CONTAINER_NO_LINK);
	assert_int_equal(wish.identity.pod.size, 0);
	node->probe.arena.limit = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(link_names),
		TEST(target_paths),
		ON_A_NODE(unreadable),
		ON_A_NODE(not_a_directory),
		ON_A_NODE(passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
