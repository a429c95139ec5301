/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "exposition/labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ROOMS = 16 };

/* Buffers of one page, each between two inaccessible pages. */
static char *room(void)
{
	static char *rooms;
	static unsigned next;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!rooms) {
		rooms = mmap(NULL, (2 * ROOMS + 1) * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (rooms == MAP_FAILED)
			abort();
		for (size_t i = 0; i < ROOMS; i++) {
			if (mprotect(rooms + (2 * i + 1) * page, page, PROT_READ | PROT_WRITE) < 0)
				abort();
		}
	}
	return rooms + (2 * (size_t)(next++ % ROOMS) + 1) * page;
}

struct ng_span guarded_bytes(const char *bytes, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *start = room() + page - size;

	if (size > page)
		abort();
	if (size)
		memcpy(start, bytes, size);
	return (struct ng_span){ start, size };
}

struct ng_span guarded(const char *string)
{
	return guarded_bytes(string, strlen(string));
}

struct ng_span guarded_front(const char *string)
{
	char *start = room();

	memset(start, ' ', (size_t)sysconf(_SC_PAGESIZE));
	memcpy(start, string, strlen(string));
	return (struct ng_span){ start, strlen(string) };
}

void assert_span_at(struct ng_span span, const char *string, const char *file, int line)
{
	if (span.size == strlen(string) && (span.size == 0 || memcmp(span.text, string, span.size) == 0))
		return;
	fprintf(stderr, "is      '%.*s'\nshould be '%s'\n", (int)span.size, span.text ? span.text : "", string);
	_fail(file, line);
}

struct ng_span labels_text(const struct ng_labels *labels)
{
	static char text[1 << 16];
	struct ng_pairs pairs = ng_labels_pairs(labels);

	assert_true(pairs.rest.size + pairs.next.size + 3 < sizeof(text));
	if (pairs.rest.size == 0)
		return (struct ng_span){ text, 0 };
	char *at = text;
	*at++ = '{';
	at = mempcpy(at, pairs.rest.text, pairs.rest.size);
	if (pairs.next.size) {
		*at++ = ',';
		at = mempcpy(at, pairs.next.text, pairs.next.size);
	}
	*at++ = '}';
	return (struct ng_span){ text, (size_t)(at - text) };
}
