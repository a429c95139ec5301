/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text helpers on any bytes, which lie at the end of what may be read, against plain code that does the same; and
 * labels and families of such bytes against the strict reader.
 */
#include "../runner/exposition.h"
#include "base/duration.h"
#include "exposition/encoder.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_u64(struct ng_span span)
{
	char copy[64];
	uint64_t value;
	int r = ng_u64(span, &value);

	if (span.size == 0 || span.size >= sizeof(copy) || memchr(span.text, '\0', span.size)) {
		must(r < 0 || span.size >= sizeof(copy));
		return;
	}
	memcpy(copy, span.text, span.size);
	copy[span.size] = '\0';
	bool digits = strspn(copy, "0123456789") == span.size;
	if (!digits) {
		must(r < 0);
		return;
	}
	errno = 0;
	unsigned long long right = strtoull(copy, NULL, 10);
	must((errno == ERANGE) == (r == -ERANGE));
	must(r < 0 || value == right);
}

static void check_decimal(struct ng_span span)
{
	char copy[64], *end;
	struct ng_decimal decimal;

	if (ng_decimal(span, &decimal) < 0 || span.size >= sizeof(copy))
		return;
	memcpy(copy, span.text, span.size);
	copy[span.size] = '\0';
	double right = strtod(copy, &end), value = (double)decimal.digits;
	must(*end == '\0');
	for (unsigned i = 0; i < decimal.places; i++)
		value /= 10;
	double difference = value > right ? value - right : right - value;
	must(difference <= 1e-12 * (right < 0 ? -right : right));
}

static void check_words(struct ng_span line)
{
	const char *end = line.text + line.size;
	struct ng_span word;
	uint64_t number;
	int64_t signed_number;

	while (ng_word_next(&line, &word)) {
		must(word.size > 0 && word.text + word.size <= end && line.text + line.size == end);
		must(ng_span_find(word, ' ') == word.size && ng_span_find(word, '\t') == word.size);
		check_u64(word);
		check_decimal(word);
		ng_hex(word, &number);
		ng_duration(word, &number);
		if (ng_i64(word, &signed_number) == 0 && signed_number >= 0 && word.text[0] != '-')
			must(ng_u64(word, &number) == 0 && number == (uint64_t)signed_number);
	}
	must(line.size == 0);
}

static void check_lines(struct ng_span text)
{
	struct ng_span rest = text, line, trimmed = ng_trim(text);
	size_t total = 0;

	must(trimmed.size <= text.size);
	while (ng_line_next(&rest, &line)) {
		must(ng_span_find(line, '\n') == line.size);
		total += line.size + 1;
		check_words(line);
	}
	must(total == text.size || total == text.size + 1);
}

/* A page with these bytes as name, help and labels is well-formed. */
static void check_page(struct ng_span text)
{
	static struct ng_page page;
	static struct ng_encoded answer;
	static struct ng_arena arena;
	static struct exposition exposition;
	size_t half = text.size / 2;
	struct ng_span front = { text.text, half }, back = ng_span_skip(text, half);

	ng_arena_reset(&arena);
	ng_page_reset(&page);
	ng_family_dynamic(&page, NG_GAUGE, NG_SPAN("a"), text);
	ng_sample_u64(&page, NG_LABELS(&arena, { "x", front }, { "y", back }), 1);
	ng_sample_u64(&page, NG_LABELS(&arena, { "x", back }, { "z", front }), 2);
	if (half) {
		ng_family_dynamic(&page, NG_COUNTER, front, back);
		ng_sample_u64(&page, NG_NO_LABELS, 3);
	}
	ng_page_close(&page);
	ng_encoded_reset(&answer, false);
	ng_encode(&answer, NG_FORMAT_TEXT, &page);
	must(page.error == 0 && answer.error == 0);
	bool well_formed = exposition_read(&exposition, (struct ng_span){ answer.bytes, answer.size });
	/* the second family may be named as the first one */
	must(well_formed || strstr(exposition.error, "twice") || strstr(exposition.error, "second") ||
		strstr(exposition.error, "behind samples"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* of exactly this size, so that reading on is seen */
	char *bytes = malloc(size ? size : 1);

	memcpy(bytes, data, size);
	struct ng_span text = { bytes, size };
	check_lines(text);
	check_u64(text);
	check_page(text);
	free(bytes);
	return 0;
}
