/* SPDX-License-Identifier: Apache-2.0 */
#include "interpose.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static struct {
	atomic_bool armed;
	struct fault fault;
	atomic_ulong calls;
	char call[2 * PATH_MAX];
} now;

void fault_arm(struct fault fault)
{
	now.fault = fault;
	now.call[0] = '\0';
	atomic_store(&now.calls, 0);
	atomic_store(&now.armed, true);
}

unsigned long fault_disarm(void)
{
	atomic_store(&now.armed, false);
	return atomic_load(&now.calls);
}

const char *fault_call(void)
{
	return now.call;
}

/* ---- files read in pieces ---- */

enum { PIECES = 4096 };
static _Atomic uint64_t in_pieces[PIECES];

static uint64_t identity(int fd)
{
	struct stat status;

	/* device and inode in one word; 0 marks an empty slot */
	return fstat(fd, &status) == 0 ? ((uint64_t)status.st_dev << 48 ^ (uint64_t)status.st_ino) | UINT64_C(1) << 63
				       : 0;
}

static bool note_pieces(int fd, bool add)
{
	uint64_t id = identity(fd);

	for (size_t at = id % PIECES, tries = 0; id && tries < PIECES; at = (at + 1) % PIECES, tries++) {
		uint64_t there = atomic_load(&in_pieces[at]);
		if (there == id)
			return true;
		if (there)
			continue;
		if (add)
			atomic_store(&in_pieces[at], id);
		return false;
	}
	return false;
}

void fault_forget(void)
{
	for (size_t i = 0; i < PIECES; i++)
		atomic_store(&in_pieces[i], 0);
}

/* ---- the fault ---- */

enum call_kind { CALL_OTHER, CALL_READ, CALL_RECEIVE };

/* One call of the program: its name, the descriptor or -1, the path or NULL. */
struct call {
	enum call_kind kind;
	const char *name;
	int fd;
	const char *path;
};

static bool counts(const struct call *call)
{
	switch (now.fault.calls) {
	case CALLS_READING:
		return call->kind != CALL_OTHER;
	case CALLS_IN_PIECES:
		return call->kind == CALL_READ && note_pieces(call->fd, false);
	default:
		return true;
	}
}

static void note_call(const struct call *call)
{
	char link[32], place[PATH_MAX] = "";
	long n = 0;

	if (call->fd >= 0) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", call->fd);
		n = syscall(SYS_readlinkat, AT_FDCWD, link, place, sizeof(place) - 1);
	}
	place[n > 0 ? n : 0] = '\0';
	snprintf(now.call, sizeof(now.call), "%s %s%s%s", call->name, place, n > 0 && call->path ? "/" : "",
		call->path ? call->path : "");
}

/* Whether the call is to fail, with errno set; the `size` of a read may be reduced. */
static bool meets_fault(const struct call *call, size_t *size)
{
	if (!atomic_load(&now.armed) || !counts(call))
		return false;
	unsigned long n = atomic_fetch_add(&now.calls, 1) + 1;
	bool every_other = now.fault.at == 0 && now.fault.error == EINTR && n % 2 == 0;
	if (now.fault.kind == FAULT_NONE || (now.fault.at && now.fault.at != n) || every_other)
		return false;
	if (now.fault.at)
		note_call(call);
	if (now.fault.kind == FAULT_SHORT) {
		if (call->kind == CALL_READ && size && *size > 1)
			*size = 1;
		return false;
	}
	errno = now.fault.error;
	return true;
}

/* ---- calls ---- */

static void *real(const char *name, _Atomic(void *) *slot)
{
	void *function = atomic_load(slot);

	if (!function) {
		function = dlsym(RTLD_NEXT, name);
		atomic_store(slot, function);
	}
	return function;
}

/*
 * Defined under the C library's names by means of assembler names, because its headers declare some of them as other
 * symbols or as inline functions. SHIM(result, symbol, parameters) declares the type and the function itself; REAL
 * returns the next definition of that name.
 */
#define SHIM(result, symbol, ...)                                                                                      \
	typedef result type_##symbol(__VA_ARGS__);                                                                     \
	result shim_##symbol(__VA_ARGS__) __asm__(#symbol);                                                            \
	static type_##symbol *next_##symbol(void)                                                                      \
	{                                                                                                              \
		static _Atomic(void *) slot;                                                                           \
		return (type_##symbol *)real(#symbol, &slot);                                                          \
	}                                                                                                              \
	result shim_##symbol(__VA_ARGS__)

#define MEETS(kind, symbol, fd, path, size) meets_fault(&(struct call){ (kind), #symbol, (fd), (path) }, (size))
#define FAIL_OR_AT(symbol, fd, path, ...)                                                                              \
	(MEETS(CALL_OTHER, symbol, (fd), (path), NULL) ? -1 : next_##symbol()(__VA_ARGS__))
#define FAIL_OR(symbol, fd, ...) FAIL_OR_AT(symbol, (fd), NULL, __VA_ARGS__)

static mode_t mode_of(int flags, va_list arguments)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

#define WITH_MODE(flags)                                                                                               \
	va_list arguments_;                                                                                            \
	va_start(arguments_, flags);                                                                                   \
	mode_t mode = mode_of(flags, arguments_);                                                                      \
	va_end(arguments_)

SHIM(int, open, const char *path, int flags, ...)
{
	WITH_MODE(flags);
	return FAIL_OR_AT(open, -1, path, path, flags, mode);
}

SHIM(int, open64, const char *path, int flags, ...)
{
	WITH_MODE(flags);
	return FAIL_OR_AT(open64, -1, path, path, flags, mode);
}

SHIM(int, openat, int directory, const char *path, int flags, ...)
{
	WITH_MODE(flags);
	return FAIL_OR_AT(openat, directory, path, directory, path, flags, mode);
}

SHIM(int, openat64, int directory, const char *path, int flags, ...)
{
	WITH_MODE(flags);
	return FAIL_OR_AT(openat64, directory, path, directory, path, flags, mode);
}

SHIM(int, __open_2, const char *path, int flags)
{
	return FAIL_OR_AT(__open_2, -1, path, path, flags);
}

SHIM(int, __open64_2, const char *path, int flags)
{
	return FAIL_OR_AT(__open64_2, -1, path, path, flags);
}

SHIM(int, __openat_2, int directory, const char *path, int flags)
{
	return FAIL_OR_AT(__openat_2, directory, path, directory, path, flags);
}

SHIM(int, __openat64_2, int directory, const char *path, int flags)
{
	return FAIL_OR_AT(__openat64_2, directory, path, directory, path, flags);
}

/* Of the calls for which the C library has no function, only openat2 accesses the kernel's files. */
SHIM(long, syscall, long number, long a, long b, long c, long d, long e, long f)
{
	if (number == SYS_openat2 &&
		meets_fault(&(struct call){ CALL_OTHER, "openat2", (int)a, (const char *)b }, NULL))
		return -1;
	return next_syscall()(number, a, b, c, d, e, f);
}

/* A second read of a file, further on, shows that it is read in pieces. */
static void watch_pieces(int fd, bool further)
{
	if (further && atomic_load(&now.armed) && now.fault.kind == FAULT_NONE)
		note_pieces(fd, true);
}

static bool is_further(int fd)
{
	return atomic_load(&now.armed) && now.fault.kind == FAULT_NONE && lseek(fd, 0, SEEK_CUR) > 0;
}

SHIM(ssize_t, read, int fd, void *bytes, size_t size)
{
	watch_pieces(fd, is_further(fd));
	return MEETS(CALL_READ, read, fd, NULL, &size) ? -1 : next_read()(fd, bytes, size);
}

SHIM(ssize_t, __read_chk, int fd, void *bytes, size_t size, size_t room)
{
	watch_pieces(fd, is_further(fd));
	return MEETS(CALL_READ, __read_chk, fd, NULL, &size) ? -1 : next___read_chk()(fd, bytes, size, room);
}

SHIM(ssize_t, pread, int fd, void *bytes, size_t size, off_t offset)
{
	watch_pieces(fd, offset > 0);
	return MEETS(CALL_READ, pread, fd, NULL, &size) ? -1 : next_pread()(fd, bytes, size, offset);
}

SHIM(ssize_t, pread64, int fd, void *bytes, size_t size, off_t offset)
{
	watch_pieces(fd, offset > 0);
	return MEETS(CALL_READ, pread64, fd, NULL, &size) ? -1 : next_pread64()(fd, bytes, size, offset);
}

SHIM(ssize_t, __pread_chk, int fd, void *bytes, size_t size, off_t offset, size_t room)
{
	watch_pieces(fd, offset > 0);
	return MEETS(CALL_READ, __pread_chk, fd, NULL, &size) ? -1 : next___pread_chk()(fd, bytes, size, offset, room);
}

SHIM(ssize_t, __pread64_chk, int fd, void *bytes, size_t size, off_t offset, size_t room)
{
	watch_pieces(fd, offset > 0);
	return MEETS(CALL_READ, __pread64_chk, fd, NULL, &size) ? -1
								: next___pread64_chk()(fd, bytes, size, offset, room);
}

SHIM(ssize_t, getdents64, int fd, void *bytes, size_t size)
{
	return FAIL_OR(getdents64, fd, fd, bytes, size);
}

SHIM(ssize_t, readlink, const char *path, char *bytes, size_t size)
{
	return FAIL_OR_AT(readlink, -1, path, path, bytes, size);
}

SHIM(ssize_t, readlinkat, int directory, const char *path, char *bytes, size_t size)
{
	return FAIL_OR_AT(readlinkat, directory, path, directory, path, bytes, size);
}

SHIM(ssize_t, __readlink_chk, const char *path, char *bytes, size_t size, size_t room)
{
	return FAIL_OR_AT(__readlink_chk, -1, path, path, bytes, size, room);
}

SHIM(ssize_t, __readlinkat_chk, int directory, const char *path, char *bytes, size_t size, size_t room)
{
	return FAIL_OR_AT(__readlinkat_chk, directory, path, directory, path, bytes, size, room);
}

SHIM(int, fstatat, int directory, const char *path, void *status, int flags)
{
	return FAIL_OR_AT(fstatat, directory, path, directory, path, status, flags);
}

SHIM(int, fstatat64, int directory, const char *path, void *status, int flags)
{
	return FAIL_OR_AT(fstatat64, directory, path, directory, path, status, flags);
}

SHIM(int, stat, const char *path, void *status)
{
	return FAIL_OR_AT(stat, -1, path, path, status);
}

SHIM(int, stat64, const char *path, void *status)
{
	return FAIL_OR_AT(stat64, -1, path, path, status);
}

SHIM(int, statx, int directory, const char *path, int flags, unsigned mask, void *status)
{
	return FAIL_OR_AT(statx, directory, path, directory, path, flags, mask, status);
}

SHIM(int, statfs, const char *path, void *status)
{
	return FAIL_OR_AT(statfs, -1, path, path, status);
}

SHIM(int, statfs64, const char *path, void *status)
{
	return FAIL_OR_AT(statfs64, -1, path, path, status);
}

SHIM(int, fstatfs, int fd, void *status)
{
	return FAIL_OR(fstatfs, fd, fd, status);
}

SHIM(int, fstatfs64, int fd, void *status)
{
	return FAIL_OR(fstatfs64, fd, fd, status);
}

SHIM(int, statvfs, const char *path, void *status)
{
	return FAIL_OR_AT(statvfs, -1, path, path, status);
}

SHIM(int, statvfs64, const char *path, void *status)
{
	return FAIL_OR_AT(statvfs64, -1, path, path, status);
}

SHIM(int, fstatvfs, int fd, void *status)
{
	return FAIL_OR(fstatvfs, fd, fd, status);
}

SHIM(int, fstatvfs64, int fd, void *status)
{
	return FAIL_OR(fstatvfs64, fd, fd, status);
}

SHIM(int, socket, int domain, int type, int protocol)
{
	return FAIL_OR(socket, -1, domain, type, protocol);
}

SHIM(int, bind, int fd, const struct sockaddr *address, socklen_t size)
{
	return FAIL_OR(bind, fd, fd, address, size);
}

SHIM(int, connect, int fd, const struct sockaddr *address, socklen_t size)
{
	return FAIL_OR(connect, fd, fd, address, size);
}

SHIM(ssize_t, send, int fd, const void *bytes, size_t size, int flags)
{
	return FAIL_OR(send, fd, fd, bytes, size, flags);
}

SHIM(ssize_t, sendto, int fd, const void *bytes, size_t size, int flags, const struct sockaddr *to, socklen_t to_size)
{
	return FAIL_OR(sendto, fd, fd, bytes, size, flags, to, to_size);
}

SHIM(ssize_t, sendmsg, int fd, const struct msghdr *message, int flags)
{
	return FAIL_OR(sendmsg, fd, fd, message, flags);
}

SHIM(ssize_t, recv, int fd, void *bytes, size_t size, int flags)
{
	return MEETS(CALL_RECEIVE, recv, fd, NULL, &size) ? -1 : next_recv()(fd, bytes, size, flags);
}

SHIM(ssize_t, __recv_chk, int fd, void *bytes, size_t size, size_t room, int flags)
{
	return MEETS(CALL_RECEIVE, __recv_chk, fd, NULL, &size) ? -1 : next___recv_chk()(fd, bytes, size, room, flags);
}

SHIM(ssize_t, recvfrom, int fd, void *bytes, size_t size, int flags, struct sockaddr *from, socklen_t *from_size)
{
	return MEETS(CALL_RECEIVE, recvfrom, fd, NULL, &size)
		       ? -1
		       : next_recvfrom()(fd, bytes, size, flags, from, from_size);
}

SHIM(ssize_t, recvmsg, int fd, struct msghdr *message, int flags)
{
	return MEETS(CALL_RECEIVE, recvmsg, fd, NULL, NULL) ? -1 : next_recvmsg()(fd, message, flags);
}

SHIM(int, ioctl, int fd, unsigned long request, void *argument)
{
	return FAIL_OR(ioctl, fd, fd, request, argument);
}
