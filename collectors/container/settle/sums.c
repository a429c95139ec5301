/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of cgroup counters. */
#include "settle/account.h"
#include "stats/io.h"

#include <stdlib.h>

const uint8_t container_count_values[CONTAINER_COUNTS] = { VALUE_CPU_USAGE, VALUE_CPU_USER, VALUE_CPU_SYSTEM,
	VALUE_EVENTS_LOW, VALUE_EVENTS_HIGH, VALUE_EVENTS_MAX, VALUE_EVENTS_OOM, VALUE_EVENTS_OOM_KILL,
	VALUE_EVENTS_OOM_GROUP_KILL };
uint64_t container_less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

uint64_t *container_device_value(struct container_device *device, size_t which)
{
	uint64_t *const values[CONTAINER_DEVICE_COUNTS] = { &device->read_bytes, &device->written_bytes, &device->reads,
		&device->writes };

	return values[which];
}

static const struct container_device *find_device(
	const struct container_devices *devices, const struct container_device *like)
{
	for (uint32_t i = 0; i < devices->count; i++) {
		if (devices->device[i].major == like->major && devices->device[i].minor == like->minor)
			return &devices->device[i];
	}
	return NULL;
}

void container_counts_clear(struct container_counts *counts)
{
	memset(counts->value, 0, sizeof(counts->value));
	counts->devices.count = 0;
}

int container_counts_add_devices(struct container_devices *sum, struct container_devices *more)
{
	for (uint32_t i = 0; i < more->count; i++) {
		struct container_device *from = &more->device[i],
					*to = container_device_of(sum, from->major, from->minor);
		if (!to)
			return -ENOMEM;
		for (size_t k = 0; k < CONTAINER_DEVICE_COUNTS; k++)
			*container_device_value(to, k) += *container_device_value(from, k);
	}
	return 0;
}

int container_counts_add(struct container_counts *sum, struct container_figures *figures)
{
	for (size_t i = 0; i < CONTAINER_COUNTS; i++) {
		if (container_has(&figures->values, (enum container_value)container_count_values[i]))
			sum->value[i] += figures->values.value[container_count_values[i]];
	}
	return container_counts_add_devices(&sum->devices, &figures->devices);
}

/*
 * Devices listed in different orders compare as different; that does not matter, because the kernel always uses the
 * same order.
 */
bool container_counts_same(const struct container_counts *a, const struct container_counts *b)
{
	return memcmp(a->value, b->value, sizeof(a->value)) == 0 && a->devices.count == b->devices.count &&
	       (!a->devices.count || memcmp(a->devices.device, b->devices.device,
					     a->devices.count * sizeof(*a->devices.device)) == 0);
}

void container_counts_take(struct container_counts *total, const struct container_counts *part)
{
	for (size_t i = 0; i < CONTAINER_COUNTS; i++)
		total->value[i] = container_less(total->value[i], part->value[i]);
	for (uint32_t i = 0; i < total->devices.count; i++) {
		struct container_device *device = &total->devices.device[i];
		const struct container_device *other = find_device(&part->devices, device);
		for (size_t k = 0; other && k < CONTAINER_DEVICE_COUNTS; k++)
			*container_device_value(device, k) = container_less(*container_device_value(device, k),
				*container_device_value((struct container_device *)other, k));
	}
}

void container_counts_done(struct container_counts *counts)
{
	free(counts->devices.device);
}
