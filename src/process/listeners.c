/* SPDX-License-Identifier: Apache-2.0 */
#include "process/listeners.h"

#include "process/service.h"

#include <unistd.h>

static int take_sockets(struct ng_listeners *listeners, struct ng_error *error)
{
	int first, n = ng_service_sockets(&first);

	if (n <= 0)
		return ng_error_set(error, -EINVAL, "--web.systemd-socket: systemd passed no sockets");
	if (n > NG_LISTENERS_MAX)
		return ng_error_set(
			error, -EINVAL, "--web.systemd-socket: %d sockets passed, maximum is %d", n, NG_LISTENERS_MAX);
	for (int i = 0; i < n; i++) {
		int r = ng_listen_adopt(first + i, &listeners->item[i], error);
		if (r < 0)
			return r;
		listeners->count++;
	}
	return 0;
}

static int open_all(struct ng_listeners *listeners, const struct ng_settings *settings, struct ng_error *error)
{
	const struct ng_list *addresses = &settings->listen;
	struct ng_socket_access access;

	if (settings->systemd_socket)
		return take_sockets(listeners, error);
	int r = ng_socket_access_parse(settings->socket_mode, settings->socket_group, &access, error);
	if (r < 0)
		return r;
	for (size_t i = 0; i < addresses->count; i++) {
		if (i == NG_LISTENERS_MAX)
			return ng_error_set(
				error, -EINVAL, "--web.listen-address: at most %d addresses", NG_LISTENERS_MAX);
		r = ng_listen_open(addresses->item[i], &access, &listeners->item[i], error);
		if (r < 0)
			return r;
		listeners->count++;
	}
	return 0;
}

/* While waiting for one of them, none stays open: clients of the others would hang. */
int ng_listeners_open(struct ng_listeners *listeners, const struct ng_settings *settings, struct ng_patience *patience,
	struct ng_error *error)
{
	int r;

	do {
		r = open_all(listeners, settings, error);
		if (r < 0)
			ng_listeners_close(listeners);
	} while (r < 0 && r != -EINVAL && ng_patience_wait(patience, error->text));
	return r;
}

int ng_listeners_hand_over(const struct ng_listeners *listeners, const struct ng_settings *settings,
	struct ng_privileges *privileges, struct ng_arena *memory, struct ng_error *error)
{
	const struct ng_account *account = privileges->switches ? &privileges->account : NULL;

	for (size_t i = 0; i < listeners->count; i++) {
		const char *path = listeners->item[i].unlink, *slash = path ? strrchr(path, '/') : NULL;
		if (!path)
			continue;
		gid_t group = *settings->socket_group ? (gid_t)-1 : account ? account->gid : 0;
		if (account && lchown(path, account->uid, group) < 0)
			return ng_error_set(error, -errno, "change the owner of unix:%s to the user of --user: %s",
				path, strerror(errno));
		struct ng_span folder = slash ? (struct ng_span){ path, (size_t)(slash - path) + 1 } : NG_SPAN(".");
		const char *copy = ng_copy(memory, folder).text;
		if (!copy)
			return -ENOMEM;
		ng_privileges_except(privileges, copy, true);
	}
	return 0;
}

void ng_listeners_close(struct ng_listeners *listeners)
{
	for (size_t i = 0; i < listeners->count; i++)
		ng_listen_close(&listeners->item[i]);
	listeners->count = 0;
}
