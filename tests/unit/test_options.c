/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines and their results, with collectors made for the purpose. */
#include "support.h"

#include "config/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct state {
	bool flag, on;
	const char *text;
	struct ng_list list;
	struct ng_pattern *include, *exclude, *old;
	uint64_t patience, number;
};

static const struct ng_option options_of_disk[] = {
	NG_OPTION(state, flag, NG_OPTION_BOOL, "flag", "false", "A switch."),
	NG_OPTION(state, on, NG_OPTION_BOOL, "on", "true", "A switch that is on."),
	NG_OPTION(state, text, NG_OPTION_STRING, "text", "initial", "A text."),
	NG_OPTION(state, list, NG_OPTION_LIST, "list", "first", "A list."),
	NG_OPTION(state, include, NG_OPTION_PATTERN, "include", "", "Which to take.", .excludes = "exclude"),
	NG_OPTION(state, exclude, NG_OPTION_PATTERN, "exclude", "^ram", "Which to leave.", .excludes = "include"),
	NG_OPTION(state, patience, NG_OPTION_DURATION, "patience", "5s", "How long."),
	NG_OPTION(state, number, NG_OPTION_UNSIGNED, "number", "7", "How many."),
	NG_OPTION(state, old, NG_OPTION_PATTERN, "-disk.old", "", "An old spelling.", .hidden = true),
};

static int collect_nothing(void *state, struct ng_scrape *scrape)
{
	(void)state;
	(void)scrape;
	return 0;
}

static const struct ng_collector disk = {
	NG_COLLECTOR_HEAD,
	.name = "disk",
	.summary = "Disks",
	.options = options_of_disk,
	.option_count = NG_COUNT(options_of_disk),
	.state_size = sizeof(struct state),
	.collect = collect_nothing,
};

static const struct ng_collector rare = {
	NG_COLLECTOR_HEAD,
	.name = "rare",
	.summary = "Rare things",
	.off_by_default = true,
	.collect = collect_nothing,
};

static const struct ng_collector *const both[] = { &disk, &rare };
static const struct ng_registry registry = { .item = (const struct ng_collector **)both, .count = 2 };

struct line {
	struct ng_options options;
	struct ng_arguments arguments;
	struct ng_error error;
	int result;
};

/* Parses a command line given as words separated by spaces. */
static void parse(struct line *line, const char *words)
{
	char copy[1024], *argv[32] = { copy }, *rest = copy;
	int argc = 1;

	memset(line, 0, sizeof(*line));
	snprintf(copy, sizeof(copy), "%s", words);
	for (char *word; *words && argc < 31 && (word = strsep(&rest, " ")) != NULL;)
		argv[argc++] = word;
	assert_int_equal(ng_options_init(&line->options, &registry), 0);
	line->result = ng_arguments_init(&line->arguments, argc, argv, &line->error);
	if (line->result == 0)
		line->result = ng_options_parse(&line->options, &line->arguments, &line->error);
}

static void discard(struct line *line)
{
	ng_options_done(&line->options);
	ng_arguments_done(&line->arguments);
}

static bool enabled(const struct line *line, const struct ng_collector *collector)
{
	for (size_t i = 0; i < line->options.choice_count; i++) {
		if (line->options.choices[i].collector == collector)
			return true;
	}
	return false;
}

static void defaults(void **state)
{
	struct line line;

	(void)state;
	parse(&line, "");
	assert_int_equal(line.result, 0);
	assert_string_equal(line.options.settings.procfs, "/proc");
	assert_string_equal(line.options.settings.sysfs, "/sys");
	assert_string_equal(line.options.settings.rootfs, "/");
	assert_string_equal(line.options.settings.udev, "/run/udev/data");
	assert_string_equal(line.options.settings.telemetry_path, "/metrics");
	assert_int_equal(line.options.settings.max_requests, 40);
	assert_int_equal(line.options.settings.listen.count, 1);
	assert_string_equal(line.options.settings.listen.item[0], ":9100");
	assert_true(enabled(&line, &disk));
	assert_false(enabled(&line, &rare));
	assert_int_equal(ng_options_action(&line.options), NG_SERVE);
	discard(&line);
}

static void switches(void **state)
{
	static const struct {
		const char *words;
		bool disk, rare;
	} lines[] = {
		{ "--collector.rare", true, true },
		{ "--no-collector.disk", false, false },
		{ "--collector.disable-defaults", false, false },
		{ "--collector.disable-defaults --collector.rare", false, true },
		{ "--collector.disk --collector.disable-defaults", true, false },
		{ "--no-collector.disk --collector.disk", true, false },
	};
	struct line line;

	(void)state;
	for (size_t i = 0; i < NG_COUNT(lines); i++) {
		print_message("'%s'\n", lines[i].words);
		parse(&line, lines[i].words);
		assert_int_equal(line.result, 0);
		assert_int_equal(enabled(&line, &disk), lines[i].disk);
		assert_int_equal(enabled(&line, &rare), lines[i].rare);
		discard(&line);
	}
}

static void settings(void **state)
{
	struct line line;

	(void)state;
	parse(&line,
		"--path.procfs=/host/proc --path.sysfs /host/sys --web.listen-address=:1 --web.listen-address unix:/x "
		"--web.max-requests=0 --web.scrape-timeout=1m30s --log.level=debug --log.format=json --once");
	assert_int_equal(line.result, 0);
	assert_string_equal(line.options.settings.procfs, "/host/proc");
	assert_string_equal(line.options.settings.sysfs, "/host/sys");
	assert_int_equal(line.options.settings.listen.count, 2);
	assert_string_equal(line.options.settings.listen.item[0], ":1");
	assert_string_equal(line.options.settings.listen.item[1], "unix:/x");
	assert_int_equal(line.options.settings.max_requests, 0);
	assert_int_equal(line.options.settings.scrape_timeout, UINT64_C(90000000000));
	assert_int_equal(ng_options_log_level(&line.options), NG_LOG_DEBUG);
	assert_int_equal(ng_options_action(&line.options), NG_ONCE);
	discard(&line);
}

/* Each invalid command line names what is wrong, and what may have been meant. */
static void wrong_lines(void **state)
{
	static const struct {
		const char *words, *said;
	} lines[] = {
		{ "--collector.dsik", "collector.disk" },
		{ "--web.telemetry-pth=/x", "--web.telemetry-path" },
		{ "--nonsense-that-is-like-no-flag-at-all", "nonsense-that-is-like-no-flag-at-all" },
		{ "--path.procfs=/a --path.procfs=/b", "--path.procfs" },
		{ "--collector.disk.number=1 --collector.disk.number=2", "collector.disk.number" },
		{ "--path.procfs", "--path.procfs" },
		{ "--collector.disk=true", "collector.disk" },
		{ "--no-path.procfs=/x", "path.procfs" },
		{ "--no-path.procfs", "path.procfs" },
		{ "--web.max-requests=many", "--web.max-requests" },
		{ "--web.max-requests=-1", "--web.max-requests" },
		{ "--web.scrape-timeout=5", "--web.scrape-timeout" },
		{ "--log.level=loud", "debug|info|warn|error" },
		{ "--log.level=", "debug|info|warn|error" },
		{ "--log.level=debug|info", "debug|info|warn|error" },
		{ "word", "word" },
		{ "-x", "-x" },
		{ "--", "--" },
		{ "--=x", "--=x" },
		{ "--no-", "--no-" },
		{ "@/none/such", "/none/such" },
	};
	struct line line;

	(void)state;
	for (size_t i = 0; i < NG_COUNT(lines); i++) {
		parse(&line, lines[i].words);
		print_message("'%s': %s\n", lines[i].words, line.error.text);
		assert_int_equal(line.result, -EINVAL);
		assert_non_null(strstr(line.error.text, lines[i].said));
		assert_null(strstr(line.error.text, "out of memory"));
		discard(&line);
	}
}

/* A name longer than any flag is rejected like any other. */
static void long_names(void **state)
{
	struct line line;
	char words[700];

	(void)state;
	for (size_t size = 80; size < sizeof(words) - 1; size += 13) {
		memset(words, 'x', size);
		memcpy(words, "--", 2);
		words[size] = '\0';
		parse(&line, words);
		assert_int_equal(line.result, -EINVAL);
		discard(&line);
	}
}

static void files_of_arguments(void **state)
{
	static const char text[] =
		"# a comment\n\n--collector.rare\n  --path.procfs=/with space\t\r\n--web.max-requests=3";
	char path[] = "/tmp/nodegauge-arguments-XXXXXX", words[64];
	int fd = mkstemp(path);
	struct line line;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	snprintf(words, sizeof(words), "--no-collector.disk @%s", path);
	parse(&line, words);
	assert_int_equal(line.result, 0);
	assert_true(enabled(&line, &rare));
	assert_false(enabled(&line, &disk));
	assert_string_equal(line.options.settings.procfs, "/with space");
	assert_int_equal(line.options.settings.max_requests, 3);
	discard(&line);
	unlink(path);
}

static void peeking(void **state)
{
	struct line line;

	(void)state;
	parse(&line, "--collector.modules /a --collector.modulesx=/b");
	assert_string_equal(ng_arguments_peek(&line.arguments, "collector.modules"), "/a");
	assert_null(ng_arguments_peek(&line.arguments, "collector.module"));
	discard(&line);
	parse(&line, "--collector.modules");
	assert_null(ng_arguments_peek(&line.arguments, "collector.modules"));
	discard(&line);
}

/* ---- values that reach the collector ---- */

struct made {
	struct line line;
	struct ng_cell cell;
	struct ng_kernel kernel;
	const struct state *state;
};

static void make(struct made *made, const char *words)
{
	memset(made, 0, sizeof(*made));
	parse(&made->line, words);
	assert_int_equal(made->line.result, 0);
	made->line.result = ng_cell_init(&made->cell, &made->line.options.choices[0], &made->kernel, &made->line.error);
	made->state = made->cell.state;
}

static void unmake(struct made *made)
{
	if (made->line.result == 0)
		ng_cell_done(&made->cell);
	discard(&made->line);
}

static void initial_values(void **state)
{
	struct made made;

	(void)state;
	make(&made, "");
	assert_false(made.state->flag);
	assert_true(made.state->on);
	assert_string_equal(made.state->text, "initial");
	assert_int_equal(made.state->list.count, 1);
	assert_string_equal(made.state->list.item[0], "first");
	assert_null(made.state->include);
	assert_null(made.state->old);
	assert_non_null(made.state->exclude);
	assert_true(ng_pattern_matches(made.state->exclude, NG_SPAN("ram0")));
	assert_int_equal(made.state->patience, UINT64_C(5000000000));
	assert_int_equal(made.state->number, 7);
	unmake(&made);
}

static void given_values(void **state)
{
	struct made made;

	(void)state;
	make(&made, "--collector.disk.flag --no-collector.disk.on --collector.disk.text= --collector.disk.list=a "
		    "--collector.disk.list=b --collector.disk.include=^sd --disk.old=x --collector.disk.patience=1ms "
		    "--collector.disk.number=18446744073709551615");
	assert_int_equal(made.line.result, 0);
	assert_true(made.state->flag);
	assert_false(made.state->on);
	assert_string_equal(made.state->text, "");
	assert_int_equal(made.state->list.count, 2);
	assert_string_equal(made.state->list.item[0], "a");
	assert_string_equal(made.state->list.item[1], "b");
	assert_true(ng_pattern_matches(made.state->include, NG_SPAN("sda")));
	assert_true(ng_pattern_matches(made.state->old, NG_SPAN("x")));
	/* the default of its counterpart is dropped */
	assert_null(made.state->exclude);
	assert_int_equal(made.state->patience, 1000000);
	assert_true(made.state->number == UINT64_MAX);
	unmake(&made);
}

static void empty_patterns(void **state)
{
	struct made made;

	(void)state;
	make(&made, "--collector.disk.exclude=");
	assert_int_equal(made.line.result, 0);
	assert_null(made.state->exclude);
	assert_null(made.state->include);
	unmake(&made);
}

/* An empty text requests nothing, so it does not drop a default either. */
static void empty_counterpart(void **state)
{
	struct made made;

	(void)state;
	make(&made, "--collector.disk.include=");
	assert_int_equal(made.line.result, 0);
	assert_null(made.state->include);
	assert_non_null(made.state->exclude);
	unmake(&made);
	make(&made, "--collector.disk.include=sd");
	assert_int_equal(made.line.result, 0);
	assert_null(made.state->exclude);
	unmake(&made);
}

static void refused_values(void **state)
{
	static const struct {
		const char *words, *said;
	} lines[] = {
		{ "--collector.disk.include=a --collector.disk.exclude=b", "exclude" },
		{ "--collector.disk.exclude=(", "--collector.disk.exclude" },
		{ "--disk.old=[", "--disk.old" },
		{ "--collector.disk.number=1.5", "--collector.disk.number" },
		{ "--collector.disk.number=", "--collector.disk.number" },
		{ "--collector.disk.patience=5", "--collector.disk.patience" },
		{ "--collector.disk.patience=", "--collector.disk.patience" },
	};
	struct made made;

	(void)state;
	for (size_t i = 0; i < NG_COUNT(lines); i++) {
		make(&made, lines[i].words);
		print_message("'%s': %s\n", lines[i].words, made.line.error.text);
		assert_true(made.line.result < 0);
		assert_non_null(strstr(made.line.error.text, lines[i].said));
		unmake(&made);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(defaults),
		TEST(switches),
		TEST(settings),
		TEST(wrong_lines),
		TEST(long_names),
		TEST(files_of_arguments),
		TEST(peeking),
		TEST(initial_values),
		TEST(given_values),
		TEST(empty_patterns),
		TEST(empty_counterpart),
		TEST(refused_values),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
