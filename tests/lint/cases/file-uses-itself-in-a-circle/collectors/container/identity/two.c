/* SPDX-License-Identifier: Apache-2.0 */
void container_two(void);
void container_three(void);

void container_two(void)
{
	container_three();
}
