/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259), one token at a time from a file that may hold secrets: only a small piece is in memory, a string is
 * decoded only where somebody asks for it, and container_json_done wipes both.
 */
#ifndef CONTAINER_JSON_H
#define CONTAINER_JSON_H

#include <nodegauge/collector.h>

enum container_token {
	TOKEN_BAD, /* no JSON, or the file failed: see error */
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
	int fd; /* or -1: from `rest` */
	struct ng_span rest;
	size_t piece; /* taken at a time */
	size_t at, size, total;
	int error;       /* 0, or a negative errno of reading */
	uint64_t number; /* the last one, where `whole`: without a sign, a fraction or an exponent */
	bool whole;
	size_t string_size;
	bool string_cut; /* the string is longer than its room */
	char bytes[CONTAINER_JSON_PIECE];
	char string[CONTAINER_JSON_STRING]; /* the last that was decoded */
};

void container_json_init(struct container_json *json, int fd, struct ng_span text, size_t piece);
void container_json_done(struct container_json *json);

/* The next token; a string is passed over. */
enum container_token container_json_next(struct container_json *json);

/* The same, but a string is decoded. */
enum container_token container_json_next_string(struct container_json *json);

/* Passes over a value of which `first` is the first token; false when it is none. Up to 64 levels. */
bool container_json_skip(struct container_json *json, enum container_token first);

/* Whether the string that was decoded is this one. */
bool container_json_is(const struct container_json *json, const char *text);

/*
 * Goes through the members of an object of which the first token was taken, or on behind a comma in it. `member` gets
 * each key, decoded, and takes the colon and the value. 0 at the end of the object; else what `member` returned when it
 * was not 0, or -EBADMSG.
 */
int container_json_members(
	struct container_json *json, int (*member)(void *context, struct container_json *json), void *context);

/* Passes over the colon and the value of a member. 0 or -EBADMSG. */
int container_json_pass(struct container_json *json);

#endif
