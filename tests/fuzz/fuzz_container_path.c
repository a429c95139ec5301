/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of control groups: an ID or a UID is one that the path has, and nothing is final and then changes. */
#include "identity/path.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool truth)
{
	if (!truth)
		abort();
}

static void check_place(struct ng_span path, const struct container_place *place)
{
	char id[2 * CONTAINER_ID_SIZE], uid[CONTAINER_UID_ROOM];

	check(place->kubernetes == (place->uid[0] != '\0'));
	check(place->level != CONTAINER_POD || (place->kubernetes && place->qos != CONTAINER_QOS_NONE));
	check(place->level != CONTAINER_CONTAINER || (place->has_id && place->final == place->kubernetes));
	check(!place->session || !place->kubernetes);
	if (place->has_id) {
		container_id_text(place->id, id);
		check(memmem(path.text, path.size, id, sizeof(id)) != NULL);
	}
	if (place->kubernetes) {
		check(container_uid_parse(ng_span(place->uid), uid) && strcmp(uid, place->uid) == 0);
		for (char *dash = uid; (dash = strchr(dash, '-'));)
			*dash = '_';
		check(memmem(path.text, path.size, place->uid, strlen(place->uid)) ||
			memmem(path.text, path.size, uid, strlen(uid)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ng_span path = { (const char *)data, size }, rest = path, component;
	struct container_place place, last;
	char name[256];

	container_place_root(&place);
	while (ng_part_next(&rest, '/', &component)) {
		last = place;
		container_place_step(&last, component, &place);
		check_place(path, &place);
		check(!last.final || (place.final && place.has_id == last.has_id && strcmp(place.uid, last.uid) == 0 &&
					     memcmp(place.id, last.id, sizeof(last.id)) == 0));
		check(container_machine_name(component, name, sizeof(name)) <= sizeof(name));
	}
	container_place_of(path, &last);
	check(memcmp(&place, &last, sizeof(place)) == 0);
	return 0;
}
