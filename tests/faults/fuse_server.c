/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serves empty file systems that answer at once, late or never, over /dev/fuse (linux/fuse.h).
 *
 *     fuse_server MODE,TYPE,SOURCE,POINT...
 *
 * MODE is `healthy`, `slow` (a second for statfs) or `hung`, TYPE is fuse or fuse.SOMETHING. Prints "ready" when all
 * are mounted, obeys lines of "MODE INDEX" on its standard input, each answered with "done", and ends with it. Needs
 * root.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

enum mode { HEALTHY, SLOW, HUNG };
static const char *const mode_names[] = { "healthy", "slow", "hung" };

struct file_system {
	enum mode mode;
	int fd;
	uint64_t late;         /* the request that is answered late, or 0 */
	struct timespec since; /* when it came */
};

static enum mode mode_of(const char *name)
{
	for (enum mode mode = HEALTHY; mode <= HUNG; mode++) {
		if (!strcmp(name, mode_names[mode]))
			return mode;
	}
	fprintf(stderr, "no mode: %s\n", name);
	exit(2);
}

static void mount_one(struct file_system *fs, char *argument)
{
	char options[64], *mode = strsep(&argument, ","), *type = strsep(&argument, ","),
			  *source = strsep(&argument, ",");

	*fs = (struct file_system){ .mode = mode_of(mode), .fd = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK) };
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fs->fd);
	if (fs->fd < 0 || mount(source, argument, type, 0, options) < 0) {
		fprintf(stderr, "%s: %s\n", argument, strerror(errno));
		exit(1);
	}
}

static void answer(const struct file_system *fs, uint64_t unique, int error, const void *data, size_t size)
{
	char bytes[512];
	struct fuse_out_header head = { .len = (uint32_t)(sizeof(head) + size), .error = error, .unique = unique };

	memcpy(bytes, &head, sizeof(head));
	if (size)
		memcpy(bytes + sizeof(head), data, size);
	if (write(fs->fd, bytes, head.len) < 0 && errno != ENOENT && errno != ENODEV)
		perror("answer");
}

static void answer_statfs(const struct file_system *fs, uint64_t unique)
{
	struct fuse_statfs_out out = { .st = { .blocks = 1000,
					       .bfree = 600,
					       .bavail = 500,
					       .files = 70,
					       .ffree = 30,
					       .bsize = 4096,
					       .namelen = 255,
					       .frsize = 4096 } };

	answer(fs, unique, 0, &out, sizeof(out));
}

static void serve(struct file_system *fs)
{
	static char request[FUSE_MIN_READ_BUFFER];
	struct fuse_in_header head;
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096 };
	struct fuse_attr_out attributes = { .attr = { .ino = 1, .mode = 040755, .nlink = 2 } };
	ssize_t n = read(fs->fd, request, sizeof(request));

	if (n < (ssize_t)sizeof(head))
		return;
	memcpy(&head, request, sizeof(head));
	if (head.opcode == FUSE_INIT)
		answer(fs, head.unique, 0, &init, sizeof(init));
	else if (head.opcode == FUSE_GETATTR)
		answer(fs, head.unique, 0, &attributes, sizeof(attributes));
	else if (head.opcode == FUSE_STATFS && fs->mode == HEALTHY)
		answer_statfs(fs, head.unique);
	else if (head.opcode == FUSE_STATFS) {
		fs->late = head.unique;
		clock_gettime(CLOCK_MONOTONIC, &fs->since);
	} else if (head.opcode != FUSE_FORGET && head.opcode != FUSE_BATCH_FORGET && head.opcode != FUSE_INTERRUPT)
		answer(fs, head.unique, -ENOSYS, NULL, 0);
}

static void answer_late(struct file_system *fs)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	double age = (double)(now.tv_sec - fs->since.tv_sec) + (double)(now.tv_nsec - fs->since.tv_nsec) / 1e9;
	if (!fs->late || fs->mode == HUNG || (fs->mode == SLOW && age < 1))
		return;
	answer_statfs(fs, fs->late);
	fs->late = 0;
}

static void obey(struct file_system *systems, int count)
{
	char line[64] = "", mode[16];
	int index;
	ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

	if (n <= 0)
		exit(0);
	if (sscanf(line, "%15s %d", mode, &index) == 2 && index >= 0 && index < count)
		systems[index].mode = mode_of(mode);
	puts("done");
}

int main(int argc, char **argv)
{
	int count = argc - 1;
	struct file_system *systems = calloc((size_t)argc, sizeof(*systems));
	struct pollfd *fds = calloc((size_t)argc, sizeof(*fds));

	if (!systems || !fds)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < count; i++)
		mount_one(&systems[i], argv[i + 1]);
	puts("ready");
	fds[count] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	for (;;) {
		/* one that hangs does not even take its requests */
		for (int i = 0; i < count; i++)
			fds[i] =
				(struct pollfd){ .fd = systems[i].mode == HUNG ? -1 : systems[i].fd, .events = POLLIN };
		poll(fds, (nfds_t)count + 1, 20);
		for (int i = 0; i < count; i++) {
			if (fds[i].revents & POLLIN)
				serve(&systems[i]);
			else if (fds[i].revents & POLLERR)
				systems[i].mode = HUNG; /* unmounted */
			answer_late(&systems[i]);
		}
		if (fds[count].revents)
			obey(systems, count);
	}
}
