/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* atoi() in a comment and "strtok()" in a text are harmless. */
int bad(char *text);
int bad(char *text)
{
	int value;

	if (sscanf(text, "%d strtok(", &value) != 1)
		value = atoi (strtok(text, " "));
	return value;
}
