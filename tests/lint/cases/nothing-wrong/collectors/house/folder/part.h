/* SPDX-License-Identifier: Apache-2.0 */
void house_part(void);
