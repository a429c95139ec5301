/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sysfs says of the CPUs.
 *
 *     isolated                                       2-3,7
 *     cpu1/online                                    1
 *     cpu1/topology/physical_package_id              0
 *     cpu1/topology/core_id                          1
 *     cpu1/thermal_throttle/core_throttle_count      9
 *     cpu1/thermal_throttle/package_throttle_count   30
 *
 * Only the throttles change without an event of a device. They are counted for each thread of a core; the first thread
 * in the order of the names speaks for its core, and the first one of a package for the package. A CPU that is off line
 * has no topology. Where the first CPU cannot be taken off line (x86 since 6.5, and before that by default) it has no
 * `online`.
 *
 * Source: Documentation/ABI/testing/sysfs-devices-system-cpu, Documentation/admin-guide/cputopology.rst,
 * arch/x86/kernel/cpu/mce/therm_throt.c.
 */
#include "cpu.h"

#define DIRECTORY "devices/system/cpu"

/* A file kept open holds 5 kB of kernel memory: those beyond are opened for each reading. */
enum { FILES_KEPT = 64 };

struct ng_cpu_throttle {
	uint64_t package, core; /* core is 0 for a package */
	struct ng_span labels;
	struct ng_file file;
};

/* ---- what there is ---- */

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

/* What a CPU does not have is settled until the devices change. What it does not answer now is asked for again. */
static int left_out(struct ng_cpu_topology *topology, int error)
{
	bool settled =
		error == -ENOENT || error == -ENOTDIR || error == -ENODATA || error == -EINVAL || error == -ERANGE;

	topology->unsure = topology->unsure || !settled;
	return error == -ENOMEM ? error : 0;
}

static int add_flag(struct ng_arena *arena, struct ng_cpu_flags *flags, struct ng_span cpu, bool set)
{
	struct ng_cpu_flag *flag = ng_push(arena, &flags->flag, &flags->count, &flags->capacity);

	if (!flag)
		return -ENOMEM;
	*flag = (struct ng_cpu_flag){ NG_LABELS(arena, { "cpu", cpu }), set };
	return flag->labels.text ? 0 : -ENOMEM;
}

/* "2-3,7". What is not a list of CPUs isolates none. */
static int read_isolated(struct ng_cpu_topology *topology, struct ng_scrape *scrape)
{
	static const uint64_t too_many = 1 << 16;
	struct ng_span list, part, first;
	uint64_t from, to, next = 0;
	char digits[NG_DIGITS];

	int r = ng_read(scrape, NG_SYS, NG_VALUE, DIRECTORY "/isolated", &list);
	if (r < 0)
		return left_out(topology, r);
	list = ng_trim(list);
	while (ng_part_next(&list, ',', &part)) {
		if (!ng_part_next(&part, '-', &first) || ng_u64(first, &from) < 0)
			return 0;
		to = from;
		if ((part.size && ng_u64(part, &to) < 0) || from < next || to >= too_many)
			return 0;
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

/* Adds the counter of one CPU if it has one. */
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
	if (r < 0)
		return left_out(topology, r);
	struct ng_span package = ng_digits(digits[0], throttle.package);
	if (core)
		throttle.labels = NG_LABELS(
			&topology->kept, { "package", package }, { "core", ng_digits(digits[1], throttle.core) });
	else
		throttle.labels = NG_LABELS(&topology->kept, { "package", package });
	struct ng_cpu_throttle *slot =
		ng_push(&topology->kept, &throttles->throttle, &throttles->count, &throttles->capacity);
	if (!slot)
		return -ENOMEM;
	*slot = throttle;
	return throttle.labels.text ? 0 : -ENOMEM;
}

static int add_throttles(struct ng_cpu_topology *topology, struct ng_scrape *scrape, const char *cpu, int directory)
{
	uint64_t package, core;

	int r = ng_read_u64_at(scrape, directory, "topology/physical_package_id", &package);
	if (r == 0)
		r = ng_read_u64_at(scrape, directory, "topology/core_id", &core);
	if (r < 0)
		return left_out(topology, r);
	if (!has_throttle(&topology->cores, package, core))
		r = add_throttle(topology, scrape, &topology->cores, cpu,
			(struct ng_cpu_throttle){ .package = package, .core = core });
	if (r == 0 && !has_throttle(&topology->packages, package, 0))
		r = add_throttle(
			topology, scrape, &topology->packages, cpu, (struct ng_cpu_throttle){ .package = package });
	return r;
}

/* Nothing is said of any CPU where the first one has no such file. */
static int add_online(struct ng_cpu_topology *topology, struct ng_scrape *scrape, struct ng_span cpu, int directory,
	bool *ret_first_has_it)
{
	struct ng_span online;

	int r = ng_read_value_at(scrape, directory, "online", &online);
	if (r == -ENOENT) {
		if (!topology->online.count)
			*ret_first_has_it = false;
		return 0;
	}
	if (r < 0 && r != -ENODATA)
		return left_out(topology, r);
	return add_flag(&topology->kept, &topology->online, cpu, r == 0 && ng_span_equal(online, NG_SPAN("1")));
}

static int list(struct ng_cpu_topology *topology, struct ng_scrape *scrape)
{
	struct ng_names names;
	bool first_has_online = true;
	uint64_t id;

	int r = ng_names(scrape, NG_SYS, DIRECTORY, &names);
	if (r < 0 && r != -ENOENT)
		return r;
	r = read_isolated(topology, scrape);
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		struct ng_span name = ng_span(names.name[i]), cpu = ng_span_skip(name, 3);
		NG_CLOSE int directory = -1;
		if (!ng_span_starts(name, NG_SPAN("cpu")) || ng_u64(cpu, &id) < 0)
			continue;
		const char *path = ng_join(scrape->arena, DIRECTORY "/", name.text, NULL);
		if (!path)
			return -ENOMEM;
		r = ng_directory(scrape, NG_SYS, path, &directory);
		if (r < 0) {
			r = left_out(topology, r);
			continue;
		}
		if (first_has_online)
			r = add_online(topology, scrape, cpu, directory, &first_has_online);
		if (r == 0)
			r = add_throttles(topology, scrape, name.text, directory);
	}
	return r;
}

/* Most devices that come and go are no CPUs: where the kernel's lists of them are the same, so is all the rest. */
static int refresh(struct ng_cpu_topology *topology, struct ng_scrape *scrape)
{
	static const char *const paths[NG_COUNT(topology->mask)] = {
		DIRECTORY "/present",
		DIRECTORY "/online",
		DIRECTORY "/isolated",
	};
	struct ng_span mask[NG_COUNT(paths)] = { 0 };
	bool same = topology->epoch != 0;

	if (topology->epoch == scrape->devices_epoch)
		return 0;
	for (size_t i = 0; i < NG_COUNT(paths); i++) {
		int r = ng_read(scrape, NG_SYS, NG_VALUE, paths[i], &mask[i]);
		same = same && r == 0 && topology->mask[i].text && ng_span_equal(mask[i], topology->mask[i]);
	}
	if (!same) {
		forget(topology);
		int r = list(topology, scrape);
		if (r < 0 || topology->unsure)
			return r;
		for (size_t i = 0; i < NG_COUNT(paths); i++)
			topology->mask[i] = mask[i].text ? ng_copy(&topology->kept, mask[i]) : NG_NO_LABELS;
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
		int r = ng_file_read(scrape, &throttle->file, &text);
		if (topology->files++ >= FILES_KEPT)
			ng_file_close(&throttle->file);
		if (r == 0 && ng_u64(ng_trim(text), &count) == 0)
			ng_sample_u64(scrape->page, throttle->labels, count);
		else
			ng_drop(scrape);
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
