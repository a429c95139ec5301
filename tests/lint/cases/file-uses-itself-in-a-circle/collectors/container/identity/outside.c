/* SPDX-License-Identifier: Apache-2.0 */
void container_one(void);
void container_outside(void);

void container_outside(void)
{
	container_one();
}
