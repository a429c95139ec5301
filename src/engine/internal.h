/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the engine. */
#ifndef ENGINE_INTERNAL_H
#define ENGINE_INTERNAL_H

#include "engine/engine.h"

#include <pthread.h>

enum {
	NG_KEEP_ROOM = 1 << 20,  /* pages, bodies and arenas beyond this size are returned to the system after use */
	NG_PLAIN_ROOM = 8 << 20, /* larger responses are folded even if no client wants them compressed */
	NG_BODIES_KEPT = 4,      /* of the bodies being sent to slow clients, any more than these are freed once sent */
};

struct ng_runner {
	struct ng_engine *engine;
	pthread_t thread;
	pthread_cond_t woken;
	bool called;
	struct ng_arena arena;
	struct ng_cell *cell; /* being run, or NULL */
	bool left;            /* left behind at the end of the engine because it is stuck */
};

/* The thread of a cell that has work between gathers. */
struct ng_ticker {
	struct ng_engine *engine;
	struct ng_cell *cell;
	pthread_t thread;
	int stop_fd, over_fd; /* event descriptors: to stop it, and to signal that it has ended */
	struct ng_arena arena;
};

struct ng_engine {
	struct ng_kernel kernel;
	struct ng_cell *cells;
	size_t cell_count;
	struct ng_cell **order; /* in starting order */
	struct ng_engine_config config;

	pthread_mutex_t lock;
	struct ng_runner *runners; /* one more than there are cells: each cell can block one forever */
	size_t runner_count, runner_limit;
	struct ng_runner **idle; /* the one that worked last, whose memory is warm, is on top */
	size_t idle_count;
	struct ng_ticker *tickers;
	size_t ticker_count;
	bool finishing; /* a runner is delivering a body and will look for work afterwards */
	bool stopping;

	/* the current gather */
	bool active;
	uint64_t serial, deadline, epoch;
	uint64_t readers, recent_readers;
	unsigned formats, packed;
	struct ng_gzip *const *gzip;
	size_t next;    /* in `order` */
	size_t pending; /* cells, started or not, that have no result yet */
	uint64_t moved; /* when a cell was last started */
	ng_finished *finished;
	void *context;
	uint64_t dropped_families, dropped_samples;
	struct ng_notes clashes; /* conflicts between collectors */

	/* building the body; one thread at a time, since `active` stays set until it is done */
	struct ng_page own; /* the engine's families and the writers' */
	struct ng_family *own_families;
	size_t own_count;
	struct ng_arena own_memory, own_arena;
	struct ng_assembly *assembly;
	struct ng_body *bodies[NG_BODIES_KEPT];
};

/* Whether the text has not been logged recently; remembers it. */
bool ng_is_news(struct ng_notes *notes, const char *text, uint64_t now);

/* Starts the first runner; others are added when it is blocked. */
int ng_runners_start(struct ng_engine *engine);

/* Returns false if one is stuck: what it uses must not be freed. */
bool ng_runners_stop(struct ng_engine *engine);

int ng_tickers_start(struct ng_engine *engine);

bool ng_tickers_stop(struct ng_engine *engine); /* as above */

/* Builds the body from all cells of a finished gather. NULL if out of memory. */
struct ng_body *ng_assemble(struct ng_engine *engine);
int ng_assembly_init(struct ng_engine *engine);
void ng_assembly_done(struct ng_engine *engine);

#endif
