/* SPDX-License-Identifier: Apache-2.0 */
#include "other/two.h"
#include "folder/../../two/other/two.h"
