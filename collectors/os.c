/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operating system's name and version.
 *
 *     PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
 *     ID=debian
 *     VERSION_ID="12"
 *
 * Source: os-release(5): parsed as the shell and systemd (env-file.c) do. In addition, we accept what
 * node_exporter accepts: "export " before a name, blanks around '=', a comment after a value.
 */
#include "kernel/file_version.h"
#include "kernel/open.h"

#include <nodegauge/collector.h>
#include <sys/stat.h>

static const char *const paths[] = { "etc/os-release", "usr/lib/os-release" };

enum { INFO, VERSION, SUPPORT_END };
static const struct ng_family families[] = {
	[INFO] = { .name = "node_os_info",
		.help = "Operating system information from os-release; always 1.",
		.type = NG_GAUGE,
		.labels = "build_id,id,id_like,image_id,image_version,name,pretty_name,variant,variant_id,version,"
			  "version_codename,version_id" },
	[VERSION] = { .name = "node_os_version",
		.help = "Major and minor version of the operating system, as a number.",
		.type = NG_GAUGE,
		.labels = "id,id_like,name" },
	[SUPPORT_END] = { .name = "node_os_support_end_timestamp_seconds",
		.help = "End of support of this version, as a Unix timestamp.",
		.type = NG_GAUGE },
};

enum { ID = 1, ID_LIKE = 2, NAME = 5, VERSION_ID = 11, LABELS = 12 };
static const struct {
	const char *key, *label;
} fields[] = {
	{ "BUILD_ID", "build_id" },
	[ID] = { "ID", "id" },
	[ID_LIKE] = { "ID_LIKE", "id_like" },
	{ "IMAGE_ID", "image_id" },
	{ "IMAGE_VERSION", "image_version" },
	[NAME] = { "NAME", "name" },
	{ "PRETTY_NAME", "pretty_name" },
	{ "VARIANT", "variant" },
	{ "VARIANT_ID", "variant_id" },
	{ "VERSION", "version" },
	{ "VERSION_CODENAME", "version_codename" },
	[VERSION_ID] = { "VERSION_ID", "version_id" },
	[LABELS] = { "SUPPORT_END", NULL },
};

struct os {
	/* The file from which the rest was parsed. Upgrades replace it, so its name is looked up at every scrape. */
	struct ng_file_version file;
	bool known;

	struct ng_arena arena;
	struct ng_labels *info_labels, *version_labels;
	struct ng_span version; /* "20.04"; empty if there is none */
	int64_t support_end;
	bool has_support_end;
};

/* ---- parsing ---- */

/* Whether a backslash before the byte is dropped: always outside quotes, and before a few bytes in double quotes. */
static bool is_escaped(char quote, char c)
{
	return quote == '\0' || (quote == '"' && c && strchr("\"\\$`", c));
}

/* A value without its quotes, written to `out`, which has room for all of it; false if a quote is not closed. */
static bool value_unquote(struct ng_span raw, char *out, struct ng_span *ret_value)
{
	size_t size = 0, keep = 0; /* blanks after the last byte to keep are dropped */
	char quote = '\0';

	for (size_t i = 0; i < raw.size; i++) {
		char c = raw.text[i];
		if (quote == '\0' && c == '#' && i && (raw.text[i - 1] == ' ' || raw.text[i - 1] == '\t'))
			break;
		if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? '\0' : c;
			keep = size;
			continue;
		}
		bool escaped = c == '\\' && i + 1 < raw.size && is_escaped(quote, raw.text[i + 1]);
		if (escaped)
			c = raw.text[++i];
		out[size++] = c;
		if (escaped || quote || (c != ' ' && c != '\t'))
			keep = size;
	}
	*ret_value = (struct ng_span){ out, keep };
	return quote == '\0';
}

/* -EBADMSG for a line that is not an assignment. */
static int line_parse(struct ng_scrape *scrape, const char *path, unsigned number, struct ng_span line,
	struct ng_span value[NG_COUNT(fields)])
{
	struct ng_span key, export = NG_SPAN("export ");

	size_t equals = ng_span_find(line, '=');
	if (equals == line.size)
		return -EBADMSG;
	key = (struct ng_span){ line.text, equals };
	if (ng_span_starts(key, export))
		key = ng_span_skip(key, export.size);
	key = ng_trim(key);
	for (size_t i = 0; i < NG_COUNT(fields); i++) {
		if (!ng_span_equal(key, ng_span(fields[i].key)))
			continue;
		struct ng_span raw = ng_trim(ng_span_skip(line, equals + 1));
		char *out = ng_alloc(scrape->arena, raw.size + 1);
		if (!out)
			return -ENOMEM;
		if (value_unquote(raw, out, &value[i]))
			return 0;
		value[i] = (struct ng_span){ NULL, 0 };
		ng_drop_value(scrape, path, number, "a value with its quotes closed");
		return 0;
	}
	return 0;
}

/* Fails if there are lines, but no assignment among them. */
static int lines_parse(
	struct ng_scrape *scrape, const char *path, struct ng_span text, struct ng_span value[NG_COUNT(fields)])
{
	struct ng_span line;
	bool any = false, bad = false;

	for (unsigned n = 1; ng_line_next(&text, &line); n++) {
		line = ng_trim(line);
		if (line.size == 0 || line.text[0] == '#' || line.text[0] == ';')
			continue;
		int r = line_parse(scrape, path, n, line, value);
		if (r < 0 && r != -EBADMSG)
			return r;
		if (r < 0)
			ng_drop_record(scrape, path, n, "NAME=value");
		any = any || r == 0;
		bad = bad || r < 0;
	}
	return bad && !any ? -EBADMSG : 0;
}

static size_t digits_count(struct ng_span text)
{
	size_t n = 0;

	while (n < text.size && text.text[n] >= '0' && text.text[n] <= '9')
		n++;
	return n;
}

/* "9.3.1beta" gives 9.3; no version if there is no number, or if it is 0. */
static struct ng_span version_number(struct ng_span version_id)
{
	size_t whole = digits_count(version_id), all = whole;
	bool zero = true;

	if (whole && whole + 1 < version_id.size && version_id.text[whole] == '.') {
		size_t part = digits_count(ng_span_skip(version_id, whole + 1));
		all = part ? whole + 1 + part : whole;
	}
	for (size_t i = 0; i < all; i++)
		zero = zero && (version_id.text[i] == '0' || version_id.text[i] == '.');
	return (struct ng_span){ version_id.text, zero ? 0 : all };
}

/* Days from 1970-01-01 in the Gregorian calendar. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	/* years start in March here, so that the leap day comes last */
	year -= month <= 2;
	int64_t months = (month + 9) % 12;
	return year * 365 + year / 4 - year / 100 + year / 400 + (months * 153 + 2) / 5 + day - 1 - 719468;
}

/* "2027-05-31" */
static bool date_parse(struct ng_span text, int64_t *ret_seconds)
{
	static const unsigned char month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	uint64_t year, month, day;

	if (text.size != 10 || text.text[4] != '-' || text.text[7] != '-')
		return false;
	if (ng_u64((struct ng_span){ text.text, 4 }, &year) < 0 ||
		ng_u64((struct ng_span){ text.text + 5, 2 }, &month) < 0 ||
		ng_u64((struct ng_span){ text.text + 8, 2 }, &day) < 0)
		return false;
	if (month < 1 || month > 12 || day < 1)
		return false;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (day > month_days[month - 1] + (uint64_t)(month == 2 && leap))
		return false;
	*ret_seconds = days_of((int64_t)year, (int64_t)month, (int64_t)day) * 86400;
	return true;
}

/* ---- reading ---- */

static int os_parse(struct os *os, struct ng_scrape *scrape, const char *path, struct ng_span text)
{
	struct ng_span value[NG_COUNT(fields)] = { 0 };
	struct ng_label labels[LABELS];
	uint64_t dropped = scrape->dropped + scrape->dropped_values;

	int r = lines_parse(scrape, path, text, value);
	if (r < 0)
		return r;
	os->has_support_end = value[LABELS].size && date_parse(value[LABELS], &os->support_end);
	if (value[LABELS].size && !os->has_support_end)
		ng_drop_value(scrape, path, 0, "SUPPORT_END as a date like 2027-05-31");
	for (size_t i = 0; i < LABELS; i++)
		labels[i] = (struct ng_label){ fields[i].label, value[i] };
	os->info_labels = ng_labels(&os->arena, labels, LABELS);
	os->version_labels = NG_LABELS(&os->arena, labels[ID], labels[ID_LIKE], labels[NAME]);
	os->version = ng_copy(&os->arena, version_number(value[VERSION_ID]));
	if (!ng_labels_valid(os->info_labels) || !ng_labels_valid(os->version_labels) || !os->version.text)
		return -ENOMEM;
	os->known = scrape->dropped + scrape->dropped_values == dropped; /* otherwise it is read, and logged, again */
	return 0;
}

/* The file that exists now; -ENODATA if there is none. */
static int file_find(struct ng_scrape *scrape, struct stat *ret_file, const char **ret_path)
{
	int root = ng_root_fd(scrape, NG_ROOTFS);

	for (size_t i = 0; i < NG_COUNT(paths); i++) {
		*ret_path = paths[i];
		int r = ng_stat_at(scrape, root, paths[i], ret_file);
		if (r == 0)
			return 0;
		if (r != -ENOENT)
			return ng_failed(scrape, r, "look up", paths[i]);
	}
	return ng_failed(scrape, -ENODATA, "find", paths[0]);
}

static int os_refresh(struct os *os, struct ng_scrape *scrape)
{
	struct ng_span text;
	struct stat file = { 0 };
	const char *path;

	int r = file_find(scrape, &file, &path);
	if (r < 0)
		return r;
	const struct ng_file_version version = ng_file_version(&file);
	if (os->known && ng_file_version_same(&version, &os->file))
		return 0;
	os->known = false;
	ng_arena_reset(&os->arena);
	r = ng_read(scrape, NG_ROOTFS, NG_RECORDS, path, &text);
	if (r == 0)
		r = os_parse(os, scrape, path, text);
	if (r < 0)
		return r;
	os->file = version;
	return 0;
}

static int os_collect(void *state, struct ng_scrape *scrape)
{
	struct os *os = state;

	int r = os_refresh(os, scrape);
	if (r < 0)
		return r;
	ng_family(scrape->page, &families[INFO]);
	ng_sample_u64(scrape->page, os->info_labels, 1);
	if (os->version.size) {
		ng_family(scrape->page, &families[VERSION]);
		ng_sample_text(scrape->page, NG_SUFFIX_NONE, os->version_labels, os->version);
	}
	if (os->has_support_end) {
		ng_family(scrape->page, &families[SUPPORT_END]);
		ng_sample_i64(scrape->page, NG_NO_LABELS, os->support_end);
	}
	return 0;
}

static void os_done(void *state)
{
	struct os *os = state;

	ng_arena_done(&os->arena);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "os",
	.summary = "Name and version of the operating system",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct os),
	.collect = os_collect,
	.done = os_done,
};
NG_COLLECTOR(descriptor);
