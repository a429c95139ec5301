/* SPDX-License-Identifier: Apache-2.0 */
void container_somewhere(void);

void container_somewhere(void)
{
}
