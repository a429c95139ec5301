/* SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"

#include <errno.h>

int ng_duration(struct ng_span text, uint64_t *ret_ns)
{
	static const struct {
		struct ng_span suffix;
		uint64_t ns;
	} units[] = {
		{ NG_SPAN("ns"), 1 },
		{ NG_SPAN("us"), 1000 },
		{ NG_SPAN("ms"), 1000000 },
		{ NG_SPAN("s"), 1000000000 },
		{ NG_SPAN("m"), 60000000000 },
		{ NG_SPAN("h"), 3600000000000 },
	};
	uint64_t total = 0;

	if (ng_span_equal(text, NG_SPAN("0"))) {
		*ret_ns = 0;
		return 0;
	}
	if (text.size == 0)
		return -EINVAL;
	while (text.size) {
		struct ng_decimal number;
		size_t n = 0, unit;
		while (n < text.size && ((text.text[n] >= '0' && text.text[n] <= '9') || text.text[n] == '.'))
			n++;
		if (ng_decimal((struct ng_span){ text.text, n }, &number) < 0)
			return -EINVAL;
		text = ng_span_skip(text, n);
		for (unit = 0; unit < sizeof(units) / sizeof(units[0]) && !ng_span_starts(text, units[unit].suffix);)
			unit++;
		if (unit == sizeof(units) / sizeof(units[0]))
			return -EINVAL;
		text = ng_span_skip(text, units[unit].suffix.size);
		double ns = (double)number.digits * (double)units[unit].ns;
		for (unsigned i = 0; i < number.places; i++)
			ns /= 10;
		if (ns > 1e18 || total > (uint64_t)1e18)
			return -ERANGE;
		total += (uint64_t)ns;
	}
	*ret_ns = total;
	return 0;
}
