/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests share. */
#ifndef TESTS_UNIT_SUPPORT_H
#define TESTS_UNIT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <nodegauge/text.h>

/*
 * A copy of the bytes that ends where memory ends: reading one byte past it ends the program. Valid until the next call
 * after 16 more of them; at most a page.
 */
struct ng_span guarded_bytes(const char *bytes, size_t size);
struct ng_span guarded(const char *string);

/* The same at the front: reading one byte before it ends the program. */
struct ng_span guarded_front(const char *string);

/* Compares with a C string and prints both when they differ. */
#define assert_span(span, string) assert_span_at((span), (string), __FILE__, __LINE__)
void assert_span_at(struct ng_span span, const char *string, const char *file, int line);

#define TEST(name) cmocka_unit_test(name)

/* A set of labels as the text formats write it; until the next call. */
struct ng_labels;
struct ng_span labels_text(const struct ng_labels *labels);

#endif
