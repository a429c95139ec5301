/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the cases and sets them up. */
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool exists(const char *directory, const char *name)
{
	struct stat status;
	char *path = format("%s/%s", directory, name);
	bool there = lstat(path, &status) == 0;

	free(path);
	return there;
}

static bool wanted(const struct test_case *found, const char *only)
{
	size_t n = only ? strcspn(only, "/") : 0;

	if (!only)
		return true;
	if (strlen(found->collector) != n || strncmp(found->collector, only, n) != 0)
		return false;
	return only[n] == '\0' || !strcmp(only + n + 1, found->name);
}

void cases_find(const char *directory, const char *only, struct test_cases *ret_cases)
{
	struct tree_entries all;

	tree_list(directory, &all);
	*ret_cases = (struct test_cases){ calloc(all.count + 1, sizeof(*ret_cases->item)), 0 };
	if (!ret_cases->item)
		abort();
	for (size_t i = 0; i < all.count; i++) {
		const char *slash = strchr(all.entry[i].path, '/');
		if (!slash || strchr(slash + 1, '/') || !S_ISDIR(all.entry[i].mode))
			continue;
		struct test_case found = {
			.collector = strndup(all.entry[i].path, (size_t)(slash - all.entry[i].path)),
			.name = strdup(slash + 1),
			.path = format("%s/%s", directory, all.entry[i].path),
		};
		if (wanted(&found, only))
			ret_cases->item[ret_cases->count++] = found;
		else
			free(found.collector), free(found.name), free(found.path);
	}
	tree_entries_done(&all);
}

void cases_done(struct test_cases *cases)
{
	for (size_t i = 0; i < cases->count; i++) {
		free(cases->item[i].collector);
		free(cases->item[i].name);
		free(cases->item[i].path);
	}
	free(cases->item);
}

/* ---- one case ---- */

char *scene_text(const struct scene *scene, const char *file)
{
	char *path = format("%s/%s", scene->source->path, file);
	struct ng_span text = tree_read(path);
	char *replaced = text.text ? tree_with_root(text.text, scene->root) : NULL;

	free((char *)text.text);
	free(path);
	return replaced;
}

static void read_flags(struct scene *scene)
{
	char *next = scene_text(scene, "flags");
	size_t room = 0;

	scene->text_of_flags = next;
	for (char *line; (line = strsep(&next, "\n")) != NULL;) {
		if (!*line || *line == '#')
			continue;
		if (scene->plan.flag_count == room) {
			room = room ? room * 2 : 8;
			scene->flags = realloc(scene->flags, room * sizeof(*scene->flags));
			if (!scene->flags)
				abort();
		}
		scene->flags[scene->plan.flag_count++] = line;
	}
	scene->plan.flags = scene->flags;
}

static bool make_tree(struct scene *scene)
{
	static const char *const roots[] = { "proc", "sys", "rootfs", "udev", "cgroup", "run" };
	char *from = format("%s/root", scene->source->path), *steps = format("%s/make", scene->source->path);
	bool done = !exists(scene->source->path, "root") || tree_copy(from, scene->root);

	snprintf(scene->error, sizeof(scene->error), "the tree cannot be copied");
	for (size_t i = 0; i < NG_COUNT(roots); i++) {
		char *path = format("%s/%s", scene->root, roots[i]);
		mkdir(path, 0755);
		free(path);
	}
	if (done && exists(scene->source->path, "make"))
		done = tree_make(scene->root, steps, scene->error, sizeof(scene->error));
	free(from);
	free(steps);
	return done;
}

bool scene_open(struct scene *scene, const struct test_case *source)
{
	*scene = (struct scene){ .source = source, .root = tree_new() };
	scene->plan.root = scene->root;
	scene->plan.collectors[0] = source->collector;
	read_flags(scene);
	if (!ng_registry_find(instance_registry(), ng_span(source->collector))) {
		snprintf(scene->error, sizeof(scene->error), "there is no collector named %s", source->collector);
		scene_close(scene);
		return false;
	}
	if (make_tree(scene))
		return true;
	scene_close(scene);
	return false;
}

void scene_close(struct scene *scene)
{
	tree_remove(scene->root);
	free(scene->root);
	free(scene->text_of_flags);
	free((void *)scene->flags);
}
