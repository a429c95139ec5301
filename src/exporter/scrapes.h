/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting scrapes, and the gathers that they share.
 *
 * A scrape is created for a request, filled in and added; it gets its response when its gather is done, or is refused.
 */
#ifndef EXPORTER_SCRAPES_H
#define EXPORTER_SCRAPES_H

#include "engine/engine.h"
#include "exporter/readers.h"
#include "exposition/stencil.h"
#include "http/server.h"

/* The minimum time that a gather gets. */
enum { NG_SHORTEST_GATHER_NS = 50000000 };

enum ng_result { NG_RESULT_OK, NG_RESULT_FAILED, NG_RESULT_BUSY, NG_RESULT_COUNT };

/* Clients are counted by a hash of their address; colliding ones share a count. */
enum { NG_CLIENT_SLOTS = 256 };

/* A waiting scrape. */
struct ng_waiting {
	struct ng_waiting *next;
	struct ng_request *request; /* NULL if the client went away or was refused */
	uint64_t address;           /* of the client, as in its request */
	unsigned before;            /* how many of this client's were already waiting */
	uint64_t deadline;
	enum ng_format format;
	bool gzip, all;
	const char *type;
	bool *cell; /* the selection, one byte per cell, unless all are selected */
};

struct ng_scrapes {
	uint64_t max_requests; /* 0: no limit */
	struct ng_engine *engine;
	struct ng_server *server;
	int event_fd;

	struct ng_waiting *waiting, **waiting_end; /* oldest first */
	struct ng_waiting *sharing;                /* those of the current gather */
	struct ng_waiting *spare;
	size_t waiting_count; /* of both */
	unsigned of_client[NG_CLIENT_SLOTS];
	uint64_t started; /* the current gather */
	struct ng_readers readers;

	/* handed over by the gather, before it signals event_fd */
	struct ng_gzip *gzip[NG_FORMATS];
	struct ng_stencil *stencil[NG_FORMATS];
	unsigned formats,
		pack; /* a bit for each format: which are wanted, and compressed; set before the gather starts */
	struct ng_body *body;
	int error;

	/* read by the thread that writes the families */
	atomic_uint_least64_t results[NG_RESULT_COUNT], in_flight, gathers, bytes[2];
	atomic_uint_least64_t connections, accepted, refused[2], timed_out;
};

/* Initialises a zeroed object, except for the engine and the server. */
int ng_scrapes_init(struct ng_scrapes *scrapes, uint64_t max_requests);
void ng_scrapes_done(struct ng_scrapes *scrapes);

/* A scrape of all cells; NULL if out of memory, in which case the request got a response. */
struct ng_waiting *ng_scrapes_new(struct ng_scrapes *scrapes, struct ng_request *request);

/* Releases a scrape that was not added. */
void ng_scrapes_drop(struct ng_scrapes *scrapes, struct ng_waiting *scrape);

/* From here on, its request is kept. */
void ng_scrapes_add(struct ng_scrapes *scrapes, struct ng_waiting *scrape);

/* Like the functions of the exporter with these names. */
void ng_scrapes_run(struct ng_scrapes *scrapes);
uint64_t ng_scrapes_tick(struct ng_scrapes *scrapes, uint64_t now);
void ng_scrapes_hurry(struct ng_scrapes *scrapes, uint64_t deadline);

#endif
