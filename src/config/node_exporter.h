/* SPDX-License-Identifier: Apache-2.0 */
/* node_exporter's collectors and flags, for messages about those that do not exist here. */
#ifndef CONFIG_NODE_EXPORTER_H
#define CONFIG_NODE_EXPORTER_H

#include "config/options.h"

enum ng_their_default {
	NG_THEIRS_OFF,
	NG_THEIRS_ON,
	NG_THEIRS_NEWER, /* on by default since 1.12: most installations do not have it */
};

struct ng_their_collector {
	const char *name;
	enum ng_their_default initial;
	const char *alias; /* another spelling in the names of its options, or NULL */
};

/* The collectors of node_exporter for Linux, by name; the last row has no name. */
extern const struct ng_their_collector ng_their_collectors[];

/* The collector that a flag switches or sets up, as "collector.NAME", "no-collector.NAME" or "collector.NAME.OPTION".
 */
const struct ng_their_collector *ng_their_collector_of(struct ng_span flag);

/* Whether nodegauge has a collector with that name, including loaded ones. */
bool ng_collector_exists(const struct ng_options *options, const char *name);

/* Whether the flag disables a collector that does not exist here, which is not an error. */
bool ng_their_switched_off(const struct ng_options *options, struct ng_span flag);

/*
 * Explains in `text` why nodegauge does not have that flag of node_exporter; false if node_exporter does not have it
 * either, as far as we know.
 */
bool ng_their_flag_missing(const struct ng_options *options, struct ng_span flag, char *text, size_t size);

#endif
