/* SPDX-License-Identifier: Apache-2.0 */
/* The pod directory: <namespace>_<pod>_<UID>/<container>/<restart>.log. */
#include "identity/search.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

int container_search_pod(struct container_search *search, int directory, const char *name, unsigned char type)
{
	struct container_target target;

	(void)directory;
	if ((type != DT_DIR && type != DT_UNKNOWN) || !container_folder_parse(ng_span(name), &target))
		return 0;
	struct container_wish *wish = container_search_uid(search, target.uid);
	for (; wish; wish = container_search_next(search, wish)) {
		if (!wish->id && container_search_give(search, wish, &target) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* ---- the only container of a pod ---- */

/* The pod being searched: `search` comes first, so that the callback for entries can get from it to this struct. */
struct only {
	struct container_search search;
	struct container_target target;
	char container[64], folder[NAME_MAX + 1 + 64];
	size_t containers;
	uint32_t restart;
	bool has_restart;
};

static int add_container(struct container_search *search, int directory, const char *name, unsigned char type)
{
	struct only *only = (struct only *)search;

	(void)directory;
	if ((type != DT_DIR && type != DT_UNKNOWN) || !container_label_valid(ng_span(name)))
		return 0;
	only->containers++;
	stpcpy(only->container, name); /* a label has 63 bytes at most */
	return 0;
}

static int add_restart(struct container_search *search, int directory, const char *name, unsigned char type)
{
	struct only *only = (struct only *)search;
	uint32_t restart;

	(void)directory;
	(void)type;
	if (container_restart_parse(ng_span(name), &restart) && (!only->has_restart || restart > only->restart)) {
		only->restart = restart;
		only->has_restart = true;
	}
	return 0;
}

static int list_below(struct only *only, int directory, const char *path,
	int (*entry)(struct container_search *search, int directory, const char *name, unsigned char type))
{
	NG_CLOSE int fd = openat(directory, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : container_search_list(&only->search, fd, entry);
}

/* The only cgroup of the pod that still needs a name and cannot be its sandbox, or NULL. */
static struct container_wish *only_group(struct container_search *search, const char *uid)
{
	struct container_wish *group = NULL, *wish = container_search_uid(search, uid);

	for (; wish; wish = container_search_next(search, wish)) {
		if (!wish->id || wish->oldest || wish->missing == CONTAINER_FOUND)
			continue;
		if (group)
			return NULL;
		group = wish;
	}
	return group;
}

static bool without_link(const struct container_wish *wish)
{
	return wish->missing == CONTAINER_NO_DIRECTORY || wish->missing == CONTAINER_UNREADABLE ||
	       wish->missing == CONTAINER_CUT;
}

static int look_into(struct container_search *search, int directory, const char *name, unsigned char type)
{
	struct only only = { .search = *search };

	only.search.within = true;
	if ((type != DT_DIR && type != DT_UNKNOWN) || !container_folder_parse(ng_span(name), &only.target))
		return 0;
	struct container_wish *wish = only_group(search, only.target.uid);
	if (!wish || !without_link(wish))
		return 0;
	int r = list_below(&only, directory, name, add_container);
	search->listing[1] = only.search.listing[1]; /* keep the buffer for the next pod */
	if (r < 0 || only.containers != 1)
		return r == -ENOMEM ? r : 0;
	stpcpy(stpcpy(stpcpy(only.folder, name), "/"), only.container);
	if (list_below(&only, directory, only.folder, add_restart) < 0)
		return 0;
	only.target.container = ng_span(only.container);
	only.target.restart = only.restart;
	r = container_search_give(search, wish, &only.target);
	if (r == 0 && wish->missing == CONTAINER_FOUND)
		wish->identity.has_restart = only.has_restart;
	return r;
}

int container_search_only(struct container_search *search, int directory)
{
	return container_search_list(search, directory, look_into);
}
