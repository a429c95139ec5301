/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the families with more than one sample per row, and everything else in order. */
#include "emit/write.h"

#include "identity/labels.h"

/* ---- network, huge pages, peaks ---- */

static void write_network(struct ng_scrape *scrape, const char *image, const struct container_list *rows)
{
	struct ng_labels **labels = NULL, **slot;
	size_t count = 0, room = 0;

	for (size_t i = 0; i < rows->count; i++) {
		for (uint32_t k = 0; k < rows->row[i]->network.count; k++) {
			slot = ng_push(scrape->arena, &labels, &count, &room);
			if (!slot)
				return;
			const struct container_row *row = rows->row[i];
			const char *name = row->network.interface[k].name;
			*slot = container_network_labels(scrape->arena, row->labels, row->named, row->place.uid,
				&row->sandbox, ng_span(row->sandbox_image ? row->sandbox_image : image), name);
		}
	}
	for (size_t which = 0; which < CONTAINER_NET_COLUMNS; which++) {
		size_t at = 0;
		ng_family(scrape->page, container_family((enum container_family)(FAMILY_NETWORK + which)));
		for (size_t i = 0; i < rows->count; i++) {
			for (uint32_t k = 0; k < rows->row[i]->network.count; k++)
				ng_sample_u64(
					scrape->page, labels[at++], rows->row[i]->network.interface[k].value[which]);
		}
	}
}

static void write_pages(struct ng_scrape *scrape, const struct container_list *rows)
{
	for (size_t which = 0; which < 3; which++) {
		ng_family(scrape->page, container_family((enum container_family)(FAMILY_HUGE_USAGE + which)));
		for (size_t i = 0; i < rows->count; i++) {
			const struct container_pages *pages = &rows->row[i]->figures.pages;
			for (uint32_t k = 0; k < pages->count; k++) {
				const struct container_page *page = &pages->page[k];
				const uint64_t value[] = { page->usage, page->max, page->failures };
				const bool has[] = { true, page->has_max, page->has_failures };
				if (has[which] && !rows->row[i]->outdone)
					ng_sample_u64(scrape->page,
						NG_LABELS_WITH(scrape->arena, rows->row[i]->labels,
							{ "pagesize", ng_span(page->size) }),
						value[which]);
			}
		}
	}
}

static void write_peaks(struct ng_scrape *scrape, const struct container_list *rows)
{
	struct ng_labels **labels = ng_alloc(scrape->arena, rows->count * sizeof(*labels) + 1);

	for (size_t i = 0; labels && i < rows->count; i++) {
		if (rows->row[i]->has_peaks)
			labels[i] = NG_LABELS_WITH(scrape->arena, rows->row[i]->labels, { "window", NG_SPAN("60s") });
	}
	for (size_t which = 0; labels && which < CONTAINER_SHARES; which++) {
		ng_family(scrape->page, container_family((enum container_family)(FAMILY_PEAK + which)));
		for (size_t i = 0; i < rows->count; i++) {
			if (rows->row[i]->has_peaks)
				ng_sample_scaled(scrape->page, labels[i], rows->row[i]->peak[which], 4);
		}
	}
}

/* ---- times and names ---- */

static void write_last_seen(struct ng_scrape *scrape, const struct container_list *rows)
{
	ng_family(scrape->page, container_family(FAMILY_LAST_SEEN));
	for (size_t i = 0; i < rows->count; i++) {
		if (!rows->row[i]->outdone && rows->row[i]->seen_at)
			ng_sample_u64(scrape->page, rows->row[i]->labels, rows->row[i]->seen_at);
	}
}

static void write_identities(struct ng_scrape *scrape, const struct container_list *rows)
{
	ng_family(scrape->page, container_family(FAMILY_IDENTITY));
	for (size_t i = 0; i < rows->count; i++) {
		const struct container_row *row = rows->row[i];
		struct ng_label labels[4];
		char digits[NG_DIGITS];
		size_t count = 0;
		if (row->outdone || (!row->place.kubernetes && !row->place.has_id))
			continue;
		if (row->place.qos)
			labels[count++] = (struct ng_label){ "qos", ng_span(container_qos_name(row->place.qos)) };
		if (row->named && row->named->has_restart)
			labels[count++] = (struct ng_label){ "restart", ng_digits(digits, row->named->restart) };
		if (*container_runtime_name(row->place.runtime))
			labels[count++] =
				(struct ng_label){ "runtime", ng_span(container_runtime_name(row->place.runtime)) };
		if (*row->place.uid)
			labels[count++] = (struct ng_label){ "uid", ng_span(row->place.uid) };
		if (count)
			ng_sample_u64(scrape->page,
				ng_labels_join(scrape->arena, ng_labels_only(scrape->arena, row->labels, "id"),
					ng_labels(scrape->arena, labels, count)),
				1);
	}
}

void container_write(struct ng_scrape *scrape, const struct container_view *view, const struct container_list *rows)
{
	const uint32_t sets = view->reader->sets;

	container_write_values(scrape, sets, rows);
	if (sets & (1u << SET_IO | 1u << SET_IO_DETAIL))
		container_write_devices(scrape, sets, view->devices, rows);
	if (sets & (1u << SET_FILESYSTEM | 1u << SET_IO_DETAIL))
		container_write_filesystems(scrape, sets, view->filesystems, rows);
	if (sets >> SET_NETWORK & 1)
		write_network(scrape, view->model->image, rows);
	if (sets >> SET_STATES & 1)
		container_write_states(scrape, rows);
	if (sets >> SET_HUGETLB & 1)
		write_pages(scrape, rows);
	if (sets >> SET_PRESSURE & 1 && view->sampler->round)
		write_peaks(scrape, rows);
	if (sets >> SET_INFO & 1)
		write_last_seen(scrape, rows);
	if (sets >> SET_IDENTITY & 1)
		write_identities(scrape, rows);
	if (view->sampler->round)
		container_write_node(scrape, view->sampler, view->node_peaks, view->triggers);
	container_write_tree(scrape, view, rows);
	if (sets >> SET_MACHINE & 1) {
		container_write_machine(scrape, view->machine);
		ng_gauge_u64(scrape->page, container_family(FAMILY_SCRAPE_ERROR), view->listing_failed);
	}
}
