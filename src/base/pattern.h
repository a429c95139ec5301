/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include "base/error.h"

#include <nodegauge/pattern.h>

/* NULL for the empty expression. An invalid one gives -EINVAL and the position of the error. Owned by the caller. */
int ng_pattern_new(const char *expression, struct ng_error *error, struct ng_pattern **ret_pattern);
void ng_pattern_free(struct ng_pattern *pattern);

#endif
