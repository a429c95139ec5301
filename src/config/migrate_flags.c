/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what happens to each flag of node_exporter. */
#include "config/flags.h"
#include "config/migrate_internal.h"
#include "config/node_exporter.h"
#include "http/address.h"

static const struct ng_note known_flags[] = {
	{ "runtime.gomaxprocs", "accepted but ignored: there is no Go runtime here" },
	{ "web.systemd-socket", "the socket unit is nodegauge.socket: systemctl enable --now nodegauge.socket" },
	{ "collector.textfile.directory", "the files must be readable by the user nodegauge" },
	{ "collector.netclass.netlink", "attributes that netlink does not provide are still reported, from sysfs" },
	{ "web.telemetry-path", "/ shows the state of the collectors, and /-/healthy and /-/ready are available too" },
};

/* Debian's package does this by default, nodegauge only with these flags. */
static const char *const debian_defaults[] = {
	/* purging the package deletes that directory: "-" allows it to be missing */
	"collector.textfile.directory=-/var/lib/prometheus/node-exporter",
	("collector.filesystem.mount-points-exclude="
	 "^/(dev|proc|run|sys|mnt|media|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)"),
	"collector.systemd",
	"collector.systemd.unit-exclude=.+\\.(automount|device|mount|scope|slice|target)",
};

/* ---- one flag ---- */

static void keep(struct ng_migration *migration, const char *word)
{
	const char **slot =
		ng_push(migration->memory, &migration->kept, &migration->kept_count, &migration->kept_capacity);

	if (slot)
		*slot = word;
	migration->no_memory |= !slot || !word;
}

/* A value, if any, follows the equals sign or is the next word. */
struct argument {
	const char *word;
	struct ng_span name;
	const char *value; /* after the equals sign; NULL without one */
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

static const char *why_unknown(struct ng_migration *migration, const struct argument *argument)
{
	const struct ng_their_collector *collector = ng_their_collector_of(argument->name);
	char why[256];

	if (ng_their_flag_missing(migration->options, argument->name, why, sizeof(why)))
		return ng_copy(migration->memory, ng_span(why)).text;
	if (collector)
		return ng_migrate_join(migration, "the collector ", collector->name, " does not have this option here");
	return "no such flag here";
}

/* The protection that a configuration file of node_exporter's web server provides; NULL for none. */
static const char *protection_of(struct ng_migration *migration, const char *path)
{
	struct ng_span text, line;
	bool tls = false, users = false;

	if (!*path)
		return NULL;
	int r = ng_migrate_read(migration->memory, path, &text);
	if (r < 0)
		return "TLS and authentication, if configured in the file (it cannot be read)";
	while (ng_line_next(&text, &line)) {
		line = ng_copy(migration->memory, ng_trim(line));
		if (!line.text || line.text[0] == '#')
			continue;
		tls |= strstr(line.text, "tls_server_config") != NULL;
		users |= strstr(line.text, "basic_auth_users") != NULL;
	}
	return tls && users ? "TLS and authentication" : tls ? "TLS" : users ? "authentication" : NULL;
}

static void unknown(struct ng_migration *migration, struct argument *argument, size_t *at)
{
	const char *shown = argument->word;
	const char *next = *at < migration->word_count ? migration->words[*at] : NULL;

	if (!argument->value && ng_their_switched_off(migration->options, argument->name)) {
		keep(migration, shown);
		return;
	}
	/* node_exporter takes flags only, so a word that does not look like one is this flag's value */
	if (!argument->value && next && !is_flag(next)) {
		shown = ng_migrate_join(migration, shown, "=", next);
		argument->value = next;
		(*at)++;
	}
	ng_migrate_lose(migration, shown, why_unknown(migration, argument));
	if (!ng_span_equal(argument->name, NG_SPAN("web.config.file")))
		return;
	const char *protection = protection_of(migration, argument->value ? argument->value : "");
	if (protection)
		ng_migrate_lose_protection(migration, protection);
}

/* Whether nodegauge would start and serve with the words kept so far and this one. */
static bool starts(struct ng_migration *migration, const char *word, struct ng_error *error)
{
	struct ng_options options;
	struct ng_engine *engine = NULL;
	const char **items = ng_alloc(migration->memory, (migration->kept_count + 1) * sizeof(*items));
	size_t count = 0;

	if (!items) {
		migration->no_memory = true;
		return true;
	}
	for (size_t i = 0; i < migration->kept_count; i++)
		items[count++] = migration->kept[i];
	items[count++] = word;
	int r = ng_options_init(&options, migration->options->registry);
	if (r == 0)
		r = ng_options_parse(&options, &(struct ng_arguments){ .item = items, .count = count }, error);
	if (r == 0 && ng_options_action(&options) != NG_SERVE)
		r = ng_error_set(error, -EINVAL, "with it nodegauge would not start the server");
	if (r == 0) {
		struct ng_engine_config config = {
			.choices = options.choices, .choice_count = options.choice_count, .once = true
		};
		r = ng_options_roots(&options, config.roots);
		if (r == 0)
			r = ng_engine_new(&config, error, &engine);
		ng_engine_free(engine);
	}
	ng_options_done(&options);
	return r != -EINVAL;
}

static void known(struct ng_migration *migration, const struct argument *argument, struct ng_flag *flag, size_t *at)
{
	const char *word = argument->word;
	struct ng_error error;

	if (flag->kind != NG_OPTION_BOOL && !argument->value && *at < migration->word_count)
		word = ng_migrate_join(migration, word, "=", migration->words[(*at)++]);
	if (!word || !starts(migration, word, &error)) {
		ng_migrate_lose(migration, word, word ? ng_copy(migration->memory, ng_span(error.text)).text : NULL);
		return;
	}
	flag->given = true;
	keep(migration, word);
	if (ng_span_starts(argument->name, NG_SPAN("no-")))
		return;
	for (size_t i = 0; i < NG_COUNT(known_flags); i++) {
		if (strcmp(known_flags[i].flag, flag->name) == 0)
			ng_migrate_change(migration, word, known_flags[i].reason);
	}
}

static void take_word(struct ng_migration *migration, size_t *at)
{
	const char *word = migration->words[(*at)++];

	if (!is_flag(word)) {
		ng_migrate_lose(migration, word, "not a flag");
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

static bool given(struct ng_migration *migration, const char *name)
{
	struct ng_flag *flag = ng_flag_find(migration->options, ng_span(name));

	return flag && flag->given;
}

/* ---- Debian's own defaults ---- */

/* Omits a default if the operator's flags exclude it. */
static void add_debian_defaults(struct ng_migration *migration)
{
	static const char reason[] = "default of Debian's prometheus-node-exporter";
	struct ng_error error;

	for (size_t i = 0; i < NG_COUNT(debian_defaults); i++) {
		const char *word = ng_migrate_join(migration, "--", debian_defaults[i], NULL);
		if (!word)
			return;
		struct argument argument = look_at(word);
		struct ng_flag *flag = ng_flag_find(migration->options, argument.name);
		if (!flag || flag->given || !starts(migration, word, &error))
			continue;
		if (!argument.value && migration->disables_defaults)
			continue;
		keep(migration, word);
		ng_migrate_change(migration, word, reason);
	}
	if (starts(migration, "--collector.netdev.device-exclude=^lo$", &error))
		ng_migrate_change(migration, "--collector.netdev.device-exclude",
			"Debian 12's package leaves out the interface lo by default; here, use "
			"--collector.netdev.device-exclude=^lo$");
}

/* ---- a port that was protected ---- */

static bool is_loopback(const struct ng_address_parts *parts)
{
	return parts->path || strncmp(parts->host, "127.", 4) == 0 || strcmp(parts->host, "::1") == 0 ||
	       strcmp(parts->host, "localhost") == 0;
}

static bool is_kept(const struct ng_migration *migration, const char *word, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(migration->kept[i], word) == 0)
			return true;
	}
	return false;
}

/* The same port, on 127.0.0.1. */
static const char *on_loopback(struct ng_migration *migration, const char *word, const char *address)
{
	struct ng_address_parts parts;
	struct ng_error error;

	if (ng_address_parse(address, &parts, &error) < 0 || is_loopback(&parts))
		return word;
	return ng_migrate_join(migration, "--web.listen-address=127.0.0.1:", parts.port, NULL);
}

static void note_open_address(struct ng_migration *migration, const char *word)
{
	migration->open_addresses =
		migration->open_addresses ? ng_migrate_join(migration, migration->open_addresses, " ", word) : word;
	migration->no_memory |= !migration->open_addresses;
}

static void close_addresses(struct ng_migration *migration)
{
	static const char prefix[] = "--web.listen-address=";
	size_t count = migration->kept_count;
	bool listens = false;

	migration->kept_count = 0;
	for (size_t i = 0; i < count; i++) {
		const char *word = migration->kept[i], *closed = word;
		if (strcmp(word, "--web.systemd-socket") == 0) {
			note_open_address(migration, word);
			continue;
		}
		if (strncmp(word, prefix, sizeof(prefix) - 1) == 0) {
			listens = true;
			closed = on_loopback(migration, word, word + sizeof(prefix) - 1);
			if (closed && closed != word)
				note_open_address(migration, word);
		}
		migration->no_memory |= !closed;
		if (closed && !is_kept(migration, closed, migration->kept_count))
			migration->kept[migration->kept_count++] = closed;
	}
	if (listens)
		return;
	if (!migration->open_addresses)
		note_open_address(migration, "--web.listen-address=:9100");
	keep(migration, "--web.listen-address=127.0.0.1:9100");
}

void ng_migrate_judge(struct ng_migration *migration)
{
	/* flags on the command line of --migrate itself do not count */
	for (size_t i = 0; i < migration->options->flag_count; i++)
		migration->options->flags[i].given = false;
	for (size_t at = 0; at < migration->word_count;)
		take_word(migration, &at);
	migration->disables_defaults = given(migration, "collector.disable-defaults");
	if (migration->debian)
		add_debian_defaults(migration);
	if (migration->protection)
		close_addresses(migration);
}
