/* SPDX-License-Identifier: Apache-2.0 */
void container_sample(void);

void container_sample(void)
{
}
