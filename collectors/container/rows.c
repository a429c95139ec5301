/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: what is shown of a cgroup, under which labels, and for how long after it is gone. */
#include "rows.h"

#include "identity/labels.h"

#include <stdlib.h>
#include <time.h>

enum { LEAVING_MAX = 2000 };
static const uint64_t leaving_ns = 300u * UINT64_C(1000000000);

/* A link is created when the container has started: after this long there will be none. */
static const uint64_t naming_ns = 30u * UINT64_C(1000000000);

/* ---- keys ---- */

/* Kubernetes names only; docker and podman reuse a container's name after renames and below other roots. */
static bool has_names(const struct container_row *row)
{
	return row->named && row->named->pod.size;
}

/* Two rows with the same key must not be shown together: sums over them would count twice. */
static uint64_t key_of(const struct container_row *row)
{
	uint64_t key = ng_hash(NG_HASH_SEED, ng_span(container_level_name(row->shown)));

	/* paths that differ only in invalid UTF-8 look alike */
	if (!has_names(row))
		return key ^ ng_labels_hash(row->labels);
	key = ng_hash(key, row->named->space);
	key = ng_hash(key, row->named->pod);
	return ng_hash(key, row->named->container);
}

/* ---- superseding ---- */

static void forget(struct container_model *model, struct container_row **link)
{
	struct container_row *row = *link;

	*link = row->next;
	model->leaving_count--;
	container_row_free(model, row);
}

/*
 * A service may create cgroups under the names of any pod, even of one that is gone: they never win against cgroups
 * below the kubelet's root. Some kubelets create a pod's cgroups twice, with the systemd driver and by hand, and only
 * use the former. Otherwise the one that was created later is the live one.
 */
static bool precedes(const struct container_row *a, const struct container_row *b)
{
	bool one_pod = *a->place.uid && strcmp(a->place.uid, b->place.uid) == 0;

	if (a->place.delegated != b->place.delegated)
		return a->place.delegated;
	if (one_pod && a->place.sliced != b->place.sliced)
		return b->place.sliced;
	return a->generation < b->generation;
}

static void forget_leaving(struct container_model *model, const struct container_row *row)
{
	struct container_row **link = &model->leaving;

	while (*link && *link != row)
		link = &(*link)->next;
	if (!*link)
		return;
	model->forgotten++;
	forget(model, link);
}

static bool same_names(const struct container_row *a, const struct container_row *b)
{
	if (a->shown != b->shown || has_names(a) != has_names(b))
		return false;
	if (!has_names(a))
		return ng_labels_equal(a->labels, b->labels);
	return ng_span_equal(a->named->space, b->named->space) && ng_span_equal(a->named->pod, b->named->pod) &&
	       ng_span_equal(a->named->container, b->named->container);
}

/*
 * A replaced container may have counted something that nobody has seen, such as the OOM kill that caused the
 * replacement: once it is gone, its counters are shown once more, next to those of its successor. Its gauges would be
 * counted twice in sums.
 */
static void outdo(struct container_row *row, const struct container_row *by)
{
	row->outdone = true;
	row->superseded = row->named && row->place.delegated == by->place.delegated &&
			  row->place.sliced == by->place.sliced && !ng_labels_equal(row->labels, by->labels);
}

/*
 * Of two rows with the same key, the table holds the one that is shown. Names crafted to have the same hash as others
 * do not hide those.
 */
static int settle(struct container_model *model, struct container_row *row)
{
	struct container_row *other;

	while ((other = ng_table_get(&model->by_key, row->key)) && other != row && !same_names(row, other))
		row->key++;
	if (other && other != row && precedes(row, other)) {
		outdo(row, other);
		return 0;
	}
	if (other && other != row) {
		outdo(other, row);
		if (other->gone && !other->superseded)
			forget_leaving(model, other);
	}
	return ng_table_put(&model->by_key, row->key, row);
}

/* Prepares the row for new labels. */
static void unname(struct container_model *model, struct container_row *row)
{
	if (ng_table_get(&model->by_key, row->key) == row) {
		ng_table_drop(&model->by_key, row->key);
		model->unsettled = true;
	}
	row->outdone = false;
	free(row->labels);
	row->labels = NULL;
}

static struct ng_labels *labels_of(struct ng_arena *arena, const struct container_model *model,
	const struct container_row *row, struct ng_span path)
{
	/* sandboxes and pods have no image: rules that select by image must not count them */
	bool imaged = row->place.level == CONTAINER_CONTAINER && row->shown != SHOWN_SANDBOX;

	return ng_labels_keep(container_labels(arena, &row->place, row->named, path, imaged ? model->image : NULL));
}

int container_row_name(
	struct ng_scrape *scrape, struct container_model *model, struct container_row *row, struct ng_span path)
{
	if (row->labels)
		unname(model, row);
	struct ng_labels *labels = path.text ? labels_of(scrape->arena, model, row, path) : NULL;
	if (!labels)
		return -ENOMEM;
	row->labels = labels;
	row->key = key_of(row);
	int r = settle(model, row);
	if (r < 0) {
		/* without its place in the table it might be shown next to another one */
		free(row->labels);
		row->labels = NULL;
		return r;
	}
	row->naming = NAMING_DONE;
	row->until = 0;
	return 0;
}

bool container_is_leftover(const struct container_model *model, const struct container_row *row)
{
	const struct container_values *values = &row->figures.values;

	return model->slice_roots && row->place.kubernetes && *row->place.uid && !row->place.sliced &&
	       container_has(values, VALUE_CPU_USAGE) && values->value[VALUE_CPU_USAGE] == 0;
}

/* Rows that were hidden by a row that has since been freed are shown again. */
int container_rows_settle(struct container_model *model, struct ng_cgroups *cgroups)
{
	int r = 0;

	for (struct ng_cgroup *at = model->unsettled ? ng_cgroups_root(cgroups) : NULL; r == 0 && at;
		at = ng_cgroup_next(at)) {
		struct container_row *row = container_group(at)->row;
		if (!row || !row->outdone)
			continue;
		row->outdone = row->superseded = false;
		r = settle(model, row);
	}
	model->unsettled = model->unsettled && r < 0;
	return r;
}

/* ---- life ---- */

struct container_row *container_row_new(const struct container_model *model, const struct ng_cgroup *group,
	const struct container_place *place, enum container_shown shown)
{
	struct container_row *row = calloc(1, sizeof(*row));

	if (!row)
		return NULL;
	row->shown = shown;
	row->place = *place;
	row->generation = group->generation;
	bool kubelet = place->level == CONTAINER_KUBE || place->level == CONTAINER_QOS || place->level == CONTAINER_POD;
	row->figures.conversion = kubelet ? CONVERSION_LINEAR : CONVERSION_NEWER;
	bool kubernetes =
		place->kubernetes && (shown == SHOWN_POD || shown == SHOWN_CONTAINER || shown == SHOWN_SANDBOX);
	bool outside = shown == SHOWN_CONTAINER && !place->kubernetes;
	row->naming = kubernetes || outside ? NAMING_WANTED : NAMING_DONE;
	row->believed = outside;
	if (!(model->levels >> shown & 1))
		row->naming = NAMING_NONE;
	return row;
}

void container_row_free(struct container_model *model, struct container_row *row)
{
	if (!row)
		return;
	if (row->labels)
		unname(model, row);
	free(row->named);
	free(row->network.interface);
	free(row->sandbox_image);
	free(row->states);
	free(row->path);
	container_figures_done(&row->figures);
	free(row);
}

/* Its names never came because it had none: the first cgroup of a pod, followed by others. */
static bool was_sandbox(const struct container_row *row, const struct ng_cgroup *group)
{
	return row->naming == NAMING_WANTED && row->place.level == CONTAINER_CONTAINER && group->parent &&
	       container_group(group->parent)->newest > group->generation && container_is_oldest(group);
}

void container_row_show_again(const struct container_model *model, struct container_row *row)
{
	row->readers = model->recent_readers ? model->recent_readers : 1;
}

static void add_leaving(struct container_model *model, struct container_row *row)
{
	if (model->leaving_count >= LEAVING_MAX) {
		struct container_row **oldest = &model->leaving;
		while ((*oldest)->next)
			oldest = &(*oldest)->next;
		model->forgotten++;
		forget(model, oldest);
	}
	row->has_peaks = false;
	container_row_show_again(model, row);
	row->until = 0; /* set at the end of the scrape */
	row->gone = true;
	row->next = model->leaving;
	model->leaving = row;
	model->leaving_count++;
}

void container_row_leave(struct ng_scrape *scrape, struct container_model *model, struct ng_cgroup *group)
{
	struct container_row *row = container_group(group)->row;
	bool worth = row && (row->figures.values.present || row->unsettled) && (!row->outdone || row->superseded) &&
		     (row->unsettled || !container_is_leftover(model, row)) &&
		     (row->naming == NAMING_DONE ? row->labels != NULL : row->naming == NAMING_WANTED) &&
		     (row->naming == NAMING_DONE || row->believed || !row->place.delegated) && !was_sandbox(row, group);

	container_group(group)->row = NULL;
	if (!worth || !scrape) {
		container_row_free(model, row);
		return;
	}
	if (row->naming == NAMING_WANTED) {
		struct ng_span path = ng_cgroup_path(scrape->arena, group);
		row->path = path.text ? strndup(path.text, path.size) : NULL;
		if (!row->path) {
			container_row_free(model, row);
			return;
		}
	}
	add_leaving(model, row);
}

struct container_row *container_row_missed(struct ng_scrape *scrape, struct container_model *model,
	const struct ng_cgroup *pod, const struct container_place *place, const char *name)
{
	const struct ng_cgroup like = { .generation = container_group((struct ng_cgroup *)pod)->newest };
	enum container_shown shown = container_shown_as(place, ng_span(name));
	struct ng_span above = ng_cgroup_path(scrape->arena, pod);
	struct container_row *row =
		shown == SHOWN_CONTAINER && above.text ? container_row_new(model, &like, place, shown) : NULL;

	if (!row)
		return NULL;
	if (row->naming == NAMING_WANTED)
		row->path = malloc(above.size + strlen(name) + 2);
	if (!row->path) {
		container_row_free(model, row);
		return NULL;
	}
	stpcpy(stpcpy(mempcpy(row->path, above.text, above.size), "/"), name);
	add_leaving(model, row);
	return row;
}

void container_rows_seen(struct container_model *model, uint64_t readers, uint64_t recent, uint64_t now)
{
	for (struct container_row **link = &model->leaving; *link;) {
		struct container_row *row = *link;
		if (row->until == 0)
			row->until = now + (row->naming == NAMING_DONE ? leaving_ns : naming_ns);
		if (row->naming == NAMING_DONE)
			row->readers &= recent & ~readers;
		bool over = now >= row->until;
		if ((row->readers || row->unsettled) && !over) {
			link = &row->next;
			continue;
		}
		model->forgotten += over;
		forget(model, link);
	}
}

void container_rows_done(struct container_model *model)
{
	while (model->leaving) {
		struct container_row *next = model->leaving->next;
		container_row_free(model, model->leaving);
		model->leaving = next;
	}
	ng_table_done(&model->by_key);
}
