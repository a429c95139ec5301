/* SPDX-License-Identifier: Apache-2.0 */
#include "exporter/scrapes.h"

#include "exporter/answers.h"

#include <stdlib.h>
#include <sys/eventfd.h>

/* Smaller bodies are sent uncompressed. */
enum { PACK_FROM = 1024 };

/* Requests whose deadlines are this close may share a gather. */
static const uint64_t share_ns = 500u * 1000000u;

/* Scrapes count against the limit once the gather that they wait for has taken this long. */
static const uint64_t patience_ns = 50u * 1000000u;

/* ---- gathers ---- */

static void copy_counts(struct ng_scrapes *scrapes)
{
	struct ng_server_counts counts;

	ng_server_count(scrapes->server, &counts);
	atomic_store(&scrapes->connections, counts.connections);
	atomic_store(&scrapes->accepted, counts.accepted);
	atomic_store(&scrapes->refused[0], counts.refused_total);
	atomic_store(&scrapes->refused[1], counts.refused_client);
	atomic_store(&scrapes->timed_out, counts.timed_out);
}

static void pack(struct ng_scrapes *scrapes, struct ng_body *body, enum ng_format format)
{
	struct ng_packed *packed = &body->packed[format];

	if (body->encoded[format].folded || body->encoded[format].size < PACK_FROM ||
		ng_stencil_pack(scrapes->stencil[format], &body->encoded[format], packed))
		return;
	if (ng_gzip_pack(scrapes->gzip[format], ng_body_text(body, format), packed) < 0)
		packed->size = 0; /* then it is sent uncompressed */
}

static void gather_finished(void *context, struct ng_body *body, int error)
{
	struct ng_scrapes *scrapes = context;

	for (unsigned format = 0; body && format < NG_FORMATS; format++) {
		if (scrapes->pack >> format & 1)
			pack(scrapes, body, (enum ng_format)format);
	}
	scrapes->body = body;
	scrapes->error = error;
	atomic_fetch_add(&scrapes->gathers, 1);
	/* also makes the two writes above visible to the main thread */
	eventfd_write(scrapes->event_fd, 1);
}

static unsigned *count_of(struct ng_scrapes *scrapes, const struct ng_waiting *scrape)
{
	return &scrapes->of_client[(scrape->address * UINT64_C(0x9e3779b97f4a7c15)) >> 56];
}

void ng_scrapes_drop(struct ng_scrapes *scrapes, struct ng_waiting *scrape)
{
	scrapes->waiting_count--;
	--*count_of(scrapes, scrape);
	atomic_fetch_sub(&scrapes->in_flight, 1);
	scrape->next = scrapes->spare;
	scrapes->spare = scrape;
}

static bool may_share(const struct ng_scrapes *scrapes, const struct ng_waiting *first, const struct ng_waiting *other)
{
	uint64_t apart = first->deadline > other->deadline ? first->deadline - other->deadline
							   : other->deadline - first->deadline;

	if (first->all != other->all || apart > share_ns)
		return false;
	return first->all || memcmp(first->cell, other->cell, ng_engine_cell_count(scrapes->engine)) == 0;
}

/* Moves the oldest waiting scrape, and all that may share its gather, to `sharing`. */
static uint64_t take_sharing(struct ng_scrapes *scrapes)
{
	struct ng_waiting **at = &scrapes->waiting, **end = &scrapes->sharing;
	uint64_t deadline = UINT64_MAX;

	scrapes->formats = scrapes->pack = 0;
	while (*at) {
		struct ng_waiting *scrape = *at;
		if (!scrape->request) {
			*at = scrape->next;
			ng_scrapes_drop(scrapes, scrape);
			continue;
		}
		if (scrapes->sharing && !may_share(scrapes, scrapes->sharing, scrape)) {
			at = &scrape->next;
			continue;
		}
		*at = scrape->next;
		scrape->next = NULL;
		*end = scrape;
		end = &scrape->next;
		scrapes->formats |= 1u << scrape->format;
		scrapes->pack |= (unsigned)scrape->gzip << scrape->format;
		if (scrape->deadline < deadline)
			deadline = scrape->deadline;
	}
	scrapes->waiting_end = at;
	return deadline;
}

/* When the next gather must start for a scrape that waits behind the current one. */
static uint64_t leave_by(const struct ng_waiting *scrape)
{
	uint64_t span = (scrape->deadline - scrape->request->arrived) / 2;

	return scrape->deadline - (span < share_ns ? span : share_ns);
}

static void start_gather(struct ng_scrapes *scrapes)
{
	if (scrapes->sharing || !scrapes->waiting)
		return;
	uint64_t deadline = take_sharing(scrapes);
	if (!scrapes->sharing)
		return;
	struct ng_selection selection = { .cell = scrapes->sharing->all ? NULL : scrapes->sharing->cell,
		.formats = scrapes->formats,
		.packed = scrapes->pack,
		.gzip = scrapes->gzip };
	copy_counts(scrapes);
	scrapes->started = ng_now();
	for (const struct ng_waiting *scrape = scrapes->sharing; scrape; scrape = scrape->next)
		selection.readers |= ng_readers_note(
			&scrapes->readers, scrape->request->address, scrape->request->connection, scrapes->started);
	selection.recent_readers = ng_readers_recent(&scrapes->readers, scrapes->started);
	for (const struct ng_waiting *scrape = scrapes->waiting; scrape; scrape = scrape->next) {
		if (scrape->request && leave_by(scrape) < deadline)
			deadline = leave_by(scrape);
	}
	if (deadline < scrapes->started + NG_SHORTEST_GATHER_NS)
		deadline = scrapes->started + NG_SHORTEST_GATHER_NS;
	int r = ng_engine_start(scrapes->engine, &selection, deadline, gather_finished, scrapes);
	if (r < 0)
		gather_finished(scrapes, NULL, r);
}

static void release_body(void *body)
{
	ng_body_release(body);
}

/* A client that gets a folded response as text. */
struct unfolding {
	struct ng_source source;
	struct ng_body *body;
	struct ng_unpacker *unpacker;
};

static ssize_t read_unfolded(struct ng_source *source, char *at, size_t size)
{
	return ng_unpack(((struct unfolding *)source)->unpacker, at, size);
}

static void release_unfolding(void *context)
{
	struct unfolding *unfolding = context;

	ng_unpacker_free(unfolding->unpacker);
	ng_body_release(unfolding->body);
	free(unfolding);
}

/* Changes the answer to one with the text of a folded response; false if there is no memory. */
static bool unfold(struct ng_body *body, enum ng_format format, struct ng_answer *answer)
{
	struct unfolding *unfolding = malloc(sizeof(*unfolding));

	if (!unfolding)
		return false;
	*unfolding = (struct unfolding){ { read_unfolded }, body, ng_unpacker_new(answer->body) };
	if (!unfolding->unpacker) {
		free(unfolding);
		return false;
	}
	answer->body = (struct ng_span){ NULL, body->encoded[format].folded };
	answer->source = &unfolding->source;
	answer->release = release_unfolding;
	answer->context = unfolding;
	return true;
}

static void answer_failure(struct ng_scrapes *scrapes, struct ng_waiting *scrape, int error)
{
	atomic_fetch_add(&scrapes->results[NG_RESULT_FAILED], 1);
	ng_answer_format(
		scrape->request, 500, "An error has occurred while serving metrics:\n\n%s\n", strerror(-error));
}

static void answer_scrape(struct ng_scrapes *scrapes, struct ng_waiting *scrape, struct ng_body *body)
{
	if (!body) {
		answer_failure(scrapes, scrape, scrapes->error);
		return;
	}
	const struct ng_packed *packed = &body->packed[scrape->format];
	bool folded = body->encoded[scrape->format].folded;
	struct ng_answer answer = { .status = 200,
		.type = scrape->type,
		.gzip = scrape->gzip && packed->size > 0,
		.body = ng_body_text(body, scrape->format),
		.release = release_body,
		.context = body };
	if (answer.gzip || folded)
		answer.body = (struct ng_span){ packed->bytes, packed->size };
	if (folded && !answer.gzip && !unfold(body, scrape->format, &answer)) {
		answer_failure(scrapes, scrape, -ENOMEM);
		return;
	}
	atomic_fetch_add(&scrapes->results[NG_RESULT_OK], 1);
	atomic_fetch_add(&scrapes->bytes[answer.gzip], answer.body.size);
	atomic_fetch_add(&body->references, 1);
	ng_request_answer(scrape->request, &answer);
}

void ng_scrapes_run(struct ng_scrapes *scrapes)
{
	eventfd_t count;

	if (eventfd_read(scrapes->event_fd, &count) < 0)
		return;
	struct ng_body *body = scrapes->body;
	scrapes->body = NULL;
	while (scrapes->sharing) {
		struct ng_waiting *scrape = scrapes->sharing;
		scrapes->sharing = scrape->next;
		if (scrape->request)
			answer_scrape(scrapes, scrape, body);
		ng_scrapes_drop(scrapes, scrape);
	}
	if (body)
		ng_body_release(body);
	start_gather(scrapes);
}

/* ---- too many ---- */

static void refuse(struct ng_scrapes *scrapes, struct ng_waiting *scrape)
{
	atomic_fetch_add(&scrapes->results[NG_RESULT_BUSY], 1);
	ng_answer_format(scrape->request, 503, "Limit of concurrent requests reached (%llu), try again later.\n",
		(unsigned long long)scrapes->max_requests);
	scrape->request = NULL;
}

static size_t requests_waiting(const struct ng_scrapes *scrapes)
{
	size_t count = 0;

	for (const struct ng_waiting *scrape = scrapes->sharing; scrape; scrape = scrape->next)
		count += scrape->request != NULL;
	for (const struct ng_waiting *scrape = scrapes->waiting; scrape; scrape = scrape->next)
		count += scrape->request != NULL;
	return count;
}

/* The newest scrape of the client with the most scrapes in the list; `worst`, or NULL, is the result for another list.
 */
static struct ng_waiting *find_worst(struct ng_waiting *list, struct ng_waiting *worst)
{
	for (struct ng_waiting *scrape = list; scrape; scrape = scrape->next) {
		if (scrape->request && (!worst || scrape->before >= worst->before))
			worst = scrape;
	}
	return worst;
}

/* One client's many scrapes do not displace another's few. */
static void refuse_excess(struct ng_scrapes *scrapes)
{
	for (size_t count = requests_waiting(scrapes); count > scrapes->max_requests; count--)
		refuse(scrapes, find_worst(scrapes->waiting, find_worst(scrapes->sharing, NULL)));
}

static bool patient(const struct ng_scrapes *scrapes, uint64_t now)
{
	return !scrapes->max_requests || !scrapes->sharing || now < scrapes->started + patience_ns;
}

uint64_t ng_scrapes_tick(struct ng_scrapes *scrapes, uint64_t now)
{
	if (!scrapes->sharing || scrapes->waiting_count <= scrapes->max_requests)
		return UINT64_MAX;
	if (patient(scrapes, now))
		return scrapes->max_requests ? scrapes->started + patience_ns : UINT64_MAX;
	refuse_excess(scrapes);
	return UINT64_MAX;
}

void ng_scrapes_hurry(struct ng_scrapes *scrapes, uint64_t deadline)
{
	for (struct ng_waiting *scrape = scrapes->waiting; scrape; scrape = scrape->next) {
		if (deadline < scrape->deadline)
			scrape->deadline = deadline;
	}
	ng_engine_hurry(scrapes->engine, deadline);
}

/* ---- requests ---- */

static struct ng_waiting *allocate(struct ng_scrapes *scrapes)
{
	struct ng_waiting *scrape = scrapes->spare;

	if (scrape) {
		scrapes->spare = scrape->next;
		return scrape;
	}
	size_t count = ng_engine_cell_count(scrapes->engine);
	scrape = calloc(1, sizeof(*scrape) + count + 1);
	if (scrape)
		scrape->cell = (bool *)(scrape + 1);
	return scrape;
}

struct ng_waiting *ng_scrapes_new(struct ng_scrapes *scrapes, struct ng_request *request)
{
	struct ng_waiting *scrape = allocate(scrapes);
	if (!scrape) {
		ng_answer_text(request, 500, NG_SPAN("Out of memory.\n"));
		return NULL;
	}
	scrapes->waiting_count++;
	atomic_fetch_add(&scrapes->in_flight, 1);
	memset(scrape->cell, 1, ng_engine_cell_count(scrapes->engine));
	scrape->next = NULL;
	scrape->request = request;
	scrape->address = request->address;
	scrape->before = (*count_of(scrapes, scrape))++;
	return scrape;
}

void ng_scrapes_add(struct ng_scrapes *scrapes, struct ng_waiting *scrape)
{
	*scrapes->waiting_end = scrape;
	scrapes->waiting_end = &scrape->next;
	ng_request_keep(scrape->request);
	if (!patient(scrapes, scrape->request->arrived))
		refuse_excess(scrapes);
	if (scrapes->sharing && scrape->request)
		ng_engine_hurry(scrapes->engine, leave_by(scrape));
	start_gather(scrapes);
}

/* ---- life ---- */

int ng_scrapes_init(struct ng_scrapes *scrapes, uint64_t max_requests)
{
	scrapes->max_requests = max_requests;
	scrapes->waiting_end = &scrapes->waiting;
	scrapes->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	bool ready = scrapes->event_fd >= 0;
	for (size_t i = 0; i < NG_FORMATS; i++) {
		scrapes->gzip[i] = ng_gzip_new();
		scrapes->stencil[i] = ng_stencil_new();
		ready = ready && scrapes->gzip[i] && scrapes->stencil[i];
	}
	return ready ? 0 : -ENOMEM;
}

static void free_list(struct ng_waiting *scrape)
{
	while (scrape) {
		struct ng_waiting *next = scrape->next;
		free(scrape);
		scrape = next;
	}
}

void ng_scrapes_done(struct ng_scrapes *scrapes)
{
	free_list(scrapes->waiting);
	free_list(scrapes->sharing);
	free_list(scrapes->spare);
	if (scrapes->body)
		ng_body_release(scrapes->body);
	for (size_t i = 0; i < NG_FORMATS; i++) {
		ng_gzip_free(scrapes->gzip[i]);
		ng_stencil_free(scrapes->stencil[i]);
	}
	ng_close_fd(&scrapes->event_fd);
}
