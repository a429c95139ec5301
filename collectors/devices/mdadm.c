/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Software RAID arrays (md).
 *
 *     md6 : active raid1 sdb2[2](F) sdc[1](S) sda2[0]
 *           195310144 blocks [2/1] [U_]
 *           [=>...................]  recovery =  8.5% (16775552/195310144) finish=17.0min speed=259783K/sec
 *           bitmap: 0/30 pages [0KB], 65536KB chunk
 *
 *     block/md6/md/level, raid_disks, degraded     raid1, 2, 1
 *
 * In [2/1], two disks are required and one is active; (F) is a failed disk, (S) a spare. Levels without redundancy have
 * neither this nor `degraded`. Source: Documentation/admin-guide/md.rst, md_seq_show in drivers/md/md.c.
 */
#include "devices.h"

enum { BLOCKS, BLOCKS_SYNCED, DISKS, DISKS_REQUIRED, STATE, RAID_DISKS, DEGRADED };

static const struct ng_family families[] = {
	[BLOCKS] = { .name = "node_md_blocks",
		.help = "Blocks of the array, of 1 KiB.",
		.type = NG_GAUGE,
		.labels = "device" },
	[BLOCKS_SYNCED] = { .name = "node_md_blocks_synced",
		.help = "Blocks that are in sync: those already handled while the array is synchronised or checked.",
		.type = NG_GAUGE,
		.labels = "device" },
	[DISKS] = { .name = "node_md_disks",
		.help = "Disks of the array that are active, failed or spare.",
		.type = NG_GAUGE,
		.labels = "device,state" },
	[DISKS_REQUIRED] = { .name = "node_md_disks_required",
		.help = "Disks that the complete array has, without spares.",
		.type = NG_GAUGE,
		.labels = "device" },
	[STATE] = { .name = "node_md_state",
		.help = "1 for the state of the array, 0 for the others.",
		.type = NG_GAUGE,
		.labels = "device,state" },
	[RAID_DISKS] = { .name = "node_md_raid_disks",
		.help = "Disks that the complete array has, from sysfs.",
		.type = NG_GAUGE,
		.labels = "device" },
	[DEGRADED] = { .name = "node_md_degraded",
		.help = "Disks that the array lacks; 0 for levels without redundancy.",
		.type = NG_GAUGE,
		.labels = "device" },
};

static const struct device_attribute attributes[] = { { .file = "raid_disks" }, { .file = "degraded" },
	{ .file = "level" } };
enum { NUMBERS = 2, LEVEL = 2 };
static const struct device_kind arrays = {
	.attributes = attributes,
	.count = NG_COUNT(attributes),
	.numbers = NUMBERS,
	.families = &families[RAID_DISKS],
	.file_kind = NG_VALUE,
};

enum disk_state { ACTIVE, FAILED, SPARE, DISK_STATES };
static const struct ng_span disk_states[DISK_STATES] = {
	[ACTIVE] = NG_SPAN("active"),
	[FAILED] = NG_SPAN("failed"),
	[SPARE] = NG_SPAN("spare"),
};

static const struct ng_span states[] = {
	NG_SPAN("active"),
	NG_SPAN("inactive"),
	NG_SPAN("recovering"),
	NG_SPAN("resync"),
	NG_SPAN("check"),
};

/* An array in mdstat. */
struct array {
	struct ng_span name, state;
	struct ng_labels *labels;
	uint64_t blocks, synced, required, disks[DISK_STATES];
};

struct mdadm {
	struct ng_file mdstat;
	struct devices devices;
};

/* ---- mdstat ---- */

/* The index of `word` in `text`, or text.size. */
static size_t find(struct ng_span text, struct ng_span word)
{
	for (size_t i = 0; i + word.size <= text.size; i++) {
		if (memcmp(text.text + i, word.text, word.size) == 0)
			return i;
	}
	return text.size;
}

static bool contains(struct ng_span text, struct ng_span word)
{
	return find(text, word) < text.size;
}

static uint64_t count(struct ng_span text, struct ng_span word)
{
	uint64_t n = 0;

	for (size_t at = find(text, word); at < text.size; at = find(text, word)) {
		text = ng_span_skip(text, at + word.size);
		n++;
	}
	return n;
}

/* "16775552/195310144)" */
static bool ratio_parse(struct ng_span text, char end, uint64_t *ret_a, uint64_t *ret_b)
{
	size_t slash = ng_span_find(text, '/');
	struct ng_span rest = ng_span_skip(text, slash + 1);
	size_t close = ng_span_find(rest, end);

	return close < rest.size && ng_u64((struct ng_span){ text.text, slash }, ret_a) == 0 &&
	       ng_u64((struct ng_span){ rest.text, close }, ret_b) == 0;
}

/* The first "[2/1]" or "(2/1)" of the line; the brackets can hold other things as well. */
static bool ratio_find(struct ng_span line, char open, char close, uint64_t *ret_a, uint64_t *ret_b)
{
	for (size_t at = ng_span_find(line, open); at < line.size; at = ng_span_find(line, open)) {
		line = ng_span_skip(line, at + 1);
		if (ratio_parse(line, close, ret_a, ret_b))
			return true;
	}
	return false;
}

/* The first line: "md6 : active raid1 sdb2[2](F) sda2[0]" */
static bool device_parse(struct ng_span line, struct array *ret_array)
{
	struct ng_span rest = line, colon;

	*ret_array = (struct array){ 0 };
	if (!ng_word_next(&rest, &ret_array->name) || !ng_word_next(&rest, &colon) ||
		!ng_word_next(&rest, &ret_array->state))
		return false;
	ret_array->disks[FAILED] = count(line, NG_SPAN("(F)"));
	ret_array->disks[SPARE] = count(line, NG_SPAN("(S)"));
	return true;
}

/* The second line: "195310144 blocks [2/1] [U_]" */
static bool status_parse(struct ng_span device, struct ng_span line, struct array *array)
{
	struct ng_span rest = line;

	if (ng_u64_next(&rest, &array->blocks) < 0)
		return false;
	array->synced = array->blocks;
	if (contains(device, NG_SPAN("raid0")) || contains(device, NG_SPAN("linear"))) {
		array->required = array->disks[ACTIVE] = count(device, NG_SPAN("["));
		return true;
	}
	return contains(device, NG_SPAN("inactive")) ||
	       ratio_find(rest, '[', ']', &array->required, &array->disks[ACTIVE]);
}

/* The further lines, of which one may tell the progress of a synchronisation. */
static bool progress_parse(struct ng_span line, struct array *array)
{
	static const struct {
		struct ng_span word, state;
	} actions[] = {
		{ NG_SPAN("recovery"), NG_SPAN("recovering") },
		{ NG_SPAN("reshape"), NG_SPAN("reshaping") },
		{ NG_SPAN("check"), NG_SPAN("check") },
		{ NG_SPAN("resync"), NG_SPAN("resync") },
	};
	uint64_t total;

	for (size_t i = 0; i < NG_COUNT(actions); i++) {
		if (contains(line, NG_SPAN("bitmap:")) || !contains(line, actions[i].word))
			continue;
		array->state = actions[i].state;
		array->synced = 0;
		return contains(line, NG_SPAN("PENDING")) || contains(line, NG_SPAN("DELAYED")) ||
		       contains(line, NG_SPAN("REMOTE")) || ratio_find(line, '(', ')', &array->synced, &total);
	}
	return true;
}

static bool is_indented(struct ng_span text)
{
	return text.size && (text.text[0] == ' ' || text.text[0] == '\t');
}

/* The lines of one array, from its first. */
static bool array_parse(struct ng_span device, struct ng_span *text, unsigned *number, struct array *ret_array)
{
	struct ng_span line;
	bool good = device_parse(device, ret_array), first = true;

	while (is_indented(*text) && ng_line_next(text, &line)) {
		++*number;
		if (good)
			good = first ? status_parse(device, line, ret_array) : progress_parse(line, ret_array);
		first = false;
	}
	return good && !first;
}

struct array_list {
	struct array *array;
	size_t count, capacity;
};

static int mdstat_parse(struct ng_scrape *scrape, struct ng_span text, struct array_list *ret_list)
{
	struct ng_span line;

	*ret_list = (struct array_list){ 0 };
	for (unsigned number = 1; ng_line_next(&text, &line); number++) {
		struct array array;
		unsigned first = number;
		if (ng_trim(line).size == 0 || is_indented(line) || ng_span_starts(line, NG_SPAN("Personalities")) ||
			ng_span_starts(line, NG_SPAN("unused")))
			continue;
		if (!array_parse(line, &text, &number, &array)) {
			ng_drop_record(scrape, "mdstat", first, "an array with its size and its disks");
			continue;
		}
		array.labels = NG_LABELS(scrape->arena, { "device", array.name });
		struct array *slot = ng_push(scrape->arena, &ret_list->array, &ret_list->count, &ret_list->capacity);
		if (!slot)
			return -ENOMEM;
		*slot = array;
	}
	return 0;
}

static void arrays_emit(struct ng_scrape *scrape, const struct array_list *list)
{
	for (size_t family = BLOCKS; family <= STATE; family++) {
		ng_family(scrape->page, &families[family]);
		for (size_t i = 0; i < list->count; i++) {
			const struct array *array = &list->array[i];
			if (family == BLOCKS || family == BLOCKS_SYNCED)
				ng_sample_u64(
					scrape->page, array->labels, family == BLOCKS ? array->blocks : array->synced);
			else if (family == DISKS_REQUIRED)
				ng_sample_u64(scrape->page, array->labels, array->required);
			for (size_t k = 0; family == DISKS && k < DISK_STATES; k++) {
				ng_sample_u64(scrape->page,
					NG_LABELS_WITH(scrape->arena, array->labels, { "state", disk_states[k] }),
					array->disks[k]);
			}
			for (size_t k = 0; family == STATE && k < NG_COUNT(states); k++) {
				ng_sample_u64(scrape->page,
					NG_LABELS_WITH(scrape->arena, array->labels, { "state", states[k] }),
					ng_span_equal(array->state, states[k]));
			}
		}
	}
}

/* ---- sysfs ---- */

static int device_add(struct mdadm *mdadm, struct ng_scrape *scrape, const char *name)
{
	NG_CLOSE int directory = -1;
	const char *front = ng_join(scrape->arena, "block/", name, "/md/");

	int r = front ? ng_directory(scrape, NG_SYS, front, &directory) : -ENOMEM;
	if (r < 0 && r != -ENOMEM) {
		devices_leave_out(&mdadm->devices, scrape, r, front);
		return 0;
	}
	return r == 0 ? devices_add(&mdadm->devices, &arrays, front, name,
				NG_LABELS(&mdadm->devices.kept, { "device", ng_span(name) }))
		      : r;
}

static int list(struct mdadm *mdadm, struct ng_scrape *scrape)
{
	struct ng_names names;

	if (!devices_list(&mdadm->devices, scrape))
		return 0;
	int r = ng_names(scrape, NG_SYS, "block", &names);
	if (r < 0 && r != -ENOMEM) {
		devices_leave_out(&mdadm->devices, scrape, r, "block");
		return 0;
	}
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		if (ng_span_starts(ng_span(names.name[i]), NG_SPAN("md")))
			r = device_add(mdadm, scrape, names.name[i]);
	}
	return devices_listed(&mdadm->devices, scrape, r);
}

static bool is_redundant(struct ng_span level)
{
	static const char *const levels[] = { "raid1", "raid4", "raid5", "raid6", "raid10" };

	for (size_t i = 0; i < NG_COUNT(levels); i++) {
		if (ng_span_equal(level, ng_span(levels[i])))
			return true;
	}
	return false;
}

/* The other levels cannot lack a disk. */
static void devices_complete(struct mdadm *mdadm)
{
	for (size_t i = 0; i < mdadm->devices.count; i++) {
		struct device *device = &mdadm->devices.device[i];
		if (device->texts[LEVEL].size && !is_redundant(device->texts[LEVEL]))
			device->texts[DEGRADED - RAID_DISKS] = NG_SPAN("0");
	}
}

static int mdadm_collect(void *state, struct ng_scrape *scrape)
{
	struct mdadm *mdadm = state;
	struct array_list found;
	struct ng_span text;

	int r = ng_file_read(scrape, &mdadm->mdstat, &text);
	if (r < 0)
		return r == -ENOENT ? -ENODATA : r;
	r = mdstat_parse(scrape, text, &found);
	if (r == 0)
		r = list(mdadm, scrape);
	if (r < 0)
		return r;
	arrays_emit(scrape, &found);
	devices_read(&mdadm->devices, scrape);
	devices_complete(mdadm);
	devices_emit(&mdadm->devices, scrape, &families[RAID_DISKS], NUMBERS);
	return 0;
}

static void mdadm_done(void *state)
{
	struct mdadm *mdadm = state;

	devices_done(&mdadm->devices);
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(mdadm, mdstat, NG_PROC, NG_RECORDS, "mdstat"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "mdadm",
	.summary = "State and disks of software RAID arrays (md)",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct mdadm),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = mdadm_collect,
	.done = mdadm_done,
};
NG_COLLECTOR(descriptor);
