/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module that must be refused: one thing about it is wrong, by -DABI=, -DSIZE=, -DNAME= or -DSYMBOL=. Each callback
 * leaves a mark, which nobody may find.
 */
#include <nodegauge/collector.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef ABI
#define ABI NG_ABI_VERSION
#endif
#ifndef SIZE
#define SIZE sizeof(struct ng_collector)
#endif
#ifndef NAME
#define NAME "refused"
#endif
#ifndef SYMBOL
#define SYMBOL ng_collector_module
#endif

static void leave_mark(void)
{
	const char *path = getenv("MARK");

	if (path)
		fclose(fopen(path, "w"));
}

static int refused_init(void *state, struct ng_setup *setup)
{
	(void)state;
	(void)setup;
	leave_mark();
	return 0;
}

static int refused_collect(void *state, struct ng_scrape *scrape)
{
	(void)state;
	(void)scrape;
	leave_mark();
	return 0;
}

static void refused_done(void *state)
{
	(void)state;
	leave_mark();
}

static const struct ng_collector descriptor = {
	.abi = ABI,
	.size = SIZE,
	.name = NAME,
	.summary = "Must not be loaded",
	.state_size = 1,
	.init = refused_init,
	.collect = refused_collect,
	.done = refused_done,
};
extern const struct ng_collector *const SYMBOL;
const struct ng_collector *const SYMBOL = &descriptor;
