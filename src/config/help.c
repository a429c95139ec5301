/* SPDX-License-Identifier: Apache-2.0 */
#include "config/help.h"

#include "exporter/version.h"

static bool shown(const struct ng_flag *flag)
{
	return !flag->hidden;
}

/* "--[no-]web.systemd-socket" or "--web.max-requests=40". */
static void spell(char *text, size_t size, const struct ng_flag *flag)
{
	const char *more = flag->kind == NG_OPTION_LIST ? " ..." : "";

	if (flag->kind == NG_OPTION_BOOL)
		snprintf(text, size, "--[no-]%s", flag->name);
	else if (*flag->initial)
		snprintf(text, size, "--%s=%s%s", flag->name, flag->initial, more);
	else
		snprintf(text, size, "--%s=%s%s", flag->name, flag->choices ? flag->choices : "...", more);
}

/* Prints the text in lines of up to `width` after `indent` blanks, continuing at the caller's column. */
static void wrap(FILE *out, const char *text, size_t indent, size_t width)
{
	struct ng_span rest = ng_span(text), word;
	size_t column = 0;

	while (ng_word_next(&rest, &word)) {
		if (column && column + 1 + word.size > width) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = 0;
		}
		fprintf(out, "%s%.*s", column ? " " : "", (int)word.size, word.text);
		column += word.size + (column != 0);
	}
	fputc('\n', out);
}

static void print_flag(FILE *out, const struct ng_flag *flag)
{
	enum { INDENT = 32, WIDTH = 68 };
	char text[1024], help[1024], choices[128] = "";

	if (flag->choices)
		snprintf(choices, sizeof(choices), " One of: %s.", flag->choices);
	spell(text, sizeof(text), flag);
	snprintf(help, sizeof(help), "%s%s%s%s", flag->help, flag->collector && !flag->option ? "." : "",
		flag->kind == NG_OPTION_BOOL && strcmp(flag->initial, "true") == 0 ? " (default: on)" : "", choices);
	int n = fprintf(out, "%s%s", strcmp(flag->name, "help") == 0 ? "  -h, " : "      ", text);
	if (n > INDENT - 2)
		fprintf(out, "\n%*s", INDENT, "");
	else
		fprintf(out, "%*s", INDENT - n, "");
	wrap(out, help, INDENT, WIDTH);
}

void ng_help_print(FILE *out, const struct ng_options *options)
{
	fputs("usage: nodegauge [<flags>]\n\nHost metrics for Prometheus. @FILE reads arguments from FILE, one per "
	      "line.\n\nFlags:\n",
		out);
	for (size_t i = 0; i < options->flag_count; i++) {
		if (shown(&options->flags[i]))
			print_flag(out, &options->flags[i]);
	}
}

/* ---- the manual page ---- */

/*
 * Escapes text for roff: hyphens become minus signs, backslashes stay backslashes, and no line begins with a control
 * character.
 */
static void roff(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else if (*text == '\'')
			fputs("\\(aq", out);
		else
			fputc(*text, out);
	}
}

static void man_flag(FILE *out, const struct ng_flag *flag)
{
	char text[1024];

	spell(text, sizeof(text), flag);
	fputs(".TP\n\\fB\\&", out);
	if (strcmp(flag->name, "help") == 0)
		fputs("\\-h\\fR, \\fB", out);
	roff(out, text);
	fputs("\\fR\n\\&", out);
	roff(out, flag->help);
	if (flag->collector && !flag->option)
		fputc('.', out);
	if (flag->choices)
		fprintf(out, " One of: %s.", flag->choices);
	fputc('\n', out);
}

static void man_flags(FILE *out, const struct ng_options *options, bool collectors)
{
	for (size_t i = 0; i < options->flag_count; i++) {
		const struct ng_flag *flag = &options->flags[i];
		if (shown(flag) && (flag->collector != NULL) == collectors)
			man_flag(out, flag);
	}
}

static void man_hidden_flags(FILE *out, const struct ng_options *options)
{
	fputs(".SH RARELY NEEDED\nFlags that \\fB\\-\\-help\\fR does not list: old names of flags, and settings that "
	      "rarely need changing.\n",
		out);
	for (size_t i = 0; i < options->flag_count; i++) {
		if (!shown(&options->flags[i]))
			man_flag(out, &options->flags[i]);
	}
}

static void man_examples(FILE *out)
{
	fputs(".SH EXAMPLES\n"
	      ".TP\nPrint the metrics of this machine once, without starting a server:\nnodegauge \\-\\-once\n"
	      ".TP\nServe only two collectors, on another port:\n"
	      "nodegauge \\-\\-web.listen\\-address=127.0.0.1:9200 \\-\\-collector.disable\\-defaults "
	      "\\-\\-collector.cpu \\-\\-collector.meminfo\n"
	      ".TP\nScrape a server that listens on a unix socket:\n"
	      "curl \\-\\-unix\\-socket /run/nodegauge/nodegauge.sock http://localhost/metrics\n"
	      ".TP\nLeave out the series of containers and units:\nnodegauge \\-\\-no\\-collector.container\n"
	      ".TP\nConvert the flags of node_exporter:\n"
	      "nodegauge \\-\\-migrate /etc/default/prometheus\\-node\\-exporter\n",
		out);
}

static void man_files(FILE *out)
{
	fputs(".SH FILES\n"
	      ".TP\n\\fI/etc/default/nodegauge\\fR, \\fI/etc/sysconfig/nodegauge\\fR\nFlags of nodegauge.service, as "
	      "\\fBARGS\\fR.\n"
	      ".TP\n\\fI/etc/default/nodegauge\\-NAME\\fR, \\fI/etc/sysconfig/nodegauge\\-NAME\\fR\nFlags of "
	      "nodegauge@NAME.service, an additional instance.\n"
	      ".TP\n\\fI/var/lib/nodegauge/textfile\\fR\nDirectory of *.prom files that other programs write.\n"
	      ".TP\n\\fI/run/nodegauge\\fR\nFor unix sockets: "
	      "\\-\\-web.listen\\-address=unix:/run/nodegauge/nodegauge.sock.\n",
		out);
}

void ng_help_man(FILE *out, const struct ng_options *options)
{
	fprintf(out, ".TH NODEGAUGE 8 \"\" \"nodegauge %s\" \"System Administration\"\n", ng_version);
	/* regular expressions are long words, which make justified lines look bad */
	fputs(".ad l\n"
	      ".SH NAME\nnodegauge \\- host metrics exporter for Prometheus\n"
	      ".SH SYNOPSIS\n\\fBnodegauge\\fR [\\fIflags\\fR] [\\fB@\\fIfile\\fR]\n"
	      ".SH DESCRIPTION\n"
	      "nodegauge reads /proc and /sys on each scrape and serves the result over HTTP in the Prometheus text\n"
	      "format. It takes the flags of node_exporter, and its collectors report the same metric names, labels "
	      "and values; some collectors do not exist yet.\n"
	      ".PP\n"
	      "Switches take no value: \\fB\\-\\-no\\-NAME\\fR turns \\fB\\-\\-NAME\\fR off. \\fB@\\fIfile\\fR reads\n"
	      "arguments from that file, one per line; empty lines and lines that start with # are ignored.\n"
	      ".SH OPTIONS\n",
		out);
	man_flags(out, options, false);
	fputs(".SH COLLECTORS\n"
	      "Each collector has a switch, and some have options. Regular expressions (PCRE2) are not anchored.\n",
		out);
	man_flags(out, options, true);
	man_hidden_flags(out, options);
	fputs(".SH HTTP\n"
	      ".TP\n\\fB/metrics\\fR\nThe metrics. \\fBcollect[]=\\fINAME\\fR selects collectors, "
	      "\\fBexclude[]=\\fINAME\\fR excludes some; both may be repeated, but not combined.\n"
	      ".TP\n\\fB/\\fR\nThe landing page, with the version and the state of each collector.\n"
	      ".TP\n\\fB/\\-/healthy\\fR, \\fB/\\-/ready\\fR\nAlways 200, even while a collector is stuck.\n"
	      ".SH SIGNALS\n"
	      ".TP\nSIGTERM, SIGINT\nFinish the responses in progress and exit.\n"
	      ".TP\nSIGHUP\nReread data that is otherwise reread only when devices change (models, topology).\n"
	      ".SH EXIT STATUS\n0 after SIGTERM or SIGINT and for flags that only print; 2 for invalid arguments, "
	      "or if systemd passed no sockets;\n"
	      "1 if the service cannot start or continue for any other reason, which may be temporary; 3 if "
	      "\\fB\\-\\-migrate\\fR\n"
	      "lost the settings that protected the port.\n"
	      "Under a service manager with readiness notification, nodegauge does not exit if an address is not "
	      "available yet;\n"
	      "it retries until it is.\n",
		out);
	man_files(out);
	man_examples(out);
	fputs(".SH SEE ALSO\nproc(5), sysfs(5), systemd.socket(5)\n", out);
}

/* ---- lists ---- */

void ng_help_version(FILE *out)
{
	fprintf(out, "nodegauge, version %s (revision: %s)\n  compiler:  %s\n  platform:  linux/%s\n", ng_version,
		ng_revision, ng_compiler, ng_machine);
}

/* Whether the collector, if enabled, would lack this privilege when started with these options; as text. */
static const char *loss(const struct ng_options *options, const struct ng_collector *collector,
	const struct ng_privilege *privilege, ng_help_suffices *suffices, const void *context)
{
	for (size_t i = 0; i < options->choice_count; i++) {
		if (options->choices[i].collector == collector && ng_choice_wants(&options->choices[i], privilege))
			return suffices(context, privilege->capability) ? " (available now)" : " (missing now)";
	}
	return "";
}

void ng_help_collectors(FILE *out, const struct ng_options *options, ng_help_suffices *suffices, const void *context)
{
	char flag[160];

	for (size_t i = 0; i < options->registry->count; i++) {
		const struct ng_collector *collector = options->registry->item[i];
		fprintf(out, "%s (%s): %s\n", collector->name, collector->off_by_default ? "off" : "on",
			collector->summary);
		for (size_t k = 0; k < collector->privilege_count; k++)
			fprintf(out, "    without %s: loses %s%s\n", collector->privileges[k].capability,
				collector->privileges[k].lost,
				loss(options, collector, &collector->privileges[k], suffices, context));
		for (size_t k = 0; k < collector->option_count; k++) {
			const struct ng_option *option = &collector->options[k];
			if (option->hidden)
				continue;
			ng_option_flag(collector, option, flag, sizeof(flag));
			fprintf(out, "    --%s%s (%s%s): %s\n", option->kind == NG_OPTION_BOOL ? "[no-]" : "", flag,
				option->initial && *option->initial ? "default " : "no default",
				option->initial ? option->initial : "", option->help);
		}
	}
}

static void print_family(FILE *out, const char *collector, const char *state, const struct ng_family *family)
{
	fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", collector, state, family->name, ng_type_name(family->type),
		family->labels ? family->labels : "", family->help);
}

void ng_help_metrics(
	FILE *out, const struct ng_options *options, const struct ng_writer *const *writers, size_t writer_count)
{
	fputs("collector\tdefault\tfamily\ttype\tlabels\thelp\n", out);
	for (size_t i = 0; i < writer_count; i++) {
		for (size_t k = 0; k < writers[i]->family_count; k++)
			print_family(out, "", "on", &writers[i]->families[k]);
	}
	for (size_t i = 0; i < options->registry->count; i++) {
		const struct ng_collector *collector = options->registry->item[i];
		for (size_t k = 0; k < collector->family_count; k++)
			print_family(out, collector->name, collector->off_by_default ? "off" : "on",
				&collector->families[k]);
	}
}
