/* SPDX-License-Identifier: Apache-2.0 */
/* Names of block devices. */
#include "machine/devices.h"

static struct container_device_name *look_up(
	struct ng_scrape *scrape, struct container_device_names *names, uint32_t major, uint32_t minor)
{
	char major_digits[NG_DIGITS], minor_digits[NG_DIGITS];
	struct ng_span name, before = ng_digits(major_digits, major), behind = ng_digits(minor_digits, minor);

	int r = ng_block_name(scrape, major, minor, &name);
	struct container_device_name *slot =
		r == 0 || ng_absent(r) ? ng_push(&names->memory, &names->name, &names->count, &names->room) : NULL;
	if (!slot) {
		ng_drop_unread(scrape, r < 0 ? r : -ENOMEM, "the name of a device");
		return NULL;
	}
	*slot = (struct container_device_name){ .major = major, .minor = minor };
	if (r < 0) {
		/* the device is gone: use its numbers, as the kubelet does */
		char *at = mempcpy(slot->name, before.text, before.size);
		*at++ = ':';
		memcpy(at, behind.text, behind.size);
		return slot;
	}
	memcpy(slot->name, "/dev/", 5);
	if (name.size > sizeof(slot->name) - 6)
		name.size = sizeof(slot->name) - 6;
	memcpy(slot->name + 5, name.text, name.size);
	/* sysfs writes slashes as '!': cciss!c0d0 */
	for (char *c = slot->name; *c; c++)
		*c = *c == '!' ? '/' : *c;
	return slot;
}

struct ng_span container_device_name(
	struct ng_scrape *scrape, struct container_device_names *names, uint32_t major, uint32_t minor)
{
	if (names->epoch != scrape->devices_epoch) {
		names->epoch = scrape->devices_epoch;
		ng_arena_reset(&names->memory);
		names->name = NULL;
		names->count = names->room = 0;
	}
	for (size_t i = 0; i < names->count; i++) {
		if (names->name[i].major == major && names->name[i].minor == minor)
			return ng_span(names->name[i].name);
	}
	const struct container_device_name *found = look_up(scrape, names, major, minor);
	return found ? ng_span(found->name) : (struct ng_span){ NULL, 0 };
}
