/* SPDX-License-Identifier: Apache-2.0 */
void ng_three(void);
void ng_one(void);

void ng_three(void)
{
	ng_one();
}
