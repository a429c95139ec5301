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
	char name[64]; /* in the user database, for the supplementary groups; empty if unknown */
};

/* `text` is NAME or UID, optionally with :GROUP or :GID, which a UID without an entry requires. On -EINVAL, `error`
 * says what is wrong. */
int ng_account_find(const char *text, struct ng_account *ret_account, struct ng_error *error);

/* Switches the process to this user, with the supplementary groups from the database; verifies that there is no way
 * back. To be called before any thread is started. */
int ng_account_become(const struct ng_account *account, struct ng_error *error);

/* Whether the process already runs as that user and group; supplementary groups are left unchanged. */
bool ng_account_is_own(const struct ng_account *account);

#endif
