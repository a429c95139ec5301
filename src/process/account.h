/* SPDX-License-Identifier: Apache-2.0 */
/* The user and group of --user. */
#ifndef PROCESS_ACCOUNT_H
#define PROCESS_ACCOUNT_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct ng_account {
	uid_t uid;
	gid_t gid;
	char name[64]; /* in the user database, for the further groups; empty where it is not there */
};

/* `text` is NAME or UID, and GROUP or GID behind a colon, which a UID without an entry needs. On -EINVAL `error` says
 * what is wrong. */
int ng_account_find(const char *text, struct ng_account *ret_account, struct ng_error *error);

/* Makes them the process's own, with the further groups that the database gives the user; verifies that there is no
 * way back. Before any thread is started. */
int ng_account_become(const struct ng_account *account, struct ng_error *error);

/* Whether the process is that user already, with that group; further groups are left as they were given to it. */
bool ng_account_is_own(const struct ng_account *account);

#endif
