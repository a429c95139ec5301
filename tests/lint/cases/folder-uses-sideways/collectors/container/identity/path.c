/* SPDX-License-Identifier: Apache-2.0 */
void container_path(void);
void container_resolve(void);

void container_path(void)
{
	container_resolve();
}
