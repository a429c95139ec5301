/* SPDX-License-Identifier: Apache-2.0 */
int next(void);
int next(void)
{
	static int counter = 1, called;
	static _Thread_local int depth;

	called++;
	depth++;
	return counter++ + called + depth;
}
