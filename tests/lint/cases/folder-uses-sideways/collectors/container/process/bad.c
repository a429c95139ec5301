/* SPDX-License-Identifier: Apache-2.0 */
void container_process(void);
void container_sample(void);
void container_path(void);

void container_process(void)
{
	container_sample();
	container_path();
}
