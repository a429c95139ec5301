/* SPDX-License-Identifier: Apache-2.0 */
/* The huge pages of a cgroup. See hugetlb.c. */
#ifndef CONTAINER_HUGETLB_H
#define CONTAINER_HUGETLB_H

#include "stats/values.h"

/* Reads each of the sizes ("2MB") from files of v1 or v2. */
void container_read_pages(
	struct ng_scrape *scrape, const struct ng_names *sizes, int directory, bool v1, struct container_pages *pages);

#endif
