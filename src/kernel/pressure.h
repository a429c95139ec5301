/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pressure stall information, of the machine (/proc/pressure) and of cgroups (*.pressure).
 *
 *     some avg10=0.00 avg60=0.03 avg300=0.00 total=18924636
 *     full avg10=0.00 avg60=0.00 avg300=0.00 total=0
 *
 * Kernel: Documentation/accounting/psi.rst, psi_show in kernel/sched/psi.c.
 */
#ifndef KERNEL_PRESSURE_H
#define KERNEL_PRESSURE_H

#include <nodegauge/text.h>

enum { NG_PRESSURE_SOME, NG_PRESSURE_FULL, NG_PRESSURE_KINDS };

/* The totals in microseconds; `ret_given` is false for a line that is missing or has no total. */
void ng_pressure_parse(struct ng_span text, uint64_t ret_total[NG_PRESSURE_KINDS], bool ret_given[NG_PRESSURE_KINDS]);

#endif
