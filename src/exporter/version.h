/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTER_VERSION_H
#define EXPORTER_VERSION_H

#include <stdbool.h>

extern const char ng_version[];  /* "0.1.0" */
extern const char ng_revision[]; /* of the source, "unknown" outside of a repository */
extern const char ng_machine[];  /* as Go names it: "amd64" */
extern const char ng_compiler[]; /* "gcc 12.2.0" */

#endif
