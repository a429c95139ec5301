/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: the enabled collectors, and one gather at a time.
 *
 * A gather is a queue of cells that a runner (a thread) works through, those that may block last. If a runner stays in
 * one cell for longer than the stall time, another runner takes over the rest: a gather in which nothing blocks costs
 * one thread, and a blocked one loses only that cell. At the deadline, missing cells are reported as failed, and the
 * response consists of the rest. The stuck runner keeps its cell, which is not started again until it returns.
 *
 * The engine has no timer of its own: the caller that waits for a gather calls ng_engine_tick at the times it returns.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/error.h"
#include "base/log.h"
#include "engine/cell.h"
#include "exposition/encoder.h"
#include "exposition/gzip.h"

#include <stdatomic.h>

/* Adds families to each response, in the thread that finishes the gather; its scrape has only page, arena, kernel and
 * serial. */
struct ng_writer {
	const struct ng_family *families;
	size_t family_count;
	void (*write)(void *context, struct ng_scrape *scrape, const struct ng_family *families);
	void *context;
};

/* The engine's own families, for the reference. */
extern const struct ng_writer ng_engine_writer;

struct ng_engine_config {
	const char *roots[NG_ROOTS];
	const struct ng_choice *choices; /* enabled collectors, ordered by name */
	size_t choice_count;
	const struct ng_writer *writers;
	size_t writer_count;
	/* Called with a collector's name, or "" for the engine itself; from any thread. */
	void (*log)(void *context, enum ng_level level, const char *message, const char *collector, const char *reason);
	void *log_context;
	bool once;      /* no work between gathers */
	int keep_below; /* of ng_keep_below: which descriptors collectors may keep open; 0 for all */
	uint64_t stall; /* how long a runner may stay in one cell before another one takes over, in ns; 0 for the usual
			   30 ms */
};

/*
 * The response of a gather in the requested formats. Shared by all scrapes that wait for it; lives until the last
 * reference is dropped.
 */
struct ng_body {
	struct ng_encoded encoded[NG_FORMATS];
	struct ng_packed packed[NG_FORMATS]; /* compressed; filled in by the user of the body if not folded */
	atomic_uint references;
	uint64_t serial;
};

/* The text; empty if it was folded. */
static inline struct ng_span ng_body_text(const struct ng_body *body, enum ng_format format)
{
	return (struct ng_span){ body->encoded[format].bytes, body->encoded[format].size };
}

struct ng_engine;

int ng_engine_new(const struct ng_engine_config *config, struct ng_error *error, struct ng_engine **ret_engine);

/*
 * Does not wait for stuck runners: if there are any, what they use is kept until the process exits, and false is
 * returned.
 */
bool ng_engine_free(struct ng_engine *engine);

/* Makes the next gather reread everything that is read once per device event. */
void ng_engine_reopen(struct ng_engine *engine);

size_t ng_engine_cell_count(const struct ng_engine *engine);
const char *ng_engine_cell_name(const struct ng_engine *engine, size_t index);

/* A cell as the landing page shows it; a consistent copy. */
struct ng_cell_view {
	const struct ng_collector *collector;
	bool collected; /* at least once */
	bool running;
	bool stuck;
	int result;
	uint64_t duration; /* ns */
	char reason[256];
};
void ng_engine_view(struct ng_engine *engine, size_t index, struct ng_cell_view *ret_view);

struct ng_selection {
	const bool *cell;                 /* which cells take part: one byte each, true or false; NULL for all */
	uint64_t readers, recent_readers; /* see struct ng_scrape; 0 means one reader */
	unsigned formats;                 /* requested formats, one bit each; 0 means text */
	unsigned packed;                  /* which of them will be compressed */
	struct ng_gzip *const *gzip;      /* for each format, to fold large responses; NULL to keep them as text */
};

/*
 * Starts a gather; -EBUSY while one is running. `finished` is called once, from any thread, without locks held, with a
 * reference to the body that the callee must drop, or with NULL and a negative errno.
 */
typedef void ng_finished(void *context, struct ng_body *body, int error);
int ng_engine_start(struct ng_engine *engine, const struct ng_selection *selection, uint64_t deadline,
	ng_finished *finished, void *context);

/* Hands over work from blocked runners, and enforces deadlines. Returns when to call again (CLOCK_MONOTONIC ns),
 * UINT64_MAX for never. */
uint64_t ng_engine_tick(struct ng_engine *engine, uint64_t now);

/* Ends the current gather by then at the latest. */
void ng_engine_hurry(struct ng_engine *engine, uint64_t deadline);

/* Starts a gather and waits for it. For --once and for tests. */
int ng_engine_gather(
	struct ng_engine *engine, const struct ng_selection *selection, uint64_t deadline, struct ng_body **ret_body);

void ng_body_release(struct ng_body *body);

#endif
