/* SPDX-License-Identifier: Apache-2.0 */
void container_one(void);
void container_two(void);

void container_one(void)
{
	container_two();
}
