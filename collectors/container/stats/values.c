/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/values.h"

#include <stdlib.h>
#include <time.h>

uint64_t container_wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t container_kept_bits(bool limits)
{
	uint64_t bits = UINT64_C(1) << VALUE_STARTED | UINT64_C(1) << VALUE_LAST_OOM_KILL;

	for (unsigned i = VALUE_CPU_QUOTA; !limits && i <= VALUE_THREADS_MAX; i++)
		bits |= UINT64_C(1) << i;
	return bits;
}

void container_set_working_set(struct container_values *values)
{
	if (!container_has(values, VALUE_MEMORY_USAGE) || !container_has(values, VALUE_MEMORY_INACTIVE_FILE))
		return;
	uint64_t usage = values->value[VALUE_MEMORY_USAGE], idle = values->value[VALUE_MEMORY_INACTIVE_FILE];
	container_set(values, VALUE_MEMORY_WORKING_SET, usage > idle ? usage - idle : 0);
}

struct container_kills container_kills_before(const struct container_values *values, bool born)
{
	bool read = container_has(values, VALUE_EVENTS_OOM_KILL);

	return (struct container_kills){ read || born, read ? values->value[VALUE_EVENTS_OOM_KILL] : 0 };
}

void container_kills_after(struct container_kills before, struct container_values *values)
{
	if (before.known && container_has(values, VALUE_EVENTS_OOM_KILL) &&
		values->value[VALUE_EVENTS_OOM_KILL] > before.count)
		container_set(values, VALUE_LAST_OOM_KILL, container_wall_clock());
}

void *container_room_for_one(void *array, uint32_t count, uint32_t *room, size_t size)
{
	uint32_t wanted = *room ? *room * 2 : 1;

	if (count < *room)
		return array;
	void *wider = realloc(array, wanted * size);
	if (wider)
		*room = wanted;
	return wider;
}

void container_figures_done(struct container_figures *figures)
{
	free(figures->devices.device);
	free(figures->pages.page);
	*figures = (struct container_figures){ 0 };
}
