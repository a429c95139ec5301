/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether SELinux is enabled, and its mode now and after the next boot.
 *
 *     /sys/fs/selinux/enforce   1
 *     /etc/selinux/config       SELINUX=enforcing
 *
 * Source: selinux_config(5), security/selinux/selinuxfs.c.
 */
#include <nodegauge/collector.h>
#include <strings.h>

enum { ENABLED, CONFIG_MODE, CURRENT_MODE };
static const struct ng_family families[] = {
	[ENABLED] = { .name = "node_selinux_enabled", .help = "Whether SELinux is enabled: 1 or 0.", .type = NG_GAUGE },
	[CONFIG_MODE] = { .name = "node_selinux_config_mode",
		.help = "Configured SELinux mode: 1 enforcing, 0 permissive, -1 disabled.",
		.type = NG_GAUGE },
	[CURRENT_MODE] = { .name = "node_selinux_current_mode",
		.help = "Current SELinux mode: 1 enforcing, 0 permissive.",
		.type = NG_GAUGE },
};

struct selinux {
	struct ng_file enforce;
	/* when selinuxfs was missing: nothing mounts it after boot, so it is rarely checked again */
	uint64_t missing_epoch;
};

static const char config_path[] = "etc/selinux/config";

/*
 * Parsed as libselinux does (selinux_getenforcemode): the line begins with the key, blanks may follow, case does not
 * matter, anything after the word is ignored, and a line with another word is skipped. Quotes, which libselinux does
 * not know, are removed as in node_exporter. False if no mode is set.
 */
static bool config_mode(struct ng_span text, int64_t *ret_mode)
{
	static const struct {
		struct ng_span word;
		int mode;
	} modes[] = { { NG_SPAN("enforcing"), 1 }, { NG_SPAN("permissive"), 0 }, { NG_SPAN("disabled"), -1 } };
	struct ng_span line;

	while (ng_line_next(&text, &line)) {
		if (!ng_span_starts(line, NG_SPAN("SELINUX=")))
			continue;
		line = ng_trim(ng_span_skip(line, sizeof("SELINUX=") - 1));
		while (line.size && line.text[0] == '"')
			line = ng_span_skip(line, 1);
		for (size_t i = 0; i < NG_COUNT(modes); i++) {
			if (line.size >= modes[i].word.size &&
				strncasecmp(line.text, modes[i].word.text, modes[i].word.size) == 0) {
				*ret_mode = modes[i].mode;
				return true;
			}
		}
	}
	return false;
}

static void mode_emit(struct ng_page *page, const struct ng_family *family, int64_t mode)
{
	ng_family(page, family);
	ng_sample_i64(page, NG_NO_LABELS, mode);
}

static int selinux_collect(void *state, struct ng_scrape *scrape)
{
	struct selinux *selinux = state;
	struct ng_span text;
	uint64_t enforce;
	int64_t mode;
	int r = -ENOENT;

	if (selinux->missing_epoch != scrape->devices_epoch)
		r = ng_file_read(scrape, &selinux->enforce, &text);
	if (r == -ENOENT) {
		selinux->missing_epoch = scrape->devices_epoch;
		ng_gauge_u64(scrape->page, &families[ENABLED], 0);
		return 0;
	}
	if (r < 0)
		return r;
	ng_gauge_u64(scrape->page, &families[ENABLED], 1);
	if (ng_u64(ng_trim(text), &enforce) == 0 && enforce <= 1)
		mode_emit(scrape->page, &families[CURRENT_MODE], (int64_t)enforce);
	else
		ng_drop_value(scrape, selinux->enforce.path, 1, "0 or 1");
	r = ng_read(scrape, NG_ROOTFS, NG_RECORDS, config_path, &text);
	if (r < 0)
		ng_drop_unread(scrape, r, config_path);
	else if (config_mode(text, &mode))
		mode_emit(scrape->page, &families[CONFIG_MODE], mode);
	return 0;
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(selinux, enforce, NG_SYS, NG_VALUE, "fs/selinux/enforce"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "selinux",
	.summary = "SELinux state and modes",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct selinux),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = selinux_collect,
};
NG_COLLECTOR(descriptor);
