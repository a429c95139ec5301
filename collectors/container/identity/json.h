/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259), one token at a time, from a file that may contain secrets: only a small piece is in memory at any
 * time, strings are decoded only on request, and container_json_done wipes both.
 */
#ifndef CONTAINER_JSON_H
#define CONTAINER_JSON_H

#include <nodegauge/collector.h>

enum container_token {
	TOKEN_BAD, /* not JSON, or reading failed: see error */
	TOKEN_END,
	TOKEN_OBJECT,
	TOKEN_OBJECT_END,
	TOKEN_ARRAY,
	TOKEN_ARRAY_END,
	TOKEN_COLON,
	TOKEN_COMMA,
	TOKEN_STRING,
	TOKEN_NUMBER,
	TOKEN_WORD, /* true, false, null */
};

enum { CONTAINER_JSON_PIECE = 4096, CONTAINER_JSON_STRING = 1024, CONTAINER_JSON_LIMIT = 4 << 20 };

struct container_json {
	int fd; /* or -1: read from `rest` */
	struct ng_span rest;
	size_t piece; /* how much is read at a time */
	size_t at, size, total;
	int error;       /* 0, or a negative errno from reading */
	uint64_t number; /* the last number, if `whole`: no sign, fraction or exponent */
	bool whole;
	size_t string_size;
	bool string_cut; /* the string did not fit */
	char bytes[CONTAINER_JSON_PIECE];
	char string[CONTAINER_JSON_STRING]; /* the last decoded string */
};

void container_json_init(struct container_json *json, int fd, struct ng_span text, size_t piece);
void container_json_done(struct container_json *json);

/* The next token; strings are skipped without decoding. */
enum container_token container_json_next(struct container_json *json);

/* The next token; strings are decoded. */
enum container_token container_json_next_string(struct container_json *json);

/* Skips a value whose first token is `first`; false if it is not a value. Up to 64 levels. */
bool container_json_skip(struct container_json *json, enum container_token first);

/* Whether the last decoded string equals `text`. */
bool container_json_is(const struct container_json *json, const char *text);

/*
 * Iterates over the members of an object whose first token has been read, or continues after a comma in it. `member` is
 * called with each key decoded, and must consume the colon and the value. Returns 0 at the end of the object, the first
 * nonzero return value of `member`, or -EBADMSG.
 */
int container_json_members(
	struct container_json *json, int (*member)(void *context, struct container_json *json), void *context);

/* Skips the colon and the value of a member. 0 or -EBADMSG. */
int container_json_pass(struct container_json *json);

#endif
