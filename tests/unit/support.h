/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the unit tests. */
#ifndef TESTS_UNIT_SUPPORT_H
#define TESTS_UNIT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <nodegauge/text.h>

/*
 * A copy of the bytes that ends at an inaccessible page: reading one byte past it crashes. Valid until it is reused, 16
 * calls later; at most one page.
 */
struct ng_span guarded_bytes(const char *bytes, size_t size);
struct ng_span guarded(const char *string);

/* The same at the front: reading one byte before it crashes. */
struct ng_span guarded_front(const char *string);

/* Compares with a C string and prints both if they differ. */
#define assert_span(span, string) assert_span_at((span), (string), __FILE__, __LINE__)
void assert_span_at(struct ng_span span, const char *string, const char *file, int line);

#define TEST(name) cmocka_unit_test(name)

/* A label set as the text formats write it; valid until the next call. */
struct ng_labels;
struct ng_span labels_text(const struct ng_labels *labels);

#endif
