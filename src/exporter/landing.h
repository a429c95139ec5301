/* SPDX-License-Identifier: Apache-2.0 */
/* The page at "/": version, links, and each collector with its state. */
#ifndef EXPORTER_LANDING_H
#define EXPORTER_LANDING_H

#include "engine/engine.h"
#include "engine/registry.h"

/* HTML in malloc'ed memory, owned by the caller; an empty span if out of memory. */
struct ng_span ng_landing_render(
	struct ng_engine *engine, const struct ng_registry *registry, const char *telemetry_path);

#endif
