/* SPDX-License-Identifier: Apache-2.0 */
typedef struct bad {
	int member;
} bad_t;
