/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

/* ---- levels ---- */

const char *container_level_name(enum container_shown shown)
{
	static const char *const names[SHOWN_LEVELS] = {
		[SHOWN_NODE] = "node",
		[SHOWN_QOS] = "qos",
		[SHOWN_POD] = "pod",
		[SHOWN_CONTAINER] = "container",
		[SHOWN_SANDBOX] = "sandbox",
		[SHOWN_SLICE] = "slice",
		[SHOWN_SERVICE] = "service",
		[SHOWN_SCOPE] = "scope",
		[SHOWN_SESSION] = "session",
		[SHOWN_MACHINE] = "machine",
		[SHOWN_OTHER] = "other",
	};

	return shown < SHOWN_LEVELS ? names[shown] : NULL;
}

/* systemd also creates a cgroup for each mount, in which only the mount command ever ran. */
static bool is_mount(struct ng_span name)
{
	return ng_span_ends(name, NG_SPAN(".mount")) || ng_span_ends(name, NG_SPAN(".swap"));
}

enum container_shown container_shown_as(const struct container_place *place, struct ng_span name)
{
	/* users start their own containers, and create cgroups that look like containers */
	if (place->session && place->level != CONTAINER_INNER && place->level != CONTAINER_HELPER)
		return SHOWN_SESSION;
	switch (place->level) {
	case CONTAINER_ROOT:
		return SHOWN_NODE;
	case CONTAINER_SLICE:
	case CONTAINER_PODMAN_POD:
		return SHOWN_SLICE;
	case CONTAINER_SERVICE:
		return SHOWN_SERVICE;
	case CONTAINER_SCOPE:
		return SHOWN_SCOPE;
	case CONTAINER_KUBE:
	case CONTAINER_QOS:
		return SHOWN_QOS;
	case CONTAINER_POD:
		return SHOWN_POD;
	case CONTAINER_CONTAINER:
		return place->sandbox ? SHOWN_SANDBOX : SHOWN_CONTAINER;
	case CONTAINER_MACHINE:
		return SHOWN_MACHINE;
	case CONTAINER_OTHER:
		return place->nested || is_mount(name) ? SHOWN_LEVELS : SHOWN_OTHER;
	default:
		return SHOWN_LEVELS;
	}
}

/* ---- siblings ---- */

bool container_of_one_pod(const struct ng_cgroup *a, const struct ng_cgroup *b)
{
	return strcmp(container_place_at(a)->uid, container_place_at(b)->uid) == 0;
}

bool container_is_oldest(const struct ng_cgroup *group)
{
	for (const struct ng_cgroup *at = group->parent ? group->parent->first : NULL; at; at = at->next) {
		if (container_place_at(at)->level == CONTAINER_CONTAINER && at->generation < group->generation &&
			container_of_one_pod(at, group))
			return false;
	}
	return true;
}

/* ---- outside of pods ---- */

bool container_is_outside(const struct container_row *row)
{
	return row->place.level == CONTAINER_CONTAINER && !row->place.kubernetes;
}

/*
 * The cgroup names that containerd and CRI-O use belong to containers of pods only; names that are a bare ID are used
 * by some of the other runtimes as well.
 */
bool container_may_be_of_pod(const struct container_row *row, bool directory)
{
	switch (row->place.runtime) {
	case CONTAINER_RUNTIME_CONTAINERD:
	case CONTAINER_RUNTIME_CRIO:
		return true;
	case CONTAINER_RUNTIME_NONE:
	case CONTAINER_RUNTIME_UNKNOWN:
		return directory;
	default:
		return false;
	}
}

bool container_is_nameless(const struct container_row *row)
{
	return row->nameless && container_may_be_of_pod(row, row->missing != CONTAINER_NO_DIRECTORY);
}
