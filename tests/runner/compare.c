/* SPDX-License-Identifier: Apache-2.0 */
/* Compares two expositions. */
#include "exposition.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool numbers_equal(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) && isnan(b);
	return a == b || (isfinite(a) && isfinite(b) && fabs(a - b) <= 1e-15 * fmax(fabs(a), fabs(b)));
}

static bool wild_equal(const struct exposition *a, const struct prom_sample *wild, const struct exposition *b,
	const struct prom_sample *sample)
{
	if (!ng_span_equal(wild->name, sample->name) || wild->label_count != sample->label_count)
		return false;
	for (size_t i = 0; i < wild->label_count; i++) {
		const struct prom_label *label = &a->label[wild->first_label + i];
		const struct prom_label *other = exposition_label(b, sample, label->name);
		if (!other ||
			(!ng_span_equal(label->value, NG_SPAN("*")) && !ng_span_equal(label->value, other->value)))
			return false;
	}
	return ng_span_equal(wild->number, NG_SPAN("*")) || numbers_equal(wild->value, sample->value);
}

/* The series in `actual` that matches `expected` except for its value; SIZE_MAX if there is none. */
static size_t counterpart(
	const struct exposition *a, const struct prom_sample *expected, const struct exposition *actual)
{
	const struct prom_sample *sample = exposition_sample(actual, exposition_key(a, expected));

	if (sample)
		return (size_t)(sample - actual->sample);
	for (size_t i = 0; expected->wild && i < actual->sample_count; i++) {
		if (wild_equal(a, expected, actual, &actual->sample[i]))
			return i;
	}
	return SIZE_MAX;
}

static void differ(struct exposition *actual, unsigned *count, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void differ(struct exposition *actual, unsigned *count, const char *format, ...)
{
	size_t used = strlen(actual->error);
	va_list arguments;

	if (++*count > 3)
		return;
	if (used && used < sizeof(actual->error) - 2)
		actual->error[used++] = ';', actual->error[used++] = ' ', actual->error[used] = '\0';
	va_start(arguments, format);
	vsnprintf(actual->error + used, sizeof(actual->error) - used, format, arguments);
	va_end(arguments);
}

static void compare_types(const struct exposition *expected, struct exposition *actual, prom_wanted *wanted,
	void *context, unsigned *count)
{
	for (size_t i = 0; i < expected->family_count; i++) {
		const struct prom_family *a = &expected->family[i], *b = exposition_family(actual, a->name);
		if (wanted && !wanted(context, a->name))
			continue;
		if (b && a->has_type && !ng_span_equal(a->type, b->type))
			differ(actual, count, "%.*s is a %.*s, not a %.*s", (int)a->name.size, a->name.text,
				(int)b->type.size, b->type.text, (int)a->type.size, a->type.text);
	}
}

/*
 * Whether an info series lacks some of its labels, or has them empty, which is the same to Prometheus, while the others
 * are as expected.
 */
static bool is_poorer_info(
	const struct exposition *expected, const struct exposition *actual, const struct prom_sample *sample)
{
	if (!ng_span_ends(sample->name, NG_SPAN("_info")))
		return false;
	for (size_t i = 0; i < expected->sample_count; i++) {
		const struct prom_sample *richer = &expected->sample[i];
		bool same = ng_span_equal(richer->name, sample->name) && numbers_equal(richer->value, sample->value);
		for (size_t j = 0; same && j < sample->label_count; j++) {
			const struct prom_label *label = &actual->label[sample->first_label + j];
			const struct prom_label *full = exposition_label(expected, richer, label->name);
			same = label->value.size == 0 || (full && ng_span_equal(full->value, label->value));
		}
		if (same)
			return true;
	}
	return false;
}

/* With `missing`, a missing series is counted instead of being a difference, and info series may lack labels. */
static bool compare(const struct exposition *expected, struct exposition *actual, prom_wanted *wanted, void *context,
	size_t *missing)
{
	bool *seen = calloc(actual->sample_count + 1, sizeof(*seen));
	unsigned count = 0;

	actual->error[0] = '\0';
	compare_types(expected, actual, wanted, context, &count);
	for (size_t i = 0; i < expected->sample_count; i++) {
		const struct prom_sample *a = &expected->sample[i];
		struct ng_span key = exposition_key(expected, a);
		if (wanted && !wanted(context, expected->family[a->family].name))
			continue;
		size_t at = counterpart(expected, a, actual);
		if (at == SIZE_MAX && missing)
			++*missing;
		else if (at == SIZE_MAX)
			differ(actual, &count, "missing %.*s", (int)key.size, key.text);
		if (at == SIZE_MAX)
			continue;
		seen[at] = true;
		if (!ng_span_equal(a->number, NG_SPAN("*")) && !numbers_equal(a->value, actual->sample[at].value))
			differ(actual, &count, "%.*s is %.*s, not %.*s", (int)key.size, key.text,
				(int)actual->sample[at].number.size, actual->sample[at].number.text,
				(int)a->number.size, a->number.text);
	}
	for (size_t i = 0; i < actual->sample_count; i++) {
		const struct prom_sample *b = &actual->sample[i];
		struct ng_span key = exposition_key(actual, b);
		if (!seen[i] && (!wanted || wanted(context, actual->family[b->family].name)) &&
			!(missing && is_poorer_info(expected, actual, b)))
			differ(actual, &count, "unexpected %.*s %.*s", (int)key.size, key.text, (int)b->number.size,
				b->number.text);
	}
	free(seen);
	return count == 0;
}

bool exposition_equal(const struct exposition *expected, struct exposition *actual, prom_wanted *wanted, void *context)
{
	return compare(expected, actual, wanted, context, NULL);
}

bool exposition_within(const struct exposition *expected, struct exposition *actual, prom_wanted *wanted, void *context,
	size_t *ret_missing)
{
	*ret_missing = 0;
	return compare(expected, actual, wanted, context, ret_missing);
}
