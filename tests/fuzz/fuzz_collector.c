/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a file of a collector, through a whole engine.
 *
 * An input names a case of tests/collectors and one of its files, or "*" for all of them; what follows is the content:
 *
 *     loadavg/typical proc/loadavg
 *     0.21 0.37 0.39 1/719 19737
 *
 * The mutator makes such inputs from the cases by itself, so that no seeds are needed, and leaves the first line alone.
 */
#include "../runner/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* A case with more than this is about size, and slow. */
enum { LARGEST_CASE = 1 << 20 };

struct target {
	struct scene scene;
	struct tree_entries files;
	char **paths; /* of the files, and what they hold */
	struct ng_span *texts;
	bool tried, open;
};

static struct test_cases cases;
static struct target *targets;
static char *place;

static void clean_up(void)
{
	tree_remove(place);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *directory = getenv("NODEGAUGE_CASES");

	(void)argc;
	(void)argv;
	cases_find(directory ? directory : "tests/collectors", NULL, &cases);
	if (cases.count == 0) {
		fprintf(stderr, "no cases: run it where tests/collectors is, or set NODEGAUGE_CASES\n");
		exit(2);
	}
	targets = calloc(cases.count, sizeof(*targets));
	place = tree_new();
	setenv("TMPDIR", place, 1);
	atexit(clean_up);
	return 0;
}

/* The case, set up at its first use; NULL when it is of no use. */
static struct target *target_of(size_t index)
{
	struct target *target = &targets[index];
	struct tree_entries all;
	off_t total = 0;

	if (target->tried)
		return target->open ? target : NULL;
	target->tried = true;
	target->open = scene_open(&target->scene, &cases.item[index]);
	if (!target->open)
		return NULL;
	tree_list(target->scene.root, &all);
	target->files = (struct tree_entries){ calloc(all.count + 1, sizeof(*all.entry)), 0 };
	target->paths = calloc(all.count + 1, sizeof(*target->paths));
	target->texts = calloc(all.count + 1, sizeof(*target->texts));
	for (size_t i = 0; i < all.count; i++) {
		if (!S_ISREG(all.entry[i].mode)) {
			free(all.entry[i].path);
			continue;
		}
		size_t n = target->files.count++;
		total += all.entry[i].size;
		target->files.entry[n] = all.entry[i];
		target->paths[n] = format("%s/%s", target->scene.root, all.entry[i].path);
		if (total <= LARGEST_CASE)
			target->texts[n] = tree_read(target->paths[n]);
	}
	free(all.entry);
	target->open = total <= LARGEST_CASE;
	return target->open ? target : NULL;
}

static struct target *target_named(struct ng_span name)
{
	for (size_t i = 0; i < cases.count; i++) {
		char right[256];
		int n = snprintf(right, sizeof(right), "%s/%s", cases.item[i].collector, cases.item[i].name);
		if (ng_span_equal(name, (struct ng_span){ right, (size_t)n }))
			return target_of(i);
	}
	return NULL;
}

/* Takes the first line apart; false when it is none of ours. */
static bool parse_head(struct ng_span *input, struct target **ret_target, struct ng_span *ret_path)
{
	struct ng_span line, name;

	if (!ng_line_next(input, &line) || !ng_part_next(&line, ' ', &name))
		return false;
	*ret_target = target_named(name);
	*ret_path = line;
	return *ret_target != NULL;
}

static void run_engine(struct target *target)
{
	static struct exposition exposition = { .lax = LAX_TWICE | LAX_HISTOGRAMS };
	struct instance instance;

	if (!instance_open(&instance, &target->scene.plan))
		return;
	for (unsigned round = 0; round < 2; round++) {
		if (!instance_gather(&instance) || !instance_check(&instance, &exposition)) {
			fprintf(stderr, "ERROR: %s%s\n%.*s", instance.error, exposition.error, (int)instance.text.size,
				instance.text.text ? instance.text.text : "");
			abort();
		}
	}
	instance_close(&instance);
}

static bool is_chosen(struct ng_span path, const struct tree_entry *entry)
{
	return ng_span_equal(path, NG_SPAN("*")) || ng_span_equal(path, ng_span(entry->path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ng_span input = { (const char *)data, size }, path;
	struct target *target;
	bool any = false;

	if (!parse_head(&input, &target, &path))
		return 0;
	for (size_t i = 0; i < target->files.count; i++) {
		if (is_chosen(path, &target->files.entry[i])) {
			tree_write(target->paths[i], input.text, input.size);
			any = true;
		}
	}
	if (!any)
		return 0;
	run_engine(target);
	for (size_t i = 0; i < target->files.count; i++) {
		if (is_chosen(path, &target->files.entry[i]))
			tree_write(target->paths[i], target->texts[i].text, target->texts[i].size);
	}
	return 0;
}

/* A new input from a case. */
static size_t start_anew(uint8_t *data, size_t max_size, unsigned seed)
{
	size_t index = seed % cases.count, n = 0;
	struct target *target = target_of(index);

	if (!target || target->files.count == 0)
		return 0;
	size_t chosen = (seed / cases.count) % (target->files.count + 1);
	const struct tree_entry *entry = &target->files.entry[chosen % target->files.count];
	char *head = format("%s/%s %s\n", cases.item[index].collector, cases.item[index].name,
		chosen < target->files.count ? entry->path : "*");
	struct ng_span text = target->texts[chosen % target->files.count];
	if (strlen(head) < max_size) {
		n = strlen(head);
		memcpy(data, head, n);
		size_t more = text.size < max_size - n ? text.size : max_size - n;
		if (more)
			memcpy(data + n, text.text, more);
		n += more;
	}
	free(head);
	return n;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct ng_span input = { (const char *)data, size }, path;
	struct target *target;

	if (seed % 16 == 0 || !parse_head(&input, &target, &path)) {
		size_t n = start_anew(data, max_size, seed / 16);
		return n ? n : size;
	}
	size_t head = size - input.size;
	return head + LLVMFuzzerMutate(data + head, input.size, max_size - head);
}
