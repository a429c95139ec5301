/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watchdog timers.
 *
 *     watchdog0/identity   iTCO_wdt
 *     watchdog0/options    0x8180
 *     watchdog0/state      active
 *     watchdog0/status     0x8000
 *     watchdog0/timeout    30
 *     watchdog0/timeleft   27
 *
 * A driver has only the attributes that it supports; without CONFIG_WATCHDOG_SYSFS there are none. Times are in
 * seconds.
 *
 * Source: Documentation/ABI/testing/sysfs-class-watchdog, drivers/watchdog/watchdog_dev.c; access_cs0 is aspeed_wdt's.
 */
#include <nodegauge/collector.h>

#define DIRECTORY "class/watchdog"

enum attribute {
	/* numbers, in the order of the families */
	BOOTSTATUS,
	FW_VERSION,
	NOWAYOUT,
	TIMELEFT,
	TIMEOUT,
	PRETIMEOUT,
	ACCESS_CS0,
	NUMBERS,
	/* labels of the info family, in their order */
	OPTIONS = NUMBERS,
	IDENTITY,
	STATE,
	STATUS,
	PRETIMEOUT_GOVERNOR,
	ATTRIBUTES,
	INFO = NUMBERS, /* family */
};

static const struct ng_family families[] = {
	[BOOTSTATUS] = { .name = "node_watchdog_bootstatus",
		.help = "Status of the watchdog at boot.",
		.type = NG_GAUGE,
		.labels = "name" },
	[FW_VERSION] = { .name = "node_watchdog_fw_version",
		.help = "Version of the watchdog's firmware.",
		.type = NG_GAUGE,
		.labels = "name" },
	[NOWAYOUT] = { .name = "node_watchdog_nowayout",
		.help = "1 if the watchdog cannot be stopped once started.",
		.type = NG_GAUGE,
		.labels = "name" },
	[TIMELEFT] = { .name = "node_watchdog_timeleft_seconds",
		.help = "Time left until the watchdog resets the machine.",
		.type = NG_GAUGE,
		.labels = "name" },
	[TIMEOUT] = { .name = "node_watchdog_timeout_seconds",
		.help = "Timeout after which the watchdog resets the machine if it is not pinged.",
		.type = NG_GAUGE,
		.labels = "name" },
	[PRETIMEOUT] = { .name = "node_watchdog_pretimeout_seconds",
		.help = "Time between the pretimeout warning and the reset.",
		.type = NG_GAUGE,
		.labels = "name" },
	[ACCESS_CS0] = { .name = "node_watchdog_access_cs0",
		.help = "1 if the machine booted from the alternate flash.",
		.type = NG_GAUGE,
		.labels = "name" },
	[INFO] = { .name = "node_watchdog_info",
		.help = "Identity, state and options of the watchdog; always 1.",
		.type = NG_GAUGE,
		.labels = "name,options,identity,state,status,pretimeout_governor" },
};

/* Attributes that are fixed when the driver is bound are read only once. */
static const struct {
	const char *name;
	bool fixed;
} attributes[ATTRIBUTES] = {
	[BOOTSTATUS] = { "bootstatus", true },
	[FW_VERSION] = { "fw_version", true },
	[NOWAYOUT] = { "nowayout", false },
	[TIMELEFT] = { "timeleft", false },
	[TIMEOUT] = { "timeout", false },
	[PRETIMEOUT] = { "pretimeout", false },
	[ACCESS_CS0] = { "access_cs0", false },
	[OPTIONS] = { "options", true },
	[IDENTITY] = { "identity", true },
	[STATE] = { "state", false },
	[STATUS] = { "status", false },
	[PRETIMEOUT_GOVERNOR] = { "pretimeout_governor", false },
};

struct dog {
	struct ng_span name;
	struct ng_labels *labels;
	struct ng_file file[ATTRIBUTES]; /* without a path if the driver lacks the attribute, or if it is constant */
	struct ng_span fixed[ATTRIBUTES];
	struct ng_span text[ATTRIBUTES]; /* of this scrape; NULL if there is none */
	bool label_unread;               /* in this scrape: there is no info without this label */
	bool missed;                     /* while looking for its attributes */
};

struct watchdog {
	uint64_t epoch; /* in which the devices were listed */
	bool present;
	bool unsure; /* something could not be read: list it again */
	struct ng_arena kept;
	struct dog *dog;
	size_t count, capacity;
};

/* ---- listing ---- */

static void forget(struct watchdog *watchdog)
{
	for (size_t i = 0; i < watchdog->count; i++) {
		for (size_t k = 0; k < ATTRIBUTES; k++)
			ng_file_close(&watchdog->dog[i].file[k]);
	}
	watchdog->dog = NULL;
	watchdog->count = watchdog->capacity = 0;
	watchdog->epoch = 0;
	watchdog->unsure = false;
	ng_arena_reset(&watchdog->kept);
}

/* Finds out which attributes the driver has; files that are read at each scrape stay open. */
static int probe(struct watchdog *watchdog, struct ng_scrape *scrape, struct dog *dog)
{
	const char *front = ng_join(scrape->arena, DIRECTORY "/", dog->name.text, "/");
	struct ng_span text;

	for (size_t i = 0; front && i < ATTRIBUTES; i++) {
		const char *path = ng_join(&watchdog->kept, front, attributes[i].name, NULL);
		if (!path)
			return -ENOMEM;
		struct ng_file file = NG_FILE(NG_SYS, NG_VALUE, path);
		int r = ng_file_read(scrape, &file, &text);
		if (r == -ENOENT)
			continue;
		if (r < 0) {
			ng_drop_unread(scrape, r, path);
			watchdog->unsure = true;
			dog->missed = dog->missed || i >= NUMBERS;
		}
		if (!attributes[i].fixed) {
			dog->file[i] = file;
			continue;
		}
		ng_file_close(&file);
		if (r == 0)
			dog->fixed[i] = ng_copy(&watchdog->kept, ng_trim(text));
	}
	return front ? 0 : -ENOMEM;
}

static int add(struct watchdog *watchdog, struct ng_scrape *scrape, const char *name)
{
	NG_CLOSE int directory = -1;

	const char *path = ng_join(scrape->arena, DIRECTORY "/", name, NULL);
	if (!path)
		return -ENOMEM;
	int r = ng_directory(scrape, NG_SYS, path, &directory);
	if (r < 0) {
		ng_drop_unread(scrape, r, path);
		watchdog->unsure = watchdog->unsure || !ng_absent(r);
		return 0;
	}
	struct dog *dog = ng_push(&watchdog->kept, &watchdog->dog, &watchdog->count, &watchdog->capacity);
	if (!dog)
		return -ENOMEM;
	*dog = (struct dog){ .name = ng_copy(&watchdog->kept, ng_span(name)) };
	if (!dog->name.text)
		return -ENOMEM;
	dog->labels = NG_LABELS(&watchdog->kept, { "name", dog->name });
	return ng_labels_valid(dog->labels) ? probe(watchdog, scrape, dog) : -ENOMEM;
}

static int list(struct watchdog *watchdog, struct ng_scrape *scrape)
{
	struct ng_names names;

	forget(watchdog);
	int r = ng_names(scrape, NG_SYS, DIRECTORY, &names);
	watchdog->present = r == 0;
	if (r == -ENOENT)
		r = 0;
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = add(watchdog, scrape, names.name[i]);
	if (r == 0 && !watchdog->unsure)
		watchdog->epoch = scrape->devices_epoch;
	return r;
}

/* ---- reading ---- */

static void read_texts(struct ng_scrape *scrape, struct dog *dog)
{
	dog->label_unread = dog->missed;
	for (size_t i = 0; i < ATTRIBUTES; i++) {
		dog->text[i] = dog->fixed[i];
		if (!dog->file[i].path)
			continue;
		int r = ng_file_read(scrape, &dog->file[i], &dog->text[i]);
		if (r == 0) {
			dog->text[i] = ng_trim(dog->text[i]);
			continue;
		}
		ng_drop_unread(scrape, r, dog->file[i].path);
		dog->label_unread = dog->label_unread || (i >= NUMBERS && !ng_absent(r));
	}
}

/* Some drivers print hexadecimal numbers. */
static int parse_number(struct ng_span text, int64_t *ret_value)
{
	uint64_t value;

	if (!ng_span_starts(text, NG_SPAN("0x")))
		return ng_i64(text, ret_value);
	if (ng_hex(text, &value) < 0 || value > INT64_MAX)
		return -EINVAL;
	*ret_value = (int64_t)value;
	return 0;
}

static void drop_number(struct ng_scrape *scrape, const struct dog *dog, const char *attribute)
{
	const char *below = ng_join(scrape->arena, DIRECTORY "/", dog->name.text, "/");
	const char *path = below ? ng_join(scrape->arena, below, attribute, NULL) : NULL;

	ng_drop_value(scrape, path ? path : attribute, 1, "a number");
}

static void emit(struct ng_scrape *scrape, const struct watchdog *watchdog)
{
	for (size_t k = 0; k < NUMBERS; k++) {
		ng_family(scrape->page, &families[k]);
		for (size_t i = 0; i < watchdog->count; i++) {
			const struct dog *dog = &watchdog->dog[i];
			int64_t value;
			if (!dog->text[k].text)
				continue;
			if (parse_number(dog->text[k], &value) == 0)
				ng_sample_i64(scrape->page, dog->labels, value);
			else
				drop_number(scrape, dog, attributes[k].name);
		}
	}
	ng_family(scrape->page, &families[INFO]);
	for (size_t i = 0; i < watchdog->count; i++) {
		const struct dog *dog = &watchdog->dog[i];
		if (dog->label_unread)
			continue;
		ng_sample_u64(scrape->page,
			NG_LABELS(scrape->arena, { "name", dog->name }, { "options", dog->text[OPTIONS] },
				{ "identity", dog->text[IDENTITY] }, { "state", dog->text[STATE] },
				{ "status", dog->text[STATUS] },
				{ "pretimeout_governor", dog->text[PRETIMEOUT_GOVERNOR] }),
			1);
	}
}

static int watchdog_collect(void *state, struct ng_scrape *scrape)
{
	struct watchdog *watchdog = state;
	int r = 0;

	if (watchdog->epoch != scrape->devices_epoch)
		r = list(watchdog, scrape);
	if (r < 0)
		return r;
	for (size_t i = 0; i < watchdog->count; i++)
		read_texts(scrape, &watchdog->dog[i]);
	emit(scrape, watchdog);
	return watchdog->present ? 0 : ng_failed(scrape, -ENODATA, "list", DIRECTORY);
}

static void watchdog_done(void *state)
{
	struct watchdog *watchdog = state;

	forget(watchdog);
	ng_arena_done(&watchdog->kept);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "watchdog",
	.summary = "Watchdog timers",
	.may_block = true, /* the remaining time comes from the device, for some through a slow bus */
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct watchdog),
	.collect = watchdog_collect,
	.done = watchdog_done,
};
NG_COLLECTOR(descriptor);
