/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the task states of cgroups. */
#include "process/states.h"
#include "emit/write.h"

static const char *const state_names[CONTAINER_STATES] = { "running", "sleeping", "stopped", "uninterruptible" };

static void write_loads(struct ng_scrape *scrape, const struct container_list *rows)
{
	for (size_t which = 0; which < 2; which++) {
		ng_family(scrape->page, container_family(which ? FAMILY_LOAD_BLOCKED : FAMILY_LOAD));
		for (size_t i = 0; i < rows->count; i++) {
			const struct container_states *states = rows->row[i]->states;
			if (states && states->known)
				ng_sample_u64(scrape->page, rows->row[i]->labels,
					(uint64_t)((which ? states->blocked : states->load) * 1000 + 0.5));
		}
	}
}

static void write_file_limits(struct ng_scrape *scrape, const struct container_list *rows)
{
	ng_family(scrape->page, container_family(FAMILY_FILE_LIMIT));
	for (size_t i = 0; i < rows->count; i++) {
		const struct container_states *states = rows->row[i]->states;
		if (!states || !states->has_limit)
			continue;
		struct ng_labels *labels =
			NG_LABELS_WITH(scrape->arena, rows->row[i]->labels, { "ulimit", NG_SPAN("max_open_files") });
		if (states->unlimited)
			ng_sample_i64(scrape->page, labels, -1);
		else
			ng_sample_u64(scrape->page, labels, states->file_limit);
	}
}

void container_write_states(struct ng_scrape *scrape, const struct container_list *rows)
{
	ng_family(scrape->page, container_family(FAMILY_STATES));
	for (size_t i = 0; i < rows->count; i++) {
		const struct container_states *states = rows->row[i]->states;
		for (size_t k = 0; states && states->known && k < CONTAINER_STATES; k++)
			ng_sample_u64(scrape->page,
				NG_LABELS_WITH(
					scrape->arena, rows->row[i]->labels, { "state", ng_span(state_names[k]) }),
				states->count[k]);
	}
	write_loads(scrape, rows);
	write_file_limits(scrape, rows);
}
