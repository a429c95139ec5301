/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the families about the tree and the collector itself. */
#include "emit/write.h"

static void write_levels(struct ng_scrape *scrape, enum container_family family, const uint64_t count[SHOWN_LEVELS])
{
	ng_family(scrape->page, container_family(family));
	for (size_t i = 0; i < SHOWN_LEVELS; i++)
		ng_sample_u64(scrape->page,
			NG_LABELS(scrape->arena, { "level", ng_span(container_level_name((enum container_shown)i)) }),
			count[i]);
}

/* Rows that are not shown, and rows that are shown without names. */
static void write_unresolved(struct ng_scrape *scrape, const uint64_t unresolved[CONTAINER_MISSING_REASONS],
	const struct container_list *rows)
{
	uint64_t count[CONTAINER_MISSING_REASONS];

	memcpy(count, unresolved, sizeof(count));
	for (size_t i = 0; i < rows->count; i++)
		count[rows->row[i]->missing] += !rows->row[i]->gone && container_is_nameless(rows->row[i]);
	ng_family(scrape->page, container_family(FAMILY_UNRESOLVED));
	for (size_t i = CONTAINER_NO_DIRECTORY; i < CONTAINER_MISSING_REASONS; i++)
		ng_sample_u64(scrape->page,
			NG_LABELS(scrape->arena,
				{ "reason", ng_span(container_missing_name((enum container_missing)i)) }),
			count[i]);
}

static void write_lost(struct ng_scrape *scrape, const uint64_t lost[CONTAINER_LOST_REASONS])
{
	static const char *const names[CONTAINER_LOST_REASONS] = {
		[CONTAINER_LOST_TOGETHER] = "together",
		[CONTAINER_LOST_POD_GONE] = "pod_gone",
		[CONTAINER_LOST_NO_POD] = "no_pod",
		[CONTAINER_LOST_UNWATCHED] = "unwatched",
	};

	ng_family(scrape->page, container_family(FAMILY_LOST));
	for (size_t i = 0; i < CONTAINER_LOST_REASONS; i++)
		ng_sample_u64(scrape->page, NG_LABELS(scrape->arena, { "reason", ng_span(names[i]) }), lost[i]);
}

/* Only for pods that have such usage. */
static void write_unattributed(struct ng_scrape *scrape, const struct container_list *rows)
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

void container_write_tree(
	struct ng_scrape *scrape, const struct container_view *view, const struct container_list *rows)
{
	static const char *const psi[PSI_REASONS] = { NULL, "no_file", "switched_off", "cgroup_v1" };
	struct ng_cgroups_state tree;

	write_unattributed(scrape, rows);
	ng_cgroups_state(view->reader->cgroups, &tree);
	write_levels(scrape, FAMILY_GROUPS, view->census->live);
	write_levels(scrape, FAMILY_CREATED, view->census->created);
	write_levels(scrape, FAMILY_REMOVED, view->census->removed);
	write_unresolved(scrape, view->unresolved, rows);
	ng_family(scrape->page, container_family(FAMILY_PSI));
	for (size_t i = PSI_NO_FILE; container_wants(view->reader, SET_PRESSURE) && i < PSI_REASONS; i++)
		ng_sample_u64(
			scrape->page, NG_LABELS(scrape->arena, { "reason", ng_span(psi[i]) }), view->reader->psi[i]);
	ng_gauge_u64(scrape->page, container_family(FAMILY_BY_PATH), tree.by_path);
	ng_gauge_u64(scrape->page, container_family(FAMILY_REFUSED), tree.refused);
	ng_gauge_u64(scrape->page, container_family(FAMILY_WATCHES), tree.watches);
	ng_gauge_u64(scrape->page, container_family(FAMILY_OVERFLOWS), tree.overflows);
	ng_gauge_u64(scrape->page, container_family(FAMILY_POLLING), tree.polling);
	ng_gauge_u64(scrape->page, container_family(FAMILY_LEAVING), view->model->leaving_count);
	ng_gauge_u64(scrape->page, container_family(FAMILY_FORGOTTEN), view->model->forgotten);
	write_lost(scrape, view->lost);
}
