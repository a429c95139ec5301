/* SPDX-License-Identifier: Apache-2.0 */
/* The available collectors: those linked in, which register themselves, and those of loadable modules. */
#ifndef ENGINE_REGISTRY_H
#define ENGINE_REGISTRY_H

#include "base/error.h"

#include <nodegauge/collector.h>

struct ng_module {
	void *handle;
	struct ng_collector *collector; /* our copy of its descriptor, whole; NULL until it was accepted */
};

struct ng_registry {
	const struct ng_collector **item; /* sorted by name */
	size_t count, capacity;
	struct ng_module *modules;
	size_t module_count;
};

/* The linked-in collectors. */
int ng_registry_init(struct ng_registry *registry);
void ng_registry_done(struct ng_registry *registry);

/*
 * Adds the collectors of all *.so in `directory`. Version and size of a descriptor are checked before any of its
 * functions runs; stops at the first rejected file, with the reason in `error`.
 */
int ng_registry_load(struct ng_registry *registry, const char *directory, struct ng_error *error);

/* NULL if there is none with that name. */
const struct ng_collector *ng_registry_find(const struct ng_registry *registry, struct ng_span name);

#endif
