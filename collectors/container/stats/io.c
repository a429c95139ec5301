/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block devices of a cgroup.
 *
 *     io.stat   8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0
 */
#include "stats/io.h"

#include "stats/files.h"

struct container_device *container_device_of(struct container_devices *devices, uint32_t major, uint32_t minor)
{
	for (uint32_t i = 0; i < devices->count; i++) {
		if (devices->device[i].major == major && devices->device[i].minor == minor)
			return &devices->device[i];
	}
	struct container_device *wider =
		container_room_for_one(devices->device, devices->count, &devices->room, sizeof(*wider));
	if (!wider)
		return NULL;
	devices->device = wider;
	struct container_device *device = &devices->device[devices->count++];
	*device = (struct container_device){ .major = major, .minor = minor };
	return device;
}

static bool number_behind(struct ng_span word, struct ng_span name, uint64_t *ret_value)
{
	return ng_span_starts(word, name) && ng_u64(ng_span_skip(word, name.size), ret_value) == 0;
}

static void parse_device(struct ng_span line, struct container_device *device)
{
	struct ng_span word;

	while (ng_word_next(&line, &word)) {
		if (number_behind(word, NG_SPAN("rbytes="), &device->read_bytes) ||
			number_behind(word, NG_SPAN("wbytes="), &device->written_bytes) ||
			number_behind(word, NG_SPAN("rios="), &device->reads) ||
			number_behind(word, NG_SPAN("wios="), &device->writes))
			continue;
		if (number_behind(word, NG_SPAN("cost.usage="), &device->cost[0]) ||
			number_behind(word, NG_SPAN("cost.wait="), &device->cost[1]) ||
			number_behind(word, NG_SPAN("cost.indebt="), &device->cost[2]) ||
			number_behind(word, NG_SPAN("cost.indelay="), &device->cost[3]))
			device->has_cost = true;
	}
}

bool container_parse_device(struct ng_span word, uint32_t *ret_major, uint32_t *ret_minor)
{
	struct ng_span major;
	uint64_t number[2];

	if (!ng_part_next(&word, ':', &major) || ng_u64(major, &number[0]) < 0 || ng_u64(word, &number[1]) < 0)
		return false;
	*ret_major = (uint32_t)number[0];
	*ret_minor = (uint32_t)number[1];
	return number[0] <= UINT32_MAX && number[1] <= UINT32_MAX;
}

/*
 * Linux 5.16 to 5.18 print a device without any counts as its numbers alone, without a line feed after them: the counts
 * on the line belong to the last device. "(unknown)" is a device that is being removed.
 */
static int read_device(struct ng_span line, struct container_devices *devices)
{
	struct ng_span rest = line, word;
	uint32_t major = 0, minor = 0;
	bool known = false;

	while (ng_word_next(&rest, &word)) {
		if (ng_span_find(word, '=') < word.size) {
			struct container_device *device = known ? container_device_of(devices, major, minor) : NULL;
			if (device)
				parse_device(line, device);
			return device || !known ? 0 : -ENOMEM;
		}
		known = container_parse_device(word, &major, &minor);
	}
	return 0;
}

int container_read_devices(struct ng_scrape *scrape, int directory, struct container_devices *devices)
{
	struct ng_span text, line;

	devices->count = 0;
	int r = container_peek(scrape, directory, NG_VALUE, "io.stat", &text);
	while (r == 0 && ng_line_next(&text, &line))
		r = read_device(line, devices);
	return r;
}
