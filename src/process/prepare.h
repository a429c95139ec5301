/* SPDX-License-Identifier: Apache-2.0 */
/* What the process sets up for itself before anything is opened. */
#ifndef PROCESS_PREPARE_H
#define PROCESS_PREPARE_H

/* Before anything else: the heap, and descriptors 0 to 2. */
void ng_prepare_process(void);

/* Collectors keep files open, and clients come with connections: as many descriptors as the process may have. */
void ng_prepare_descriptor_limit(void);

#endif
