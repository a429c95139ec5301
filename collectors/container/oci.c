/* SPDX-License-Identifier: Apache-2.0 */
#include "oci.h"
int container_oci_read(struct ng_scrape *scrape, const struct ng_list *states, const uint8_t id[CONTAINER_ID_SIZE],
	const char *uid, struct container_oci *ret_oci)
{
	(void)scrape;
	(void)states;
	(void)id;
	(void)uid;
	(void)ret_oci;
	return -ENOENT;
}
