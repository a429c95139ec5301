/* SPDX-License-Identifier: Apache-2.0 */
/* Environment files, parsed as systemd does, and written so that they read back the same. */
#include "support.h"

#include "config/environment.h"

#include <nodegauge/collector.h>
#include <stdio.h>
#include <stdlib.h>

struct reading {
	const char *text, *words; /* of ARGS, each in brackets */
};

/* The behaviour of systemd 252 and 257 was checked on a booted machine. */
static const struct reading readings[] = {
	{ "ARGS=\"\"", "" },
	{ "ARGS=", "" },
	{ "ARGS=--a --b", "[--a][--b]" },
	{ "ARGS=--a --b  \n", "[--a][--b]" },
	{ "  ARGS = --a\n", "[--a]" },
	{ "# x\n; ARGS=--no\nARGS=\"--a\"", "[--a]" },
	{ "export ARGS='--a'", "[--a]" },
	{ "ARGS='--a' '--b'", "[--a--b]" },
	{ "ARGS=\"--a \\\n --b\"\nX=1", "[--a][--b]" },
	{ "ARGS=--a \\\n --b\nX=1", "[--a][--b]" },
	{ "ARGS=\"--x=^(a|b)\\\\\\\\d+$\"", "[--x=^(a|b)\\d+$]" },
	{ "ARGS='--x=\\\\d'", "[--x=\\d]" },
	{ "ARGS='--x=\\d'", "[--x=d]" },
	{ "ARGS=--x=\\\\\\\\d", "[--x=\\d]" },
	{ "ARGS=\"--x=\\\"a b\\\" --c\"", "[--x=a b][--c]" },
	{ "ARGS=\"--x='a b'\"", "[--x=a b]" },
	{ "ARGS='--x=\"\"'", "[--x=]" },
	{ "ARGS=\"a\\$b\\`c\\x\"", "[a$b`cx]" },
	{ "ARGS=\"--open", "[--open]" },
	{ "ARGS=\"--x='open\"", "[--x=open]" },
	{ "ARGS=--end\\", "[--end]" },
	{ "no assignment\nARGS=--a", "[--a]" },
	{ "", "" },
};

static void words_are_those_of_systemd(void **state)
{
	(void)state;
	for (size_t i = 0; i < NG_COUNT(readings); i++) {
		struct ng_arena memory = { 0 };
		struct ng_span text = ng_span(readings[i].text);
		struct ng_variable variable;
		char got[256] = "";
		const char *word;

		while (ng_environment_next(&memory, &text, &variable)) {
			if (!ng_span_equal(variable.name, NG_SPAN("ARGS")))
				continue;
			while ((word = ng_environment_word(&memory, &variable.value)))
				snprintf(got + strlen(got), sizeof(got) - strlen(got), "[%s]", word);
		}
		if (strcmp(got, readings[i].words) != 0)
			fail_msg("%s gives %s, not %s", readings[i].text, got, readings[i].words);
		ng_arena_done(&memory);
	}
}

static const char *const texts[] = { "--plain", "--x=^/(dev|proc)($|/)", "--x=\\d+\\\\", "--x=a b\tc", "--x=\"q\"",
	"--x='q'", "--x=it's $HOME `ls`", "", "'", "\"", "\\", " " };

static void written_words_are_read_back(void **state)
{
	(void)state;
	for (size_t n = 1; n <= NG_COUNT(texts); n++) {
		struct ng_arena memory = { 0 };
		struct ng_variable variable;
		const char *line = ng_environment_line(&memory, "ARGS", texts, n);
		struct ng_span text = ng_span(line);

		assert_true(ng_environment_next(&memory, &text, &variable));
		for (size_t i = 0; i < n; i++)
			assert_string_equal(ng_environment_word(&memory, &variable.value), texts[i]);
		assert_null(ng_environment_word(&memory, &variable.value));
		ng_arena_done(&memory);
	}
}

static void commands_are_for_a_shell(void **state)
{
	struct ng_arena memory = { 0 };
	const char *const words[] = { "--a=1", "it's", "", "a b" };

	(void)state;
	assert_string_equal(ng_environment_command(&memory, words, 4), "--a=1 'it'\\''s' '' 'a b'");
	ng_arena_done(&memory);
}

/* Each text is truncated at each byte, without a NUL after it: the sanitizer checks for overruns. */
static void cut_texts_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < NG_COUNT(readings); i++) {
		for (size_t n = 0; n <= strlen(readings[i].text); n++) {
			struct ng_arena memory = { 0 };
			char *copy = malloc(n + 1);
			struct ng_variable variable;

			memcpy(copy, readings[i].text, n);
			struct ng_span text = { copy, n };
			while (ng_environment_next(&memory, &text, &variable)) {
				while (ng_environment_word(&memory, &variable.value))
					;
			}
			ng_arena_done(&memory);
			free(copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(words_are_those_of_systemd),
		TEST(written_words_are_read_back),
		TEST(commands_are_for_a_shell),
		TEST(cut_texts_are_read),
	};

	return cmocka_run_group_tests_name("environment", tests, NULL, NULL);
}
