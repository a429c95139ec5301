/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The huge pages of a cgroup, by size.
 *
 *     hugetlb.2MB.current   4194304     hugetlb.2MB.events   max 0
 */
#include "stats/hugetlb.h"

#include <nodegauge/collector.h>

static struct container_page *page_of(struct container_pages *pages, const char *size)
{
	struct container_page *wider = container_room_for_one(pages->page, pages->count, &pages->room, sizeof(*wider));

	if (!wider)
		return NULL;
	pages->page = wider;
	struct container_page *page = &pages->page[pages->count++];
	*page = (struct container_page){ 0 };
	strncpy(page->size, size, sizeof(page->size) - 1);
	return page;
}

static int read_page_number(
	struct ng_scrape *scrape, int directory, const char *size, const char *what, uint64_t *ret_value)
{
	const char *file = ng_join(scrape->arena, "hugetlb.", size, what);
	struct ng_span text, line;

	int r = file ? ng_peek_at(scrape, directory, NG_VALUE, file, &text) : -ENOMEM;
	if (r < 0)
		ng_drop_unread(scrape, r, file ? file : "hugetlb");
	if (r < 0)
		return r;
	if (ng_u64(ng_trim(text), ret_value) == 0)
		return 0;
	while (ng_line_next(&text, &line)) {
		if (ng_span_starts(line, NG_SPAN("max ")))
			return ng_u64(ng_span_skip(line, 4), ret_value);
	}
	return -ENODATA;
}

void container_read_pages(
	struct ng_scrape *scrape, const struct ng_names *sizes, int directory, bool v1, struct container_pages *pages)
{
	pages->count = 0;
	for (size_t i = 0; i < sizes->count; i++) {
		const char *size = sizes->name[i];
		uint64_t usage;
		int r = read_page_number(
			scrape, directory, size, v1 ? ".rsvd.usage_in_bytes" : ".rsvd.current", &usage);
		/* before Linux 5.7 only used pages are counted, not reserved ones */
		if (r == -ENOENT)
			r = read_page_number(scrape, directory, size, v1 ? ".usage_in_bytes" : ".current", &usage);
		if (r < 0)
			continue;
		struct container_page *page = page_of(pages, size);
		if (!page)
			return;
		page->usage = usage;
		page->has_failures =
			read_page_number(scrape, directory, size, v1 ? ".failcnt" : ".events", &page->failures) == 0;
		page->has_max = v1 && read_page_number(scrape, directory, size, ".max_usage_in_bytes", &page->max) == 0;
	}
}
