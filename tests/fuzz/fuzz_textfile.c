/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of the textfile collector. Whatever it holds, the answer is well-formed, the collector beside is not harmed,
 * and the file is either reported as broken or has a time.
 */
#include "../runner/instance.h"
#include "../runner/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *root, *file, *flag;

static void clean_up(void)
{
	tree_remove(root);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char load[] = "0.25 0.50 0.75 1/100 4711\n";
	char *path;

	(void)argc;
	(void)argv;
	if (!ng_registry_find(instance_registry(), NG_SPAN("textfile"))) {
		fprintf(stderr, "there is no collector textfile\n");
		exit(0);
	}
	root = tree_new();
	atexit(clean_up);
	path = format("%s/proc", root);
	mkdir(path, 0755);
	free(path);
	path = format("%s/proc/loadavg", root);
	tree_write(path, load, strlen(load));
	free(path);
	path = format("%s/text", root);
	mkdir(path, 0755);
	flag = format("--collector.textfile.directory=%s", path);
	file = format("%s/a.prom", path);
	free(path);
	return 0;
}

static void fail(const struct instance *instance, const char *why)
{
	fprintf(stderr, "ERROR: %s\n%.*s", why, (int)instance->text.size,
		instance->text.text ? instance->text.text : "");
	abort();
}

static bool has(const struct exposition *exposition, const char *key, double value)
{
	const struct prom_sample *sample = exposition_sample(exposition, ng_span(key));

	return sample && sample->value == value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct exposition exposition = { .lax = LAX_HISTOGRAMS };
	const char *const flags[] = { flag };
	struct instance_plan plan = {
		.root = root, .collectors = { "textfile", "loadavg" }, .flags = flags, .flag_count = 1
	};
	struct instance instance;
	char mtime[256];

	tree_write(file, data, size);
	if (!instance_open(&instance, &plan))
		abort();
	if (!instance_gather(&instance))
		fail(&instance, instance.error);
	if (!exposition_read(&exposition, instance.text))
		fail(&instance, exposition.error);
	if (!has(&exposition, "node_load1", 0.25))
		fail(&instance, "the collector beside is harmed");
	snprintf(mtime, sizeof(mtime), "node_textfile_mtime_seconds{file=\"%s\"}", file);
	if (!has(&exposition, "node_textfile_scrape_error", exposition_sample(&exposition, ng_span(mtime)) ? 0 : 1))
		fail(&instance, "neither an error nor a time");
	instance_close(&instance);
	return 0;
}
