/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts heap allocations of a dynamically linked program: preloaded, it stands before the allocator and counts calls
 * and bytes in the file that BENCH_ALLOCS names (two 64-bit numbers, mapped shared, so that they can be read at any
 * time).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* glibc's own names behind malloc and its relatives: calling these needs no dlsym, which itself allocates. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

struct counters {
	_Atomic uint64_t all, own;
};

static struct counters before_main, *counters = &before_main;
static uintptr_t own_start, own_end;

/* The program comes first in the list of loaded objects (dl_iterate_phdr(3)). */
static int own_text(struct dl_phdr_info *object, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		if (part->p_type == PT_LOAD && part->p_flags & PF_X) {
			own_start = object->dlpi_addr + part->p_vaddr;
			own_end = own_start + part->p_memsz;
		}
	}
	return 1;
}

__attribute__((constructor)) static void counters_map(void)
{
	dl_iterate_phdr(own_text, NULL);
	const char *path = getenv("BENCH_ALLOCS");
	int fd = path != NULL ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

	if (fd < 0)
		return;
	if (ftruncate(fd, sizeof(struct counters)) == 0) {
		void *map = mmap(NULL, sizeof(struct counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map != MAP_FAILED)
			counters = map;
	}
	close(fd);
}

static void count(const void *caller)
{
	atomic_fetch_add_explicit(&counters->all, 1, memory_order_relaxed);
	if ((uintptr_t)caller - own_start < own_end - own_start)
		atomic_fetch_add_explicit(&counters->own, 1, memory_order_relaxed);
}

#define COUNT() count(__builtin_return_address(0))

void *malloc(size_t size)
{
	COUNT();
	return __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
	COUNT();
	return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
	COUNT();
	return __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t number, size_t size)
{
	size_t bytes;

	COUNT();
	if (__builtin_mul_overflow(number, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_realloc(old, bytes);
}

void *memalign(size_t alignment, size_t size)
{
	COUNT();
	return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	COUNT();
	return __libc_memalign(alignment, size);
}

int posix_memalign(void **ret_block, size_t alignment, size_t size)
{
	COUNT();
	*ret_block = __libc_memalign(alignment, size);
	return *ret_block != NULL ? 0 : ENOMEM;
}
