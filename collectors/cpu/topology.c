/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the CPUs in sysfs.
 *
 *     isolated                                       2-3,7
 *     cpu1/online                                    1
 *     cpu1/topology/physical_package_id              0
 *     cpu1/topology/core_id                          1
 *     cpu1/thermal_throttle/core_throttle_count      9
 *     cpu1/thermal_throttle/package_throttle_count   30
 *
 * Only the throttle counts change without a device event. They exist for each thread of a core; the first thread by
 * name stands for its core, and the first one of a package for the package: if it cannot be read, no other takes its
 * place. An offline CPU has no topology. A CPU that cannot be taken offline (the first one on x86 since 6.5, and before
 * that by default) has no `online` file; if others have one, it is online if it is in the list of online CPUs.
 *
 * Source: Documentation/ABI/testing/sysfs-devices-system-cpu, Documentation/admin-guide/cputopology.rst,
 * arch/x86/kernel/cpu/mce/therm_throt.c.
 */
#include "cpu.h"

#define DIRECTORY "devices/system/cpu"

/* An open file costs 5 kB of kernel memory: files beyond this number are opened for each read. */
enum { FILES_KEPT = 64 };

enum { PRESENT, ONLINE, ISOLATED }; /* the lists of CPUs */

struct ng_cpu_throttle {
	uint64_t package, core;   /* core is 0 for a package */
	struct ng_labels *labels; /* NULL if there is no counter */
	struct ng_file file;
};

/* ---- listing ---- */

static void forget(struct ng_cpu_topology *topology)
{
	struct ng_cpu_throttles *all[] = { &topology->cores, &topology->packages };

	for (size_t i = 0; i < NG_COUNT(all); i++) {
		for (size_t k = 0; k < all[i]->count; k++)
			ng_file_close(&all[i]->throttle[k].file);
	}
	ng_arena_reset(&topology->kept);
	*topology = (struct ng_cpu_topology){ .kept = topology->kept };
}

/*
 * Files that a CPU does not have are remembered as missing until the devices change; other errors are retried. 0 or
 * -ENOMEM.
 */
static int left_out(struct ng_cpu_topology *topology, struct ng_scrape *scrape, int error, const char *path)
{
	if (error == -ENOMEM)
		return error;
	ng_drop_unread(scrape, error, path);
	topology->unsure = topology->unsure || (error != -ENOENT && error != -ENOTDIR && error != -ENODATA);
	return 0;
}

static const char *file_of(struct ng_scrape *scrape, const char *cpu, const char *file)
{
	return ng_join(scrape->arena, DIRECTORY "/", cpu, file);
}

/* The next range of a list such as "2-3,7"; -ENODATA at its end, another error if it is not a range. */
static int range_next(struct ng_span *list, uint64_t *ret_from, uint64_t *ret_to)
{
	struct ng_span part, first = { NULL, 0 };

	if (!ng_part_next(list, ',', &part))
		return -ENODATA;
	ng_part_next(&part, '-', &first);
	int r = ng_u64(first, ret_from);
	*ret_to = *ret_from;
	return r == 0 && part.size ? ng_u64(part, ret_to) : r;
}

static bool list_has(struct ng_span list, uint64_t cpu)
{
	uint64_t from, to;
	int r;

	while ((r = range_next(&list, &from, &to)) != -ENODATA) {
		if (r == 0 && cpu >= from && cpu <= to)
			return true;
	}
	return false;
}

static int add_flag(struct ng_arena *arena, struct ng_cpu_flags *flags, struct ng_span cpu, bool set)
{
	struct ng_cpu_flag *flag = ng_push(arena, &flags->flag, &flags->count, &flags->capacity);

	if (!flag)
		return -ENOMEM;
	*flag = (struct ng_cpu_flag){ NG_LABELS(arena, { "cpu", cpu }), set };
	return ng_labels_valid(flag->labels) ? 0 : -ENOMEM;
}

static int add_isolated(struct ng_cpu_topology *topology, struct ng_scrape *scrape, struct ng_span list)
{
	static const uint64_t too_many = 1 << 16;
	uint64_t from, to, next = 0;
	char digits[NG_DIGITS];
	int r;

	while ((r = range_next(&list, &from, &to)) != -ENODATA) {
		if (r < 0 || from < next || to >= too_many) {
			left_out(topology, scrape,
				ng_broken(scrape, DIRECTORY "/isolated", 1, "a list of CPUs in ascending order"), NULL);
			continue;
		}
		for (next = from; next <= to; next++) {
			r = add_flag(&topology->kept, &topology->isolated, ng_digits(digits, next), true);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static bool has_throttle(const struct ng_cpu_throttles *throttles, uint64_t package, uint64_t core)
{
	for (size_t i = throttles->count; i-- > 0;) {
		if (throttles->throttle[i].package == package && throttles->throttle[i].core == core)
			return true;
	}
	return false;
}

/* Adds the counter of one CPU, or records that its core or package has none. */
static int add_throttle(struct ng_cpu_topology *topology, struct ng_scrape *scrape, struct ng_cpu_throttles *throttles,
	const char *cpu, struct ng_cpu_throttle throttle)
{
	bool core = throttles == &topology->cores;
	char digits[2][NG_DIGITS];
	struct ng_span text;

	const char *path = ng_join(&topology->kept, DIRECTORY "/", cpu,
		core ? "/thermal_throttle/core_throttle_count" : "/thermal_throttle/package_throttle_count");
	if (!path)
		return -ENOMEM;
	throttle.file = NG_FILE(NG_SYS, NG_VALUE, path);
	int r = ng_file_read(scrape, &throttle.file, &text);
	if (topology->cores.count + topology->packages.count >= FILES_KEPT)
		ng_file_close(&throttle.file);
	struct ng_span package = ng_digits(digits[0], throttle.package);
	bool counted = r == 0;
	if (!counted)
		r = left_out(topology, scrape, r, path);
	else if (core)
		throttle.labels = NG_LABELS(
			&topology->kept, { "package", package }, { "core", ng_digits(digits[1], throttle.core) });
	else
		throttle.labels = NG_LABELS(&topology->kept, { "package", package });
	struct ng_cpu_throttle *slot =
		ng_push(&topology->kept, &throttles->throttle, &throttles->count, &throttles->capacity);
	if (r < 0 || !slot || !ng_labels_valid(throttle.labels))
		return -ENOMEM;
	*slot = throttle;
	return 0;
}

/* Some kernels without a topology report -1. */
static int read_id(struct ng_scrape *scrape, const char *cpu, const char *file, const char **ret_path, uint64_t *ret_id)
{
	int64_t id = 0;

	*ret_path = file_of(scrape, cpu, file);
	if (!*ret_path)
		return -ENOMEM;
	int r = ng_read_i64_at(scrape, ng_root_fd(scrape, NG_SYS), *ret_path, &id);
	*ret_id = (uint64_t)id;
	return r == 0 && id < 0 ? -ENODATA : r;
}

/* Whether a CPU has a topology; it disappears when the CPU goes offline. */
static bool has_topology(struct ng_scrape *scrape, const char *cpu)
{
	const char *path = file_of(scrape, cpu, "/topology");
	NG_CLOSE int directory = -1;

	return !path || ng_directory(scrape, NG_SYS, path, &directory) == 0;
}

/* `*doubt`: the core of an earlier CPU is unknown, so a core that seems new may have had its first thread already. */
static int add_throttles(struct ng_cpu_topology *topology, struct ng_scrape *scrape, const char *cpu, bool *doubt)
{
	uint64_t package, core;
	const char *path;

	int r = read_id(scrape, cpu, "/topology/physical_package_id", &path, &package);
	if (r == 0)
		r = read_id(scrape, cpu, "/topology/core_id", &path, &core);
	if (r < 0) {
		*doubt = *doubt || (r != -ENODATA && (r != -ENOENT || has_topology(scrape, cpu)));
		return left_out(topology, scrape, r, path);
	}
	if (*doubt) {
		topology->unsure = true;
		return 0;
	}
	if (!has_throttle(&topology->cores, package, core))
		r = add_throttle(topology, scrape, &topology->cores, cpu,
			(struct ng_cpu_throttle){ .package = package, .core = core });
	if (r == 0 && !has_throttle(&topology->packages, package, 0))
		r = add_throttle(
			topology, scrape, &topology->packages, cpu, (struct ng_cpu_throttle){ .package = package });
	return r;
}

struct cpus {
	struct ng_span *number;
	size_t count, capacity;
};

/* A CPU without this file is added to `fixed`. */
static int add_online(struct ng_cpu_topology *topology, struct ng_scrape *scrape, const char *cpu, struct cpus *fixed)
{
	const char *path = file_of(scrape, cpu, "/online");
	struct ng_span online, number = ng_span(cpu + strlen("cpu"));

	int r = path ? ng_read_value_at(scrape, ng_root_fd(scrape, NG_SYS), path, &online) : -ENOMEM;
	if (r == -ENOENT) {
		struct ng_span *slot = ng_push(scrape->arena, &fixed->number, &fixed->count, &fixed->capacity);
		if (!slot)
			return -ENOMEM;
		*slot = number;
		return 0;
	}
	bool set = r == 0 && ng_span_equal(online, NG_SPAN("1"));
	if (r == 0 && !set && !ng_span_equal(online, NG_SPAN("0")))
		r = ng_broken(scrape, path, 1, "0 or 1");
	if (r < 0)
		return left_out(topology, scrape, r, path);
	return add_flag(&topology->kept, &topology->online, number, set);
}

static int add_fixed(struct ng_cpu_topology *topology, const struct cpus *fixed, struct ng_span online)
{
	bool any = topology->online.count > 0;
	uint64_t id;
	int r = 0;

	for (size_t i = 0; r == 0 && any && i < fixed->count; i++) {
		if (ng_u64(fixed->number[i], &id) == 0 && list_has(online, id))
			r = add_flag(&topology->kept, &topology->online, fixed->number[i], true);
	}
	return r;
}

static int list(struct ng_cpu_topology *topology, struct ng_scrape *scrape, struct ng_span online)
{
	struct cpus fixed = { 0 };
	struct ng_names names;
	bool doubt = false;
	uint64_t id;

	int r = ng_names(scrape, NG_SYS, DIRECTORY, &names);
	if (r < 0)
		return left_out(topology, scrape, r, DIRECTORY);
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		const char *cpu = names.name[i];
		if (!ng_span_starts(ng_span(cpu), NG_SPAN("cpu")) || ng_u64(ng_span(cpu + strlen("cpu")), &id) < 0)
			continue;
		r = add_online(topology, scrape, cpu, &fixed);
		if (r == 0)
			r = add_throttles(topology, scrape, cpu, &doubt);
	}
	return r == 0 ? add_fixed(topology, &fixed, online) : r;
}

/* Most devices that come and go are not CPUs: if the kernel's CPU lists are unchanged, so is everything else. */
static int refresh(struct ng_cpu_topology *topology, struct ng_scrape *scrape)
{
	static const char *const paths[NG_COUNT(topology->mask)] = {
		[PRESENT] = DIRECTORY "/present",
		[ONLINE] = DIRECTORY "/online",
		[ISOLATED] = DIRECTORY "/isolated",
	};
	struct ng_span mask[NG_COUNT(paths)] = { 0 };
	int error[NG_COUNT(paths)];
	bool same = topology->epoch != 0;

	if (topology->epoch == scrape->devices_epoch)
		return 0;
	for (size_t i = 0; i < NG_COUNT(paths); i++) {
		error[i] = ng_read(scrape, NG_SYS, NG_VALUE, paths[i], &mask[i]);
		same = same && error[i] == 0 && topology->mask[i].text && ng_span_equal(mask[i], topology->mask[i]);
	}
	if (!same) {
		forget(topology);
		int r = 0;
		for (size_t i = 0; r == 0 && i < NG_COUNT(paths); i++)
			r = error[i] < 0 ? left_out(topology, scrape, error[i], paths[i]) : 0;
		if (r == 0)
			r = add_isolated(topology, scrape, ng_trim(mask[ISOLATED]));
		if (r == 0)
			r = list(topology, scrape, ng_trim(mask[ONLINE]));
		if (r < 0 || topology->unsure)
			return r;
		for (size_t i = 0; i < NG_COUNT(paths); i++)
			topology->mask[i] =
				mask[i].text ? ng_copy(&topology->kept, mask[i]) : (struct ng_span){ NULL, 0 };
	}
	topology->epoch = scrape->devices_epoch;
	return 0;
}

/* ---- emitting ---- */

static void emit_flags(struct ng_page *page, const struct ng_family *family, const struct ng_cpu_flags *flags)
{
	ng_family(page, family);
	for (size_t i = 0; i < flags->count; i++)
		ng_sample_u64(page, flags->flag[i].labels, flags->flag[i].set);
}

static void emit_throttles(struct ng_cpu_topology *topology, struct ng_scrape *scrape, const struct ng_family *family,
	struct ng_cpu_throttles *throttles)
{
	struct ng_span text;
	uint64_t count;

	ng_family(scrape->page, family);
	for (size_t i = 0; i < throttles->count; i++) {
		struct ng_cpu_throttle *throttle = &throttles->throttle[i];
		if (!throttle->labels)
			continue;
		int r = ng_file_read(scrape, &throttle->file, &text);
		if (topology->files++ >= FILES_KEPT)
			ng_file_close(&throttle->file);
		if (r == 0 && ng_u64(ng_trim(text), &count) < 0)
			r = ng_broken(scrape, throttle->file.path, 1, "a number");
		if (r == 0)
			ng_sample_u64(scrape->page, throttle->labels, count);
		else if (ng_absent(r))
			ng_drop(scrape); /* the CPU is going offline */
		else
			ng_drop_unread(scrape, r, throttle->file.path);
	}
}

int ng_cpu_topology_collect(struct ng_cpu_topology *topology, struct ng_scrape *scrape)
{
	int r = refresh(topology, scrape);

	if (r < 0)
		return r;
	topology->files = 0;
	emit_flags(scrape->page, &ng_cpu_families[NG_CPU_ONLINE], &topology->online);
	emit_flags(scrape->page, &ng_cpu_families[NG_CPU_ISOLATED], &topology->isolated);
	emit_throttles(topology, scrape, &ng_cpu_families[NG_CPU_CORE_THROTTLES], &topology->cores);
	emit_throttles(topology, scrape, &ng_cpu_families[NG_CPU_PACKAGE_THROTTLES], &topology->packages);
	return 0;
}

void ng_cpu_topology_done(struct ng_cpu_topology *topology)
{
	forget(topology);
	ng_arena_done(&topology->kept);
}
