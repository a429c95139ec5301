/* SPDX-License-Identifier: Apache-2.0 */
/* Finds out what uses an address that we want, for a message, as far as our privileges allow. */
#ifndef HTTP_OCCUPANT_H
#define HTTP_OCCUPANT_H

#include <stddef.h>
#include <sys/socket.h>

/*
 * Describes the process that listens on a TCP address, or on one that conflicts with it: "prometheus-node (pid 612,
 * prometheus-node-exporter.service)". Without the right to inspect other processes it is only the service, or "a
 * process of user 112"; empty if nothing is known.
 */
void ng_occupant(const struct sockaddr *address, char *text, size_t size);

#endif
