/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/registry.h"

#include "engine/module_file.h"

#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct ng_collector *const __start_ng_collectors[];
extern const struct ng_collector *const __stop_ng_collectors[];

/* The minimum size in version 1 of the interface. */
#define OLDEST_SIZE offsetof(struct ng_collector, done)

static int add(struct ng_registry *registry, const struct ng_collector *collector)
{
	if (registry->count == registry->capacity) {
		size_t wider = registry->capacity ? registry->capacity * 2 : 64;
		void *moved = realloc((void *)registry->item, wider * sizeof(*registry->item));
		if (!moved)
			return -ENOMEM;
		registry->item = moved;
		registry->capacity = wider;
	}
	size_t at = registry->count++;
	for (; at > 0 && strcmp(registry->item[at - 1]->name, collector->name) > 0; at--)
		registry->item[at] = registry->item[at - 1];
	registry->item[at] = collector;
	return 0;
}

int ng_registry_init(struct ng_registry *registry)
{
	*registry = (struct ng_registry){ 0 };
	for (const struct ng_collector *const *at = __start_ng_collectors; at < __stop_ng_collectors; at++) {
		int r = add(registry, *at);
		if (r < 0)
			return r;
	}
	return 0;
}

void ng_registry_done(struct ng_registry *registry)
{
	for (size_t i = 0; i < registry->module_count; i++) {
		free(registry->modules[i].collector);
		dlclose(registry->modules[i].handle);
	}
	free(registry->modules);
	free((void *)registry->item);
	*registry = (struct ng_registry){ 0 };
}

const struct ng_collector *ng_registry_find(const struct ng_registry *registry, struct ng_span name)
{
	for (size_t i = 0; i < registry->count; i++) {
		if (ng_span_equal(ng_span(registry->item[i]->name), name))
			return registry->item[i];
	}
	return NULL;
}

/* ---- modules ---- */

static int refuse(const char *path, const char *reason, struct ng_error *error)
{
	return ng_error_set(error, -EINVAL, "%s: %s", path, reason);
}

static int check(const struct ng_registry *registry, const struct ng_collector *collector, const char *path,
	struct ng_error *error)
{
	char reason[192];

	if (collector->abi != NG_ABI_VERSION) {
		snprintf(reason, sizeof(reason),
			"built for version %u of the collector interface, but this is version %d: rebuild it",
			collector->abi, NG_ABI_VERSION);
		return refuse(path, reason, error);
	}
	if (collector->size < OLDEST_SIZE || collector->size > sizeof(*collector)) {
		snprintf(reason, sizeof(reason),
			"descriptor has %u bytes, expected %zu to %zu: rebuild it with this version's headers",
			collector->size, OLDEST_SIZE, sizeof(*collector));
		return refuse(path, reason, error);
	}
	if (!collector->name || !collector->summary || !collector->collect)
		return refuse(path, "the descriptor has no name, summary or collect", error);
	if (ng_registry_find(registry, ng_span(collector->name))) {
		snprintf(reason, sizeof(reason), "there is already a collector named %s", collector->name);
		return refuse(path, reason, error);
	}
	return 0;
}

/* A descriptor built with older headers is shorter: missing members are zero. */
static int adopt(struct ng_registry *registry, const struct ng_collector *collector)
{
	struct ng_collector *whole = calloc(1, sizeof(*whole));

	if (!whole)
		return -ENOMEM;
	memcpy(whole, collector, collector->size);
	registry->modules[registry->module_count - 1].collector = whole;
	return add(registry, whole);
}

static int load_one(struct ng_registry *registry, const char *path, struct ng_error *error)
{
	struct ng_module *wider = realloc(registry->modules, (registry->module_count + 1) * sizeof(*wider));

	if (!wider)
		return -ENOMEM;
	registry->modules = wider;
	const char *wrong = ng_module_file_check(path);
	if (wrong)
		return refuse(path, wrong, error);
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return refuse(path, dlerror(), error);
	registry->modules[registry->module_count++] = (struct ng_module){ handle, NULL };
	const struct ng_collector *const *entry = dlsym(handle, "ng_collector_module");
	if (!entry || !*entry)
		return refuse(
			path, "no symbol ng_collector_module: compile it with -DNG_MODULE and use NG_COLLECTOR", error);
	int r = check(registry, *entry, path, error);
	return r < 0 ? r : adopt(registry, *entry);
}

static int is_module(const struct dirent *entry)
{
	return ng_span_ends(ng_span(entry->d_name), NG_SPAN(".so"));
}

int ng_registry_load(struct ng_registry *registry, const char *directory, struct ng_error *error)
{
	struct dirent **entries;
	char path[PATH_MAX];
	int r = 0, n = scandir(directory, &entries, is_module, alphasort);

	if (n < 0)
		return refuse(directory, strerror(errno), error);
	for (int i = 0; i < n; i++) {
		if (r == 0) {
			snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
			r = load_one(registry, path, error);
		}
		free(entries[i]);
	}
	free(entries);
	return r;
}
