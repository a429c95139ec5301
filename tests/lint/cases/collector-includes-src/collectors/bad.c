/* SPDX-License-Identifier: Apache-2.0 */
#include <nodegauge/collector.h>
#include "kernel/kernel.h"
