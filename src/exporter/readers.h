/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identifies scrapers: a connection that is reused is a reader of its own; connections that are used only once count as
 * one reader per address. So two servers behind one address are distinguished, and a client that reconnects each time
 * is not counted many times.
 */
#ifndef EXPORTER_READERS_H
#define EXPORTER_READERS_H

#include <stdint.h>

enum { NG_READERS_MAX = 64 };

struct ng_readers {
	struct {
		uint64_t key;
		uint64_t seen; /* CLOCK_MONOTONIC ns; 0: free */
	} slot[NG_READERS_MAX];
};

/* The reader's bit: that of the connection if it is not 0, otherwise that of the address. */
uint64_t ng_readers_note(struct ng_readers *readers, uint64_t address, uint64_t connection, uint64_t now);

/* The bits of the readers that scraped within the last five minutes. */
uint64_t ng_readers_recent(const struct ng_readers *readers, uint64_t now);

#endif
