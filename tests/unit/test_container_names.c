/* SPDX-License-Identifier: Apache-2.0 */
/* Names of pods and containers from directories of links, honest and other. */
#include "../../collectors/container/names.h"
#include "kernel/kernel.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define I     "3fd1c40e7ab6598201cdef3344556677889900aabbccddeeff00112233445566"
#define J     "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff"
#define U     "eaba4d29-74e5-4595-ace3-91b35ee08a0b"
#define V     "0140a87f-07d9-4f7a-b705-eb6ada2dd5ab"
#define M     "ba752e40bfd184a540a6a3f6d127f0ec"
#define TEN   "a123456789"
#define FIFTY TEN TEN TEN TEN TEN

/* ---- a root with the two directories ---- */

static const uint64_t patience = 60000000000; /* a minute: what a sanitizer slows down is found as well */

struct node {
	char root[64];
	struct ng_kernel kernel;
	struct ng_arena arena;
	struct ng_scrape scrape;
	struct container_names names;
	char reason[256];
};

static void at(const struct node *node, char path[1024], const char *folder, const char *name)
{
	snprintf(path, 1024, "%s/%s/%s", node->root, folder, name);
}

static void put_link(const struct node *node, const char *name, const char *target)
{
	char path[1024];

	at(node, path, "logs", name);
	assert_int_equal(symlink(target, path), 0);
}

static void put_folder(const struct node *node, const char *name)
{
	char path[1024];

	at(node, path, "pods", name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void put_file(const struct node *node, const char *name)
{
	char path[1024];

	at(node, path, "pods", name);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	close(fd);
}

static int start(void **state)
{
	struct node *node = calloc(1, sizeof(*node));
	char path[1024];

	assert_non_null(node);
	strcpy(node->root, "/tmp/test_container_names.XXXXXX");
	assert_non_null(mkdtemp(node->root));
	at(node, path, "logs", "");
	assert_int_equal(mkdir(path, 0755), 0);
	at(node, path, "pods", "");
	assert_int_equal(mkdir(path, 0755), 0);
	for (size_t i = 0; i < NG_ROOTS; i++)
		node->kernel.root_fd[i] = -ENOENT;
	node->kernel.root_fd[NG_ROOTFS] = open(node->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	node->scrape = (struct ng_scrape){ .arena = &node->arena,
		.kernel = &node->kernel,
		.reason = node->reason,
		.reason_size = sizeof(node->reason) };
	container_names_init(&node->names, "logs", "pods");
	node->names.patience = patience;
	*state = node;
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path);
}

static int stop(void **state)
{
	struct node *node = *state;

	nftw(node->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	close(node->kernel.root_fd[NG_ROOTFS]);
	ng_arena_done(&node->arena);
	free(node);
	return 0;
}

/* ---- one question ---- */

static enum container_missing ask(struct node *node, const char *id, const char *uid, bool oldest, char answer[512])
{
	uint8_t bytes[CONTAINER_ID_SIZE];
	struct container_wish wish = { .uid = uid, .oldest = oldest };

	if (id) {
		assert_true(container_id_parse(ng_span(id), bytes));
		wish.id = bytes;
	}
	ng_arena_reset(&node->arena);
	size_t found = container_names_resolve(&node->scrape, &node->names, &wish, 1);
	assert_int_equal(found, wish.missing == CONTAINER_FOUND);
	const struct container_identity *identity = &wish.identity;
	int size = snprintf(answer, 512, "%.*s/%.*s/%.*s", (int)identity->space.size,
		identity->space.text ? identity->space.text : "", (int)identity->pod.size,
		identity->pod.text ? identity->pod.text : "", (int)identity->container.size,
		identity->container.text ? identity->container.text : "");
	if (identity->has_restart)
		snprintf(answer + size, 512 - (size_t)size, "/%u", identity->restart);
	return wish.missing;
}

#define assert_named(node, id, uid, wanted) assert_named_at((node), (id), (uid), (wanted), __LINE__)
static void assert_named_at(struct node *node, const char *id, const char *uid, const char *wanted, int line)
{
	char answer[512];
	enum container_missing missing = ask(node, id, uid, false, answer);

	if (missing != CONTAINER_FOUND || strcmp(answer, wanted) != 0)
		fail_msg("line %d: missing %d, %s", line, missing, answer);
}

#define assert_missing(node, id, uid, reason) assert_missing_at((node), (id), (uid), (reason), __LINE__)
static void assert_missing_at(
	struct node *node, const char *id, const char *uid, enum container_missing reason, int line)
{
	char answer[512];
	enum container_missing missing = ask(node, id, uid, false, answer);

	if (missing != reason || strcmp(answer, "//") != 0)
		fail_msg("line %d: missing %d, %s", line, missing, answer);
}

/* ---- names of links, targets and folders ---- */

static const struct {
	const char *name, *pod, *space, *container; /* no pod: refused */
} links[] = {
	{ "web-58f969cf67-hmgcg_default_web-" I ".log", "web-58f969cf67-hmgcg", "default", "web" },
	{ "a_b_c-" I ".log", "a", "b", "c" },
	{ "a.b.c_kube-system_x-y-z-" I ".log", "a.b.c", "kube-system", "x-y-z" },
	{ "static-lab_kube-system_static-" J ".log", "static-lab", "kube-system", "static" },
	{ "0_0_0-" I ".log", "0", "0", "0" },
	{ "a_b_" J "-" I ".log", NULL, NULL, NULL }, /* 64 bytes are no label */
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

/* ---- resolving ---- */

static void an_ordinary_pod(void **state)
{
	struct node *node = *state;

	put_link(node, "web-1_default_web-" I ".log", "/var/log/pods/default_web-1_" U "/web/3.log");
	put_link(node, "lab_kube-system_etcd-" J ".log", "/var/log/pods/kube-system_lab_" M "/etcd/0.log");
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
	char path[1024];

	put_link(node, "web-1_default_web-" I ".log", "/var/log/pods/default_web-1_" U "/web/3.log");
	assert_missing(node, NULL, U, CONTAINER_NO_LINK); /* a pod that runs has its directory */
	put_folder(node, "default_web-1_" U);
	put_folder(node, "other_" V);
	assert_named(node, NULL, U, "default/web-1/");
	assert_missing(node, NULL, V, CONTAINER_NO_LINK);
	put_folder(node, "x_y_" V);
	assert_named(node, NULL, V, "x/y/");
	put_folder(node, "x_z_" V);
	assert_missing(node, NULL, V, CONTAINER_LYING);
	/* without that directory any link of the pod will do */
	at(node, path, "pods", "");
	assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	assert_named(node, NULL, U, "default/web-1/");
	assert_missing(node, NULL, M, CONTAINER_NO_LINK);
}

static void restarts(void **state)
{
	struct node *node = *state;

	put_link(node, "web_default_c-" I ".log", "/var/log/pods/default_web_" U "/c/0.log");
	put_link(node, "web_default_c-" J ".log", "/var/log/pods/default_web_" U "/c/1.log");
	assert_named(node, I, U, "default/web/c/0");
	assert_named(node, J, U, "default/web/c/1");
}

static void liars(void **state)
{
	static const char *const lies[] = { "/var/log/pods/default_web_" V "/c/0.log",
		"/var/log/pods/other_web_" U "/c/0.log", "/var/log/pods/default_other_" U "/c/0.log",
		"/var/log/pods/default_web_" U "/d/0.log", "/etc/passwd", ".", "/dev/zero" };
	struct node *node = *state;
	char path[1024];

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		put_link(node, "web_default_c-" I ".log", lies[i]);
		assert_missing(node, I, U, CONTAINER_LYING);
		assert_int_equal(node->names.lying, 1);
		at(node, path, "logs", "web_default_c-" I ".log");
		assert_int_equal(unlink(path), 0);
	}
	/* two that contradict each other */
	put_link(node, "web_default_c-" I ".log", "/var/log/pods/default_web_" U "/c/0.log");
	assert_named(node, I, U, "default/web/c/0");
	put_link(node, "web_default_d-" I ".log", "/var/log/pods/default_web_" U "/d/0.log");
	assert_missing(node, I, U, CONTAINER_LYING);
}

static void oddities(void **state)
{
	struct node *node = *state;
	char path[1024], target[4096];

	at(node, path, "logs", "fifo_default_c-" I ".log");
	assert_int_equal(mkfifo(path, 0644), 0);
	at(node, path, "logs", "dir_default_c-" I ".log");
	assert_int_equal(mkdir(path, 0755), 0);
	put_link(node, "new\nline_default_c-" I ".log", "/var/log/pods/default_web_" U "/c/0.log");
	put_link(node, "\xff\xfe_default_c-" I ".log", "/var/log/pods/default_web_" U "/c/0.log");
	put_link(node, "x", "x");
	assert_missing(node, I, U, CONTAINER_NO_LINK);
	memset(target, 'a', sizeof(target));
	target[4095] = '\0';
	put_link(node, "long_default_c-" I ".log", target);
	assert_missing(node, I, U, CONTAINER_LYING);
	put_link(node, "self_default_c-" J ".log", "self_default_c-" J ".log");
	assert_missing(node, J, U, CONTAINER_LYING);
	put_link(node, "web_default_c-" I ".log", "/var/log/pods/default_web_" U "/c/0.log");
	assert_named(node, I, U, "default/web/c/0");
}

/* "<pod>_ns_<container>-<digits>", cut at 251 bytes. */
static void put_cut(struct node *node, const char *pod, const char *container, const char *id, const char *uid)
{
	char stem[600], target[600];

	snprintf(stem, sizeof(stem), "%s_ns_%s-%s", pod, container, id);
	assert_true(strlen(stem) > 251);
	strcpy(stem + 251, ".log");
	snprintf(target, sizeof(target), "/var/log/pods/ns_%s_%s/%s/5.log", pod, uid, container);
	put_link(node, stem, target);
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
	/* no digit is left, nor anything else: a pod with one container can be meant only */
	put_cut(node, longest, "c", I, V);
	assert_missing(node, I, V, CONTAINER_CUT);
	assert_missing(node, I, M, CONTAINER_NO_LINK);
}

static void cut_name_of_the_only_container(void **state)
{
	static const char pod[] = FIFTY FIFTY FIFTY FIFTY "a1234567"; /* what a directory's name has room for */
	char wanted[512], path[1024], answer[512];
	struct node *node = *state;

	snprintf(path, sizeof(path), "ns_%s_" U, pod);
	put_folder(node, path);
	put_cut(node, pod, "name-of-a-container-that-is-rather-long", I, U);
	assert_missing(node, I, U, CONTAINER_CUT); /* no directory of the container */
	strcat(path, "/name-of-a-container-that-is-rather-long");
	put_folder(node, path);
	snprintf(wanted, sizeof(wanted), "ns/%s/name-of-a-container-that-is-rather-long", pod);
	assert_named(node, I, U, wanted);
	strcat(path, "/7.log");
	put_file(node, path);
	strcat(wanted, "/7");
	assert_named(node, I, U, wanted);
	assert_int_equal(ask(node, I, U, true, answer), CONTAINER_CUT); /* may be the sandbox */
	snprintf(path, sizeof(path), "ns_%s_" U "/second", pod);
	put_folder(node, path);
	assert_missing(node, I, U, CONTAINER_CUT);
}

static void cut_liar(void **state)
{
	struct node *node = *state;
	char name[256];

	memset(name, 'a', 251);
	strcpy(name + 251, ".log");
	put_link(node, name, "/var/log/pods/default_web_" U "/c/0.log");
	assert_missing(node, I, U, CONTAINER_NO_LINK);
	assert_int_equal(node->names.lying, 1);
}

static void only_the_directory_of_pods(void **state)
{
	struct node *node = *state;
	char path[1024], answer[512];

	at(node, path, "logs", "");
	assert_int_equal(rmdir(path), 0);
	assert_missing(node, I, U, CONTAINER_NO_DIRECTORY);
	put_folder(node, "ns_web_" U);
	put_folder(node, "ns_web_" U "/c");
	assert_named(node, NULL, U, "ns/web/");
	assert_named(node, I, U, "ns/web/c");
	put_file(node, "ns_web_" U "/c/2.log");
	put_file(node, "ns_web_" U "/c/10.log");
	put_file(node, "ns_web_" U "/c/10.log.20260101");
	assert_named(node, I, U, "ns/web/c/10");
	assert_int_equal(ask(node, I, U, true, answer), CONTAINER_NO_DIRECTORY);
	put_folder(node, "ns_web_" U "/d");
	assert_missing(node, I, U, CONTAINER_NO_DIRECTORY);
}

static void two_groups_of_one_directory(void **state)
{
	struct node *node = *state;
	uint8_t id[2][CONTAINER_ID_SIZE];
	char path[1024];
	struct container_wish wishes[] = { { .id = id[0], .uid = U }, { .id = id[1], .uid = U } };

	assert_true(container_id_parse(ng_span(I), id[0]));
	assert_true(container_id_parse(ng_span(J), id[1]));
	at(node, path, "logs", "");
	assert_int_equal(rmdir(path), 0);
	put_folder(node, "ns_web_" U);
	put_folder(node, "ns_web_" U "/c");
	assert_int_equal(container_names_resolve(&node->scrape, &node->names, wishes, 2), 0);
	wishes[0].oldest = true;
	assert_int_equal(container_names_resolve(&node->scrape, &node->names, wishes, 2), 1);
	assert_int_equal(wishes[1].missing, CONTAINER_FOUND);
	assert_span(wishes[1].identity.container, "c");
}

static void unreadable(void **state)
{
	struct node *node = *state;
	char path[1024];

	put_link(node, "web_default_c-" I ".log", "/var/log/pods/default_web_" U "/c/0.log");
	at(node, path, "logs", "");
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

	put_file(node, "file");
	container_names_init(&node->names, "pods/file", "nowhere");
	assert_missing(node, I, U, CONTAINER_NO_DIRECTORY);
	assert_missing(node, NULL, U, CONTAINER_NO_DIRECTORY);
	node->kernel.root_fd[NG_PROC] = node->kernel.root_fd[NG_ROOTFS];
	node->kernel.root_fd[NG_ROOTFS] = -ENOENT;
	assert_missing(node, I, U, CONTAINER_NO_DIRECTORY);
	node->kernel.root_fd[NG_ROOTFS] = node->kernel.root_fd[NG_PROC];
}

/* The times of both directories: long ago, so that they are settled. */
static void age(const struct node *node, time_t seconds)
{
	const struct timespec times[2] = { { 1700000000 + seconds, 1 }, { 1700000000 + seconds, 1 } };
	char path[1024];

	at(node, path, "logs", "");
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	at(node, path, "pods", "");
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
	assert_int_equal(container_names_resolve(&node->scrape, &node->names, NULL, 0), 0);
	assert_int_equal(node->names.passes, 0);
	/* just made: it may change again within the same tick */
	container_names_resolve(&node->scrape, &node->names, &wish, 1);
	container_names_resolve(&node->scrape, &node->names, &wish, 1);
	assert_int_equal(node->names.passes, 2);
	age(node, 0);
	container_names_resolve(&node->scrape, &node->names, &wish, 1);
	assert_int_equal(node->names.passes, 3);
	for (int i = 0; i < 5; i++)
		container_names_resolve(&node->scrape, &node->names, &wish, 1);
	assert_int_equal(node->names.passes, 3);
	assert_int_equal(wish.missing, CONTAINER_NO_LINK);
	/* somebody new asks */
	container_names_resolve(&node->scrape, &node->names, &other, 1);
	assert_int_equal(node->names.passes, 4);
	container_names_resolve(&node->scrape, &node->names, &wish, 1);
	assert_int_equal(node->names.passes, 4);
	/* the directory changes */
	put_link(node, "web_default_c-" I ".log", "/var/log/pods/default_web_" U "/c/0.log");
	age(node, 1);
	assert_int_equal(container_names_resolve(&node->scrape, &node->names, &wish, 1), 1);
	assert_int_equal(node->names.passes, 5);
	/* the clock was set back: a time to come is no reason to look again and again */
	age(node, 1000000000);
	container_names_resolve(&node->scrape, &node->names, &other, 1);
	assert_int_equal(node->names.passes, 6);
	assert_false(container_names_changed(&node->scrape, &node->names));
	container_names_resolve(&node->scrape, &node->names, &other, 1);
	assert_int_equal(node->names.passes, 6);
	/* who asks again for what was found gets it again; without memory nothing is found */
	assert_int_equal(container_names_resolve(&node->scrape, &node->names, &wish, 1), 1);
	assert_span(wish.identity.container, "c");
	node->arena.limit = 1;
	assert_int_equal(container_names_resolve(&node->scrape, &node->names, &wish, 1), 0);
	assert_int_equal(wish.missing, CONTAINER_NO_LINK);
	assert_int_equal(wish.identity.pod.size, 0);
	node->arena.limit = 0;
}

static void limits(void **state)
{
	struct node *node = *state;
	char name[256], target[256];

	for (unsigned i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "web-%u_default_c-%08x%s.log", i, i, &I[8]);
		snprintf(target, sizeof(target), "/var/log/pods/default_web-%u_" U "/c/0.log", i);
		put_link(node, name, target);
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
	node->names.patience = patience;
	node->scrape.deadline = 1; /* over */
	assert_missing(node, name, U, CONTAINER_LIMIT);
	node->scrape.deadline = 0;
	assert_missing(node, name, U, CONTAINER_NO_LINK);
}

/* Every wish gets its own names, whatever else is asked for. */
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
		put_link(node, name, target);
		wishes[i] = (struct container_wish){ .id = id[i], .uid = uid[i] };
		wishes[COUNT + i] = (struct container_wish){ .uid = uid[i] };
	}
	assert_int_equal(container_names_resolve(&node->scrape, &node->names, wishes, (size_t)2 * COUNT), 2 * COUNT);
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

#define ON_A_NODE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(link_names),
		TEST(target_paths),
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
		ON_A_NODE(unreadable),
		ON_A_NODE(not_a_directory),
		ON_A_NODE(passes),
		ON_A_NODE(limits),
		ON_A_NODE(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
