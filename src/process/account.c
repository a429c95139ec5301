/* SPDX-License-Identifier: Apache-2.0 */
#include "process/account.h"

#include <errno.h>
#include <grp.h>
#include <nodegauge/text.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

/* ---- the databases ---- */

static bool read_id(const char *text, uint32_t *ret_id)
{
	uint64_t value;

	/* the highest one means "no change" to the kernel */
	if (ng_u64(ng_span(text), &value) < 0 || value >= UINT32_MAX)
		return false;
	*ret_id = (uint32_t)value;
	return true;
}

static int refuse(const char *text, const char *what, struct ng_error *error)
{
	return ng_error_set(error, -EINVAL, "--user=%s: %s", text, what);
}

/* -ENOENT for a number that is not in the database, which is not an error yet. */
static int find_user(const char *text, const char *user, struct ng_account *account, struct ng_error *error)
{
	bool numeric = read_id(user, &account->uid);
	const struct passwd *entry = numeric ? getpwuid(account->uid) : getpwnam(user);

	if (!entry && numeric)
		return -ENOENT;
	if (!entry)
		return refuse(text, "no such user", error);
	account->uid = entry->pw_uid;
	account->gid = entry->pw_gid;
	snprintf(account->name, sizeof(account->name), "%s", entry->pw_name);
	return 0;
}

static int find_group(const char *text, const char *group, struct ng_account *account, struct ng_error *error)
{
	if (read_id(group, &account->gid))
		return 0;
	const struct group *entry = getgrnam(group);
	if (!entry)
		return refuse(text, "no such group", error);
	account->gid = entry->gr_gid;
	return 0;
}

int ng_account_find(const char *text, struct ng_account *ret_account, struct ng_error *error)
{
	char user[128];
	size_t colon = ng_span_find(ng_span(text), ':');
	const char *group = text[colon] ? text + colon + 1 : NULL;

	*ret_account = (struct ng_account){ 0 };
	if (colon == 0 || colon >= sizeof(user) || (group && !*group))
		return refuse(text, "expected NAME, UID, NAME:GROUP or UID:GID", error);
	memcpy(user, text, colon);
	user[colon] = '\0';
	int r = find_user(text, user, ret_account, error);
	if (r == -ENOENT && !group)
		return refuse(text, "no such user; to use a plain number, add a group, as in 65534:65534", error);
	if (r < 0 && r != -ENOENT)
		return r;
	return group ? find_group(text, group, ret_account, error) : 0;
}

/* ---- switching the user ---- */

bool ng_account_is_own(const struct ng_account *account)
{
	uid_t uid[3];
	gid_t gid[3];

	return getresuid(&uid[0], &uid[1], &uid[2]) == 0 && getresgid(&gid[0], &gid[1], &gid[2]) == 0 &&
	       uid[0] == account->uid && uid[1] == account->uid && uid[2] == account->uid && gid[0] == account->gid &&
	       gid[1] == account->gid && gid[2] == account->gid;
}

static int failed(const char *what, struct ng_error *error)
{
	int number = errno;

	return ng_error_set(error, -number, "--user: %s: %s", what, strerror(number));
}

int ng_account_become(const struct ng_account *account, struct ng_error *error)
{
	int r = *account->name ? initgroups(account->name, account->gid) : setgroups(0, NULL);

	if (r < 0)
		return failed("set the groups", error);
	if (setresgid(account->gid, account->gid, account->gid) < 0)
		return failed("set the group", error);
	if (setresuid(account->uid, account->uid, account->uid) < 0)
		return failed("set the user", error);
	if (!ng_account_is_own(account)) {
		errno = EPERM;
		return failed("the kernel did not apply the user", error);
	}
	return 0;
}
