/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

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

bool ng_absent(int error)
{
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
	case -ENODEV:
	case -ENXIO:
	case -ESRCH:
	case -EOPNOTSUPP:
	case -ENOSYS:
	case -ENODATA:
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
 * Collectors try files that may be missing on every scrape, so the text is put together here by plain copies, without
 * formatting functions.
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

void ng_note(struct ng_scrape *scrape)
{
	size_t last = scrape->note_count - 1;

	if (scrape->note_count && last < scrape->note_room && strcmp(scrape->notes[last], scrape->reason) == 0)
		return; /* several values of the same line */
	if (scrape->note_count < scrape->note_room)
		snprintf(scrape->notes[scrape->note_count], NG_NOTE_SIZE, "%s", scrape->reason);
	scrape->note_count++;
}

void ng_drop_value(struct ng_scrape *scrape, const char *file, unsigned line, const char *expected)
{
	scrape->dropped_values++;
	ng_broken(scrape, file, line, expected);
	ng_note(scrape);
}

void ng_drop_record(struct ng_scrape *scrape, const char *file, unsigned line, const char *expected)
{
	scrape->dropped++;
	ng_broken(scrape, file, line, expected);
	ng_note(scrape);
}

int ng_columns(struct ng_scrape *scrape, const char *file, unsigned number, struct ng_span *line, size_t count,
	uint64_t *ret_value, uint64_t *ret_given)
{
	struct ng_span word;
	size_t bad = 0;

	*ret_given = 0;
	for (size_t i = 0; i < count; i++) {
		if (!ng_word_next(line, &word))
			return -EBADMSG;
		if (ng_u64(word, &ret_value[i]) == 0)
			*ret_given |= UINT64_C(1) << i;
		else
			bad++;
	}
	if (bad == count)
		return -EBADMSG;
	for (; bad; bad--)
		ng_drop_value(scrape, file, number, "a 64-bit integer");
	return 0;
}

void ng_drop_unread(struct ng_scrape *scrape, int error, const char *file)
{
	if (ng_absent(error))
		return;
	scrape->dropped_values++;
	if (error != -EBADMSG) /* the expected text has already been recorded */
		ng_failed(scrape, error, "read", file);
	ng_note(scrape);
}

int ng_fail_noted(struct ng_scrape *scrape, int error)
{
	if (scrape->note_count && scrape->note_room)
		snprintf(scrape->reason, scrape->reason_size, "%s", scrape->notes[0]);
	return error;
}

int ng_error_set(struct ng_error *error, int number, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return number;
}

int ng_refuse(struct ng_setup *setup, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(setup->error->text, sizeof(setup->error->text), format, arguments);
	va_end(arguments);
	return -EINVAL;
}
