/* SPDX-License-Identifier: Apache-2.0 */
/* Looking up the names of pods and containers among links, valid and forged. */
#include "node.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TEN   "a123456789"
#define FIFTY TEN TEN TEN TEN TEN

static void an_ordinary_pod(void **state)
{
	struct node *node = *state;

	node_put_link(node, "web-1_default_web-" I ".log", "/var/log/pods/default_web-1_" U "/web/3.log");
	node_put_link(node, "lab_kube-system_etcd-" J ".log", "/var/log/pods/kube-system_lab_" M "/etcd/0.log");
	assert_named(node, I, U, "default/web-1/web/3");
	assert_named(node, J, M, "kube-system/lab/etcd/0");
	assert_named(node, I, "", "default/web-1/web/3");
	assert_missing(node, I, V, CONTAINER_LYING);
	assert_missing(node,
		"ff"
		"d1c40e7ab6598201cdef3344556677889900aabbccddeeff00112233445566",
		U, CONTAINER_NO_LINK);
}

static void pods(void **state)
{
	struct node *node = *state;

	node_put_link(node, "web-1_default_web-" I ".log", "/var/log/pods/default_web-1_" U "/web/3.log");
	assert_missing(node, NULL, U, CONTAINER_NO_LINK); /* a running pod has its directory */
	node_put_folder(node, "default_web-1_" U);
	node_put_folder(node, "other_" V);
	assert_named(node, NULL, U, "default/web-1/");
	assert_missing(node, NULL, V, CONTAINER_NO_LINK);
	node_put_folder(node, "x_y_" V);
	assert_named(node, NULL, V, "x/y/");
	node_put_folder(node, "x_z_" V);
	assert_missing(node, NULL, V, CONTAINER_LYING);
	/* without that directory, any link of the pod will do */
	scratch_clear(&node->scratch, "pods");
	assert_named(node, NULL, U, "default/web-1/");
	assert_missing(node, NULL, M, CONTAINER_NO_LINK);
}

static void restarts(void **state)
{
	struct node *node = *state;

	node_put_link(node, "web_default_c-" I ".log", "/var/log/pods/default_web_" U "/c/0.log");
	node_put_link(node, "web_default_c-" J ".log", "/var/log/pods/default_web_" U "/c/1.log");
	assert_named(node, I, U, "default/web/c/0");
	assert_named(node, J, U, "default/web/c/1");
}

static void liars(void **state)
{
	static const char *const lies[] = { "/var/log/pods/default_web_" V "/c/0.log",
		"/var/log/pods/other_web_" U "/c/0.log", "/var/log/pods/default_other_" U "/c/0.log",
		"/var/log/pods/default_web_" U "/d/0.log", "/etc/passwd", ".", "/dev/zero" };
	struct node *node = *state;

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		node_put_link(node, "web_default_c-" I ".log", lies[i]);
		assert_missing(node, I, U, CONTAINER_LYING);
		assert_int_equal(node->names.lying, 1);
		scratch_unlink(&node->scratch, "logs/web_default_c-" I ".log");
	}
	/* two contradictory links */
	node_put_link(node, "web_default_c-" I ".log", "/var/log/pods/default_web_" U "/c/0.log");
	assert_named(node, I, U, "default/web/c/0");
	node_put_link(node, "web_default_d-" I ".log", "/var/log/pods/default_web_" U "/d/0.log");
	assert_missing(node, I, U, CONTAINER_LYING);
}

static void oddities(void **state)
{
	struct node *node = *state;
	char path[SCRATCH_PATH], target[4096];

	scratch_path(&node->scratch, "logs/fifo_default_c-" I ".log", path);
	assert_int_equal(mkfifo(path, 0644), 0);
	scratch_mkdir(&node->scratch, "logs/dir_default_c-" I ".log");
	node_put_link(node, "new\nline_default_c-" I ".log", "/var/log/pods/default_web_" U "/c/0.log");
	node_put_link(node, "\xff\xfe_default_c-" I ".log", "/var/log/pods/default_web_" U "/c/0.log");
	node_put_link(node, "x", "x");
	assert_missing(node, I, U, CONTAINER_NO_LINK);
	memset(target, 'a', sizeof(target));
	target[4095] = '\0';
	node_put_link(node, "long_default_c-" I ".log", target);
	assert_missing(node, I, U, CONTAINER_LYING);
	node_put_link(node, "self_default_c-" J ".log", "self_default_c-" J ".log");
	assert_missing(node, J, U, CONTAINER_LYING);
	node_put_link(node, "web_default_c-" I ".log", "/var/log/pods/default_web_" U "/c/0.log");
	assert_named(node, I, U, "default/web/c/0");
}

/* "<pod>_ns_<container>-<digits>", truncated to 251 bytes. */
static void put_cut(struct node *node, const char *pod, const char *container, const char *id, const char *uid)
{
	char stem[600], target[600];

	snprintf(stem, sizeof(stem), "%s_ns_%s-%s", pod, container, id);
	assert_true(strlen(stem) > 251);
	strcpy(stem + 251, ".log");
	snprintf(target, sizeof(target), "/var/log/pods/ns_%s_%s/%s/5.log", pod, uid, container);
	node_put_link(node, stem, target);
}

static void cut_names(void **state)
{
	static const char longest[] = FIFTY FIFTY FIFTY FIFTY FIFTY "abc"; /* 253 */
	struct node *node = *state;
	char wanted[512], pod[256];

	/* 20 digits are left */
	strcpy(pod, longest + 253 - 225);
	put_cut(node, pod, "c", I, U);
	snprintf(wanted, sizeof(wanted), "ns/%s/c/5", pod);
	assert_named(node, I, U, wanted);
	assert_missing(node, J, U, CONTAINER_NO_LINK);
	assert_missing(node, I, V, CONTAINER_NO_LINK);
	/* neither digits nor anything else is left: it can only be matched for a pod with one container */
	put_cut(node, longest, "c", I, V);
	assert_missing(node, I, V, CONTAINER_CUT);
	assert_missing(node, I, M, CONTAINER_NO_LINK);
}

static void cut_name_of_the_only_container(void **state)
{
	static const char pod[] = FIFTY FIFTY FIFTY FIFTY "a1234567"; /* as much as fits into a directory's name */
	char wanted[512], path[SCRATCH_PATH], answer[512];
	struct node *node = *state;

	snprintf(path, sizeof(path), "ns_%s_" U, pod);
	node_put_folder(node, path);
	put_cut(node, pod, "name-of-a-container-that-is-rather-long", I, U);
	assert_missing(node, I, U, CONTAINER_CUT); /* the container has no directory */
	strcat(path, "/name-of-a-container-that-is-rather-long");
	node_put_folder(node, path);
	snprintf(wanted, sizeof(wanted), "ns/%s/name-of-a-container-that-is-rather-long", pod);
	assert_named(node, I, U, wanted);
	strcat(path, "/7.log");
	node_put_file(node, path);
	strcat(wanted, "/7");
	assert_named(node, I, U, wanted);
	assert_int_equal(node_ask(node, I, U, true, answer), CONTAINER_CUT); /* may be the sandbox */
	snprintf(path, sizeof(path), "ns_%s_" U "/second", pod);
	node_put_folder(node, path);
	assert_missing(node, I, U, CONTAINER_CUT);
}

static void cut_liar(void **state)
{
	struct node *node = *state;
	char name[256];

	memset(name, 'a', 251);
	strcpy(name + 251, ".log");
	node_put_link(node, name, "/var/log/pods/default_web_" U "/c/0.log");
	assert_missing(node, I, U, CONTAINER_NO_LINK);
	assert_int_equal(node->names.lying, 1);
}

static void only_the_directory_of_pods(void **state)
{
	struct node *node = *state;
	char answer[512];

	scratch_rmdir(&node->scratch, "logs");
	assert_missing(node, I, U, CONTAINER_NO_DIRECTORY);
	node_put_folder(node, "ns_web_" U);
	node_put_folder(node, "ns_web_" U "/c");
	assert_named(node, NULL, U, "ns/web/");
	assert_named(node, I, U, "ns/web/c");
	node_put_file(node, "ns_web_" U "/c/2.log");
	node_put_file(node, "ns_web_" U "/c/10.log");
	node_put_file(node, "ns_web_" U "/c/10.log.20260101");
	assert_named(node, I, U, "ns/web/c/10");
	assert_int_equal(node_ask(node, I, U, true, answer), CONTAINER_NO_DIRECTORY);
	node_put_folder(node, "ns_web_" U "/d");
	assert_missing(node, I, U, CONTAINER_NO_DIRECTORY);
}

static void two_groups_of_one_directory(void **state)
{
	struct node *node = *state;
	uint8_t id[2][CONTAINER_ID_SIZE];
	struct container_wish wishes[] = { { .id = id[0], .uid = U }, { .id = id[1], .uid = U } };

	assert_true(container_id_parse(ng_span(I), id[0]));
	assert_true(container_id_parse(ng_span(J), id[1]));
	scratch_rmdir(&node->scratch, "logs");
	node_put_folder(node, "ns_web_" U);
	node_put_folder(node, "ns_web_" U "/c");
	assert_int_equal(container_names_resolve(&node->probe.scrape, &node->names, wishes, 2), 0);
	wishes[0].oldest = true;
	assert_int_equal(container_names_resolve(&node->probe.scrape, &node->names, wishes, 2), 1);
	assert_int_equal(wishes[1].missing, CONTAINER_FOUND);
	assert_span(wishes[1].identity.container, "c");
}

static void limits(void **state)
{
	struct node *node = *state;
	char name[256], target[256];

	for (unsigned i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "web-%u_default_c-%08x%s.log", i, i, &I[8]);
		snprintf(target, sizeof(target), "/var/log/pods/default_web-%u_" U "/c/0.log", i);
		node_put_link(node, name, target);
	}
	snprintf(name, sizeof(name), "%08x%s", 2999, &I[8]);
	assert_named(node, name, U, "default/web-2999/c/0");
	node->names.limit = 10;
	snprintf(name, sizeof(name), "ffffffff%s", &I[8]);
	assert_missing(node, name, U, CONTAINER_LIMIT);
	node->names.limit = 0;
	node->names.patience = 1;
	assert_missing(node, name, U, CONTAINER_LIMIT);
	assert_missing(node, NULL, V, CONTAINER_LIMIT);
	node->names.patience = NODE_PATIENCE;
	node->probe.scrape.deadline = 1; /* has passed */
	assert_missing(node, name, U, CONTAINER_LIMIT);
	node->probe.scrape.deadline = 0;
	assert_missing(node, name, U, CONTAINER_NO_LINK);
}

/* Every wish gets its own names, whatever else is wanted. */
static void many(void **state)
{
	enum { COUNT = 2000 };
	struct node *node = *state;
	char name[256], target[256];
	uint8_t(*id)[CONTAINER_ID_SIZE] = calloc(COUNT, sizeof(*id));
	char(*uid)[CONTAINER_UID_ROOM] = calloc(COUNT, sizeof(*uid));
	struct container_wish *wishes = calloc((size_t)2 * COUNT, sizeof(*wishes));

	assert_true(id && uid && wishes);
	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(uid[i], sizeof(uid[i]), "%08x%s", i / 2, &U[8]);
		snprintf(name, sizeof(name), "%s%08x", &I[8], i * 7919);
		assert_true(container_id_parse(ng_span(name), id[i]));
		snprintf(name, sizeof(name), "p%u_ns_c%u-%s%08x.log", i / 2, i % 2, &I[8], i * 7919);
		snprintf(target, sizeof(target), "/var/log/pods/ns_p%u_%s/c%u/%u.log", i / 2, uid[i], i % 2, i);
		node_put_link(node, name, target);
		wishes[i] = (struct container_wish){ .id = id[i], .uid = uid[i] };
		wishes[COUNT + i] = (struct container_wish){ .uid = uid[i] };
	}
	assert_int_equal(
		container_names_resolve(&node->probe.scrape, &node->names, wishes, (size_t)2 * COUNT), 2 * COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "p%u", i / 2);
		assert_span(wishes[i].identity.pod, name);
		assert_span(wishes[COUNT + i].identity.pod, name);
		snprintf(name, sizeof(name), "c%u", i % 2);
		assert_span(wishes[i].identity.container, name);
		assert_int_equal(wishes[i].identity.restart, i);
	}
	free(wishes);
	free(uid);
	free(id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_NODE(an_ordinary_pod),
		ON_A_NODE(pods),
		ON_A_NODE(restarts),
		ON_A_NODE(liars),
		ON_A_NODE(oddities),
		ON_A_NODE(cut_names),
		ON_A_NODE(cut_name_of_the_only_container),
		ON_A_NODE(cut_liar),
		ON_A_NODE(only_the_directory_of_pods),
		ON_A_NODE(two_groups_of_one_directory),
		ON_A_NODE(limits),
		ON_A_NODE(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
