/* SPDX-License-Identifier: Apache-2.0 */
void ng_engine_work(void);
void ng_kernel_bad(void);

void ng_kernel_bad(void)
{
	ng_engine_work();
}
