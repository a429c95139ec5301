/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/process_stat.h"

#include <errno.h>

int ng_stat_field(struct ng_span stat, unsigned field, struct ng_span *ret_word)
{
	const char *name_end = stat.size ? memrchr(stat.text, ')', stat.size) : NULL;

	if (!name_end)
		return -EBADMSG;
	stat = ng_span_skip(stat, (size_t)(name_end - stat.text) + 1);
	for (unsigned i = NG_STAT_STATE; i <= field; i++) {
		if (!ng_word_next(&stat, ret_word))
			return -EBADMSG;
	}
	return 0;
}
