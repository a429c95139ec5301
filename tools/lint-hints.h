/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Included before each collector that clang-tidy looks at, behind all public headers and with a line
 * `#define ng_x(...) hint(...)` for each function of the contract. The analyzer sees one file at a time and does not
 * know that they return 0 or a negative errno, and the ones that word an error never 0: without that it takes outputs
 * for uninitialised behind every `if (r < 0)`.
 */

#define hint(call, impossible)                                                                                         \
	({                                                                                                             \
		int hinted = (call);                                                                                   \
		if (hinted impossible)                                                                                 \
			__builtin_unreachable();                                                                       \
		hinted;                                                                                                \
	})
