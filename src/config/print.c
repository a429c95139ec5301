/* SPDX-License-Identifier: Apache-2.0 */
#include "config/print.h"

#include "config/migrate.h"

#include <unistd.h>

static int fail_output(int number, struct ng_error *error)
{
	return ng_error_set(
		error, -EIO, "write to standard output: %s", number == EBADF ? "it is closed" : strerror(number));
}

static int migrate(struct ng_options *options, struct ng_error *error)
{
	int r = ng_migrate(stdout, stderr, options, options->settings.migrate, error);

	return r < 0 ? -EINVAL : r;
}

int ng_print(const struct ng_printing *printing, enum ng_action action, struct ng_error *error)
{
	struct ng_options *options = printing->options;
	int r = 0;

	switch (action) {
	case NG_HELP:
		ng_help_print(stdout, options);
		break;
	case NG_HELP_MAN:
		ng_help_man(stdout, options);
		break;
	case NG_PRINT_VERSION:
		ng_help_version(stdout);
		break;
	case NG_LIST_COLLECTORS:
		ng_help_collectors(stdout, options, printing->suffices, printing->privileges);
		break;
	case NG_MIGRATE:
		r = migrate(options, error);
		break;
	default:
		ng_help_metrics(stdout, options, printing->writers, printing->writer_count);
		break;
	}
	if (r >= 0 && (fflush(stdout) != 0 || ferror(stdout)))
		return fail_output(errno, error);
	return r;
}

static int write_all(const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(STDOUT_FILENO, text, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		size -= (size_t)n;
	}
	return 0;
}

int ng_print_once(struct ng_engine *engine, uint64_t deadline, struct ng_error *error)
{
	struct ng_body *body;

	int r = ng_engine_gather(engine, NULL, deadline, &body);
	if (r < 0)
		return ng_error_set(error, r, "gather: %s", strerror(-r));
	struct ng_span text = ng_body_text(body, NG_FORMAT_TEXT);
	r = write_all(text.text, text.size);
	ng_body_release(body);
	return r < 0 ? fail_output(-r, error) : 0;
}
