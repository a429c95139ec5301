/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Included before each collector that clang-tidy looks at. The analyzer sees one file at a time and does not know that
 * the functions of the contract return 0 or a negative errno, and the ones that word an error never 0: without that it
 * takes outputs for uninitialised behind every `if (r < 0)`.
 */
#include <nodegauge/collector.h>

#define hint(call, impossible)                                                                                         \
	({                                                                                                             \
		int hinted = (call);                                                                                   \
		if (hinted impossible)                                                                                 \
			__builtin_unreachable();                                                                       \
		hinted;                                                                                                \
	})

#define ng_broken(...)        hint((ng_broken)(__VA_ARGS__), >= 0)
#define ng_failed(...)        hint((ng_failed)(__VA_ARGS__), >= 0)
#define ng_refuse(...)        hint((ng_refuse)(__VA_ARGS__), >= 0)
#define ng_file_read(...)     hint((ng_file_read)(__VA_ARGS__), > 0)
#define ng_shared_read(...)   hint((ng_shared_read)(__VA_ARGS__), > 0)
#define ng_read(...)          hint((ng_read)(__VA_ARGS__), > 0)
#define ng_read_at(...)       hint((ng_read_at)(__VA_ARGS__), > 0)
#define ng_read_u64_at(...)   hint((ng_read_u64_at)(__VA_ARGS__), > 0)
#define ng_read_i64_at(...)   hint((ng_read_i64_at)(__VA_ARGS__), > 0)
#define ng_read_value_at(...) hint((ng_read_value_at)(__VA_ARGS__), > 0)
#define ng_directory(...)     hint((ng_directory)(__VA_ARGS__), > 0)
#define ng_directory_at(...)  hint((ng_directory_at)(__VA_ARGS__), > 0)
#define ng_names(...)         hint((ng_names)(__VA_ARGS__), > 0)
#define ng_names_at(...)      hint((ng_names_at)(__VA_ARGS__), > 0)
#define ng_readlink_at(...)   hint((ng_readlink_at)(__VA_ARGS__), > 0)
#define ng_u64(...)           hint((ng_u64)(__VA_ARGS__), > 0)
#define ng_i64(...)           hint((ng_i64)(__VA_ARGS__), > 0)
#define ng_hex(...)           hint((ng_hex)(__VA_ARGS__), > 0)
#define ng_u64_next(...)      hint((ng_u64_next)(__VA_ARGS__), > 0)
#define ng_hex_next(...)      hint((ng_hex_next)(__VA_ARGS__), > 0)
#define ng_decimal(...)       hint((ng_decimal)(__VA_ARGS__), > 0)
