/* SPDX-License-Identifier: Apache-2.0 */
/* Durations in flags. */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include <nodegauge/text.h>

/* "1m30s", "100ms", "1.5s", "0" in nanoseconds, in Go's syntax for durations. */
int ng_duration(struct ng_span text, uint64_t *ret_ns);

#endif
