/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/names.h"

#include "identity/search.h"
#include "kernel/file_version.h"
#include "kernel/open.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the two directories ---- */

void container_names_init(struct container_names *names, const char *logs, const char *pods)
{
	*names = (struct container_names){ .logs.path = logs, .pods.path = pods };
}

static bool same(const struct container_folder *folder, const struct stat *status)
{
	return folder->known && folder->error == 0 && !folder->unsettled && folder->device == status->st_dev &&
	       folder->inode == status->st_ino && folder->modified.tv_sec == status->st_mtim.tv_sec &&
	       folder->modified.tv_nsec == status->st_mtim.tv_nsec;
}

static int open_folder(struct ng_scrape *scrape, const char *path, struct stat *ret_status)
{
	int fd = ng_open_at(
		scrape, ng_root_fd(scrape, NG_ROOTFS), path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return fd;
	if (fstat(fd, ret_status) < 0) {
		int error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

/* Opens the directory and checks whether it has changed. Returns a descriptor or a negative errno. */
static int look(struct ng_scrape *scrape, struct container_folder *folder, bool *ret_changed)
{
	struct stat status;
	int fd = open_folder(scrape, folder->path, &status);

	if (fd < 0) {
		*ret_changed = !folder->known || folder->error != fd;
		folder->error = fd;
	} else {
		*ret_changed = !same(folder, &status);
		folder->error = 0;
		folder->device = status.st_dev;
		folder->inode = status.st_ino;
		folder->modified = status.st_mtim;
		folder->unsettled = ng_time_unsettled(&status.st_mtim);
	}
	folder->known = true;
	return fd;
}

/* A directory that we may not list has no usable timestamps; it is checked again when the other one changes. */
static bool folder_changed(struct ng_scrape *scrape, const struct container_folder *folder)
{
	struct stat status;
	int r = ng_stat_at(scrape, ng_root_fd(scrape, NG_ROOTFS), folder->path, &status);

	if (!folder->known)
		return true;
	if (r < 0 || folder->error < 0)
		return r != folder->error && folder->error != -EACCES;
	return !same(folder, &status);
}

bool container_names_changed(struct ng_scrape *scrape, const struct container_names *names)
{
	return folder_changed(scrape, &names->logs) || folder_changed(scrape, &names->pods);
}

/* ---- resolving ---- */

/* An error that says nothing about the directory. */
static bool failed(int r)
{
	return r < 0 && r != -ENOENT && r != -ENOTDIR && r != -EACCES && r != -EPERM && r != -ELOOP;
}

static enum container_missing why(int error)
{
	return error == -ENOENT || error == -ENOTDIR ? CONTAINER_NO_DIRECTORY : CONTAINER_UNREADABLE;
}

static void blame(struct container_search *search, enum container_missing reason)
{
	for (size_t i = 0; i < search->count; i++) {
		if (search->wishes[i].missing == CONTAINER_NO_LINK)
			search->wishes[i].missing = reason;
	}
}

static bool in_question(const struct container_search *search)
{
	for (size_t i = 0; i < search->count; i++) {
		const struct container_wish *wish = &search->wishes[i];
		if (wish->id && (wish->missing == CONTAINER_NO_DIRECTORY || wish->missing == CONTAINER_UNREADABLE ||
					wish->missing == CONTAINER_CUT))
			return true;
	}
	return false;
}

static int rewound(int directory)
{
	return lseek(directory, 0, SEEK_SET) < 0 ? -errno : 0;
}

static int search_logs(struct container_search *search, int logs)
{
	if (logs < 0)
		return logs;
	int r = container_search_list(search, logs, container_search_link);
	if (r == 0 && search->stopped)
		blame(search, CONTAINER_LIMIT);
	return r;
}

/* Pods without a link of a wanted container: from their own directory or, if there is none, from any link. */
static int search_pods(struct container_search *search, int logs, int pods)
{
	if (search->pods_wanted == 0)
		return 0;
	if (pods >= 0)
		return container_search_list(search, pods, container_search_pod);
	if (logs < 0)
		return logs;
	int r = rewound(logs);
	return r < 0 ? r : container_search_list(search, logs, container_search_any_link);
}

static int search_both(struct container_search *search, int logs, int pods)
{
	int r = search_logs(search, logs);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		blame(search, why(r));
	for (size_t i = 0; r < 0 && pods >= 0 && i < search->count; i++) {
		if (!search->wishes[i].id)
			search->wishes[i].missing = CONTAINER_NO_LINK; /* the other directory may have it */
	}
	r = search_pods(search, logs, pods);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		blame(search, why(r));
	if (search->stopped)
		blame(search, CONTAINER_LIMIT);
	if (pods >= 0 && in_question(search) && rewound(pods) == 0)
		r = container_search_only(search, pods);
	return r == -ENOMEM ? r : 0;
}

/* Also clears earlier results: their names were freed with the arena. */
static bool all_known(const struct container_names *names, struct container_wish *wishes, size_t count)
{
	bool known = true;

	for (size_t i = 0; i < count; i++) {
		struct container_wish *wish = &wishes[i];
		if (wish->missing == CONTAINER_FOUND || !wish->looked || *wish->looked != names->epoch)
			known = false;
		if (wish->missing == CONTAINER_FOUND)
			wish->missing = CONTAINER_NO_LINK;
		wish->identity = (struct container_identity){ 0 };
	}
	return known;
}

size_t container_names_resolve(
	struct ng_scrape *scrape, struct container_names *names, struct container_wish *wishes, size_t count)
{
	struct container_search search;
	bool logs_changed, pods_changed;
	size_t found = 0;

	names->failed = names->lacking = false;
	if (count == 0)
		return 0;
	NG_CLOSE int logs = look(scrape, &names->logs, &logs_changed);
	NG_CLOSE int pods = look(scrape, &names->pods, &pods_changed);
	names->epoch += logs_changed || pods_changed;
	names->failed = failed(logs) || failed(pods);
	if (all_known(names, wishes, count))
		return 0;
	names->passes++;
	names->lying = 0;
	if (container_search_init(&search, scrape, names, wishes, count) < 0 || search_both(&search, logs, pods) < 0) {
		names->failed = names->lacking = true;
		return 0;
	}
	names->failed = names->failed || search.failed;
	for (size_t i = 0; i < count; i++) {
		found += wishes[i].missing == CONTAINER_FOUND;
		if (wishes[i].looked && !search.late && !search.failed)
			*wishes[i].looked = names->epoch;
	}
	return found;
}

const char *container_missing_name(enum container_missing missing)
{
	static const char *const names[CONTAINER_MISSING_REASONS] = {
		[CONTAINER_NO_DIRECTORY] = "no_log_directory",
		[CONTAINER_UNREADABLE] = "log_directory_unreadable",
		[CONTAINER_NO_LINK] = "no_log_link",
		[CONTAINER_LYING] = "contradiction",
		[CONTAINER_CUT] = "name_cut",
		[CONTAINER_LIMIT] = "too_many_links",
	};

	return names[missing];
}
