/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for the text format: shortest exact decimal, avoiding printf where possible. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* Room for any of these, with up to 64 places. */
#define NG_NUMBER_MAX 96

/* Each writes to `at` without a NUL and returns the end. */
char *ng_render_u64(char *at, uint64_t value);
char *ng_render_i64(char *at, int64_t value);
char *ng_render_scaled(char *at, uint64_t value, unsigned places); /* value * 10^-places, places up to 64 */
char *ng_render_double(char *at, double value);

#endif
