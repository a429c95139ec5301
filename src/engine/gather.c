/* SPDX-License-Identifier: Apache-2.0 */
/* A gather: runs the selected cells one after the other; if a cell blocks its runner, another runner takes over. */
#include "base/arena.h"
#include "engine/internal.h"

#include <stdio.h>

static const size_t stack_size = 256u << 10;

/* Maximum number of notes per collect, to limit log output. */
enum { NG_NOTES_ROOM = 16 };

/* ---- one cell ---- */

/* Logs what a successful collector left out: each text once, and the recovery once. */
static void log_notes(struct ng_engine *engine, struct ng_cell *cell, const struct ng_scrape *scrape, uint64_t now)
{
	const char *name = cell->collector->name;
	size_t count = scrape->note_count < scrape->note_room ? scrape->note_count : scrape->note_room;

	if (!engine->config.log)
		return;
	for (size_t i = 0; i < count; i++) {
		if (!ng_is_news(&cell->notes, scrape->notes[i], now))
			continue;
		engine->config.log(
			engine->config.log_context, NG_LOG_WARN, "collector dropped data", name, scrape->notes[i]);
		cell->notes.told = true;
	}
	if (count == 0 && cell->notes.told) {
		engine->config.log(engine->config.log_context, NG_LOG_INFO, "collector fully recovered", name, "");
		cell->notes.told = false;
	}
}

/* For the landing page: the first note, and the number of further ones. */
static void sum_up(const struct ng_scrape *scrape, char *reason, size_t size)
{
	if (scrape->note_count == 0)
		reason[0] = '\0';
	else if (scrape->note_count == 1)
		snprintf(reason, size, "%s", scrape->notes[0]);
	else
		snprintf(reason, size, "%.*s (and %zu more)", NG_NOTE_SIZE - 40, scrape->notes[0],
			scrape->note_count - 1);
}

static void log_change(struct ng_engine *engine, struct ng_cell *cell, int result, const char *reason)
{
	bool failing = result < 0 && result != -ENODATA;
	const char *name = cell->collector->name;

	if (!engine->config.log)
		return;
	if (failing && !cell->failing)
		engine->config.log(engine->config.log_context, NG_LOG_WARN, "collector failed", name, reason);
	else if (!failing && cell->failing)
		engine->config.log(engine->config.log_context, NG_LOG_INFO, "collector recovered", name, "");
	else if (result == -ENODATA && cell->result != -ENODATA)
		engine->config.log(engine->config.log_context, NG_LOG_DEBUG, "collector has no data", name, reason);
	cell->failing = failing;
}

/* `reason` is empty for a collector without problems. */
static void cell_finish(struct ng_engine *engine, struct ng_cell *cell, int result, uint64_t now, const char *reason)
{
	log_change(engine, cell, result, reason);
	cell->result = result;
	cell->finished = true;
	cell->duration = now - cell->started;
	if (*reason)
		snprintf(cell->reason, sizeof(cell->reason), "%s", reason);
	else
		cell->reason[0] = '\0';
}

/* Runs the cell; called and returns with the lock held, but releases it meanwhile. Returns whether the gather that
 * started it still needs its result. */
static bool run_cell(struct ng_runner *runner, struct ng_cell *cell, uint64_t now)
{
	struct ng_engine *engine = runner->engine;
	char reason[NG_NOTE_SIZE], notes[NG_NOTES_ROOM][NG_NOTE_SIZE];
	struct ng_scrape scrape = {
		.arena = &runner->arena,
		.kernel = &engine->kernel,
		.serial = engine->serial,
		.deadline = engine->deadline,
		.devices_epoch = engine->epoch,
		.readers = engine->readers,
		.recent_readers = engine->recent_readers,
		.reason = reason,
		.reason_size = sizeof(reason),
		.notes = notes,
		.note_room = NG_NOTES_ROOM,
	};

	cell->phase = NG_CELL_RUNNING;
	cell->started = now;
	engine->moved = now;
	runner->cell = cell;
	pthread_mutex_unlock(&engine->lock);

	unsigned long failures = ng_memory_failures();
	int result = ng_cell_collect(cell, &scrape);
	ng_arena_trim(&runner->arena, NG_KEEP_ROOM);
	now = ng_now();

	pthread_mutex_lock(&engine->lock);
	runner->cell = NULL;
	if (ng_memory_failures() != failures)
		engine->kernel.epoch++; /* data that was cached until the devices change is rebuilt */
	bool wanted = cell->phase == NG_CELL_RUNNING;
	cell->phase = NG_CELL_IDLE;
	if (wanted) {
		cell->dropped += scrape.dropped;
		cell->dropped_values += scrape.dropped_values;
		if (result == 0) {
			log_notes(engine, cell, &scrape, now);
			sum_up(&scrape, reason, sizeof(reason));
		}
		cell_finish(engine, cell, result, now, reason);
	}
	return wanted;
}

/* ---- runners ---- */

static struct ng_cell *take_next(struct ng_engine *engine)
{
	while (engine->active && engine->next < engine->cell_count) {
		struct ng_cell *cell = engine->order[engine->next++];
		if (cell->phase == NG_CELL_QUEUED)
			return cell;
	}
	return NULL;
}

/* Finishes the gather: builds the body and delivers it. Called and returns with the lock held. */
static void finish_gather(struct ng_engine *engine)
{
	ng_finished *finished = engine->finished;
	void *context = engine->context;

	engine->finished = NULL;
	pthread_mutex_unlock(&engine->lock);
	struct ng_body *body = ng_assemble(engine);
	pthread_mutex_lock(&engine->lock);
	engine->active = false;
	pthread_mutex_unlock(&engine->lock);
	finished(context, body, body ? 0 : -ENOMEM);
	pthread_mutex_lock(&engine->lock);
}

static void work_through(struct ng_runner *runner)
{
	struct ng_engine *engine = runner->engine;
	struct ng_cell *cell;
	uint64_t now = ng_now();

	while ((cell = take_next(engine))) {
		if (!run_cell(runner, cell, now)) {
			now = ng_now();
			continue;
		}
		now = cell->started + cell->duration;
		if (--engine->pending == 0) {
			engine->finishing = true;
			finish_gather(engine);
			engine->finishing = false;
		}
	}
}

static void *runner_main(void *argument)
{
	struct ng_runner *runner = argument;
	struct ng_engine *engine = runner->engine;

	pthread_mutex_lock(&engine->lock);
	for (;;) {
		if (!runner->called)
			engine->idle[engine->idle_count++] = runner;
		while (!runner->called && !engine->stopping)
			pthread_cond_wait(&runner->woken, &engine->lock);
		if (engine->stopping)
			break;
		runner->called = false;
		work_through(runner);
	}
	pthread_mutex_unlock(&engine->lock);
	return NULL;
}

static int add_runner(struct ng_engine *engine, bool called)
{
	struct ng_runner *runner = &engine->runners[engine->runner_count];
	pthread_attr_t attributes;

	runner->engine = engine;
	runner->called = called;
	pthread_cond_init(&runner->woken, NULL);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, stack_size);
	int r = pthread_create(&runner->thread, &attributes, runner_main, runner);
	pthread_attr_destroy(&attributes);
	if (r)
		return -r;
	engine->runner_count++;
	return 0;
}

/* A runner that the caller must wake after releasing the lock, or NULL if there is none to wake. */
static struct ng_runner *call_runner(struct ng_engine *engine)
{
	if (engine->finishing)
		return NULL; /* it starts the next gather on its own */
	if (engine->idle_count == 0) {
		if (engine->runner_count < engine->runner_limit)
			add_runner(engine, true);
		return NULL;
	}
	struct ng_runner *runner = engine->idle[--engine->idle_count];
	runner->called = true;
	return runner;
}

static void wake(struct ng_runner *runner)
{
	if (runner)
		pthread_cond_signal(&runner->woken);
}

int ng_runners_start(struct ng_engine *engine)
{
	return add_runner(engine, false);
}

bool ng_runners_stop(struct ng_engine *engine)
{
	bool any = false;

	pthread_mutex_lock(&engine->lock);
	engine->stopping = true;
	for (size_t i = 0; i < engine->runner_count; i++) {
		pthread_cond_signal(&engine->runners[i].woken);
		engine->runners[i].left = engine->runners[i].cell != NULL;
		any = any || engine->runners[i].left;
	}
	pthread_mutex_unlock(&engine->lock);
	for (size_t i = 0; i < engine->runner_count; i++) {
		if (engine->runners[i].left)
			pthread_detach(engine->runners[i].thread);
		else
			pthread_join(engine->runners[i].thread, NULL);
	}
	return !any;
}

/* ---- a gather ---- */

static void queue_cell(struct ng_engine *engine, struct ng_cell *cell, bool included)
{
	cell->included = included;
	if (!included)
		return;
	if (cell->phase == NG_CELL_STUCK) {
		cell->result = -ETIMEDOUT;
		cell->duration = ng_now() - cell->started;
		return;
	}
	cell->phase = NG_CELL_QUEUED;
	engine->pending++;
}

int ng_engine_start(struct ng_engine *engine, const struct ng_selection *selection, uint64_t deadline,
	ng_finished *finished, void *context)
{
	struct ng_runner *runner = NULL;

	pthread_mutex_lock(&engine->lock);
	if (engine->active) {
		pthread_mutex_unlock(&engine->lock);
		return -EBUSY;
	}
	engine->active = true;
	engine->serial++;
	engine->deadline = deadline;
	engine->readers = selection && selection->readers ? selection->readers : 1;
	engine->recent_readers = (selection ? selection->recent_readers : 0) | engine->readers;
	engine->formats = selection && selection->formats ? selection->formats : 1u << NG_FORMAT_TEXT;
	engine->packed = selection ? selection->packed : 0;
	engine->gzip = selection ? selection->gzip : NULL;
	engine->epoch = ng_kernel_devices_epoch(&engine->kernel);
	engine->next = 0;
	engine->pending = 0;
	engine->moved = ng_now();
	engine->finished = finished;
	engine->context = context;
	for (size_t i = 0; i < engine->cell_count; i++)
		queue_cell(engine, &engine->cells[i], !selection || !selection->cell || selection->cell[i]);
	if (engine->pending)
		runner = call_runner(engine);
	else
		finish_gather(engine);
	pthread_mutex_unlock(&engine->lock);
	wake(runner);
	return 0;
}

/* Returns whether the cell was not even started. */
static bool give_up_on(struct ng_engine *engine, struct ng_cell *cell, uint64_t now)
{
	if (cell->phase == NG_CELL_RUNNING) {
		cell->phase = NG_CELL_STUCK;
		cell_finish(engine, cell, -ETIMEDOUT, now, "missed the deadline; not started again until it returns");
	} else if (cell->phase == NG_CELL_QUEUED) {
		cell->phase = NG_CELL_IDLE;
		cell->result = -ETIMEDOUT;
		cell->duration = 0;
		snprintf(cell->reason, sizeof(cell->reason), "not started before the deadline");
		return true;
	}
	return false;
}

static void end_late_gather(struct ng_engine *engine, uint64_t now)
{
	size_t missed = 0;
	char count[64];

	for (size_t i = 0; i < engine->cell_count; i++)
		missed += give_up_on(engine, &engine->cells[i], now);
	if (missed && engine->config.log) {
		snprintf(count, sizeof(count), "%zu collectors not started", missed);
		engine->config.log(engine->config.log_context, NG_LOG_WARN, "deadline exceeded", "", count);
	}
	finish_gather(engine);
}

uint64_t ng_engine_tick(struct ng_engine *engine, uint64_t now)
{
	uint64_t next = UINT64_MAX;
	struct ng_runner *runner = NULL;

	pthread_mutex_lock(&engine->lock);
	if (engine->active && engine->finished) {
		bool waiting = engine->next < engine->cell_count;
		if (now >= engine->deadline) {
			end_late_gather(engine, now);
		} else {
			if (waiting && now >= engine->moved + engine->config.stall) {
				engine->moved = now;
				runner = call_runner(engine);
			}
			next = engine->deadline;
			if (waiting && engine->moved + engine->config.stall < next)
				next = engine->moved + engine->config.stall;
		}
	}
	pthread_mutex_unlock(&engine->lock);
	wake(runner);
	return next;
}

void ng_engine_hurry(struct ng_engine *engine, uint64_t deadline)
{
	pthread_mutex_lock(&engine->lock);
	if (engine->active && deadline < engine->deadline)
		engine->deadline = deadline;
	pthread_mutex_unlock(&engine->lock);
}
