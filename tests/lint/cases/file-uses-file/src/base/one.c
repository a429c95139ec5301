/* SPDX-License-Identifier: Apache-2.0 */
void ng_one(void);
void ng_two(void);

void ng_one(void)
{
	ng_two();
}
