/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that a web server can do: one thread, and stored bytes as the answer to every GET.
 */
#ifndef BENCH_SERVE_H
#define BENCH_SERVE_H

#include <stdint.h>

/*
 * Serves on 127.0.0.1 until killed. `work` is called for each request before the answer, which is the file `body`, or
 * the file `gzipped` for who asks for gzip and where it is not NULL.
 */
_Noreturn void serve(uint16_t port, const char *body, const char *gzipped, void (*work)(void *), void *argument);

#endif
