/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/cell.h"

#include "base/arena.h"
#include "base/duration.h"
#include "base/pattern.h"

#include <stdio.h>
#include <stdlib.h>

bool ng_choice_wants(const struct ng_choice *choice, const struct ng_privilege *privilege)
{
	for (size_t i = 0; privilege->option && i < choice->given_count; i++) {
		if (strcmp(choice->given[i].option->name, privilege->option) == 0 &&
			strstr(choice->given[i].text, privilege->word))
			return true;
	}
	return !privilege->option;
}

/* ---- the values of options ---- */

void ng_option_flag(const struct ng_collector *collector, const struct ng_option *option, char *name, size_t size)
{
	if (option->name[0] == '-')
		snprintf(name, size, "%s", option->name + 1);
	else
		snprintf(name, size, "collector.%s.%s", collector->name, option->name);
}

static int wrong(const struct ng_cell *cell, const struct ng_option *option, const char *text, const char *right,
	struct ng_error *error)
{
	char flag[128];

	ng_option_flag(cell->collector, option, flag, sizeof(flag));
	return ng_error_set(error, -EINVAL, "--%s: bad value '%s': expected %s", flag, text, right);
}

int ng_list_append(struct ng_arena *arena, struct ng_list *list, const char *text)
{
	const char **wider = ng_alloc(arena, (list->count + 1) * sizeof(*wider));

	if (!wider)
		return -ENOMEM;
	if (list->count)
		memcpy((void *)wider, (const void *)list->item, list->count * sizeof(*wider));
	wider[list->count] = text;
	*list = (struct ng_list){ wider, list->count + 1 };
	return 0;
}

static int set_pattern(struct ng_cell *cell, const struct ng_option *option, const char *text, struct ng_error *error)
{
	struct ng_pattern **member = (void *)((char *)cell->state + option->offset);
	struct ng_error reason = { "" };

	int r = ng_pattern_new(text, &reason, member);
	if (r < 0) {
		char flag[128];
		ng_option_flag(cell->collector, option, flag, sizeof(flag));
		return ng_error_set(error, r, "--%s: %s", flag, reason.text);
	}
	/* owned by the cell, independently of the state; a later value replaces it */
	size_t at = (size_t)(option - cell->collector->options);
	ng_pattern_free(cell->patterns[at]);
	cell->patterns[at] = *member;
	return 0;
}

static int set_option(struct ng_cell *cell, const struct ng_option *option, const char *given, struct ng_error *error)
{
	void *member = (char *)cell->state + option->offset;
	const char *text = ng_copy(&cell->memory, ng_span(given)).text;

	if (!text)
		return -ENOMEM;
	switch (option->kind) {
	case NG_OPTION_BOOL:
		if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
			return wrong(cell, option, text, "true or false", error);
		*(bool *)member = text[0] == 't';
		return 0;
	case NG_OPTION_STRING:
		*(const char **)member = text;
		return 0;
	case NG_OPTION_LIST:
		return ng_list_append(&cell->memory, member, text);
	case NG_OPTION_PATTERN:
		return set_pattern(cell, option, text, error);
	case NG_OPTION_DURATION:
		if (ng_duration(ng_span(text), member) < 0)
			return wrong(cell, option, text, "a duration such as 5s or 100ms", error);
		return 0;
	case NG_OPTION_UNSIGNED:
		if (ng_u64(ng_span(text), member) < 0)
			return wrong(cell, option, text, "a whole number", error);
		return 0;
	}
	return -EINVAL;
}

static const struct ng_given *find_given(const struct ng_choice *choice, const char *name)
{
	for (size_t i = 0; name && i < choice->given_count; i++) {
		if (strcmp(choice->given[i].option->name, name) == 0)
			return &choice->given[i];
	}
	return NULL;
}

static bool given_text(const struct ng_choice *choice, const char *name)
{
	const struct ng_given *given = find_given(choice, name);

	return given && *given->text;
}

/*
 * The default of an option is dropped if its counterpart is given with a non-empty text; an empty one requests nothing.
 */
static bool displaced(const struct ng_choice *choice, const struct ng_option *option)
{
	const struct ng_collector *collector = choice->collector;

	if (given_text(choice, option->excludes))
		return true;
	for (size_t i = 0; i < collector->option_count; i++) {
		const struct ng_option *other = &collector->options[i];
		if (other->excludes && strcmp(other->excludes, option->name) == 0 && given_text(choice, other->name))
			return true;
	}
	return false;
}

static int set_defaults(struct ng_cell *cell, const struct ng_choice *choice, struct ng_error *error)
{
	for (size_t i = 0; i < cell->collector->option_count; i++) {
		const struct ng_option *option = &cell->collector->options[i];
		bool empty = !option->initial || !*option->initial || displaced(choice, option);
		if (option->kind == NG_OPTION_LIST && (empty || find_given(choice, option->name)))
			continue;
		if (empty && option->kind != NG_OPTION_STRING)
			continue;
		int r = set_option(cell, option, empty ? "" : option->initial, error);
		if (r < 0)
			return r;
	}
	return 0;
}

static int set_given(struct ng_cell *cell, const struct ng_choice *choice, struct ng_error *error)
{
	for (size_t i = 0; i < choice->given_count; i++) {
		const struct ng_option *option = choice->given[i].option;
		const struct ng_given *other = find_given(choice, option->excludes);
		if (other && *other->text && *choice->given[i].text)
			return ng_error_set(error, -EINVAL,
				"--collector.%s.%s and --collector.%s.%s are mutually exclusive: use only one of them",
				cell->collector->name, option->name, cell->collector->name, other->option->name);
		int r = set_option(cell, option, choice->given[i].text, error);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- the files of the state ---- */

static struct ng_file *file_at(const struct ng_cell *cell, size_t index)
{
	return (void *)((char *)cell->state + cell->collector->files[index].offset);
}

static int set_files(struct ng_cell *cell, const struct ng_kernel *kernel)
{
	static const struct ng_span net = NG_SPAN("net/");

	for (size_t i = 0; i < cell->collector->file_count; i++) {
		const struct ng_state_file *file = &cell->collector->files[i];
		const char *path = file->path;
		if (file->root == NG_PROC && ng_span_starts(ng_span(path), net))
			path = ng_join(&cell->memory, kernel->net_path, "/", path + net.size);
		if (!path)
			return -ENOMEM;
		*file_at(cell, i) = (struct ng_file){ .path = path, .root = file->root, .kind = file->kind };
	}
	return 0;
}

/* ---- life ---- */

bool ng_enabled(const struct ng_setup *setup, const char *collector)
{
	const struct ng_choice *choice = setup->choice;

	for (size_t i = 0; i < choice->all_count; i++) {
		if (strcmp(choice->all[i].collector->name, collector) == 0)
			return true;
	}
	return false;
}

static int run_init(
	struct ng_cell *cell, const struct ng_choice *choice, struct ng_kernel *kernel, struct ng_error *error)
{
	struct ng_error reason = { "" };
	struct ng_setup setup = {
		.arena = &cell->memory,
		.kernel = kernel,
		.error = &reason,
		.choice = choice,
		.notice = cell->reason,
		.notice_size = sizeof(cell->reason),
	};

	if (!cell->collector->init)
		return 0;
	unsigned long failures = ng_memory_failures();
	int r = cell->collector->init(cell->state, &setup);
	if (r == 0 && ng_memory_failures() != failures)
		r = -ENOMEM;
	if (r < 0)
		ng_error_set(
			error, r, "collector %s: %s", cell->collector->name, *reason.text ? reason.text : strerror(-r));
	return r;
}

int ng_cell_init(struct ng_cell *cell, const struct ng_choice *choice, struct ng_kernel *kernel, struct ng_error *error)
{
	const struct ng_collector *collector = choice->collector;

	*cell = (struct ng_cell){ .collector = collector };
	pthread_mutex_init(&cell->inside, NULL);
	cell->state = calloc(1, collector->state_size + 1);
	cell->patterns = calloc(collector->option_count + 1, sizeof(*cell->patterns));
	cell->pattern_count = collector->option_count;
	cell->heads = ng_page_heads(&cell->memory, collector->families, collector->family_count);
	if (!cell->state || !cell->patterns || !cell->heads || set_files(cell, kernel) < 0) {
		ng_cell_done(cell);
		return ng_error_set(error, -ENOMEM, "out of memory");
	}
	cell->page.known = collector->families;
	cell->page.known_count = collector->family_count;
	cell->page.heads = cell->heads;
	int r = set_defaults(cell, choice, error);
	if (r == 0)
		r = set_given(cell, choice, error);
	if (r == 0)
		r = run_init(cell, choice, kernel, error);
	if (r < 0)
		ng_cell_done(cell);
	return r;
}

void ng_cell_done(struct ng_cell *cell)
{
	if (cell->state && cell->collector->done)
		cell->collector->done(cell->state);
	for (size_t i = 0; cell->state && i < cell->collector->file_count; i++)
		ng_file_close(file_at(cell, i));
	for (size_t i = 0; cell->patterns && i < cell->pattern_count; i++)
		ng_pattern_free(cell->patterns[i]);
	free(cell->patterns);
	free(cell->state);
	ng_page_done(&cell->page);
	ng_arena_done(&cell->memory);
	pthread_mutex_destroy(&cell->inside);
	*cell = (struct ng_cell){ 0 };
}

/* If a collector writes a sample twice, it or its source has a bug: the first one counts. */
static void settle(struct ng_page *page, struct ng_scrape *scrape)
{
	ng_page_close(page);
	if (page->twins.refused == 0)
		return;
	struct ng_span sample = page->twins.first_refused;
	scrape->dropped_values += page->twins.refused;
	snprintf(scrape->reason, scrape->reason_size,
		"%.*s: more than one sample with these labels; only the first is kept",
		(int)(sample.size < 150 ? sample.size : 150), sample.text ? sample.text : "");
	ng_note(scrape);
}

int ng_cell_collect(struct ng_cell *cell, struct ng_scrape *scrape)
{
	scrape->page = &cell->page;
	scrape->dropped = scrape->dropped_values = 0;
	scrape->note_count = 0;
	scrape->reason[0] = '\0';
	ng_arena_reset(scrape->arena);
	ng_page_reset(&cell->page);
	if (cell->collector->tick)
		pthread_mutex_lock(&cell->inside);
	unsigned long failures = ng_memory_failures();
	int r = cell->collector->collect(cell->state, scrape);
	if (cell->collector->tick)
		pthread_mutex_unlock(&cell->inside);
	/* data missing for lack of memory cannot be distinguished from data that does not exist */
	if (r == 0 && ng_memory_failures() != failures)
		r = -ENOMEM;
	if (r == -ENOMEM && !*scrape->reason)
		ng_failed(scrape, r, "collect", "all metrics");
	if (r == 0)
		settle(&cell->page, scrape);
	if (r == 0 && cell->page.error)
		r = ng_failed(scrape, cell->page.error, "write", "the families");
	return r;
}

void ng_cell_tick(struct ng_cell *cell, struct ng_scrape *scrape, struct ng_wait *wait)
{
	pthread_mutex_lock(&cell->inside);
	scrape->note_count = 0;
	scrape->reason[0] = '\0';
	ng_arena_reset(scrape->arena);
	wait->now = ng_now();
	wait->until = UINT64_MAX;
	cell->collector->tick(cell->state, scrape, wait);
	pthread_mutex_unlock(&cell->inside);
}
