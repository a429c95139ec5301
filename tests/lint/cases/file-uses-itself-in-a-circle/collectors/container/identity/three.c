/* SPDX-License-Identifier: Apache-2.0 */
void container_one(void);
void container_three(void);

void container_three(void)
{
	container_one();
}
