/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/internal.h"

#include <stdlib.h>
#include <time.h>

/* How long a runner may stay in one cell before another one takes over the rest. */
static const uint64_t usual_stall = 30u * 1000000u;

/* ---- waiting for a gather ---- */

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done;
	struct ng_body *body;
	int error;
};

static void wake_waiter(void *context, struct ng_body *body, int error)
{
	struct waiter *waiter = context;

	pthread_mutex_lock(&waiter->lock);
	waiter->done = true;
	waiter->body = body;
	waiter->error = error;
	pthread_cond_signal(&waiter->changed);
	pthread_mutex_unlock(&waiter->lock);
}

static void wait_until(struct waiter *waiter, uint64_t when)
{
	struct timespec until = { (time_t)(when / 1000000000u), (long)(when % 1000000000u) };

	pthread_mutex_lock(&waiter->lock);
	if (!waiter->done)
		pthread_cond_timedwait(&waiter->changed, &waiter->lock, &until);
	pthread_mutex_unlock(&waiter->lock);
}

static bool waiter_done(struct waiter *waiter)
{
	pthread_mutex_lock(&waiter->lock);
	bool done = waiter->done;
	pthread_mutex_unlock(&waiter->lock);
	return done;
}

static void init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

int ng_engine_gather(
	struct ng_engine *engine, const struct ng_selection *selection, uint64_t deadline, struct ng_body **ret_body)
{
	struct waiter waiter = { .lock = PTHREAD_MUTEX_INITIALIZER };

	init_condition(&waiter.changed);
	int r = ng_engine_start(engine, selection, deadline, wake_waiter, &waiter);
	while (r == 0 && !waiter_done(&waiter)) {
		uint64_t now = ng_now(), next = ng_engine_tick(engine, now);
		wait_until(&waiter, next < now + usual_stall ? next : now + usual_stall);
	}
	pthread_cond_destroy(&waiter.changed);
	pthread_mutex_destroy(&waiter.lock);
	*ret_body = waiter.body;
	return r < 0 ? r : waiter.error;
}

/* ---- life ---- */

static void order_cells(struct ng_engine *engine)
{
	size_t n = 0;

	for (int blocking = 0; blocking <= 1; blocking++) {
		for (size_t i = 0; i < engine->cell_count; i++) {
			if (engine->cells[i].collector->may_block == blocking)
				engine->order[n++] = &engine->cells[i];
		}
	}
}

/* The notice from init is in the buffer for failure reasons. */
static void say_notice(struct ng_engine *engine, struct ng_cell *cell)
{
	if (*cell->reason && engine->config.log)
		engine->config.log(engine->config.log_context, NG_LOG_INFO, "collector initialized",
			cell->collector->name, cell->reason);
	cell->reason[0] = '\0';
}

static int init_cells(struct ng_engine *engine, struct ng_error *error)
{
	const struct ng_engine_config *config = &engine->config;

	for (size_t i = 0; i < config->choice_count; i++) {
		struct ng_choice choice = config->choices[i];
		choice.all = config->choices;
		choice.all_count = config->choice_count;
		int r = ng_cell_init(&engine->cells[i], &choice, &engine->kernel, error);
		if (r < 0)
			return r;
		engine->cell_count++;
		say_notice(engine, &engine->cells[i]);
	}
	order_cells(engine);
	return 0;
}

int ng_engine_new(const struct ng_engine_config *config, struct ng_error *error, struct ng_engine **ret_engine)
{
	struct ng_engine *engine = calloc(1, sizeof(*engine));

	*ret_engine = NULL;
	ng_error_set(error, -ENOMEM, "out of memory");
	if (!engine)
		return -ENOMEM;
	engine->config = *config;
	if (!engine->config.stall)
		engine->config.stall = usual_stall;
	pthread_mutex_init(&engine->lock, NULL);
	engine->cells = calloc(config->choice_count + 1, sizeof(*engine->cells));
	engine->order = calloc(config->choice_count + 1, sizeof(*engine->order));
	engine->runner_limit = config->choice_count + 1;
	engine->runners = calloc(engine->runner_limit, sizeof(*engine->runners));
	engine->idle = calloc(engine->runner_limit, sizeof(*engine->idle));
	int r = ng_kernel_init(&engine->kernel, config->roots);
	engine->kernel.keep_below = config->keep_below;
	if (r == 0 && (!engine->cells || !engine->order || !engine->runners || !engine->idle))
		r = -ENOMEM;
	if (r == 0)
		r = init_cells(engine, error);
	if (r == 0)
		r = ng_assembly_init(engine);
	if (r == 0) {
		r = ng_runners_start(engine);
		if (r < 0)
			ng_error_set(error, r, "start a thread: %s", strerror(-r));
	}
	if (r == 0 && !config->once) {
		r = ng_tickers_start(engine);
		if (r < 0)
			ng_error_set(error, r, "start a thread: %s", strerror(-r));
	}
	if (r < 0) {
		ng_engine_free(engine);
		return r;
	}
	*ret_engine = engine;
	return 0;
}

bool ng_engine_free(struct ng_engine *engine)
{
	if (!engine)
		return true;
	bool ticking = !ng_tickers_stop(engine);
	if (!ng_runners_stop(engine) || ticking)
		return false;
	for (size_t i = 0; i < engine->runner_count; i++) {
		ng_arena_done(&engine->runners[i].arena);
		pthread_cond_destroy(&engine->runners[i].woken);
	}
	for (size_t i = 0; i < engine->cell_count; i++)
		ng_cell_done(&engine->cells[i]);
	ng_assembly_done(engine);
	ng_kernel_done(&engine->kernel);
	free(engine->cells);
	free(engine->order);
	free(engine->runners);
	free(engine->tickers);
	free(engine->idle);
	pthread_mutex_destroy(&engine->lock);
	free(engine);
	return true;
}

void ng_engine_reopen(struct ng_engine *engine)
{
	pthread_mutex_lock(&engine->lock);
	engine->kernel.epoch++;
	pthread_mutex_unlock(&engine->lock);
}

/* ---- status ---- */

size_t ng_engine_cell_count(const struct ng_engine *engine)
{
	return engine->cell_count;
}

const char *ng_engine_cell_name(const struct ng_engine *engine, size_t index)
{
	return engine->cells[index].collector->name;
}

void ng_engine_view(struct ng_engine *engine, size_t index, struct ng_cell_view *ret_view)
{
	const struct ng_cell *cell = &engine->cells[index];

	pthread_mutex_lock(&engine->lock);
	*ret_view = (struct ng_cell_view){
		.collector = cell->collector,
		.collected = cell->finished,
		.running = cell->phase == NG_CELL_RUNNING,
		.stuck = cell->phase == NG_CELL_STUCK,
		.result = cell->result,
		.duration = cell->duration,
	};
	memcpy(ret_view->reason, cell->reason, sizeof(cell->reason));
	pthread_mutex_unlock(&engine->lock);
}
