/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who scrapes: a connection that is used again is a reader of its own, those that are used once are one reader for each
 * address. So two servers behind one address are told apart, and a client that connects anew each time is not taken for
 * many.
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

/* The bit of the reader: of this connection where it is not 0, else of the address. */
uint64_t ng_readers_note(struct ng_readers *readers, uint64_t address, uint64_t connection, uint64_t now);

/* The bits of those that have asked within the last five minutes. */
uint64_t ng_readers_recent(const struct ng_readers *readers, uint64_t now);

#endif
