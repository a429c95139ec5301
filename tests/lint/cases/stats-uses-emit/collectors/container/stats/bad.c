/* SPDX-License-Identifier: Apache-2.0 */
void container_stats(void);
void container_emit(void);

void container_stats(void)
{
	container_emit();
}
