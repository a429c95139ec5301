/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: logfmt or JSON lines on standard error. If that is the journal, each line starts with its priority
 * (sd-daemon(3)), and the time, which the journal adds, is left out.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum ng_level { NG_LOG_ERROR, NG_LOG_WARN, NG_LOG_INFO, NG_LOG_DEBUG };

void ng_log_init(enum ng_level level, bool json);

/* `fields` are pairs of key and value up to a NULL key; a NULL or empty value is left out. A line that cannot be
 * written to standard error without blocking is lost, and counted with the next one that can be written. */
void ng_log(enum ng_level level, const char *message, const char *const *fields);
#define NG_LOG(level, message, ...)                                                                                    \
	ng_log((level), (message), (const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL, NULL })

/* For use as the engine's log callback. */
void ng_log_collector(
	void *context, enum ng_level level, const char *message, const char *collector, const char *reason);

#endif
