/* SPDX-License-Identifier: Apache-2.0 */
/* Version and revision come from the Makefile, for this file alone. */
#include "exporter/version.h"

#ifndef NG_VERSION
#define NG_VERSION "unknown"
#endif
#ifndef NG_REVISION
#define NG_REVISION "unknown"
#endif

#if defined(__x86_64__)
#define MACHINE "amd64"
#elif defined(__aarch64__)
#define MACHINE "arm64"
#elif defined(__i386__)
#define MACHINE "386"
#elif defined(__arm__)
#define MACHINE "arm"
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define MACHINE "ppc64le"
#elif defined(__riscv)
#define MACHINE "riscv64"
#elif defined(__s390x__)
#define MACHINE "s390x"
#else
#define MACHINE "unknown"
#endif

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

const char ng_version[] = NG_VERSION;
const char ng_revision[] = NG_REVISION;
const char ng_machine[] = MACHINE;
const char ng_compiler[] = COMPILER;
