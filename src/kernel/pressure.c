/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/pressure.h"

void ng_pressure_parse(struct ng_span text, uint64_t ret_total[NG_PRESSURE_KINDS], bool ret_given[NG_PRESSURE_KINDS])
{
	static const char key[] = "total=";
	struct ng_span line;

	ret_given[NG_PRESSURE_SOME] = ret_given[NG_PRESSURE_FULL] = false;
	while (ng_line_next(&text, &line)) {
		bool full = ng_span_starts(line, NG_SPAN("full "));
		if (!full && !ng_span_starts(line, NG_SPAN("some ")))
			continue;
		const char *at = memmem(line.text, line.size, key, sizeof(key) - 1);
		size_t skip = at ? (size_t)(at - line.text) + sizeof(key) - 1 : line.size;
		line = ng_span_skip(line, skip);
		/* a line that ends with a blank is truncated */
		ret_given[full] = ng_u64_next(&line, &ret_total[full]) == 0 && !ng_span_ends(line, NG_SPAN(" "));
	}
}
