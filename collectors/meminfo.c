/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of the machine: every field that the kernel reports.
 *
 *     MemTotal:       24684096 kB
 *     Active(anon):       1568 kB
 *     HugePages_Total:       0
 *
 * A field becomes node_memory_<Field>_bytes, or node_memory_<Field> if it has no unit; Active(anon) is Active_anon.
 * Fields that are not in `families` get a generic help text. While the kernel is running, it prints the same fields in
 * the same order: a scrape only checks that each line still has its name. Source: proc_meminfo(5), fs/proc/meminfo.c,
 * mm/hugetlb.c, arch/x86/mm/pat/set_memory.c.
 *
 * A negative difference appears as a number near 2^64, in kB (SwapFree of lxcfs) or in bytes.
 */
#include <nodegauge/collector.h>

#define BYTES(field, help_)                                                                                            \
	{                                                                                                              \
		.name = "node_memory_" field "_bytes", .help = help_, .type = NG_GAUGE                                 \
	}
#define PAGES(field, help_)                                                                                            \
	{                                                                                                              \
		.name = "node_memory_" field, .help = help_, .type = NG_GAUGE                                          \
	}

static const struct ng_family families[] = {
	BYTES("MemTotal", "Total usable memory."),
	BYTES("MemFree", "Unused memory."),
	BYTES("MemAvailable", "Estimate of the memory available to new programs without swapping."),
	BYTES("Buffers", "Page cache of block devices."),
	BYTES("Cached", "Page cache of files, including shared memory and tmpfs, excluding SwapCached."),
	BYTES("SwapCached", "Memory swapped back in that is also still in the swap area."),
	BYTES("Active", "Recently used memory (active LRU lists)."),
	BYTES("Inactive", "Memory not recently used (inactive LRU lists), reclaimed first."),
	BYTES("Active_anon", "Recently used anonymous memory."),
	BYTES("Inactive_anon", "Anonymous memory not recently used."),
	BYTES("Active_file", "Recently used page cache."),
	BYTES("Inactive_file", "Page cache not recently used."),
	BYTES("Unevictable", "Memory that cannot be reclaimed."),
	BYTES("Mlocked", "Memory locked by mlock(2)."),
	BYTES("HighTotal", "High memory, not directly mapped by the kernel."),
	BYTES("HighFree", "Free high memory, not directly mapped by the kernel."),
	BYTES("LowTotal", "Low memory, directly mapped by the kernel."),
	BYTES("LowFree", "Free low memory, directly mapped by the kernel."),
	BYTES("MmapCopy", "Memory used for private mappings on machines without an MMU."),
	BYTES("SwapTotal", "Total swap space."),
	BYTES("SwapFree", "Free swap space."),
	BYTES("Zswap", "Memory used by zswap (compressed size)."),
	BYTES("Zswapped", "Uncompressed size of the memory held in zswap."),
	BYTES("Dirty", "Dirty memory waiting to be written back."),
	BYTES("Writeback", "Memory being written back."),
	BYTES("AnonPages", "Anonymous memory mapped by processes."),
	BYTES("Mapped", "Files mapped by processes."),
	BYTES("Shmem", "Shared memory and tmpfs."),
	BYTES("KReclaimable", "Reclaimable kernel memory, including SReclaimable."),
	BYTES("Slab", "Slab caches of the kernel."),
	BYTES("SReclaimable", "Reclaimable part of Slab."),
	BYTES("SUnreclaim", "Unreclaimable part of Slab."),
	BYTES("KernelStack", "Kernel stacks of all tasks."),
	BYTES("ShadowCallStack", "Shadow call stacks of all tasks."),
	BYTES("PageTables", "Page tables of processes."),
	BYTES("SecPageTables", "Secondary page tables, used by virtual machines and the IOMMU."),
	BYTES("NFS_Unstable", "NFS pages sent but not yet committed by the server; 0 since Linux 5.8."),
	BYTES("Bounce", "Bounce buffers of block devices."),
	BYTES("WritebackTmp", "FUSE writeback buffers."),
	BYTES("CommitLimit", "Memory that can be committed under strict overcommit accounting."),
	BYTES("Committed_AS", "Memory committed to processes, whether used or not."),
	BYTES("VmallocTotal", "Size of the vmalloc address space."),
	BYTES("VmallocUsed", "Used part of the vmalloc address space."),
	BYTES("VmallocChunk", "Largest free block of the vmalloc address space; 0 since Linux 4.4."),
	BYTES("Percpu", "Memory used for per-CPU allocations."),
	BYTES("HardwareCorrupted", "Memory reported as corrupted by the hardware."),
	BYTES("AnonHugePages", "Anonymous memory in huge pages."),
	BYTES("ShmemHugePages", "Shared memory and tmpfs in huge pages."),
	BYTES("ShmemPmdMapped", "Shared memory mapped by huge pages."),
	BYTES("FileHugePages", "Page cache in huge pages."),
	BYTES("FilePmdMapped", "Page cache mapped by huge pages."),
	BYTES("CmaTotal", "Memory reserved for the contiguous memory allocator (CMA)."),
	BYTES("CmaFree", "Free memory in the CMA areas."),
	BYTES("Unaccepted", "Memory not yet accepted by the confidential guest."),
	BYTES("Balloon", "Memory returned to the hypervisor by ballooning."),
	PAGES("HugePages_Total", "Size of the pool of huge pages of the default size."),
	PAGES("HugePages_Free", "Free huge pages in the pool."),
	PAGES("HugePages_Rsvd", "Free huge pages in the pool that are already reserved."),
	PAGES("HugePages_Surp", "Huge pages beyond the configured size of the pool."),
	BYTES("Hugepagesize", "Default size of a huge page."),
	BYTES("Hugetlb", "Memory used by huge page pools of all sizes."),
	BYTES("DirectMap4k", "Memory mapped by the kernel with 4 KiB pages."),
	BYTES("DirectMap64k", "Memory mapped by the kernel with 64 KiB pages."),
	BYTES("DirectMap1M", "Memory mapped by the kernel with 1 MiB pages."),
	BYTES("DirectMap2M", "Memory mapped by the kernel with 2 MiB pages."),
	BYTES("DirectMap4M", "Memory mapped by the kernel with 4 MiB pages."),
	BYTES("DirectMap1G", "Memory mapped by the kernel with 1 GiB pages."),
	BYTES("DirectMap2G", "Memory mapped by the kernel with 2 GiB pages."),
	{ .name = "node_memory_<Field>", .help = "Field of /proc/meminfo.", .type = NG_GAUGE, .dynamic = true },
	{ .name = "node_memory_<Field>_bytes", .help = "Field of /proc/meminfo.", .type = NG_GAUGE, .dynamic = true },
};

struct field {
	struct ng_span key;             /* including the colon */
	bool bytes;                     /* given in kB, which are KiB */
	const struct ng_family *family; /* NULL for one opened by name */
	struct ng_span name, help;      /* no name if the field is left out */
	bool broken;                    /* the line could not be parsed */
	bool known;                     /* the value is valid */
	uint64_t value;
};

struct meminfo {
	struct ng_file file;
	struct ng_arena arena; /* of the fields */
	struct field *fields;
	size_t count, capacity;
	bool doubtful; /* some lines could not be parsed: learn them again */
};

static const char expected[] = "a name and a number, of kB if there is a unit";
static const uint64_t most = INT64_MAX;

/* ---- learning the file ---- */

/* "Active(anon)" gives "Active_anon". */
static const char *name_make(struct ng_arena *arena, struct ng_span key)
{
	char *name = (char *)ng_copy(arena, key).text, *out = name;

	for (size_t i = 0; name && i < key.size; i++) {
		if (key.text[i] != ')')
			*out++ = key.text[i] == '(' ? '_' : key.text[i];
	}
	if (name)
		*out = '\0';
	return name;
}

static bool name_known(const struct meminfo *meminfo, struct ng_span name)
{
	for (size_t i = 0; i < meminfo->count; i++) {
		if (ng_span_equal(meminfo->fields[i].name, name))
			return true;
	}
	return false;
}

static const struct ng_family *family_find(const char *name)
{
	for (size_t i = 0; i < NG_COUNT(families); i++) {
		if (!families[i].dynamic && strcmp(families[i].name, name) == 0)
			return &families[i];
	}
	return NULL;
}

static int field_name(struct meminfo *meminfo, struct field *field, struct ng_span key)
{
	const char *plain = name_make(&meminfo->arena, key);
	const char *pages = plain ? ng_join(&meminfo->arena, "node_memory_", plain, NULL) : NULL;
	const char *bytes = pages ? ng_join(&meminfo->arena, pages, "_bytes", NULL) : NULL;
	const char *help = plain ? ng_join(&meminfo->arena, "Field ", plain, " of /proc/meminfo.") : NULL;

	if (!bytes || !help)
		return -ENOMEM;
	field->broken = !field->bytes && family_find(bytes); /* the file is truncated before the unit */
	if (field->broken)
		return 0;
	const char *name = field->bytes ? bytes : pages;
	if (name_known(meminfo, ng_span(name)))
		return 0;
	field->name = ng_span(name);
	field->help = ng_span(help);
	field->family = family_find(name);
	return 0;
}

static int field_add(struct meminfo *meminfo, struct field field, struct ng_span key)
{
	field.key = ng_copy(&meminfo->arena, key);
	meminfo->doubtful = meminfo->doubtful || field.broken;
	struct field *slot = ng_push(&meminfo->arena, &meminfo->fields, &meminfo->count, &meminfo->capacity);
	if (!field.key.text || !slot)
		return -ENOMEM;
	*slot = field;
	return 0;
}

static int line_learn(struct meminfo *meminfo, struct ng_span line)
{
	size_t size = ng_span_find(line, ':');
	struct ng_span rest = ng_span_skip(line, size + 1), unit;
	struct field field = { 0 };

	if (line.size == 0) /* some 3.10 kernels had empty lines */
		return field_add(meminfo, field, line);
	if (size == 0 || size == line.size) {
		field.broken = true;
		return field_add(meminfo, field, line);
	}
	ng_word_next(&rest, &unit);
	field.bytes = ng_word_next(&rest, &unit);
	if (!field.bytes || ng_span_equal(unit, NG_SPAN("kB"))) {
		int r = field_name(meminfo, &field, (struct ng_span){ line.text, size });
		if (r < 0)
			return r;
	} else {
		field.broken = true;
	}
	return field_add(meminfo, field, (struct ng_span){ line.text, size + 1 });
}

static void meminfo_forget(struct meminfo *meminfo)
{
	ng_arena_reset(&meminfo->arena);
	meminfo->fields = NULL;
	meminfo->count = meminfo->capacity = 0;
	meminfo->doubtful = false;
}

static int meminfo_learn(struct meminfo *meminfo, struct ng_span text)
{
	struct ng_span line;
	int r = 0;

	meminfo_forget(meminfo);
	while (r == 0 && ng_line_next(&text, &line))
		r = line_learn(meminfo, line);
	return r;
}

/* ---- reading it ---- */

/*
 * Parses a value as the kernel prints it, "   1568 kB" or "   0", up to the end of the line; NULL if it looks
 * different. 19 digits always fit in 64 bits.
 */
static const char *value_take(struct field *field, const char *at, const char *end)
{
	uint64_t value = 0;

	while (at < end && *at == ' ')
		at++;
	const char *digits = at;
	while (at < end && *at >= '0' && *at <= '9')
		value = value * 10 + (uint64_t)(*at++ - '0');
	if (at == digits || at - digits > 19)
		return NULL;
	if (field->bytes) {
		if (end - at < 3 || memcmp(at, " kB", 3) != 0 || value > most / 1024)
			return NULL;
		at += 3;
		value *= 1024;
	}
	if (value > most)
		return NULL;
	field->value = value;
	return at == end || *at == '\n' ? at : NULL;
}

/* The same for a value that looks different. False if the unit is not the one learned. */
static bool value_parse(struct field *field, struct ng_span rest)
{
	struct ng_span unit = { NULL, 0 };

	field->known = ng_u64_next(&rest, &field->value) == 0;
	if (ng_word_next(&rest, &unit) != field->bytes)
		return false;
	if (field->bytes)
		field->known = field->known && ng_span_equal(unit, NG_SPAN("kB")) &&
			       !__builtin_mul_overflow(field->value, 1024, &field->value);
	field->known = field->known && field->value <= most;
	return true;
}

/* Reads all values; false if the text does not match what was learned. */
static bool meminfo_parse(struct meminfo *meminfo, struct ng_span text)
{
	const char *at = text.text, *end = at + text.size;

	for (size_t i = 0; i < meminfo->count; i++) {
		struct field *field = &meminfo->fields[i];
		if ((size_t)(end - at) < field->key.size || memcmp(at, field->key.text, field->key.size) != 0)
			return false;
		at += field->key.size;
		const char *stop = value_take(field, at, end);
		field->known = stop != NULL;
		if (!stop) {
			struct ng_span rest = { at, (size_t)(end - at) };
			rest.size = ng_span_find(rest, '\n');
			if (field->name.size && !value_parse(field, rest))
				return false;
			stop = at + rest.size;
		}
		at = stop + (stop < end);
	}
	return at == end && meminfo->count;
}

static int meminfo_emit(const struct meminfo *meminfo, struct ng_scrape *scrape)
{
	bool any = false;

	for (size_t i = 0; i < meminfo->count; i++) {
		const struct field *field = &meminfo->fields[i];
		if (field->broken)
			ng_drop_record(scrape, "meminfo", (unsigned)i + 1, expected);
		if (field->name.size == 0)
			continue;
		if (!field->known) {
			ng_drop_value(scrape, "meminfo", (unsigned)i + 1, "a number of bytes or pages below 2^63");
			continue;
		}
		any = true;
		if (field->family)
			ng_family(scrape->page, field->family);
		else
			ng_family_dynamic(scrape->page, NG_GAUGE, field->name, field->help);
		ng_sample_u64(scrape->page, NG_NO_LABELS, field->value);
	}
	return any ? 0 : ng_broken(scrape, "meminfo", 1, expected);
}

static int meminfo_collect(void *state, struct ng_scrape *scrape)
{
	struct meminfo *meminfo = state;
	struct ng_span text;

	int r = ng_file_read(scrape, &meminfo->file, &text);
	if (r < 0)
		return r;
	if (meminfo->doubtful || !meminfo_parse(meminfo, text)) {
		r = meminfo_learn(meminfo, text);
		if (r < 0) {
			meminfo_forget(meminfo);
			return r;
		}
		meminfo_parse(meminfo, text);
	}
	return meminfo_emit(meminfo, scrape);
}

static void meminfo_done(void *state)
{
	struct meminfo *meminfo = state;

	ng_arena_done(&meminfo->arena);
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(meminfo, file, NG_PROC, NG_WHOLE, "meminfo"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "meminfo",
	.summary = "Memory statistics from /proc/meminfo",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct meminfo),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = meminfo_collect,
	.done = meminfo_done,
};
NG_COLLECTOR(descriptor);
