/* SPDX-License-Identifier: Apache-2.0 */
/* Reading below a root, with files that change, grow and disappear. */
#include "../runner/tree.h"
#include "kernel/kernel.h"
#include "scratch.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <nodegauge/collector.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	struct scratch scratch;
	char *paths[NG_ROOTS];
	struct ng_kernel kernel;
	struct ng_arena arena;
	struct ng_scrape scrape;
	char reason[256];
};

static int open_roots(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	scratch_init(&fixture->scratch, "/tmp", "test_files");
	for (size_t i = 0; i < NG_ROOTS; i++) {
		if (asprintf(&fixture->paths[i], "%s/%zu", fixture->scratch.root, i) < 0)
			return -1;
		if (i != NG_RUN)
			mkdir(fixture->paths[i], 0755);
	}
	if (ng_kernel_init(&fixture->kernel, (const char *const *)fixture->paths) < 0)
		return -1;
	fixture->scrape = (struct ng_scrape){
		.arena = &fixture->arena,
		.kernel = &fixture->kernel,
		.serial = 1,
		.devices_epoch = 1,
		.reason = fixture->reason,
		.reason_size = sizeof(fixture->reason),
	};
	*state = fixture;
	return 0;
}

static int close_roots(void **state)
{
	struct fixture *fixture = *state;

	ng_kernel_done(&fixture->kernel);
	ng_arena_done(&fixture->arena);
	scratch_done(&fixture->scratch);
	for (size_t i = 0; i < NG_ROOTS; i++)
		free(fixture->paths[i]);
	free(fixture);
	return 0;
}

static const char *below(const struct fixture *fixture, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", fixture->paths[NG_PROC], name);
	return path;
}

static void put_bytes(const struct fixture *fixture, const char *name, const char *bytes, size_t size)
{
	assert_true(tree_write(below(fixture, name), bytes, size));
}

static void put(const struct fixture *fixture, const char *name, const char *text)
{
	put_bytes(fixture, name, text, strlen(text));
}

static unsigned descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* ---- kept files ---- */

/* A file whose descriptor number is too high is not kept open, but can still be read. */
static void not_kept(void **state)
{
	struct fixture *fixture = *state;
	struct ng_file file = NG_FILE(NG_PROC, NG_WHOLE, "loadavg");
	struct ng_span text;
	unsigned before = descriptors();

	put(fixture, "loadavg", "0.1\n");
	fixture->kernel.keep_below = 1;
	assert_false(ng_may_keep(&fixture->scrape, 3));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ng_file_read(&fixture->scrape, &file, &text), 0);
		assert_span(text, "0.1\n");
		assert_int_equal(file.fd_plus_1, 0);
		assert_int_equal(descriptors(), before);
	}
	fixture->kernel.keep_below = ng_keep_below(0);
	assert_int_equal(ng_file_read(&fixture->scrape, &file, &text), 0);
	assert_true(file.fd_plus_1 != 0);
	ng_file_close(&file);
	assert_int_equal(ng_keep_below(UINT64_MAX - 1), 1);
}

/* A kept file is read from its start again, and shows its current contents. */
static void kept(void **state)
{
	struct fixture *fixture = *state;
	struct ng_file file = NG_FILE(NG_PROC, NG_WHOLE, "loadavg");
	struct ng_span text;

	put(fixture, "loadavg", "0.1\n");
	assert_int_equal(ng_file_read(&fixture->scrape, &file, &text), 0);
	assert_span(text, "0.1\n");
	put(fixture, "loadavg", "0.25\n");
	assert_int_equal(ng_file_read(&fixture->scrape, &file, &text), 0);
	assert_span(text, "0.25\n");
	put(fixture, "loadavg", "");
	assert_int_equal(ng_file_read(&fixture->scrape, &file, &text), 0);
	assert_span(text, "");
	assert_true(file.fd_plus_1 != 0);
	ng_file_close(&file);
	ng_file_close(&file);
	assert_int_equal(file.fd_plus_1, 0);
}

static void missing(void **state)
{
	struct fixture *fixture = *state;
	struct ng_file file = NG_FILE(NG_PROC, NG_VALUE, "none"), no_root = NG_FILE(NG_RUN, NG_VALUE, "none");
	struct ng_span text;
	unsigned before = descriptors();

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(ng_file_read(&fixture->scrape, &file, &text), -ENOENT);
		assert_non_null(strstr(fixture->reason, "none"));
		assert_int_equal(ng_file_read(&fixture->scrape, &no_root, &text), -ENOENT);
	}
	put(fixture, "none", "1\n");
	assert_int_equal(ng_file_read(&fixture->scrape, &file, &text), 0);
	assert_span(text, "1\n");
	ng_file_close(&file);
	assert_int_equal(descriptors(), before);
}

/*
 * The device behind a kept file goes away and comes back: the next read finds the new one. A directory in its place
 * causes an error that does not persist.
 */
static void replaced(void **state)
{
	struct fixture *fixture = *state;
	struct ng_file file = NG_FILE(NG_PROC, NG_VALUE, "value");
	struct ng_span text;
	int directory = open(fixture->paths[NG_PROC], O_RDONLY | O_DIRECTORY);

	put(fixture, "value", "1\n");
	assert_int_equal(ng_file_read(&fixture->scrape, &file, &text), 0);
	/* the error of reading a directory is not one of those for a removed device */
	assert_int_equal(dup3(directory, file.fd_plus_1 - 1, O_CLOEXEC), file.fd_plus_1 - 1);
	assert_int_equal(ng_file_read(&fixture->scrape, &file, &text), -EISDIR);
	assert_int_equal(ng_file_read(&fixture->scrape, &file, &text), 0);
	assert_span(text, "1\n");
	ng_file_close(&file);
	close(directory);
}

/* ---- sizes ---- */

/* Files of all sizes around those of the buffers, with all kinds; values are always short. */
static void sizes(void **state)
{
	static const size_t around[] = { 1, 4096, 8192, 16384, 32768, 65536, 131072, 1000000 };
	struct fixture *fixture = *state;
	char *bytes = malloc(1000100);

	for (size_t i = 0; i < 1000100; i++)
		bytes[i] = (char)('a' + i * 7 % 26);
	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		for (size_t size = around[i] > 40 ? around[i] - 40 : 0; size <= around[i] + 40;
			size += 1 + (around[i] > 4096)) {
			put_bytes(fixture, "file", bytes, size);
			for (int kind = NG_VALUE; kind <= NG_RECORDS; kind++) {
				struct ng_file file = NG_FILE(NG_PROC, (enum ng_kind)kind, "file");
				struct ng_span text, once;
				ng_arena_reset(&fixture->arena);
				assert_int_equal(ng_file_read(&fixture->scrape, &file, &text), 0);
				assert_int_equal(
					ng_read(&fixture->scrape, NG_PROC, (enum ng_kind)kind, "file", &once), 0);
				assert_int_equal(text.size, size);
				assert_int_equal(once.size, size);
				assert_true(size == 0 || memcmp(text.text, bytes, size) == 0);
				assert_true(size == 0 || memcmp(once.text, bytes, size) == 0);
				ng_file_close(&file);
			}
		}
	}
	free(bytes);
}

/* A kernel file that is returned in pieces of at most one page (fs/proc/task_mmu.c). */
static void pieces(void **state)
{
	static const char *const live[NG_ROOTS] = { "/proc", "/", "/", "/", "/", "/" };
	struct fixture *fixture = *state;
	struct ng_kernel kernel;
	struct ng_span text;
	char piece[4096];
	size_t size = 0;
	ssize_t n;

	/* enough areas for several pages of text */
	guarded("x");
	int fd = open("/proc/self/smaps", O_RDONLY);
	assert_true(fd >= 0);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		size += (size_t)n;
	close(fd);
	assert_int_equal(ng_kernel_init(&kernel, live), 0);
	fixture->scrape.kernel = &kernel;
	assert_int_equal(ng_read(&fixture->scrape, NG_PROC, NG_RECORDS, "self/smaps", &text), 0);
	assert_true(size > 3 * sizeof(piece));
	assert_true(text.size > size / 2);
	assert_int_equal(text.text[text.size - 1], '\n');
	ng_kernel_done(&kernel);
	fixture->scrape.kernel = &fixture->kernel;
}

/* An endless file is an error, and the arena can be used afterwards. */
static void endless(void **state)
{
	struct fixture *fixture = *state;
	struct ng_span text;

	assert_int_equal(truncate(below(fixture, "file"), 0), -1);
	put(fixture, "file", "");
	assert_int_equal(truncate(below(fixture, "file"), (off_t)1 << 40), 0);
	for (int kind = NG_VALUE; kind <= NG_RECORDS; kind++) {
		int r = ng_read(&fixture->scrape, NG_PROC, (enum ng_kind)kind, "file", &text);
		assert_int_equal(r, -EFBIG);
		ng_arena_reset(&fixture->arena);
		assert_non_null(ng_alloc(&fixture->arena, 100));
	}
}

/* ---- not regular files ---- */

static void odd_files(void **state)
{
	struct fixture *fixture = *state;
	struct ng_span text;
	unsigned before = descriptors();

	mkdir(below(fixture, "directory"), 0755);
	mkfifo(below(fixture, "fifo"), 0644);
	assert_int_equal(symlink("loop", below(fixture, "loop")), 0);
	for (int kind = NG_VALUE; kind <= NG_RECORDS; kind++) {
		assert_true(ng_read(&fixture->scrape, NG_PROC, (enum ng_kind)kind, "directory", &text) < 0);
		/* a FIFO without a writer does not block */
		int r = ng_read(&fixture->scrape, NG_PROC, (enum ng_kind)kind, "fifo", &text);
		assert_true(r < 0 || text.size == 0);
		assert_int_equal(ng_read(&fixture->scrape, NG_PROC, (enum ng_kind)kind, "loop", &text), -ELOOP);
		assert_int_equal(
			ng_read(&fixture->scrape, NG_PROC, (enum ng_kind)kind, "directory/x/y", &text), -ENOENT);
		assert_int_equal(ng_read(&fixture->scrape, NG_PROC, (enum ng_kind)kind, "fifo/x", &text), -ENOTDIR);
	}
	assert_int_equal(descriptors(), before);
}

/* ---- values ---- */

static void values(void **state)
{
	struct fixture *fixture = *state;
	uint64_t whole;
	int64_t number;
	struct ng_span text;
	int fd = ng_root_fd(&fixture->scrape, NG_PROC);

	put(fixture, "whole", " 42 \n");
	put(fixture, "negative", "-1\n");
	put(fixture, "word", "up\n");
	put(fixture, "blank", " \n");
	put(fixture, "empty", "");
	put(fixture, "huge", "18446744073709551616\n");
	assert_int_equal(ng_read_u64_at(&fixture->scrape, fd, "whole", &whole), 0);
	assert_int_equal(whole, 42);
	assert_int_equal(ng_read_i64_at(&fixture->scrape, fd, "negative", &number), 0);
	assert_int_equal(number, -1);
	assert_int_equal(ng_read_u64_at(&fixture->scrape, fd, "negative", &whole), -EBADMSG);
	assert_int_equal(ng_read_u64_at(&fixture->scrape, fd, "word", &whole), -EBADMSG);
	assert_non_null(strstr(fixture->reason, "word"));
	assert_int_equal(ng_read_u64_at(&fixture->scrape, fd, "huge", &whole), -EBADMSG);
	assert_non_null(strstr(fixture->reason, "huge"));
	assert_int_equal(ng_read_i64_at(&fixture->scrape, fd, "huge", &number), -EBADMSG);
	assert_int_equal(ng_read_u64_at(&fixture->scrape, fd, "blank", &whole), -ENODATA);
	assert_non_null(strstr(fixture->reason, "blank"));
	assert_int_equal(ng_read_u64_at(&fixture->scrape, fd, "none", &whole), -ENOENT);
	assert_int_equal(ng_read_value_at(&fixture->scrape, fd, "word", &text), 0);
	assert_span(text, "up");
	assert_int_equal(ng_read_value_at(&fixture->scrape, fd, "blank", &text), -ENODATA);
	assert_int_equal(ng_read_value_at(&fixture->scrape, fd, "empty", &text), -ENODATA);
}

/* ---- directories ---- */

static void names(void **state)
{
	struct fixture *fixture = *state;
	struct ng_names found;
	unsigned before = descriptors();
	char name[300];

	mkdir(below(fixture, "many"), 0755);
	assert_int_equal(ng_names(&fixture->scrape, NG_PROC, "many", &found), 0);
	assert_int_equal(found.count, 0);
	for (unsigned i = 0; i < 1500; i++) {
		snprintf(name, sizeof(name), "many/%0*u", i % 100 + 1, (i * 7919) % 1500);
		put(fixture, name, "");
	}
	put(fixture, "many/...", "");
	put(fixture, "many/\xff\x01", "");
	memset(name, 'n', 260);
	memcpy(name, "many/", 5);
	name[260] = '\0';
	put(fixture, name, "");
	assert_int_equal(ng_names(&fixture->scrape, NG_PROC, "many", &found), 0);
	assert_true(found.count > 1000);
	for (size_t i = 1; i < found.count; i++)
		assert_true(strcmp(found.name[i - 1], found.name[i]) < 0);
	assert_string_equal(found.name[0], "...");
	assert_string_equal(found.name[found.count - 1], "\xff\x01");
	assert_string_equal(found.name[found.count - 2], name + 5);
	assert_int_equal(ng_names(&fixture->scrape, NG_PROC, "many/...", &found), -ENOTDIR);
	assert_int_equal(ng_names(&fixture->scrape, NG_PROC, "none", &found), -ENOENT);
	assert_int_equal(ng_names(&fixture->scrape, NG_RUN, "none", &found), -ENOENT);
	assert_int_equal(descriptors(), before);
}

static void directories(void **state)
{
	struct fixture *fixture = *state;
	unsigned before = descriptors();
	struct ng_span text;
	uint64_t value;
	int fd, inner;

	mkdir(below(fixture, "a"), 0755);
	mkdir(below(fixture, "a/b"), 0755);
	put(fixture, "a/b/value", "7\n");
	assert_int_equal(symlink("../a/b/value", below(fixture, "a/link")), 0);
	assert_int_equal(ng_directory(&fixture->scrape, NG_PROC, "a", &fd), 0);
	assert_int_equal(ng_directory_at(&fixture->scrape, fd, "b", &inner), 0);
	assert_int_equal(ng_read_u64_at(&fixture->scrape, inner, "value", &value), 0);
	assert_int_equal(value, 7);
	assert_int_equal(ng_read_u64_at(&fixture->scrape, fd, "b/value", &value), 0);
	assert_int_equal(ng_read_u64_at(&fixture->scrape, fd, "link", &value), 0);
	assert_int_equal(ng_readlink_at(&fixture->scrape, fd, "link", &text), 0);
	assert_span(text, "../a/b/value");
	assert_int_equal(ng_readlink_at(&fixture->scrape, fd, "b", &text), -EINVAL);
	assert_int_equal(ng_directory(&fixture->scrape, NG_PROC, "a/link", &inner), -ENOTDIR);
	assert_int_equal(ng_directory(&fixture->scrape, NG_RUN, "a", &inner), -ENOENT);
	close(inner);
	close(fd);
	assert_int_equal(descriptors(), before);
}

static void long_link(void **state)
{
	struct fixture *fixture = *state;
	char target[4000];
	struct ng_span text;

	memset(target, 'x', sizeof(target) - 1);
	target[sizeof(target) - 1] = '\0';
	assert_int_equal(symlink(target, below(fixture, "link")), 0);
	int r = ng_readlink_at(&fixture->scrape, ng_root_fd(&fixture->scrape, NG_PROC), "link", &text);
	assert_true(r < 0 || text.size == sizeof(target) - 1);
}

/* ---- shared files ---- */

/* Read once per gather; a failure is reported to every user. */
static void shared(void **state)
{
	struct fixture *fixture = *state;
	struct ng_setup setup = { .kernel = &fixture->kernel };
	struct ng_shared *stat = ng_shared(&setup, NG_PROC, NG_WHOLE, "stat");
	struct ng_span text, again;

	assert_non_null(stat);
	assert_ptr_equal(ng_shared(&setup, NG_PROC, NG_WHOLE, "stat"), stat);
	assert_ptr_not_equal(ng_shared(&setup, NG_SYS, NG_WHOLE, "stat"), stat);
	assert_int_equal(ng_shared_read(&fixture->scrape, stat, &text), -ENOENT);
	fixture->reason[0] = '\0';
	put(fixture, "stat", "1\n");
	assert_int_equal(ng_shared_read(&fixture->scrape, stat, &text), -ENOENT);
	assert_non_null(strstr(fixture->reason, "stat"));
	fixture->scrape.serial = 2;
	assert_int_equal(ng_shared_read(&fixture->scrape, stat, &text), 0);
	put(fixture, "stat", "2\n");
	assert_int_equal(ng_shared_read(&fixture->scrape, stat, &again), 0);
	assert_span(text, "1\n");
	assert_span(again, "1\n");
	fixture->scrape.serial = 3;
	assert_int_equal(ng_shared_read(&fixture->scrape, stat, &again), 0);
	assert_span(text, "1\n");
	assert_span(again, "2\n");
	assert_int_equal(ng_shared_read(&fixture->scrape, NULL, &again), -ENOMEM);
}

/* ---- reasons ---- */

static void reasons(void **state)
{
	struct fixture *fixture = *state;
	char room[32 + 4];

	assert_int_equal(ng_broken(&fixture->scrape, "net/dev", 3, "two numbers"), -EBADMSG);
	assert_string_equal(fixture->reason, "net/dev: line 3: expected two numbers");
	assert_int_equal(ng_broken(&fixture->scrape, "net/dev", 0, "a header"), -EBADMSG);
	assert_string_equal(fixture->reason, "net/dev: expected a header");
	assert_int_equal(ng_failed(&fixture->scrape, -EIO, "read", "net/dev"), -EIO);
	assert_string_equal(fixture->reason, "read net/dev: Input/output error");
	assert_int_equal(ng_failed(&fixture->scrape, -9999, "read", "x"), -9999);
	for (size_t size = 0; size <= 32; size++) {
		memset(room, '#', sizeof(room));
		fixture->scrape.reason = room;
		fixture->scrape.reason_size = size;
		ng_failed(&fixture->scrape, -EIO, "read", "a/rather/long/name");
		for (size_t i = size; i < sizeof(room); i++)
			assert_int_equal(room[i], '#');
		ng_broken(&fixture->scrape, "a/rather/long/name", 1, "something else");
		for (size_t i = size; i < sizeof(room); i++)
			assert_int_equal(room[i], '#');
	}
}

static void gone_items(void **state)
{
	static const int gone[] = { ENOENT, ENOTDIR, ESRCH, ENODEV, ENXIO, EIO, EINVAL, EAGAIN, EOPNOTSUPP, ENODATA,
		ETIMEDOUT };
	static const int not_gone[] = { 0, EACCES, EPERM, ENOMEM, EMFILE, ENFILE, EBADMSG };

	(void)state;
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		assert_true(ng_item_gone(-gone[i]));
	for (size_t i = 0; i < sizeof(not_gone) / sizeof(not_gone[0]); i++)
		assert_false(ng_item_gone(-not_gone[i]));
}

static void joined_paths(void **state)
{
	struct fixture *fixture = *state;

	assert_string_equal(ng_join(&fixture->arena, "net/", "dev", NULL), "net/dev");
	assert_string_equal(ng_join(&fixture->arena, "a", "b", "c"), "abc");
	assert_string_equal(ng_join(&fixture->arena, "", "", ""), "");
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, open_roots, close_roots)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(kept),
		FILE_TEST(not_kept),
		FILE_TEST(missing),
		FILE_TEST(replaced),
		FILE_TEST(sizes),
		FILE_TEST(pieces),
		FILE_TEST(endless),
		FILE_TEST(odd_files),
		FILE_TEST(values),
		FILE_TEST(names),
		FILE_TEST(directories),
		FILE_TEST(long_link),
		FILE_TEST(shared),
		FILE_TEST(reasons),
		FILE_TEST(gone_items),
		FILE_TEST(joined_paths),
	};

	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
