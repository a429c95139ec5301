/* SPDX-License-Identifier: Apache-2.0 */
/* Process setup before anything is opened. */
#ifndef PROCESS_PREPARE_H
#define PROCESS_PREPARE_H

/* To be called before anything else: sets up the heap, and descriptors 0 to 2. */
void ng_prepare_process(void);

/*
 * Raises the limit on descriptors as far as possible: collectors keep files open, and each client needs a connection.
 */
void ng_prepare_descriptor_limit(void);

#endif
