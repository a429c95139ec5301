/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cgroup_tree.h"

#include "kernel/kernel.h"

#include <stdlib.h>
#include <sys/random.h>

int ng_cgroups_update(struct ng_scrape *scrape, struct ng_cgroups *cgroups, bool whole)
{
	if (cgroups->mode == NG_CGROUP_NONE)
		return -ENODATA;
	if (!cgroups->root) {
		int r = ng_cgroups_add_root(scrape, cgroups);
		cgroups->begun = true;
		return r;
	}
	int r = ng_cgroups_take_events(scrape, cgroups);
	bool distrust = cgroups->overflown;
	if (r == 0 && (whole || distrust)) {
		cgroups->overflown = false;
		r = ng_cgroups_walk(scrape, cgroups, cgroups->root, distrust);
		ng_cgroups_watch_missing(scrape, cgroups);
	}
	/* events are delivered only once: whatever was not processed can only be found by a walk */
	cgroups->overflown = cgroups->overflown || r < 0;
	return r;
}

/* ---- life ---- */

int ng_cgroups_new(struct ng_setup *setup, const struct ng_cgroups_hooks *hooks, uint64_t limit, uint64_t descriptors,
	bool watch, struct ng_cgroups **ret_cgroups)
{
	struct ng_cgroups *cgroups = calloc(1, sizeof(*cgroups));

	*ret_cgroups = cgroups;
	if (!cgroups)
		return -ENOMEM;
	cgroups->hooks = *hooks;
	cgroups->limit = limit;
	cgroups->descriptors = descriptors;
	cgroups->inotify = -1;
	if (getrandom(&cgroups->secret, sizeof(cgroups->secret), GRND_NONBLOCK) < 0)
		cgroups->secret =
			(uint64_t)(uintptr_t)cgroups; /* before the kernel has randomness: unknown to outsiders */
	ng_cgroups_find_places(cgroups, setup->kernel->root_fd[NG_CGROUP]);
	if (watch && cgroups->mode != NG_CGROUP_NONE)
		ng_cgroups_open_watches(cgroups);
	return 0;
}

void ng_cgroups_free(struct ng_cgroups *cgroups)
{
	if (!cgroups)
		return;
	/* closes all watches at once */
	ng_close_fd(&cgroups->inotify);
	cgroups->inotify = -1;
	if (cgroups->root)
		ng_cgroups_drop(NULL, cgroups, cgroups->root);
	ng_table_done(&cgroups->by_generation);
	ng_table_done(&cgroups->by_watch);
	ng_table_done(&cgroups->by_name);
	if (cgroups->mode != NG_CGROUP_NONE)
		ng_cgroups_close_places(cgroups);
	free(cgroups);
}

enum ng_cgroup_mode ng_cgroups_mode(const struct ng_cgroups *cgroups)
{
	return cgroups->mode;
}

const char *ng_cgroups_describe(const struct ng_cgroups *cgroups)
{
	return cgroups->description;
}

int ng_cgroups_descriptor(const struct ng_cgroups *cgroups)
{
	return cgroups->inotify;
}

struct ng_cgroup *ng_cgroups_root(struct ng_cgroups *cgroups)
{
	return cgroups->root;
}

void ng_cgroups_state(const struct ng_cgroups *cgroups, struct ng_cgroups_state *ret_state)
{
	*ret_state = (struct ng_cgroups_state){
		.groups = cgroups->by_generation.count,
		.by_path = cgroups->by_generation.count - cgroups->kept,
		.refused = cgroups->refused,
		.watches = cgroups->by_watch.count,
		.overflows = cgroups->overflows,
		.polling = cgroups->unwatched > 0,
	};
}
