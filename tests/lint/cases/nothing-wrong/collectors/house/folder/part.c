/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/part.h"

void house_part(void)
{
}
