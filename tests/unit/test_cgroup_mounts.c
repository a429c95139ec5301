/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts inside the tree are not followed: kind and minikube bind-mount a hierarchy's root onto a cgroup below it. */
#include "groups.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Bind-mounts in a mount namespace of this program; skips the test if that is not permitted. */
static void bind(const struct groups *groups, const char *from, const char *to)
{
	char source[SCRATCH_PATH], target[SCRATCH_PATH];

	scratch_path(&groups->scratch, from, source);
	scratch_path(&groups->scratch, to, target);
	if (mount(source, target, NULL, MS_BIND, NULL) < 0)
		skip();
}

static void unbind(const struct groups *groups, const char *name)
{
	char target[SCRATCH_PATH];

	scratch_path(&groups->scratch, name, target);
	assert_int_equal(umount2(target, MNT_DETACH), 0);
}

static int own_mounts(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNS) == 0)
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	return 0;
}

static void root_below_itself(struct groups *groups, uint64_t descriptors, bool watch)
{
	groups_make_usual(groups);
	bind(groups, "", "a/x");
	groups_follow(groups, 1000, descriptors, watch);
	groups_expect(groups, true, "+/ +/a +/b ");
	groups_expect(groups, true, "");
	groups_make(groups, "c");
	groups_expect(groups, true, "+/c ");
	unbind(groups, "a/x");
	groups_expect(groups, true, "+/a/x ");
}

static void watched(void **state)
{
	root_below_itself(*state, 1000, true);
}

static void not_watched(void **state)
{
	root_below_itself(*state, 1000, false);
}

static void by_path(void **state)
{
	root_below_itself(*state, 1, true);
}

/* The cgroup is already known by then, and stays what it was. */
static void mounted_later(void **state)
{
	struct groups *groups = *state;

	groups_make_usual(groups);
	groups_follow(groups, 1000, 1000, true);
	groups_expect(groups, true, "+/ +/a +/a/x +/b ");
	bind(groups, "", "a/x");
	groups_expect(groups, true, "");
	bind(groups, "a", "b");
	groups_make(groups, "a/y");
	groups_expect(groups, true, "+/a/y ");
	unbind(groups, "b");
	unbind(groups, "a/x");
	groups_expect(groups, true, "");
}

static void sibling(void **state)
{
	struct groups *groups = *state;

	groups_make_usual(groups);
	bind(groups, "a", "b");
	groups_follow(groups, 1000, 1000, true);
	groups_expect(groups, true, "+/ +/a +/a/x ");
	groups_expect(groups, true, "");
	unbind(groups, "b");
	groups_expect(groups, true, "+/b ");
}

/* A cgroup has its own figures in each hierarchy, not those of a mount that covers it in one of them. */
static void other_hierarchy(void **state)
{
	struct groups *groups = *state;

	scratch_unlink(&groups->scratch, "cgroup.controllers");
	groups_make(groups, "cpu");
	groups_put(groups, "cpu/tasks", "");
	groups_make(groups, "cpu/a");
	groups_make(groups, "memory");
	groups_put(groups, "memory/tasks", "");
	groups_make(groups, "memory/a");
	bind(groups, "cpu", "cpu/a");
	groups_follow(groups, 1000, 1000, true);
	groups_expect(groups, true, "+/ +/a ");
	struct ng_cgroup *group = groups_named(groups, "a");
	assert_int_equal(ng_cgroup_enter(&groups->probe.scrape, groups->cgroups, group, NG_CGROUP_CPU), -ENOENT);
	unbind(groups, "cpu/a");
	int directory = ng_cgroup_enter(&groups->probe.scrape, groups->cgroups, group, NG_CGROUP_CPU);
	assert_true(directory >= 0);
	ng_cgroup_leave(group, directory);
}

/* Linux before 5.6: from here on this program has no openat2. */
static void without_openat2(void **state)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = { .len = sizeof(code) / sizeof(*code), .filter = code };

	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
	root_below_itself(*state, 1000, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GROUPS_TEST(watched),
		GROUPS_TEST(not_watched),
		GROUPS_TEST(by_path),
		GROUPS_TEST(mounted_later),
		GROUPS_TEST(sibling),
		GROUPS_TEST(other_hierarchy),
		GROUPS_TEST(without_openat2),
	};

	return cmocka_run_group_tests_name("cgroup_mounts", tests, own_mounts, NULL);
}
