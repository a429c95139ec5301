/* SPDX-License-Identifier: Apache-2.0 */
/* An engine on a tree of files, set up from flags like the daemon's. */
#ifndef TESTS_INSTANCE_H
#define TESTS_INSTANCE_H

#include "config/options.h"
#include "engine/engine.h"
#include "exposition.h"

struct instance_plan {
	const char *root;          /* contains proc, sys, rootfs, udev, cgroup, run; NULL for this machine's own */
	const char *collectors[3]; /* to be enabled alone; none for the defaults */
	const char *const *flags;  /* "--collector.x.y=z" */
	size_t flag_count;
	void (*starting)(bool); /* called before and after the engine is made, or NULL */
};

struct instance {
	struct ng_engine *engine;
	const char *subject; /* the first collector of the plan */
	struct ng_options options;
	struct ng_arguments arguments;
	char **argv;
	int argc;
	char *roots[NG_ROOTS];
	struct ng_body *body; /* from the last gather */
	struct ng_span text;
	atomic_uint logged; /* messages about failing collectors */
	char error[1024];
};

/* The linked-in collectors. */
const struct ng_registry *instance_registry(void);

/* False with ->error if the flags or a collector's init are rejected; there is nothing to close then. */
bool instance_open(struct instance *instance, const struct instance_plan *plan);
void instance_close(struct instance *instance);

/* Renders a response; ->text is valid until the next one. False with ->error. */
bool instance_gather(struct instance *instance);

/* The engine's state of the first collector of the plan. */
struct ng_cell_view instance_subject(struct instance *instance);

/*
 * Reads the last response strictly and checks it against the engine and the descriptors: each enabled collector has
 * success and duration, a failed one no families, and families have the promised type and labels. False with
 * exposition->error.
 */
bool instance_check(struct instance *instance, struct exposition *exposition);

/* Whether a family comes from the engine itself. */
bool family_is_own(struct ng_span name);

/* The descriptor entry that a family belongs to, or NULL. */
const struct ng_family *family_of(const struct ng_collector *collector, struct ng_span name);

#endif
