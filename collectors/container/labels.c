/* SPDX-License-Identifier: Apache-2.0 */
/* The labels of rows, rendered once. */
#include "container.h"

#include <stdlib.h>

static bool has_own_names(enum container_runtime runtime)
{
	return runtime == CONTAINER_RUNTIME_CRIO || runtime == CONTAINER_RUNTIME_DOCKER;
}

/* "k8s_<container>_<pod>_<namespace>_<uid>_<restart>", as docker and CRI-O call a container. */
static struct ng_span kubelet_name(
	struct ng_arena *arena, const struct container_row *row, struct ng_span container, uint32_t restart_count)
{
	const struct container_named *named = row->named;
	size_t room = container.size + named->pod.size + named->space.size + 36 + 32;
	char *text = ng_alloc(arena, room), *at = text, digits[NG_DIGITS];
	const struct ng_span parts[] = { NG_SPAN("k8s"), container, named->pod, named->space, ng_span(row->place.uid) };

	if (!text)
		return (struct ng_span){ NULL, 0 };
	for (size_t i = 0; i < NG_COUNT(parts); i++) {
		at = mempcpy(at, parts[i].text, parts[i].size);
		*at++ = '_';
	}
	struct ng_span restart = ng_digits(digits, restart_count);
	at = mempcpy(at, restart.text, restart.size);
	return (struct ng_span){ text, (size_t)(at - text) };
}

static struct ng_span name_label(
	struct ng_arena *arena, const struct container_row *row, char hex[2 * CONTAINER_ID_SIZE])
{
	if (row->place.level != CONTAINER_CONTAINER)
		return (struct ng_span){ NULL, 0 };
	if (row->named && row->named->name.size)
		return row->named->name;
	if (row->named && has_own_names(row->place.runtime) && row->named->container.size)
		return kubelet_name(arena, row, row->named->container, row->named->restart);
	container_id_text(row->place.id, hex);
	return (struct ng_span){ hex, 2 * CONTAINER_ID_SIZE };
}

static void add_label(struct ng_label *labels, size_t *count, const char *name, struct ng_span value)
{
	if (value.size)
		labels[(*count)++] = (struct ng_label){ name, value };
}

/* Where more labels go behind the id, so that they stand in the order of all other series: behind its closing quote. */
static size_t end_of_id(struct ng_span labels)
{
	static const char before[] = "id=\"";
	const char *at = memmem(labels.text, labels.size, before, sizeof(before) - 1);
	size_t end = at ? (size_t)(at - labels.text) + sizeof(before) - 1 : 1;

	while (at && labels.text[end] != '"')
		end += labels.text[end] == '\\' ? 2 : 1;
	return end + (at != NULL);
}

/* The labels {a="b",c="d"} with those of two other sets behind `at` bytes and at their end. */
static struct ng_span insert_labels(
	struct ng_arena *arena, struct ng_span labels, size_t at, struct ng_span inner, struct ng_span last)
{
	char *text = inner.text && last.text ? ng_alloc(arena, labels.size + inner.size + last.size) : NULL;

	if (!text)
		return NG_LABELS_FAILED;
	char *end = mempcpy(text, labels.text, at);
	if (inner.size > 2) {
		*end++ = ',';
		end = mempcpy(end, inner.text + 1, inner.size - 2);
	}
	end = mempcpy(end, labels.text + at, labels.size - 1 - at);
	*end++ = ',';
	end = mempcpy(end, last.text + 1, last.size - 1);
	return (struct ng_span){ text, (size_t)(end - text) };
}

struct ng_span container_network_labels(
	struct ng_arena *arena, const struct container *state, const struct container_row *row, const char *interface)
{
	const struct container_place *sandbox = &row->sandbox;
	char hex[2 * CONTAINER_ID_SIZE];
	struct ng_span inner = { "{}", 2 }, name = { hex, sizeof(hex) };

	if (row->named && sandbox->level == CONTAINER_CONTAINER) {
		container_id_text(sandbox->id, hex);
		if (has_own_names(sandbox->runtime))
			name = kubelet_name(arena, row, NG_SPAN("POD"), 0);
		inner = NG_LABELS(arena, { "image", ng_span(row->sandbox_image ? row->sandbox_image : state->image) },
			{ "name", name });
	}
	return insert_labels(arena, row->labels, end_of_id(row->labels), inner,
		NG_LABELS(arena, { "interface", ng_span(interface) }));
}

int container_render_labels(
	struct ng_arena *arena, const struct container *state, struct container_row *row, struct ng_span path)
{
	const struct container_named *named = row->named;
	struct ng_label labels[6];
	char hex[2 * CONTAINER_ID_SIZE], machine[256];
	size_t count = 0;
	const struct ng_span none = { "", 0 };
	struct ng_span image = none, name = name_label(arena, row, hex);

	if (row->place.level == CONTAINER_MACHINE) {
		size_t start = path.size;
		while (start && path.text[start - 1] != '/')
			start--;
		name = (struct ng_span){ machine,
			container_machine_name(ng_span_skip(path, start), machine, sizeof(machine)) };
	}
	/* sandboxes and pods have none: rules that ask for an image must not count them */
	if (row->place.level == CONTAINER_CONTAINER && row->shown != SHOWN_SANDBOX)
		image = named && named->image.size ? named->image : ng_span(state->image);
	/*
	 * The names of Kubernetes are written where they are empty, too, as the kubelet does: a scrape with
	 * honor_labels would give these series the names of our own pod.
	 */
	labels[count++] = (struct ng_label){ "container", named ? named->container : none };
	labels[count++] = (struct ng_label){ "id", path };
	add_label(labels, &count, "image", image);
	add_label(labels, &count, "name", name);
	labels[count++] = (struct ng_label){ "namespace", named ? named->space : none };
	labels[count++] = (struct ng_label){ "pod", named ? named->pod : none };
	struct ng_span rendered = ng_labels(arena, labels, count);
	char *kept = rendered.text ? malloc(rendered.size) : NULL;
	if (!kept)
		return -ENOMEM;
	memcpy(kept, rendered.text, rendered.size);
	row->labels = (struct ng_span){ kept, rendered.size };
	return 0;
}
