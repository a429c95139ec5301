/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel.h"

#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <nodegauge/collector.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

uint64_t ng_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- device events ---- */

/* udev writes its database some time after the kernel's event, so until then every gather counts as a new epoch. */
static const uint64_t settle_ns = 60u * 1000000000u;

static int events_open(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Interfaces come and go with every pod, and collectors that need them read them anyway. */
static bool event_matters(const char *message, size_t size)
{
	static const char *const noise[] = { "SUBSYSTEM=net", "SUBSYSTEM=queues", "SUBSYSTEM=bdi", "SUBSYSTEM=module" };

	for (const char *at = message, *end = message + size; at < end; at += strnlen(at, (size_t)(end - at)) + 1) {
		size_t n = strnlen(at, (size_t)(end - at));
		for (size_t i = 0; i < NG_COUNT(noise); i++) {
			if (n == strlen(noise[i]) && memcmp(at, noise[i], n) == 0)
				return false;
		}
	}
	return true;
}

static bool events_seen(int fd)
{
	char message[4096];
	bool seen = false;

	for (;;) {
		ssize_t n = recv(fd, message, sizeof(message), MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return seen || errno == ENOBUFS; /* an overflow hides events */
		seen = seen || event_matters(message, (size_t)n);
	}
}

uint64_t ng_kernel_devices_epoch(struct ng_kernel *kernel)
{
	uint64_t now = ng_now();

	if (kernel->events_fd < 0)
		return ++kernel->epoch;
	if (events_seen(kernel->events_fd))
		kernel->settled_at = now + settle_ns;
	if (now < kernel->settled_at)
		kernel->epoch++;
	return kernel->epoch;
}

/* ---- the host's network namespace ---- */

/*
 * The entries of /proc/PID/net are created per network namespace (fs/proc/proc_net.c), so their inode numbers
 * distinguish two namespaces. Unlike ns/net, they can be inspected without any privilege.
 */
static void find_net(struct ng_kernel *kernel)
{
	struct statfs fs;
	struct stat init, own;
	int proc = kernel->root_fd[NG_PROC];
	bool real = proc >= 0 && fstatfs(proc, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
	bool have_init = proc >= 0 && fstatat(proc, "1/net/dev", &init, 0) == 0;

	kernel->own_net = real;
	if (real && have_init && stat("/proc/self/net/dev", &own) == 0)
		kernel->own_net = init.st_ino == own.st_ino;
	kernel->net_path = have_init && !kernel->own_net ? "1/net" : "net";
}

const char *ng_net_path(const struct ng_setup *setup, bool *ret_own)
{
	*ret_own = setup->kernel->own_net;
	return setup->kernel->net_path;
}

/* ---- shared files ---- */

struct ng_shared {
	struct ng_shared *next;
	pthread_mutex_t lock;
	struct ng_file file;
	uint64_t serial; /* of the gather that `text` belongs to */
	int error;
	struct ng_span text;
	struct ng_arena arena;
};

static struct ng_shared *shared_get(struct ng_kernel *kernel, enum ng_root root, enum ng_kind kind, const char *path)
{
	struct ng_shared *shared;

	for (shared = kernel->shared; shared; shared = shared->next) {
		if (shared->file.root == root && strcmp(shared->file.path, path) == 0)
			return shared;
	}
	shared = calloc(1, sizeof(*shared));
	if (!shared)
		return NULL;
	shared->file = NG_FILE(root, kind, strdup(path));
	if (!shared->file.path) {
		free(shared);
		return NULL;
	}
	pthread_mutex_init(&shared->lock, NULL);
	shared->next = kernel->shared;
	kernel->shared = shared;
	return shared;
}

struct ng_shared *ng_shared(struct ng_setup *setup, enum ng_root root, enum ng_kind kind, const char *path)
{
	struct ng_shared *shared = shared_get(setup->kernel, root, kind, path);

	if (!shared)
		ng_memory_failed(); /* the collector does not start */
	return shared;
}

static void shared_refresh(struct ng_scrape *scrape, struct ng_shared *shared)
{
	ng_arena_reset(&shared->arena);
	shared->error = ng_file_read_into(scrape, &shared->arena, &shared->file, &shared->text);
	shared->serial = scrape->serial;
}

/*
 * The text is copied, so that it does not change for a collector of an earlier gather that is still stuck with its
 * snapshot.
 */
int ng_shared_read(struct ng_scrape *scrape, struct ng_shared *shared, struct ng_span *ret_text)
{
	if (!shared)
		return -ENOMEM;
	pthread_mutex_lock(&shared->lock);
	if (shared->serial < scrape->serial)
		shared_refresh(scrape, shared);
	int r = shared->error;
	if (r == 0) {
		*ret_text = ng_copy(scrape->arena, shared->text);
		r = ret_text->text ? 0 : -ENOMEM;
	}
	pthread_mutex_unlock(&shared->lock);
	return r < 0 ? ng_failed(scrape, r, "read", shared->file.path) : 0;
}

static void shared_free(struct ng_shared *shared)
{
	ng_file_close(&shared->file);
	free((char *)shared->file.path);
	ng_arena_done(&shared->arena);
	pthread_mutex_destroy(&shared->lock);
	free(shared);
}

/* ---- interfaces ---- */

static int copy_links(struct ng_arena *arena, const struct ng_links *from, struct ng_links *ret_links)
{
	struct ng_link *link = ng_alloc(arena, from->count * sizeof(*link) + 1);

	if (!link)
		return -ENOMEM;
	for (size_t i = 0; i < from->count; i++) {
		struct ng_span *const spans[] = { &link[i].name, &link[i].alias, &link[i].kind, &link[i].address,
			&link[i].broadcast, &link[i].altnames };
		link[i] = from->link[i];
		for (size_t k = 0; k < NG_COUNT(spans); k++) {
			if (spans[k]->size && !(*spans[k] = ng_copy(arena, *spans[k])).text)
				return -ENOMEM;
		}
	}
	*ret_links = (struct ng_links){ link, from->count };
	return 0;
}

int ng_links(struct ng_scrape *scrape, struct ng_links *ret_links)
{
	struct ng_kernel *kernel = scrape->kernel;
	struct ng_links links;

	pthread_mutex_lock(&kernel->links_lock);
	int r = ng_links_source_read(&kernel->links, scrape->serial, &links);
	if (r == 0)
		r = copy_links(scrape->arena, &links, ret_links);
	ng_links_source_settle(scrape, &kernel->links);
	pthread_mutex_unlock(&kernel->links_lock);
	return r < 0 ? ng_failed(scrape, r, "get the interfaces from", "netlink") : 0;
}

/* ---- life ---- */

int ng_kernel_init(struct ng_kernel *kernel, const char *const paths[NG_ROOTS])
{
	*kernel = (struct ng_kernel){ .epoch = 1 };
	for (size_t i = 0; i < NG_ROOTS; i++) {
		int fd = open(paths[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		kernel->root_fd[i] = fd < 0 ? -errno : fd;
		kernel->root_path[i] = paths[i];
	}
	find_net(kernel);
	/*
	 * If the collectors' network namespace is our own, the netstat collector and our own families share one read.
	 */
	kernel->netstat =
		shared_get(kernel, NG_PROC, NG_WHOLE, kernel->own_net ? "net/netstat" : "/proc/self/net/netstat");
	kernel->events_fd = events_open();
	pthread_mutex_init(&kernel->links_lock, NULL);
	return 0;
}

void ng_kernel_done(struct ng_kernel *kernel)
{
	while (kernel->shared) {
		struct ng_shared *next = kernel->shared->next;
		shared_free(kernel->shared);
		kernel->shared = next;
	}
	for (size_t i = 0; i < NG_ROOTS; i++)
		ng_close_fd(&kernel->root_fd[i]);
	ng_close_fd(&kernel->events_fd);
	ng_links_source_done(&kernel->links);
	pthread_mutex_destroy(&kernel->links_lock);
}
