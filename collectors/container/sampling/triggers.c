/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's own pressure triggers, for the node.
 *
 * "some 200000 2000000" written to /proc/pressure/io requests an event (POLLPRI) when tasks have waited for 200 ms
 * within 2 s. Without privileges the window must be a multiple of 2 s (psi.c: psi_trigger_create); nothing else is
 * required, because the files are world-writable. The first two windows of such a trigger always fire, because they
 * start from the total of another aggregator; so an event counts only if the total has grown accordingly.
 */
#include "sampling/triggers.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

static const char trigger[] = "some 200000 2000000";
static const uint64_t window_ns = 2000000000, stall_us = 200000;

static bool is_kernels(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

void container_triggers_open(struct ng_scrape *scrape, struct container_triggers *triggers, uint64_t now)
{
	int proc = ng_root_fd(scrape, NG_PROC);

	for (size_t i = 0; triggers->wanted && i < CONTAINER_RESOURCES; i++) {
		uint64_t total[2];
		int fd = proc < 0 ? -1 : openat(proc, container_node_pressure[i], O_RDWR | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			continue;
		/* a regular file would accept the text too, and lose its contents */
		if (!is_kernels(fd) || !container_read_totals(fd, total) || write(fd, trigger, sizeof(trigger)) < 0) {
			close(fd);
			continue;
		}
		triggers->fd_plus_1[i] = fd + 1;
		triggers->since[i] = triggers->total[i] = total[0];
		triggers->armed_at[i] = triggers->total_at[i] = now;
	}
	triggers->wanted = false;
}

void container_triggers_wait(const struct container_triggers *triggers, struct ng_wait *wait)
{
	for (size_t i = 0; i < CONTAINER_RESOURCES; i++) {
		int fd = triggers->fd_plus_1[i] - 1;
		if (fd >= 0)
			wait->descriptor[wait->count++] = (struct pollfd){ .fd = fd, .events = POLLPRI };
	}
}

/*
 * Time waited long before an event does not belong to it. But the kernel checks once per window, up to 2 s after the
 * stall. So an event is compared with the total from one to two steps ago, never with that of a moment ago.
 */
void container_triggers_advance(struct container_triggers *triggers, size_t which, uint64_t total, uint64_t now)
{
	if (now - triggers->total_at[which] < 2 * window_ns)
		return;
	triggers->since[which] = triggers->total[which];
	triggers->total[which] = total;
	triggers->total_at[which] = now;
}

static void take_event(struct container_triggers *triggers, size_t which, uint64_t now)
{
	uint64_t total[2];

	if (!container_read_totals(triggers->fd_plus_1[which] - 1, total))
		return;
	bool settled = now - triggers->armed_at[which] > 2 * window_ns;
	triggers->events[which] += settled && total[0] - triggers->since[which] >= stall_us;
	triggers->since[which] = triggers->total[which] = total[0];
	triggers->total_at[which] = now;
}

void container_triggers_take(struct container_triggers *triggers, const struct ng_wait *wait)
{
	for (size_t i = 0; i < wait->count; i++) {
		const struct pollfd *seen = &wait->descriptor[i];
		for (size_t k = 0; k < CONTAINER_RESOURCES; k++) {
			if (seen->fd != triggers->fd_plus_1[k] - 1 || !triggers->fd_plus_1[k] || !seen->revents)
				continue;
			if (seen->revents & POLLPRI && !(seen->revents & POLLERR))
				take_event(triggers, k, wait->now);
			if (seen->revents & (POLLERR | POLLNVAL)) {
				close(triggers->fd_plus_1[k] - 1);
				triggers->fd_plus_1[k] = 0;
			}
		}
	}
}

void container_triggers_close(struct container_triggers *triggers)
{
	for (size_t i = 0; i < CONTAINER_RESOURCES; i++) {
		if (triggers->fd_plus_1[i])
			close(triggers->fd_plus_1[i] - 1);
		triggers->fd_plus_1[i] = 0;
	}
}
