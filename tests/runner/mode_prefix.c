/* SPDX-License-Identifier: Apache-2.0 */
/* Each file of a case is truncated at every byte: the response is an error or well-formed text. */
#include "runner.h"

#include <stdlib.h>
#include <sys/stat.h>

/* A long file is truncated at every byte near its start and its end, and at some places in between. */
enum { SHORT_FILE = 4096, START = 2048, END = 512, STRIDE = 37 };

struct cut {
	size_t file; /* index in the entries */
	size_t at;
};

struct cuts {
	struct cut *cut;
	size_t count, room;
};

static void cuts_add(struct cuts *cuts, size_t file, size_t at)
{
	if (cuts->count == cuts->room) {
		cuts->room = cuts->room ? cuts->room * 2 : 1024;
		cuts->cut = realloc(cuts->cut, cuts->room * sizeof(*cuts->cut));
		if (!cuts->cut)
			abort();
		memset(cuts->cut + cuts->count, 0, (cuts->room - cuts->count) * sizeof(*cuts->cut));
	}
	cuts->cut[cuts->count++] = (struct cut){ file, at };
}

static void cuts_of_file(struct cuts *cuts, size_t file, size_t size)
{
	for (size_t at = 0; at < size; at++) {
		if (size <= SHORT_FILE || at < START || at + END >= size || at % STRIDE == 0)
			cuts_add(cuts, file, at);
	}
}

static bool gather_and_check(
	struct instance *instance, struct exposition *exposition, const char *file, size_t at, const char *which)
{
	if (!instance_gather(instance))
		return test_fail("%s cut at byte %zu, %s: %s", file, at, which, instance->error);
	if (!instance_check(instance, exposition))
		return test_fail("%s cut at byte %zu, %s: %s", file, at, which, exposition->error);
	return true;
}

static bool try_cut(struct scene *scene, struct instance *kept, struct exposition *exposition,
	const struct tree_entry *entry, size_t at)
{
	char *path = format("%s/%s", scene->root, entry->path);
	struct ng_span whole = tree_read(path);
	struct instance fresh;
	bool done = whole.text && tree_write(path, whole.text, at);

	if (!done)
		test_fail("%s cannot be cut", entry->path);
	/* one engine that already has its files open, and one that starts with the truncated file */
	done = done && gather_and_check(kept, exposition, entry->path, at, "kept open");
	if (done && instance_open(&fresh, &scene->plan)) {
		done = gather_and_check(&fresh, exposition, entry->path, at, "opened");
		instance_close(&fresh);
	}
	if (whole.text)
		tree_write(path, whole.text, whole.size);
	free((char *)whole.text);
	free(path);
	return done;
}

void mode_prefix(const struct test_case *source)
{
	struct scene scene;
	struct instance kept;
	struct tree_entries entries;
	struct exposition exposition = { .lax = LAX_HISTOGRAMS };
	struct cuts cuts = { 0 };
	size_t tried = 0;

	if (!scene_open(&scene, source)) {
		test_fail("%s", scene.error);
		return;
	}
	tree_list(scene.root, &entries);
	for (size_t i = 0; i < entries.count; i++) {
		if (S_ISREG(entries.entry[i].mode))
			cuts_of_file(&cuts, i, (size_t)entries.entry[i].size);
	}
	if (instance_open(&kept, &scene.plan)) {
		for (; tried < cuts.count && test_has_time(); tried++) {
			const struct cut *cut = &cuts.cut[spread(tried, cuts.count)];
			if (!try_cut(&scene, &kept, &exposition, &entries.entry[cut->file], cut->at))
				break;
		}
		test_note("%zu of %zu cuts", tried, cuts.count);
		instance_close(&kept);
	}
	exposition_done(&exposition);
	free(cuts.cut);
	tree_entries_done(&entries);
	scene_close(&scene);
}
