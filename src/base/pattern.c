/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/pattern.h"

#include "base/arena.h"

#include <errno.h>
#include <pcre2.h>
#include <stdlib.h>
#include <sys/random.h>

/*
 * The memo is a hash table with a random key, so that nobody can cause collisions by naming mount points or interfaces.
 * It is emptied when it is three quarters full, so that transient names do not make it grow forever.
 */
enum { MEMO_FIRST = 64, MEMO_LAST = 16384 };

struct memo_slot {
	uint64_t hash; /* 0: empty */
	bool matches;
};

struct ng_pattern {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *context;
	uint64_t key[2];
	struct memo_slot *memo;
	size_t memo_size, memo_used;
};

static uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t text_hash(const struct ng_pattern *pattern, struct ng_span text)
{
	uint64_t hash = pattern->key[0] ^ text.size;

	while (text.size) {
		uint64_t word = 0;
		size_t n = text.size < 8 ? text.size : 8;
		memcpy(&word, text.text, n);
		hash = mix(hash ^ word, pattern->key[1]);
		text = ng_span_skip(text, n);
	}
	return hash | 1;
}

static struct memo_slot *memo_find(struct ng_pattern *pattern, uint64_t hash)
{
	size_t at = (size_t)(hash >> 1) & (pattern->memo_size - 1);

	while (pattern->memo[at].hash && pattern->memo[at].hash != hash)
		at = (at + 1) & (pattern->memo_size - 1);
	return &pattern->memo[at];
}

static void memo_make_room(struct ng_pattern *pattern)
{
	struct memo_slot *wider = NULL;

	if (pattern->memo_used * 4 < pattern->memo_size * 3)
		return;
	if (pattern->memo_size < MEMO_LAST)
		wider = calloc(pattern->memo_size * 2, sizeof(*wider));
	if (!wider) {
		memset(pattern->memo, 0, pattern->memo_size * sizeof(*pattern->memo));
		pattern->memo_used = 0;
		return;
	}
	struct memo_slot *old = pattern->memo;
	size_t old_size = pattern->memo_size;
	pattern->memo = wider;
	pattern->memo_size *= 2;
	for (size_t i = 0; i < old_size; i++) {
		if (old[i].hash)
			*memo_find(pattern, old[i].hash) = old[i];
	}
	free(old);
}

static bool match(struct ng_pattern *pattern, struct ng_span text)
{
	const char *start = text.text ? text.text : "";

	/* a match that takes too many steps counts as none */
	int r = pcre2_match(pattern->code, (PCRE2_SPTR)start, text.size, 0, 0, pattern->match, pattern->context);
	if (r == PCRE2_ERROR_NOMEMORY)
		ng_memory_failed();
	return r >= 0;
}

bool ng_pattern_matches(struct ng_pattern *pattern, struct ng_span text)
{
	if (!pattern)
		return true;
	uint64_t hash = text_hash(pattern, text);
	struct memo_slot *slot = memo_find(pattern, hash);
	if (slot->hash)
		return slot->matches;
	unsigned long failures = ng_memory_failures();
	bool matches = match(pattern, text);
	if (ng_memory_failures() != failures)
		return false; /* the collect fails */
	memo_make_room(pattern);
	*memo_find(pattern, hash) = (struct memo_slot){ hash, matches };
	pattern->memo_used++;
	return matches;
}

bool ng_filter_keeps(const struct ng_filter *filter, struct ng_span text)
{
	if (filter->include && !ng_pattern_matches(filter->include, text))
		return false;
	return !filter->exclude || !ng_pattern_matches(filter->exclude, text);
}

void ng_pattern_free(struct ng_pattern *pattern)
{
	if (!pattern)
		return;
	pcre2_code_free(pattern->code);
	pcre2_match_data_free(pattern->match);
	pcre2_match_context_free(pattern->context);
	free(pattern->memo);
	free(pattern);
}

static int pattern_fill(struct ng_pattern *pattern, const char *expression, struct ng_error *error)
{
	int code;
	PCRE2_SIZE at;

	pattern->code = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
		PCRE2_DOLLAR_ENDONLY | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &code, &at, NULL);
	if (!pattern->code) {
		char message[128];
		pcre2_get_error_message(code, (PCRE2_UCHAR *)message, sizeof(message));
		return ng_error_set(
			error, -EINVAL, "bad regular expression '%s': %s at offset %zu", expression, message, at);
	}
	pattern->match = pcre2_match_data_create(1, NULL);
	pattern->context = pcre2_match_context_create(NULL);
	pattern->memo_size = MEMO_FIRST;
	pattern->memo = calloc(pattern->memo_size, sizeof(*pattern->memo));
	if (!pattern->match || !pattern->context || !pattern->memo)
		return ng_error_set(error, -ENOMEM, "out of memory");
	pcre2_set_match_limit(pattern->context, 100000);
	/* allocates what nearly every match will need: a later match is not the place to run out of memory */
	if (pcre2_match(pattern->code, (PCRE2_SPTR) "", 0, 0, 0, pattern->match, pattern->context) ==
		PCRE2_ERROR_NOMEMORY)
		return -ENOMEM;
	if (getrandom(pattern->key, sizeof(pattern->key), GRND_NONBLOCK) != sizeof(pattern->key))
		pattern->key[0] = (uint64_t)(uintptr_t)pattern;
	pattern->key[1] |= 1;
	return 0;
}

int ng_pattern_new(const char *expression, struct ng_error *error, struct ng_pattern **ret_pattern)
{
	*ret_pattern = NULL;
	if (!*expression)
		return 0;
	struct ng_pattern *pattern = calloc(1, sizeof(*pattern));
	if (!pattern)
		return -ENOMEM;
	int r = pattern_fill(pattern, expression, error);
	if (r < 0) {
		ng_pattern_free(pattern);
		return r;
	}
	*ret_pattern = pattern;
	return 0;
}
