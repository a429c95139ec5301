/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/part.h"

void house(void);

void house(void)
{
	house_part();
}
