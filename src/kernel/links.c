/* placeholder until merged */
#include "kernel/links.h"
#include <errno.h>
int ng_links_source_read(struct ng_links_source *source, uint64_t serial, struct ng_links *ret_links)
{
	(void)source; (void)serial; (void)ret_links;
	return -ENOSYS;
}
void ng_links_source_done(struct ng_links_source *source)
{
	(void)source;
}
