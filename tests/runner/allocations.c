/* SPDX-License-Identifier: Apache-2.0 */
/* malloc and its relatives, counted and made to fail. */
#include "interpose.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/types.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FOREIGN_ALLOCATOR 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define FOREIGN_ALLOCATOR 1
#endif
#endif

#ifdef FOREIGN_ALLOCATOR

bool allocations_start(void)
{
	return false;
}

bool allocations_fail(unsigned long at)
{
	(void)at;
	return false;
}

unsigned long allocations_stop(void)
{
	return 0;
}

#else

static atomic_bool counting;
static atomic_ulong count, failing;

bool allocations_fail(unsigned long at)
{
	atomic_store(&failing, at);
	atomic_store(&count, 0);
	atomic_store(&counting, true);
	return true;
}

bool allocations_start(void)
{
	return allocations_fail(0);
}

unsigned long allocations_stop(void)
{
	atomic_store(&counting, false);
	return atomic_load(&count);
}

/* True if the allocation is to fail, with errno set. */
static bool fails(void)
{
	if (!atomic_load_explicit(&counting, memory_order_relaxed))
		return false;
	if (atomic_fetch_add(&count, 1) + 1 != atomic_load(&failing))
		return false;
	errno = ENOMEM;
	return true;
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *old);

void *shim_malloc(size_t size) __asm__("malloc");
void *shim_malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *shim_calloc(size_t n, size_t size) __asm__("calloc");
void *shim_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *shim_realloc(void *old, size_t size) __asm__("realloc");
void *shim_realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

/* the C library's own calls realloc without passing here */
void *shim_reallocarray(void *old, size_t n, size_t size) __asm__("reallocarray");
void *shim_reallocarray(void *old, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return shim_realloc(old, bytes);
}

void shim_free(void *old) __asm__("free");
void shim_free(void *old)
{
	__libc_free(old);
}

void *shim_aligned_alloc(size_t alignment, size_t size) __asm__("aligned_alloc");
void *shim_aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __libc_memalign(alignment, size);
}

void *shim_memalign(size_t alignment, size_t size) __asm__("memalign");
void *shim_memalign(size_t alignment, size_t size)
{
	return fails() ? NULL : __libc_memalign(alignment, size);
}

int shim_posix_memalign(void **ret, size_t alignment, size_t size) __asm__("posix_memalign");
int shim_posix_memalign(void **ret, size_t alignment, size_t size)
{
	*ret = fails() ? NULL : __libc_memalign(alignment, size);
	return *ret ? 0 : ENOMEM;
}

typedef void *mmap_function(void *address, size_t size, int protection, int flags, int fd, off_t offset);

void *shim_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset) __asm__("mmap");
void *shim_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	static _Atomic(void *) next;

	if (fails())
		return MAP_FAILED;
	if (!next)
		next = dlsym(RTLD_NEXT, "mmap");
	return ((mmap_function *)next)(address, size, protection, flags, fd, offset);
}

void *shim_mmap64(void *address, size_t size, int protection, int flags, int fd, off_t offset) __asm__("mmap64");
void *shim_mmap64(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	return shim_mmap(address, size, protection, flags, fd, offset);
}

#endif
