/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each file and directory of a case is removed, or replaced by something invalid. The response is well-formed, the
 * other collector is not affected, and after restoring the file the response is as before.
 */
#include "baseline.h"
#include "runner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum harm { REMOVED, EMPTY, DIRECTORY, FIFO, UNREADABLE, GARBAGE, NULS, LOOP, HARMS };

static const char *const harm_names[HARMS] = {
	[REMOVED] = "removed",
	[EMPTY] = "empty",
	[DIRECTORY] = "a directory",
	[FIFO] = "a FIFO",
	[UNREADABLE] = "unreadable",
	[GARBAGE] = "1 MiB of garbage",
	[NULS] = "NUL bytes",
	[LOOP] = "a link to itself",
};

static const char beside_text[] = "0.25 0.50 0.75 1/100 4711\n";

static bool write_garbage(const char *path)
{
	const size_t size = (size_t)1 << 20;
	char *bytes = malloc(size);
	uint32_t random = 4711;

	if (!bytes)
		abort();
	for (size_t i = 0; i < size; i++) {
		random = random * 1664525 + 1013904223;
		bytes[i] = (char)(random >> 24);
	}
	bool done = tree_write(path, bytes, size);
	free(bytes);
	return done;
}

static bool put_harm(const char *path, enum harm harm)
{
	static const char nuls[300];

	switch (harm) {
	case REMOVED:
		return true;
	case EMPTY:
		return tree_write(path, "", 0);
	case DIRECTORY:
		return mkdir(path, 0755) == 0;
	case FIFO:
		return mkfifo(path, 0644) == 0;
	case UNREADABLE:
		return tree_write(path, "1\n", 2) && chmod(path, 0) == 0;
	case GARBAGE:
		return write_garbage(path);
	case NULS:
		return tree_write(path, nuls, sizeof(nuls));
	case LOOP:
		return symlink(strrchr(path, '/') + 1, path) == 0;
	default:
		return false;
	}
}

/* Root ignores permissions, so unreadable files are read as nobody. This applies to all threads (nptl(7)). */
static bool be_nobody(bool nobody)
{
	return getuid() != 0 || seteuid(nobody ? 65534 : 0) == 0;
}

/* ---- one thing ---- */

struct stage {
	struct scene scene;
	struct instance kept;
	struct baseline baseline;
	struct exposition exposition;
	bool beside; /* loadavg is enabled as well */
};

static bool beside_is_well(const struct exposition *exposition)
{
	const struct prom_sample *sample = exposition_sample(exposition, NG_SPAN("node_load15"));

	return sample && sample->value == 0.75;
}

static bool answer_is_well(struct stage *stage, struct instance *instance, bool beside)
{
	if (!instance_gather(instance))
		return exposition_fail(&stage->exposition, "%s", instance->error);
	if (!instance_check(instance, &stage->exposition))
		return false;
	if (beside && !beside_is_well(&stage->exposition))
		return exposition_fail(&stage->exposition, "the collector beside is harmed");
	return true;
}

static bool try_harm(struct stage *stage, const struct tree_entry *entry, enum harm harm)
{
	char *path = format("%s/%s", stage->scene.root, entry->path), *spare = format("%s/spare", stage->scene.root);
	bool beside = stage->beside && strcmp(entry->path, "proc") != 0 && strcmp(entry->path, "proc/loadavg") != 0;
	struct instance fresh;
	bool done = rename(path, spare) == 0 && put_harm(path, harm);

	stage->exposition.lax = harm == GARBAGE ? LAX_TWICE | LAX_HISTOGRAMS : 0;
	if (!done)
		test_fail("%s cannot be %s: %s", entry->path, harm_names[harm], strerror(errno));
	if (harm == UNREADABLE && !be_nobody(true))
		done = test_fail("cannot become nobody: %s", strerror(errno));
	if (done && !answer_is_well(stage, &stage->kept, beside))
		done = test_fail("%s %s, while running: %s", entry->path, harm_names[harm], stage->exposition.error);
	if (done && instance_open(&fresh, &stage->scene.plan)) {
		for (unsigned round = 0; done && round < 2; round++)
			done = answer_is_well(stage, &fresh, beside);
		if (!done)
			test_fail("%s %s, from the start: %s", entry->path, harm_names[harm], stage->exposition.error);
		instance_close(&fresh);
	}
	stage->exposition.lax = 0;
	if (harm == UNREADABLE)
		be_nobody(false);
	remove(path);
	if (rename(spare, path) < 0)
		done = test_fail("%s cannot be put back: %s", entry->path, strerror(errno));
	free(path);
	free(spare);
	return done;
}

/* ---- all ---- */

static bool makes_sense(const struct tree_entry *entry, enum harm harm)
{
	return harm != DIRECTORY || !S_ISDIR(entry->mode);
}

/* An engine that starts with the restored tree gives the same output as before. */
static void check_restored(struct stage *stage)
{
	struct instance again;

	if (test_failed() || !instance_open(&again, &stage->scene.plan))
		return;
	if (!baseline_repeats(&stage->baseline, &again, &stage->exposition))
		test_fail("after all was put back: %s", stage->exposition.error);
	instance_close(&again);
}

static void try_all(struct stage *stage, const struct tree_entries *entries)
{
	size_t count = entries->count * HARMS, tried = 0;

	for (; tried < count && test_has_time(); tried++) {
		size_t chosen = spread(tried, count);
		const struct tree_entry *entry = &entries->entry[chosen / HARMS];
		enum harm harm = (enum harm)(chosen % HARMS);
		if (makes_sense(entry, harm) && !try_harm(stage, entry, harm))
			break;
	}
	test_note("%zu of %zu harms to %zu files and directories", tried, count, entries->count);
}

void mode_vanish(const struct test_case *source)
{
	struct stage stage = { 0 };
	struct tree_entries entries;

	if (!scene_open(&stage.scene, source)) {
		test_fail("%s", stage.scene.error);
		return;
	}
	if (strcmp(source->collector, "loadavg") != 0) {
		char *path = format("%s/proc/loadavg", stage.scene.root);
		tree_write(path, beside_text, sizeof(beside_text) - 1);
		free(path);
		stage.beside = true;
		stage.scene.plan.collectors[1] = "loadavg";
	}
	tree_list(stage.scene.root, &entries);
	if (instance_open(&stage.kept, &stage.scene.plan)) {
		if (baseline_take(&stage.baseline, &stage.kept, &stage.scene.plan))
			try_all(&stage, &entries);
		check_restored(&stage);
		instance_close(&stage.kept);
	}
	baseline_done(&stage.baseline);
	exposition_done(&stage.exposition);
	tree_entries_done(&entries);
	scene_close(&stage.scene);
}
