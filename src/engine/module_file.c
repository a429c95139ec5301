/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/module_file.h"

#include "kernel/kernel.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char truncated[] = "file too short: truncated or not completely copied";

static bool is_within(uint64_t offset, uint64_t length, uint64_t size)
{
	return offset <= size && length <= size - offset;
}

/* The header of this process shows what the loader accepts. */
static const ElfW(Ehdr) * own_header(void)
{
	extern const ElfW(Ehdr) __ehdr_start;

	return &__ehdr_start;
}

static const char *check_header(const ElfW(Ehdr) * header, uint64_t size)
{
	const ElfW(Ehdr) *own = own_header();

	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return "not a shared object: no ELF header";
	if (header->e_ident[EI_CLASS] != own->e_ident[EI_CLASS] || header->e_ident[EI_DATA] != own->e_ident[EI_DATA] ||
		header->e_machine != own->e_machine)
		return "built for another architecture";
	if (header->e_type != ET_DYN)
		return "not a shared object: compile it with -shared";
	if (header->e_phentsize != sizeof(ElfW(Phdr)) || header->e_phnum == 0)
		return "not a shared object: no program headers";
	return is_within(header->e_phoff, (uint64_t)header->e_phnum * sizeof(ElfW(Phdr)), size) ? NULL : truncated;
}

const char *ng_module_file_check(const char *path)
{
	ElfW(Ehdr) header;
	ElfW(Phdr) segment;
	struct stat status;

	/* opening a FIFO would block */
	NG_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) < 0)
		return strerror(errno);
	if (!S_ISREG(status.st_mode))
		return "not a regular file";
	uint64_t size = (uint64_t)status.st_size;
	if (pread(fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header))
		return truncated;
	const char *wrong = check_header(&header, size);
	for (unsigned i = 0; !wrong && i < header.e_phnum; i++) {
		if (pread(fd, &segment, sizeof(segment), (off_t)(header.e_phoff + i * sizeof(segment))) !=
			(ssize_t)sizeof(segment))
			return truncated;
		if (!is_within(segment.p_offset, segment.p_filesz, size))
			wrong = truncated;
	}
	return wrong;
}
