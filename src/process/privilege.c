/* SPDX-License-Identifier: Apache-2.0 */
#include "process/privilege.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

/* ---- sets of capabilities ---- */

static uint64_t bit(int capability)
{
	return (uint64_t)1 << capability;
}

static uint64_t own_set(cap_flag_t which)
{
	cap_t own = cap_get_proc();
	cap_flag_value_t value;
	uint64_t set = 0;

	for (int i = 0; own && i < 64; i++) {
		if (cap_get_flag(own, i, which, &value) == 0 && value == CAP_SET)
			set |= bit(i);
	}
	cap_free(own);
	return set;
}

/* Sets only the permitted capabilities. Does nothing if already set, since a filter may deny the call. */
static int write_set(uint64_t permitted)
{
	cap_t wanted = cap_init(), own = cap_get_proc();
	int r = wanted && own ? 0 : -ENOMEM;

	for (cap_value_t i = 0; r == 0 && i < 64; i++) {
		if (permitted & bit(i) && cap_set_flag(wanted, CAP_PERMITTED, 1, &i, CAP_SET) < 0)
			r = -errno;
	}
	if (r == 0 && cap_compare(wanted, own) != 0 && cap_set_proc(wanted) < 0)
		r = -errno;
	cap_free(wanted);
	cap_free(own);
	return r;
}

/* "cap_dac_read_search,cap_sys_ptrace". */
static void name_set(uint64_t set, char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "none");
	for (int i = 0; i < 64; i++) {
		char *name = set & bit(i) ? cap_to_name(i) : NULL;
		if (name && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "," : "", name);
		cap_free(name);
	}
}

/* ---- the collectors' lists ---- */

struct needed {
	uint64_t capabilities;
	bool root;    /* alternatively */
	bool unknown; /* one of the names is unknown */
};

static void need(struct needed *needed, struct ng_span word)
{
	char name[64];
	cap_value_t value;

	if (ng_span_equal(word, NG_SPAN("root"))) {
		needed->root = true;
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)word.size, word.text);
	if (cap_from_name(name, &value) == 0 && value < 64)
		needed->capabilities |= bit(value);
	else
		needed->unknown = true;
}

/* Parses "root or CAP_A and CAP_B": the other words only join them. */
static struct needed needed_read(const char *text)
{
	struct ng_span rest = ng_span(text), word;
	struct needed needed = { 0 };

	while (ng_word_next(&rest, &word)) {
		if (!ng_span_equal(word, NG_SPAN("or")) && !ng_span_equal(word, NG_SPAN("and")))
			need(&needed, word);
	}
	return needed;
}

bool ng_privileges_suffice(const struct ng_privileges *privileges, const char *text)
{
	struct needed needed = needed_read(text);

	if (privileges->mapped)
		return false;
	if (needed.root && privileges->root)
		return true;
	return needed.capabilities && !needed.unknown && !(needed.capabilities & ~privileges->kept);
}

/* If being root is enough, root needs no capability for it. */
static uint64_t listed(const struct ng_privileges *privileges)
{
	uint64_t all = 0;

	for (size_t i = 0; i < privileges->choice_count; i++) {
		const struct ng_collector *collector = privileges->choices[i].collector;
		for (size_t k = 0; k < collector->privilege_count; k++) {
			struct needed needed = needed_read(collector->privileges[k].capability);
			bool wanted = ng_choice_wants(&privileges->choices[i], &collector->privileges[k]);
			if (wanted && !(needed.root && privileges->root))
				all |= needed.capabilities;
		}
	}
	return all;
}

/* ---- the plan ---- */

/* In a user namespace other than the initial one, the process cannot be the owner of the host's files. */
static bool in_user_namespace(void)
{
	char text[256];
	uint64_t inside, outside, count;
	NG_CLOSE int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	struct ng_span rest = { text, n > 0 ? ng_span_find((struct ng_span){ text, (size_t)n }, '\n') : 0 };

	if (ng_u64_next(&rest, &inside) < 0 || ng_u64_next(&rest, &outside) < 0 || ng_u64_next(&rest, &count) < 0)
		return false;
	return inside != 0 || outside != 0 || count != UINT32_MAX;
}

static int plan_user(struct ng_privileges *privileges, const char *user, struct ng_error *error)
{
	const uint64_t wanted = bit(CAP_SETUID) | bit(CAP_SETGID);

	if (!*user)
		return 0;
	int r = ng_account_find(user, &privileges->account, error);
	if (r < 0)
		return r;
	privileges->switches = !ng_account_is_own(&privileges->account);
	if (!privileges->switches || (own_set(CAP_EFFECTIVE) & wanted) == wanted)
		return 0;
	return ng_error_set(error, -EINVAL,
		"--user=%s: only root with CAP_SETUID and CAP_SETGID may switch to another user; this process runs "
		"as user %u",
		user, (unsigned)geteuid());
}

int ng_privileges_plan(struct ng_privileges *privileges, const char *user, const struct ng_choice *choices,
	size_t choice_count, struct ng_error *error)
{
	*privileges = (struct ng_privileges){ .choices = choices, .choice_count = choice_count, .landlock = "off" };
	int r = plan_user(privileges, user, error);
	if (r < 0)
		return r;
	privileges->root = (privileges->switches ? privileges->account.uid : geteuid()) == 0;
	privileges->mapped = in_user_namespace();
	privileges->kept = listed(privileges) & own_set(CAP_PERMITTED);
	privileges->traces = privileges->kept & bit(CAP_SYS_PTRACE);
	return 0;
}

void ng_privileges_except(struct ng_privileges *privileges, const char *path, bool remove)
{
	if (privileges->exception_count < NG_PRIVILEGE_EXCEPTIONS)
		privileges->exceptions[privileges->exception_count++] = (struct ng_landlock_exception){ path, remove };
}

int ng_privileges_except_writables(
	struct ng_privileges *privileges, const char *const roots[NG_ROOTS], struct ng_arena *arena)
{
	for (size_t i = 0; i < privileges->choice_count; i++) {
		const struct ng_collector *collector = privileges->choices[i].collector;
		for (size_t k = 0; k < collector->writable_count; k++) {
			const struct ng_writable *writable = &collector->writables[k];
			const char *path = ng_join(arena, roots[writable->root], "/", writable->path);
			if (!path)
				return -ENOMEM;
			ng_privileges_except(privileges, path, false);
		}
	}
	return 0;
}

/* ---- the drop ---- */

static int failed(int number, const char *what, struct ng_error *error)
{
	return ng_error_set(error, number, "%s: %s", what, strerror(-number));
}

/* Limits what an executed program could have. We execute none, but an attacker might. */
static void drop_bounds(void)
{
	if (!(own_set(CAP_EFFECTIVE) & bit(CAP_SETPCAP)))
		return;
	for (cap_value_t i = 0; cap_get_bound(i) >= 0; i++)
		cap_drop_bound(i);
}

static void enter_landlock(struct ng_privileges *privileges)
{
	if (privileges->traces) {
		privileges->landlock = "off: it would hide other processes";
		return;
	}
	ng_privileges_except(privileges, "/dev/null", false);
	int r = ng_landlock_enter(privileges->exceptions, privileges->exception_count);
	if (r == 0)
		privileges->landlock = "read-only";
	else if (r == -ENOSYS || r == -EOPNOTSUPP)
		privileges->landlock = "off: not supported by the kernel";
	else
		privileges->landlock = "off: refused by the kernel";
}

int ng_privileges_drop(struct ng_privileges *privileges, bool landlock, struct ng_error *error)
{
	int r = 0;

	drop_bounds();
	cap_reset_ambient();
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if (privileges->switches)
		r = ng_account_become(&privileges->account, error);
	if (r < 0)
		return r;
	r = write_set(privileges->kept);
	prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	if (r < 0)
		return failed(r, "drop capabilities", error);
	if (privileges->switches && !privileges->root && setresuid(0, 0, 0) == 0)
		return failed(-EPERM, "--user: the process could regain root", error);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return failed(-errno, "set no_new_privs", error);
	if (landlock)
		enter_landlock(privileges);
	return 0;
}

/* ---- the log ---- */

static void log_losses(const struct ng_privileges *privileges, const struct ng_choice *choice)
{
	const struct ng_collector *collector = choice->collector;

	for (size_t i = 0; i < collector->privilege_count; i++) {
		const struct ng_privilege *privilege = &collector->privileges[i];
		if (ng_choice_wants(choice, privilege) && !ng_privileges_suffice(privileges, privilege->capability))
			NG_LOG(NG_LOG_INFO, "collector lacks a privilege", "collector", collector->name, "missing",
				privilege->capability, "lost", privilege->lost);
	}
}

void ng_privileges_log(const struct ng_privileges *privileges)
{
	char user[16], group[16], kept[1024];

	snprintf(user, sizeof(user), "%u", (unsigned)geteuid());
	snprintf(group, sizeof(group), "%u", (unsigned)getegid());
	name_set(privileges->kept, kept, sizeof(kept));
	NG_LOG(NG_LOG_INFO, "privileges", "user", user, "group", group, "capabilities", kept, "landlock",
		privileges->landlock);
	if (privileges->root && !privileges->mapped)
		NG_LOG(NG_LOG_WARN, "running as root, which is not needed: use --user=NAME");
	for (size_t i = 0; i < privileges->choice_count; i++)
		log_losses(privileges, &privileges->choices[i]);
}
