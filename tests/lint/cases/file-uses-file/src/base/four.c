/* SPDX-License-Identifier: Apache-2.0 */
void ng_four(void);
void ng_one(void);

void ng_four(void)
{
	ng_one();
}
