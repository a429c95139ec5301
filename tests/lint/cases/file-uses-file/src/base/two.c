/* SPDX-License-Identifier: Apache-2.0 */
void ng_two(void);
void ng_three(void);

void ng_two(void)
{
	ng_three();
}
