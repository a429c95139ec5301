/* SPDX-License-Identifier: Apache-2.0 */
/* Why the daemon cannot start, or do what it was asked for: text for the user, from whoever knows it up to main. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

struct ng_error {
	char text[1024]; /* one sentence without a full stop */
};

/* Replaces the text; returns `number`, a negative errno. */
int ng_error_set(struct ng_error *error, int number, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
