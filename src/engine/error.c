/* SPDX-License-Identifier: Apache-2.0 */
#include <nodegauge/collector.h>
#include <stdarg.h>
#include <stdio.h>

bool ng_item_gone(int error)
{
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
	case -ESRCH:
	case -ENODEV:
	case -ENXIO:
	case -EIO:
	case -EINVAL:
	case -EAGAIN:
	case -EOPNOTSUPP:
	case -ENODATA:
	case -ETIMEDOUT:
	case -ESTALE:
		return true;
	default:
		return false;
	}
}

int ng_broken(struct ng_scrape *scrape, const char *file, unsigned line, const char *expected)
{
	if (line)
		snprintf(scrape->reason, scrape->reason_size, "%s: line %u: expected %s", file, line, expected);
	else
		snprintf(scrape->reason, scrape->reason_size, "%s: expected %s", file, expected);
	return -EBADMSG;
}

/*
 * Collectors try files that may be missing, at every scrape: the text is only put together from its parts here, by
 * plain copies.
 */
int ng_failed(struct ng_scrape *scrape, int error, const char *what, const char *file)
{
	const char *parts[] = { what, " ", file, ": ", strerrordesc_np(-error) };
	size_t used = 0;

	for (size_t i = 0; i < NG_COUNT(parts); i++) {
		size_t n = parts[i] ? strlen(parts[i]) : 0;
		if (used + n >= scrape->reason_size)
			break;
		if (n)
			memcpy(scrape->reason + used, parts[i], n);
		used += n;
	}
	if (scrape->reason_size)
		scrape->reason[used] = '\0';
	return error;
}

int ng_refuse(struct ng_setup *setup, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(setup->error, setup->error_size, format, arguments);
	va_end(arguments);
	return -EINVAL;
}
