/* SPDX-License-Identifier: Apache-2.0 */
/* The contents of an exposition, in arrays that keep their capacity, and two tables for lookups by name. */
#include "exposition_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void *grown(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 64;
	array = realloc(array, *room * size);
	if (!array)
		abort();
	return array;
}

#define PUSH(out, what)                                                                                                \
	((out)->what = grown((out)->what, (out)->what##_count, &(out)->what##_room, sizeof(*(out)->what)),             \
		memset(&(out)->what[(out)->what##_count], 0, sizeof(*(out)->what)),                                    \
		&(out)->what[(out)->what##_count++])

static void keys_add(struct exposition *out, struct ng_span text)
{
	while (out->keys_size + text.size > out->keys_room) {
		out->keys_room = out->keys_room ? out->keys_room * 2 : 4096;
		out->keys = realloc(out->keys, out->keys_room);
		if (!out->keys)
			abort();
	}
	if (text.size)
		memcpy(out->keys + out->keys_size, text.text, text.size);
	out->keys_size += text.size;
}

struct prom_family *exposition_new_family(struct exposition *out)
{
	return PUSH(out, family);
}

struct prom_sample *exposition_new_sample(struct exposition *out)
{
	return PUSH(out, sample);
}

struct prom_label *exposition_new_label(struct exposition *out)
{
	return PUSH(out, label);
}

void exposition_make_key(struct exposition *out)
{
	struct prom_sample *sample = &out->sample[out->sample_count - 1];
	size_t order[64], n = sample->label_count < 64 ? sample->label_count : 64;

	for (size_t i = 0; i < n; i++) {
		size_t j = i;
		for (; j > 0; j--) {
			struct ng_span a = out->label[order[j - 1]].name, b = out->label[sample->first_label + i].name;
			int c = memcmp(a.text, b.text, a.size < b.size ? a.size : b.size);
			if (c < 0 || (c == 0 && a.size < b.size))
				break;
			order[j] = order[j - 1];
		}
		order[j] = sample->first_label + i;
	}
	sample->key_at = out->keys_size;
	keys_add(out, sample->name);
	for (size_t i = 0; i < n; i++) {
		keys_add(out, i ? NG_SPAN(",") : NG_SPAN("{"));
		keys_add(out, out->label[order[i]].name);
		keys_add(out, NG_SPAN("=\""));
		keys_add(out, out->label[order[i]].value);
		keys_add(out, NG_SPAN("\""));
	}
	if (n)
		keys_add(out, NG_SPAN("}"));
	sample->key_size = out->keys_size - sample->key_at;
}

/* ---- the two tables of names ---- */

static uint32_t hash(struct ng_span text)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < text.size; i++)
		h = (h ^ (unsigned char)text.text[i]) * 16777619u;
	return h;
}

static struct ng_span family_key(const struct exposition *out, size_t i)
{
	return out->family[i].name;
}

static struct ng_span sample_key(const struct exposition *out, size_t i)
{
	return exposition_key(out, &out->sample[i]);
}

typedef struct ng_span key_of(const struct exposition *out, size_t i);

/* The slot that holds `key`, or the empty one where it would go. */
static uint32_t *find(const struct exposition *out, const struct prom_index *index, key_of *key, struct ng_span text)
{
	for (size_t at = hash(text);; at++) {
		uint32_t *slot = &index->slot[at & (index->size - 1)];
		if (!*slot || ng_span_equal(key(out, *slot - 1), text))
			return slot;
	}
}

static void index_reserve(const struct exposition *out, struct prom_index *index, key_of *key, size_t count)
{
	if (index->size && count * 2 < index->size)
		return;
	free(index->slot);
	index->size = index->size ? index->size * 2 : 256;
	index->slot = calloc(index->size, sizeof(*index->slot));
	if (!index->slot)
		abort();
	for (size_t i = 0; i + 1 < count; i++)
		*find(out, index, key, key(out, i)) = (uint32_t)i + 1;
}

/* Enters the newest element; false if there is one with the same name. */
static bool index_add(const struct exposition *out, struct prom_index *index, key_of *key, size_t count)
{
	uint32_t *slot;

	index_reserve(out, index, key, count);
	slot = find(out, index, key, key(out, count - 1));
	if (*slot)
		return false;
	*slot = (uint32_t)count;
	return true;
}

bool exposition_enter_family(struct exposition *out)
{
	return index_add(out, &out->families, family_key, out->family_count);
}

bool exposition_enter_sample(struct exposition *out)
{
	return index_add(out, &out->samples, sample_key, out->sample_count);
}

void exposition_reset(struct exposition *out)
{
	out->family_count = out->sample_count = out->label_count = out->keys_size = 0;
	out->error[0] = '\0';
	if (out->families.slot)
		memset(out->families.slot, 0, out->families.size * sizeof(*out->families.slot));
	if (out->samples.slot)
		memset(out->samples.slot, 0, out->samples.size * sizeof(*out->samples.slot));
}

bool exposition_fail(struct exposition *exposition, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(exposition->error, sizeof(exposition->error), format, arguments);
	va_end(arguments);
	return false;
}

void exposition_done(struct exposition *exposition)
{
	free(exposition->family);
	free(exposition->sample);
	free(exposition->label);
	free(exposition->keys);
	free(exposition->families.slot);
	free(exposition->samples.slot);
	memset(exposition, 0, sizeof(*exposition));
}

const struct prom_family *exposition_family(const struct exposition *exposition, struct ng_span name)
{
	uint32_t slot = exposition->families.slot ? *find(exposition, &exposition->families, family_key, name) : 0;

	return slot ? &exposition->family[slot - 1] : NULL;
}

const struct prom_sample *exposition_sample(const struct exposition *exposition, struct ng_span key)
{
	uint32_t slot = exposition->samples.slot ? *find(exposition, &exposition->samples, sample_key, key) : 0;

	return slot ? &exposition->sample[slot - 1] : NULL;
}

const struct prom_label *exposition_label(
	const struct exposition *out, const struct prom_sample *sample, struct ng_span name)
{
	for (size_t i = 0; i < sample->label_count; i++) {
		const struct prom_label *label = &out->label[sample->first_label + i];
		if (ng_span_equal(label->name, name))
			return label;
	}
	return NULL;
}
