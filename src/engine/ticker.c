/* SPDX-License-Identifier: Apache-2.0 */
/* Work between gathers: one thread per cell that needs it. */
#include "base/arena.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static const size_t ticker_stack = 256u << 10;

/* Delay of the first tick after startup. */
static const uint64_t first_ns = 50u * 1000000u;

/* How long engine shutdown waits for a running tick; sanitizers slow everything down. */
#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(SANITIZED) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const uint64_t patience_ns = UINT64_C(20000000000);
#else
static const uint64_t patience_ns = UINT64_C(900000000);
#endif

/* Returns whether to continue. */
static bool wait_for_next(const struct ng_ticker *ticker, struct ng_wait *wait)
{
	uint64_t now = ng_now(), left = wait->until > now ? wait->until - now : 0;
	struct timespec timeout = { (time_t)(left / 1000000000u), (long)(left % 1000000000u) };
	struct pollfd all[NG_WAIT_ROOM + 1];
	size_t count = wait->count < NG_WAIT_ROOM ? wait->count : NG_WAIT_ROOM;

	memcpy(all, wait->descriptor, count * sizeof(*all));
	all[count] = (struct pollfd){ .fd = ticker->stop_fd, .events = POLLIN };
	if (ppoll(all, count + 1, wait->until == UINT64_MAX ? NULL : &timeout, NULL) < 0)
		memset(all, 0, sizeof(all)); /* a signal: treat as a timeout */
	for (size_t i = 0; i < count; i++)
		wait->descriptor[i].revents = all[i].revents;
	return all[count].revents == 0;
}

static void *ticker_main(void *argument)
{
	struct ng_ticker *ticker = argument;
	char reason[256];
	struct ng_scrape scrape = {
		.arena = &ticker->arena,
		.kernel = &ticker->engine->kernel,
		.deadline = UINT64_MAX,
		.reason = reason,
		.reason_size = sizeof(reason),
	};
	/* so that a first scrape that waits for startup does not wait for this as well */
	struct ng_wait wait = { .until = ng_now() + first_ns };

	while (wait_for_next(ticker, &wait)) {
		ng_cell_tick(ticker->cell, &scrape, &wait);
		ng_arena_trim(&ticker->arena, NG_KEEP_ROOM);
	}
	eventfd_write(ticker->over_fd, 1);
	return NULL;
}

static void close_both(struct ng_ticker *ticker)
{
	if (ticker->stop_fd >= 0)
		close(ticker->stop_fd);
	if (ticker->over_fd >= 0)
		close(ticker->over_fd);
}

static int start_one(struct ng_engine *engine, struct ng_cell *cell)
{
	struct ng_ticker *ticker = &engine->tickers[engine->ticker_count];
	pthread_attr_t attributes;

	*ticker = (struct ng_ticker){ .engine = engine, .cell = cell };
	ticker->stop_fd = eventfd(0, EFD_CLOEXEC);
	ticker->over_fd = eventfd(0, EFD_CLOEXEC);
	if (ticker->stop_fd < 0 || ticker->over_fd < 0) {
		close_both(ticker);
		return -EMFILE;
	}
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, ticker_stack);
	int r = pthread_create(&ticker->thread, &attributes, ticker_main, ticker);
	pthread_attr_destroy(&attributes);
	if (r)
		close_both(ticker);
	else
		engine->ticker_count++;
	return -r;
}

int ng_tickers_start(struct ng_engine *engine)
{
	engine->tickers = calloc(engine->cell_count + 1, sizeof(*engine->tickers));
	if (!engine->tickers)
		return -ENOMEM;
	for (size_t i = 0; i < engine->cell_count; i++) {
		int r = engine->cells[i].collector->tick ? start_one(engine, &engine->cells[i]) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/* The thread sanitizer does not recognise a join with a timeout. */
static bool is_over(const struct ng_ticker *ticker, uint64_t until)
{
	struct pollfd over = { .fd = ticker->over_fd, .events = POLLIN };

	for (;;) {
		uint64_t now = ng_now(), left = until > now ? until - now : 0;
		struct timespec timeout = { (time_t)(left / 1000000000u), (long)(left % 1000000000u) };
		int n = ppoll(&over, 1, &timeout, NULL);
		if (n >= 0 || errno != EINTR)
			return n > 0;
	}
}

bool ng_tickers_stop(struct ng_engine *engine)
{
	uint64_t until = ng_now() + patience_ns;
	bool all = true;

	for (size_t i = 0; i < engine->ticker_count; i++)
		eventfd_write(engine->tickers[i].stop_fd, 1);
	for (size_t i = 0; i < engine->ticker_count; i++) {
		struct ng_ticker *ticker = &engine->tickers[i];
		if (!is_over(ticker, until)) {
			pthread_detach(ticker->thread);
			all = false;
			continue;
		}
		pthread_join(ticker->thread, NULL);
		close_both(ticker);
		ng_arena_done(&ticker->arena);
	}
	return all;
}
