/* SPDX-License-Identifier: Apache-2.0 */
#include "host/migrate.h"

#include "host/flags.h"

#include "host/environment.h"

#include <fcntl.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20 };

struct note {
	const char *flag, *reason;
};

struct migration {
	struct ng_options *options;
	struct ng_arena *memory;
	const char **words;
	size_t word_count, word_capacity;
	const char **kept;
	size_t kept_count, kept_capacity;
	struct note *lost, *changed;
	size_t lost_count, lost_capacity, changed_count, changed_capacity;
	bool no_memory;
};

/* ---- what is known of node_exporter's flags beyond our own table ---- */

static const struct note unknown_flags[] = {
	{ "web.config.file",
		"nodegauge speaks neither TLS nor asks for a login: WITHOUT IT ANSWERS ARE OPEN TO WHOEVER REACHES THE "
		"PORT. Listen on 127.0.0.1 behind a proxy that does both" },
	{ "collectors.enabled",
		"of node_exporter before 0.16; name them by --collector.disable-defaults --collector.NAME" },
	{ "collectors.print", "of node_exporter before 0.16; now --collector.list" },
	{ "collector.qdisc.fixtures", "for node_exporter's own tests" },
	{ "collector.wifi.fixtures", "for node_exporter's own tests" },
};

static const struct note known_flags[] = {
	{ "runtime.gomaxprocs", "taken, but without effect: there is no Go run-time here" },
	{ "web.systemd-socket", "the socket unit is nodegauge.socket: systemctl enable --now nodegauge.socket" },
	{ "collector.textfile.directory", "the files have to be readable for the user nodegauge" },
	{ "collector.netclass.netlink", "attributes that netlink does not have are there all the same, from sysfs" },
	{ "web.telemetry-path", "/ shows the state of the collectors, and /-/healthy and /-/ready are there too" },
};

/* What Debian's package does without a flag, and nodegauge only with one. */
static const char *const debian_defaults[] = {
	"collector.textfile.directory=/var/lib/prometheus/node-exporter",
	("collector.filesystem.mount-points-exclude="
	 "^/(dev|proc|run|sys|mnt|media|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)"),
	"collector.systemd",
	"collector.systemd.unit-exclude=.+\\.(automount|device|mount|scope|slice|target)",
};

static const char *find_reason(const struct note *table, size_t count, struct ng_span name)
{
	for (size_t i = 0; i < count; i++) {
		if (ng_span_equal(ng_span(table[i].flag), name))
			return table[i].reason;
	}
	return NULL;
}

/* ---- the result ---- */

static void keep(struct migration *migration, const char *word)
{
	const char **slot =
		ng_push(migration->memory, &migration->kept, &migration->kept_count, &migration->kept_capacity);

	if (slot)
		*slot = word;
	migration->no_memory |= !slot || !word;
}

static void lose(struct migration *migration, const char *flag, const char *reason)
{
	struct note *note =
		ng_push(migration->memory, &migration->lost, &migration->lost_count, &migration->lost_capacity);

	if (note)
		*note = (struct note){ flag, reason };
	migration->no_memory |= !note || !flag || !reason;
}

static void tell(struct migration *migration, const char *flag, const char *reason)
{
	struct note *note = ng_push(
		migration->memory, &migration->changed, &migration->changed_count, &migration->changed_capacity);

	if (note)
		*note = (struct note){ flag, reason };
	migration->no_memory |= !note || !flag || !reason;
}

static const char *join(struct migration *migration, const char *a, const char *b, const char *c)
{
	return ng_join(migration->memory, a, b, c);
}

/* ---- one flag ---- */

/* A value, if there is one, stands behind the equals sign or is the next word. */
struct argument {
	const char *word;
	struct ng_span name;
	const char *value; /* behind the equals sign; NULL without one */
};

static struct argument look_at(const char *word)
{
	struct argument argument = { .word = word, .name = ng_span_skip(ng_span(word), 2) };
	size_t equals = ng_span_find(argument.name, '=');

	if (equals < argument.name.size)
		argument.value = argument.name.text + equals + 1;
	argument.name.size = equals;
	return argument;
}

static bool is_flag(const char *word)
{
	return word[0] == '-' && word[1] == '-' && word[2];
}

/* "collector.foo" of "no-collector.foo" or of "collector.foo.bar"; empty when it is no collector's. */
static const char *collector_of(struct migration *migration, struct ng_span name)
{
	if (ng_span_starts(name, NG_SPAN("no-")))
		name = ng_span_skip(name, 3);
	if (!ng_span_starts(name, NG_SPAN("collector.")))
		return "";
	struct ng_span rest = ng_span_skip(name, sizeof("collector.") - 1);
	rest.size = ng_span_find(rest, '.');
	return ng_copy(migration->memory, rest).text;
}

static const char *why_unknown(struct migration *migration, const struct argument *argument)
{
	const char *reason = find_reason(unknown_flags, NG_COUNT(unknown_flags), argument->name);
	const char *collector = collector_of(migration, argument->name);

	if (reason || !collector)
		return reason;
	if (!*collector)
		return "there is no such flag here";
	const char *flag = join(migration, "collector.", collector, NULL);
	if (flag && ng_flag_find(migration->options, ng_span(flag)))
		return join(migration, "the collector ", collector, " has no such option here");
	if (ng_span_starts(argument->name, NG_SPAN("no-collector.")))
		return join(migration, "there is no collector ", collector, " here, so it is off");
	return join(migration, "there is no collector ", collector, " here: its metrics will be missing");
}

static void unknown(struct migration *migration, const struct argument *argument, size_t *at)
{
	const char *shown = argument->word;
	const char *next = *at < migration->word_count ? migration->words[*at] : NULL;

	/* node_exporter takes flags only, so what does not look like one is this one's value */
	if (!argument->value && next && !is_flag(next)) {
		shown = join(migration, shown, "=", next);
		(*at)++;
	}
	lose(migration, shown, why_unknown(migration, argument));
}

/* Whether nodegauge would start with what is kept and this word, to serve. */
static bool starts(struct migration *migration, const char *word, char *error, size_t error_size)
{
	struct ng_options options;
	struct ng_engine *engine = NULL;
	const char **items = ng_alloc(migration->memory, (migration->kept_count + 1) * sizeof(*items));
	size_t count = 0;

	if (!items) {
		migration->no_memory = true;
		return true;
	}
	for (size_t i = 0; i < migration->kept_count; i++) {
		if (migration->kept[i][0] != '@')
			items[count++] = migration->kept[i];
	}
	items[count++] = word;
	int r = ng_options_init(&options, migration->options->registry);
	if (r == 0)
		r = ng_options_parse(
			&options, &(struct ng_arguments){ .item = items, .count = count }, error, error_size);
	if (r == 0 && ng_options_action(&options) != NG_SERVE) {
		r = -EINVAL;
		snprintf(error, error_size, "with it nodegauge would not serve");
	}
	if (r == 0) {
		struct ng_engine_config config = {
			.choices = options.choices, .choice_count = options.choice_count, .once = true
		};
		r = ng_options_roots(&options, config.roots);
		if (r == 0)
			r = ng_engine_new(&config, error, error_size, &engine);
		ng_engine_free(engine);
	}
	ng_options_done(&options);
	return r != -EINVAL;
}

static void known(struct migration *migration, const struct argument *argument, struct ng_flag *flag, size_t *at)
{
	const char *word = argument->word;
	char error[512];

	if (flag->kind != NG_OPTION_BOOL && !argument->value && *at < migration->word_count)
		word = join(migration, word, "=", migration->words[(*at)++]);
	if (!word || !starts(migration, word, error, sizeof(error))) {
		lose(migration, word, word ? ng_copy(migration->memory, ng_span(error)).text : NULL);
		return;
	}
	flag->given = true;
	keep(migration, word);
	const char *reason = find_reason(known_flags, NG_COUNT(known_flags), ng_span(flag->name));
	if (reason && !ng_span_starts(argument->name, NG_SPAN("no-")))
		tell(migration, word, reason);
}

static void take_word(struct migration *migration, size_t *at)
{
	const char *word = migration->words[(*at)++];

	if (word[0] == '@') {
		keep(migration, word);
		tell(migration, word, "the flags in that file are not looked at here");
		return;
	}
	if (!is_flag(word)) {
		lose(migration, word, "this is not a flag");
		return;
	}
	struct argument argument = look_at(word);
	struct ng_flag *flag = ng_flag_find(migration->options, argument.name);
	if (!flag && ng_span_starts(argument.name, NG_SPAN("no-"))) {
		flag = ng_flag_find(migration->options, ng_span_skip(argument.name, 3));
		if (flag && flag->kind != NG_OPTION_BOOL)
			flag = NULL;
	}
	if (flag)
		known(migration, &argument, flag, at);
	else
		unknown(migration, &argument, at);
}

/* ---- Debian's own defaults ---- */

static bool given(struct migration *migration, const char *name)
{
	struct ng_flag *flag = ng_flag_find(migration->options, ng_span(name));

	return flag && flag->given;
}

/* What excludes one of them is the operator's own word, and goes first. */
static void add_defaults(struct migration *migration)
{
	static const char reason[] = "Debian's prometheus-node-exporter does so without a flag";
	char error[512];

	for (size_t i = 0; i < NG_COUNT(debian_defaults); i++) {
		const char *word = join(migration, "--", debian_defaults[i], NULL);
		if (!word)
			return;
		struct argument argument = look_at(word);
		struct ng_flag *flag = ng_flag_find(migration->options, argument.name);
		if (!flag) {
			if (!argument.value && !given(migration, "collector.disable-defaults"))
				lose(migration, word,
					"on by default in Debian's package, but there is no such collector here");
			continue;
		}
		if (flag->given || !starts(migration, word, error, sizeof(error)))
			continue;
		if (!argument.value && given(migration, "collector.disable-defaults"))
			continue;
		keep(migration, word);
		tell(migration, word, reason);
	}
	if (starts(migration, "--collector.netdev.device-exclude=^lo$", error, sizeof(error)))
		tell(migration, "--collector.netdev.device-exclude",
			"Debian 12's package leaves the interface lo out without a flag: "
			"--collector.netdev.device-exclude=^lo$ does here");
}

/* ---- the file ---- */

static int read_file(struct ng_arena *memory, const char *path, struct ng_span *ret_text)
{
	NG_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	char *text = ng_alloc(memory, FILE_MAX);
	if (!text)
		return -ENOMEM;
	while ((n = read(fd, text + size, FILE_MAX - size)) > 0)
		size += (size_t)n;
	if (n < 0)
		return -errno;
	if (size == FILE_MAX)
		return -EFBIG;
	*ret_text = (struct ng_span){ text, size };
	return 0;
}

/* Debian has its flags in ARGS, the rpms and others in OPTIONS and the like: any variable that begins with a flag. */
static bool has_flags(const struct ng_variable *variable)
{
	struct ng_span value = ng_trim(variable->value);

	while (value.size && (value.text[0] == '"' || value.text[0] == '\''))
		value = ng_span_skip(value, 1);
	return ng_span_equal(variable->name, NG_SPAN("ARGS")) || ng_span_starts(value, NG_SPAN("--"));
}

static bool take_words(struct migration *migration, struct ng_span text)
{
	struct ng_variable variable;
	bool found = false;

	while (ng_environment_next(migration->memory, &text, &variable)) {
		const char *word;
		if (!has_flags(&variable))
			continue;
		found = true;
		if (ng_span_equal(variable.name, NG_SPAN("ARGS")))
			migration->word_count = 0; /* the last one counts */
		while ((word = ng_environment_word(migration->memory, &variable.value))) {
			const char **slot = ng_push(migration->memory, &migration->words, &migration->word_count,
				&migration->word_capacity);
			if (slot)
				*slot = word;
			migration->no_memory |= !slot;
		}
	}
	return found;
}

/* Text of a file in a comment: it may not end the line, nor speak to the terminal. */
static void print_comment(FILE *out, const char *before, const char *text, const char *behind)
{
	fprintf(out, "#%s", before);
	for (const unsigned char *at = (const unsigned char *)text; *at; at++)
		fprintf(out, *at < ' ' || *at == 0x7f ? "\\x%02x" : "%c", *at);
	fprintf(out, "%s\n", behind);
}

static void print_notes(FILE *out, const char *title, const struct note *notes, size_t count)
{
	if (count)
		fprintf(out, "#\n# %s:\n", title);
	for (size_t i = 0; i < count; i++) {
		print_comment(out, "   ", notes[i].flag, "");
		print_comment(out, "       ", notes[i].reason, ".");
	}
}

static int print(FILE *out, struct migration *migration, const char *path)
{
	const char *command = ng_environment_command(migration->memory, migration->kept, migration->kept_count);
	const char *line = ng_environment_line(migration->memory, "ARGS", migration->kept, migration->kept_count);

	if (!command || !line || migration->no_memory)
		return -ENOMEM;
	print_comment(out, " Flags of nodegauge, from ", path, ".");
	fprintf(out, "#\n# The command line:\n");
	print_comment(out, "   nodegauge ", command, "");
	print_notes(out, "Left out", migration->lost, migration->lost_count);
	print_notes(out, "Different, or worth knowing", migration->changed, migration->changed_count);
	fprintf(out, "%s\n", line);
	return 0;
}

int ng_migrate(FILE *out, struct ng_options *options, const char *path, char *error, size_t error_size)
{
	struct ng_arena memory = { 0 };
	struct migration migration = { .options = options, .memory = &memory };
	const char *name = strrchr(path, '/');
	struct ng_span text;

	/* what was given on the command line of --migrate itself does not count */
	for (size_t i = 0; i < options->flag_count; i++)
		options->flags[i].given = false;
	int r = read_file(&memory, path, &text);
	if (r < 0) {
		snprintf(error, error_size, "--migrate: %s: %s", path, strerror(-r));
	} else if (!take_words(&migration, text)) {
		r = -EINVAL;
		snprintf(error, error_size,
			"--migrate: %s: no variable with flags, such as ARGS=\"--web.listen-address=:9100\"", path);
	} else {
		for (size_t at = 0; at < migration.word_count;)
			take_word(&migration, &at);
		if (strcmp(name ? name + 1 : path, "prometheus-node-exporter") == 0)
			add_defaults(&migration);
		r = print(out, &migration, path);
		if (r < 0)
			snprintf(error, error_size, "--migrate: out of memory");
	}
	ng_arena_done(&memory);
	return r;
}
