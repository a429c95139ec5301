/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The served routes, and the scrapes that wait for a gather.
 *
 * Only one gather runs at a time. Requests that arrive meanwhile wait for the next one and share it, so that the data
 * of each response was read after its request arrived, and concurrent scrapers cost no more than consecutive ones.
 */
#ifndef EXPORTER_EXPORTER_H
#define EXPORTER_EXPORTER_H

#include "engine/engine.h"
#include "engine/registry.h"
#include "http/server.h"

struct ng_exporter_config {
	const char *telemetry_path;
	uint64_t max_requests;              /* 0: no limit */
	uint64_t scrape_timeout;            /* ns */
	const struct ng_registry *registry; /* of all collectors, enabled or not */
};

struct ng_exporter;

struct ng_exporter *ng_exporter_new(const struct ng_exporter_config *config);
void ng_exporter_free(struct ng_exporter *exporter);

/* Writer of the exporter's own families, for the engine's configuration; its context is the exporter. */
extern const struct ng_writer ng_exporter_writer;

/* To be called before the first request. */
void ng_exporter_attach(struct ng_exporter *exporter, struct ng_engine *engine, struct ng_server *server);

/* For the server's configuration; the context is the exporter. */
void ng_exporter_handle(void *context, struct ng_request *request);
void ng_exporter_gone(void *context, struct ng_request *request);

/*
 * Refuses scrapes over --web.max-requests: scrapes that share a quick gather cost nothing, so they count only after
 * they have waited for a while. Returns when to call again.
 */
uint64_t ng_exporter_tick(struct ng_exporter *exporter, uint64_t now);

/* Shortens the deadlines of waiting scrapes and of the current gather. */
void ng_exporter_hurry(struct ng_exporter *exporter, uint64_t deadline);

/* An event descriptor, readable when a gather is done; then ng_exporter_run responds and starts the next one. */
int ng_exporter_fd(const struct ng_exporter *exporter);
void ng_exporter_run(struct ng_exporter *exporter);

#endif
