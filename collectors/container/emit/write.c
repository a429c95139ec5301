/* SPDX-License-Identifier: Apache-2.0 */
/* Writing what has more than one sample in a row, and what is about the collector itself. */
#include "emit/write.h"

/* ---- devices ---- */

static struct container_device_name *look_up_device(
	struct ng_scrape *scrape, struct container *state, uint32_t major, uint32_t minor)
{
	char major_digits[NG_DIGITS], minor_digits[NG_DIGITS];
	struct ng_span name, before = ng_digits(major_digits, major), behind = ng_digits(minor_digits, minor);

	int r = ng_block_name(scrape, major, minor, &name);
	struct container_device_name *slot = r == 0 || ng_absent(r) ? ng_push(&state->memory, &state->device,
									      &state->device_count, &state->device_room)
								    : NULL;
	if (!slot) {
		ng_drop_unread(scrape, r < 0 ? r : -ENOMEM, "the name of a device");
		return NULL;
	}
	*slot = (struct container_device_name){ .major = major, .minor = minor };
	if (r < 0) {
		/* no such device any more: its numbers, as the kubelet does */
		char *at = mempcpy(slot->name, before.text, before.size);
		*at++ = ':';
		memcpy(at, behind.text, behind.size);
		return slot;
	}
	memcpy(slot->name, "/dev/", 5);
	if (name.size > sizeof(slot->name) - 6)
		name.size = sizeof(slot->name) - 6;
	memcpy(slot->name + 5, name.text, name.size);
	/* cciss!c0d0 stands for a slash */
	for (char *c = slot->name; *c; c++)
		*c = *c == '!' ? '/' : *c;
	return slot;
}

static struct ng_span device_name(
	struct ng_scrape *scrape, struct container *state, const struct container_device *device)
{
	if (state->device_epoch != scrape->devices_epoch) {
		state->device_epoch = scrape->devices_epoch;
		ng_arena_reset(&state->memory);
		state->device = NULL;
		state->device_count = state->device_room = 0;
	}
	for (size_t i = 0; i < state->device_count; i++) {
		if (state->device[i].major == device->major && state->device[i].minor == device->minor)
			return ng_span(state->device[i].name);
	}
	const struct container_device_name *found = look_up_device(scrape, state, device->major, device->minor);
	return found ? ng_span(found->name) : (struct ng_span){ NULL, 0 };
}

static uint64_t disk_value(const struct container_device *device, size_t which)
{
	const uint64_t values[] = { device->read_bytes, device->written_bytes, device->reads, device->writes };

	return values[which];
}

/* The labels of each device of each row are made once and used by all families. */
struct device_row {
	const struct container_device *device;
	const struct container_row *row;
	struct ng_labels *labels;
};

static void write_device_usage(struct ng_scrape *scrape, const struct device_row *rows, size_t count)
{
	ng_family(scrape->page, container_family(FAMILY_BLKIO));
	for (size_t i = 0; i < 2 * count; i++) {
		const struct device_row *row = &rows[i / 2];
		char major[NG_DIGITS], minor[NG_DIGITS];
		struct ng_labels *labels =
			NG_LABELS_WITH(scrape->arena, row->labels, { "major", ng_digits(major, row->device->major) },
				{ "minor", ng_digits(minor, row->device->minor) },
				{ "operation", ng_span(i % 2 ? "Write" : "Read") });
		ng_sample_u64(scrape->page, labels, disk_value(row->device, i % 2));
	}
}

static void write_devices(struct ng_scrape *scrape, struct container *state, const struct container_rows *rows)
{
	struct device_row *devices = NULL;
	size_t count = 0, room = 0;

	for (size_t i = 0; i < rows->count; i++) {
		const struct container_row *row = rows->row[i];
		for (uint32_t k = 0; k < row->figures.devices.count; k++) {
			const struct container_device *device = &row->figures.devices.device[k];
			struct ng_span name = device_name(scrape, state, device);
			struct device_row *slot = name.text ? ng_push(scrape->arena, &devices, &count, &room) : NULL;
			if (!name.text)
				continue;
			if (!slot)
				return;
			*slot = (struct device_row){ device, row,
				NG_LABELS_WITH(scrape->arena, row->labels, { "device", name }) };
		}
	}
	for (size_t which = 0; container_wants(&state->reader, SET_IO) && which < 4; which++) {
		ng_family(scrape->page, container_family((enum container_family)(FAMILY_DISK + which)));
		for (size_t i = 0; i < count; i++)
			ng_sample_u64(scrape->page, devices[i].labels, disk_value(devices[i].device, which));
	}
	if (!container_wants(&state->reader, SET_IO_DETAIL))
		return;
	for (size_t which = 0; which < 4; which++) {
		ng_family(scrape->page, container_family((enum container_family)(FAMILY_COST + which)));
		for (size_t i = 0; i < count; i++) {
			if (devices[i].device->has_cost)
				ng_sample_scaled(scrape->page, devices[i].labels, devices[i].device->cost[which], 6);
		}
	}
	write_device_usage(scrape, devices, count);
}

/* ---- network, huge pages, peaks ---- */

static void write_network(struct ng_scrape *scrape, const struct container *state, const struct container_rows *rows)
{
	struct ng_labels **labels = NULL, **slot;
	size_t count = 0, room = 0;

	for (size_t i = 0; i < rows->count; i++) {
		for (uint32_t k = 0; k < rows->row[i]->network.count; k++) {
			slot = ng_push(scrape->arena, &labels, &count, &room);
			if (!slot)
				return;
			const struct container_row *row = rows->row[i];
			const char *name = row->network.interface[k].name;
			*slot = container_network_labels(scrape->arena, &state->model, row, name);
		}
	}
	for (size_t which = 0; which < CONTAINER_NET_COLUMNS; which++) {
		size_t at = 0;
		ng_family(scrape->page, container_family((enum container_family)(FAMILY_NETWORK + which)));
		for (size_t i = 0; i < rows->count; i++) {
			for (uint32_t k = 0; k < rows->row[i]->network.count; k++)
				ng_sample_u64(
					scrape->page, labels[at++], rows->row[i]->network.interface[k].value[which]);
		}
	}
}

static void write_pages(struct ng_scrape *scrape, const struct container_rows *rows)
{
	for (size_t which = 0; which < 3; which++) {
		ng_family(scrape->page, container_family((enum container_family)(FAMILY_HUGE_USAGE + which)));
		for (size_t i = 0; i < rows->count; i++) {
			const struct container_pages *pages = &rows->row[i]->figures.pages;
			for (uint32_t k = 0; k < pages->count; k++) {
				const struct container_page *page = &pages->page[k];
				const uint64_t value[] = { page->usage, page->max, page->failures };
				const bool has[] = { true, page->has_max, page->has_failures };
				if (has[which] && !rows->row[i]->outdone)
					ng_sample_u64(scrape->page,
						NG_LABELS_WITH(scrape->arena, rows->row[i]->labels,
							{ "pagesize", ng_span(page->size) }),
						value[which]);
			}
		}
	}
}

static void write_peaks(struct ng_scrape *scrape, const struct container_rows *rows)
{
	struct ng_labels **labels = ng_alloc(scrape->arena, rows->count * sizeof(*labels) + 1);

	for (size_t i = 0; labels && i < rows->count; i++) {
		if (rows->row[i]->has_peaks)
			labels[i] = NG_LABELS_WITH(scrape->arena, rows->row[i]->labels, { "window", NG_SPAN("60s") });
	}
	for (size_t which = 0; labels && which < CONTAINER_SHARES; which++) {
		ng_family(scrape->page, container_family((enum container_family)(FAMILY_PEAK + which)));
		for (size_t i = 0; i < rows->count; i++) {
			if (rows->row[i]->has_peaks)
				ng_sample_scaled(scrape->page, labels[i], rows->row[i]->peak[which], 4);
		}
	}
}

/* ---- times and names ---- */

static void write_last_seen(struct ng_scrape *scrape, const struct container_rows *rows)
{
	ng_family(scrape->page, container_family(FAMILY_LAST_SEEN));
	for (size_t i = 0; i < rows->count; i++) {
		if (!rows->row[i]->outdone && rows->row[i]->seen_at)
			ng_sample_u64(scrape->page, rows->row[i]->labels, rows->row[i]->seen_at);
	}
}

static void write_identities(struct ng_scrape *scrape, const struct container_rows *rows)
{
	ng_family(scrape->page, container_family(FAMILY_IDENTITY));
	for (size_t i = 0; i < rows->count; i++) {
		const struct container_row *row = rows->row[i];
		struct ng_label labels[4];
		char digits[NG_DIGITS];
		size_t count = 0;
		if (row->outdone || (!row->place.kubernetes && !row->place.has_id))
			continue;
		if (row->place.qos)
			labels[count++] = (struct ng_label){ "qos", ng_span(container_qos_name(row->place.qos)) };
		if (row->named && row->named->has_restart)
			labels[count++] = (struct ng_label){ "restart", ng_digits(digits, row->named->restart) };
		if (*container_runtime_name(row->place.runtime))
			labels[count++] =
				(struct ng_label){ "runtime", ng_span(container_runtime_name(row->place.runtime)) };
		if (*row->place.uid)
			labels[count++] = (struct ng_label){ "uid", ng_span(row->place.uid) };
		if (count)
			ng_sample_u64(scrape->page,
				ng_labels_join(scrape->arena, ng_labels_only(scrape->arena, row->labels, "id"),
					ng_labels(scrape->arena, labels, count)),
				1);
	}
}

/* ---- the collector itself ---- */

static void write_levels(struct ng_scrape *scrape, enum container_family family, const uint64_t count[SHOWN_LEVELS])
{
	ng_family(scrape->page, container_family(family));
	for (size_t i = 0; i < SHOWN_LEVELS; i++)
		ng_sample_u64(scrape->page,
			NG_LABELS(scrape->arena, { "level", ng_span(container_level_name((enum container_shown)i)) }),
			count[i]);
}

/* Those that are not shown, and those that are shown without. */
static void write_unresolved(struct ng_scrape *scrape, const struct container *state, const struct container_rows *rows)
{
	uint64_t count[CONTAINER_MISSING_REASONS];

	memcpy(count, state->resolver.unresolved, sizeof(count));
	for (size_t i = 0; i < rows->count; i++)
		count[rows->row[i]->missing] += !rows->row[i]->gone && container_is_nameless(rows->row[i]);
	ng_family(scrape->page, container_family(FAMILY_UNRESOLVED));
	for (size_t i = CONTAINER_NO_DIRECTORY; i < CONTAINER_MISSING_REASONS; i++)
		ng_sample_u64(scrape->page,
			NG_LABELS(scrape->arena,
				{ "reason", ng_span(container_missing_name((enum container_missing)i)) }),
			count[i]);
}

static void write_lost(struct ng_scrape *scrape, const struct container *state)
{
	static const char *const names[CONTAINER_LOST_REASONS] = {
		[CONTAINER_LOST_TOGETHER] = "together",
		[CONTAINER_LOST_POD_GONE] = "pod_gone",
		[CONTAINER_LOST_NO_POD] = "no_pod",
		[CONTAINER_LOST_UNWATCHED] = "unwatched",
	};

	ng_family(scrape->page, container_family(FAMILY_LOST));
	for (size_t i = 0; i < CONTAINER_LOST_REASONS; i++)
		ng_sample_u64(scrape->page, NG_LABELS(scrape->arena, { "reason", ng_span(names[i]) }),
			state->settlement.lost[i]);
}

/* Only of pods that have such. */
static void write_unattributed(struct ng_scrape *scrape, const struct container_rows *rows)
{
	static const char *const operation[] = { NULL, NULL, "read", "write" };

	for (size_t which = 0; which < CONTAINER_LOST_VALUES; which++) {
		if (which <= CONTAINER_LOST_READ)
			ng_family(scrape->page,
				container_family((enum container_family)(FAMILY_UNATTRIBUTED_CPU + which)));
		for (size_t i = 0; i < rows->count; i++) {
			const struct container_row *row = rows->row[i];
			struct ng_labels *labels = row->labels;
			if (!row->lost[which])
				continue;
			if (operation[which])
				labels = NG_LABELS_WITH(
					scrape->arena, labels, { "operation", ng_span(operation[which]) });
			ng_sample_scaled(scrape->page, labels, row->lost[which], which == CONTAINER_LOST_CPU ? 9 : 0);
		}
	}
}

static void write_tree(struct ng_scrape *scrape, const struct container *state, const struct container_rows *rows)
{
	static const char *const psi[PSI_REASONS] = { NULL, "no_file", "switched_off", "cgroup_v1" };
	struct ng_cgroups_state tree;

	ng_cgroups_state(state->cgroups, &tree);
	write_levels(scrape, FAMILY_GROUPS, state->follow.census.live);
	write_levels(scrape, FAMILY_CREATED, state->follow.census.created);
	write_levels(scrape, FAMILY_REMOVED, state->follow.census.removed);
	write_unresolved(scrape, state, rows);
	ng_family(scrape->page, container_family(FAMILY_PSI));
	for (size_t i = PSI_NO_FILE; container_wants(&state->reader, SET_PRESSURE) && i < PSI_REASONS; i++)
		ng_sample_u64(
			scrape->page, NG_LABELS(scrape->arena, { "reason", ng_span(psi[i]) }), state->reader.psi[i]);
	ng_gauge_u64(scrape->page, container_family(FAMILY_BY_PATH), tree.by_path);
	ng_gauge_u64(scrape->page, container_family(FAMILY_REFUSED), tree.refused);
	ng_gauge_u64(scrape->page, container_family(FAMILY_WATCHES), tree.watches);
	ng_gauge_u64(scrape->page, container_family(FAMILY_OVERFLOWS), tree.overflows);
	ng_gauge_u64(scrape->page, container_family(FAMILY_POLLING), tree.polling);
	ng_gauge_u64(scrape->page, container_family(FAMILY_LEAVING), state->model.leaving_count);
	ng_gauge_u64(scrape->page, container_family(FAMILY_FORGOTTEN), state->model.forgotten);
	write_lost(scrape, state);
}

void container_write(struct ng_scrape *scrape, struct container *state, const struct container_rows *rows)
{
	const struct container_reader *reader = &state->reader;

	container_write_values(scrape, reader->sets, rows);
	if (container_wants(reader, SET_IO) || container_wants(reader, SET_IO_DETAIL))
		write_devices(scrape, state, rows);
	if (container_wants(reader, SET_IO_DETAIL) || container_wants(reader, SET_FILESYSTEM))
		container_write_filesystems(scrape, state, rows);
	if (container_wants(reader, SET_NETWORK))
		write_network(scrape, state, rows);
	if (container_wants(reader, SET_STATES))
		container_write_states(scrape, rows);
	if (container_wants(reader, SET_HUGETLB))
		write_pages(scrape, rows);
	if (container_wants(reader, SET_PRESSURE) && state->sampler.round)
		write_peaks(scrape, rows);
	if (container_wants(reader, SET_INFO))
		write_last_seen(scrape, rows);
	if (container_wants(reader, SET_IDENTITY))
		write_identities(scrape, rows);
	if (state->sampler.round)
		container_write_node(scrape, state);
	write_unattributed(scrape, rows);
	write_tree(scrape, state, rows);
	if (container_wants(reader, SET_MACHINE))
		container_machine_write(scrape, state);
}
