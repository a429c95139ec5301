/* SPDX-License-Identifier: Apache-2.0 */
/* Lists directories with getdents64(2), since opendir would allocate memory. */
#include "base/arena.h"
#include "kernel/kernel.h"
#include "kernel/open.h"

#include <dirent.h>
#include <fcntl.h>
#include <nodegauge/collector.h>
#include <unistd.h>

enum { LISTING_ROOM = 8192 };

int ng_directory_at(struct ng_scrape *scrape, int directory, const char *name, int *ret_directory)
{
	int fd = ng_open_at(scrape, directory, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return ng_failed(scrape, fd, "open", name);
	*ret_directory = fd;
	return 0;
}

int ng_directory(struct ng_scrape *scrape, enum ng_root root, const char *path, int *ret_directory)
{
	return ng_directory_at(scrape, ng_root_fd(scrape, root), path, ret_directory);
}

/* Shellsort: in place and without allocating memory, which qsort does not guarantee. */
void ng_sort_names(const struct ng_names *names)
{
	const char **name = names->name;
	size_t count = names->count, gap = 1;

	while (gap < count / 3)
		gap = gap * 3 + 1;
	for (; gap > 0; gap /= 3) {
		for (size_t i = gap; i < count; i++) {
			const char *moving = name[i];
			size_t at = i;
			for (; at >= gap && strcmp(name[at - gap], moving) > 0; at -= gap)
				name[at] = name[at - gap];
			name[at] = moving;
		}
	}
}

static int add_names(struct ng_arena *arena, const char *bytes, size_t size, struct ng_names *names, size_t *capacity)
{
	for (size_t at = 0; at < size;) {
		const struct dirent64 *entry = (const void *)(bytes + at);
		at += entry->d_reclen;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		const char **slot = ng_push(arena, &names->name, &names->count, capacity);
		if (!slot)
			return -ENOMEM;
		*slot = ng_copy(arena, ng_span(entry->d_name)).text;
		if (!*slot)
			return -ENOMEM;
	}
	return 0;
}

int ng_names_at(struct ng_scrape *scrape, int directory, const char *name, struct ng_names *ret_names)
{
	size_t capacity = 0;
	_Alignas(struct dirent64) char bytes[LISTING_ROOM];

	*ret_names = (struct ng_names){ 0 };
	NG_CLOSE int fd = ng_open_at(scrape, directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return ng_failed(scrape, fd, "list", name);
	for (;;) {
		ssize_t n = getdents64(fd, bytes, sizeof(bytes));
		if (n < 0)
			return ng_failed(scrape, -errno, "list", name);
		if (n == 0)
			break;
		int r = add_names(scrape->arena, bytes, (size_t)n, ret_names, &capacity);
		if (r < 0)
			return ng_failed(scrape, r, "list", name);
	}
	ng_sort_names(ret_names);
	return 0;
}

int ng_names(struct ng_scrape *scrape, enum ng_root root, const char *path, struct ng_names *ret_names)
{
	return ng_names_at(scrape, ng_root_fd(scrape, root), path, ret_names);
}
