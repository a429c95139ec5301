/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
void *bad(void);
void *bad(void)
{
	return malloc(1);
}
