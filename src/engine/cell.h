/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cell: one enabled collector with everything it owns, its state and its output. Nothing in it is shared, so nothing
 * is locked; the gather makes sure that only one thread at a time uses it.
 */
#ifndef ENGINE_CELL_H
#define ENGINE_CELL_H

#include "base/error.h"
#include "exposition/page.h"
#include "kernel/kernel.h"

#include <nodegauge/collector.h>

/* An option as given, in command line order; a negated switch has "false". */
struct ng_given {
	const struct ng_option *option;
	const char *text;
};

/* An enabled collector with the options given for it. */
struct ng_choice {
	const struct ng_collector *collector;
	const struct ng_given *given;
	size_t given_count;
	const struct ng_choice *all; /* all enabled ones, including this one; filled in by the engine */
	size_t all_count;
};

/* Whether the collector needs that privilege with the options given for it. */
bool ng_choice_wants(const struct ng_choice *choice, const struct ng_privilege *privilege);

/* Adds a text, which it borrows, to the list of a repeated option; 0 or -ENOMEM. */
int ng_list_append(struct ng_arena *arena, struct ng_list *list, const char *text);

/* The whole name of a flag, without the dashes: "collector.netdev.device-include". */
void ng_option_flag(const struct ng_collector *collector, const struct ng_option *option, char *name, size_t size);

enum ng_cell_phase {
	NG_CELL_IDLE,
	NG_CELL_QUEUED,  /* in this gather, not started */
	NG_CELL_RUNNING, /* a runner is inside */
	NG_CELL_STUCK,   /* a runner is inside, and the gather that started it finished without it */
};

/* Notes that have been logged: hashes of the texts, and when each last occurred. */
enum { NG_NOTES_LOGGED = 32 };
struct ng_notes {
	struct {
		uint64_t hash, seen; /* seen: CLOCK_MONOTONIC ns, 0 if free */
	} logged[NG_NOTES_LOGGED];
	bool told; /* something was logged since the last recovery */
};

struct ng_cell {
	const struct ng_collector *collector;
	void *state;
	struct ng_arena memory; /* for the lifetime of the cell: heads, option texts, allocations of init */
	struct ng_family_head *heads;
	struct ng_pattern **patterns;
	size_t pattern_count;
	struct ng_page page;
	pthread_mutex_t inside; /* keeps collect and tick apart; only if the collector has a tick */

	/* under the gather's lock */
	enum ng_cell_phase phase;
	uint64_t started;  /* CLOCK_MONOTONIC ns, of the running or last call */
	uint64_t duration; /* of the last call that returned */
	int result;        /* of the last call; -ETIMEDOUT while stuck or not started in time */
	uint64_t dropped;  /* records left out, in total */
	uint64_t dropped_values;
	char reason[NG_NOTE_SIZE];
	struct ng_notes notes;
	bool finished; /* at least once */
	bool failing;  /* has been logged as failing */
	bool included; /* in the current or last gather */
};

/* Fills in the options and runs the collector's init. On error the cell is as after ng_cell_done. */
int ng_cell_init(
	struct ng_cell *cell, const struct ng_choice *choice, struct ng_kernel *kernel, struct ng_error *error);
void ng_cell_done(struct ng_cell *cell);

/* One call of tick. */
void ng_cell_tick(struct ng_cell *cell, struct ng_scrape *scrape, struct ng_wait *wait);

/* Resets the page and calls collect; the caller holds no lock. Returns its result. */
int ng_cell_collect(struct ng_cell *cell, struct ng_scrape *scrape);

#endif
