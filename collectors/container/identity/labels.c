/* SPDX-License-Identifier: Apache-2.0 */
/* The labels of rows; each set is made once. */
#include "identity/labels.h"

static bool has_own_names(enum container_runtime runtime)
{
	return runtime == CONTAINER_RUNTIME_CRIO || runtime == CONTAINER_RUNTIME_DOCKER;
}

/* "k8s_<container>_<pod>_<namespace>_<uid>_<restart>": the container name in docker and CRI-O. */
static struct ng_span kubelet_name(struct ng_arena *arena, const struct container_named *named, const char *uid,
	struct ng_span container, uint32_t restart_count)
{
	size_t room = container.size + named->pod.size + named->space.size + 36 + 32;
	char *text = ng_alloc(arena, room), *at = text, digits[NG_DIGITS];
	const struct ng_span parts[] = { NG_SPAN("k8s"), container, named->pod, named->space, ng_span(uid) };

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

static struct ng_span name_label(struct ng_arena *arena, const struct container_place *place,
	const struct container_named *named, char hex[2 * CONTAINER_ID_SIZE])
{
	if (place->level != CONTAINER_CONTAINER)
		return (struct ng_span){ NULL, 0 };
	if (named && named->name.size)
		return named->name;
	if (named && has_own_names(place->runtime) && named->container.size)
		return kubelet_name(arena, named, place->uid, named->container, named->restart);
	container_id_text(place->id, hex);
	return (struct ng_span){ hex, 2 * CONTAINER_ID_SIZE };
}

static void add_label(struct ng_label *labels, size_t *count, const char *name, struct ng_span value)
{
	if (value.size)
		labels[(*count)++] = (struct ng_label){ name, value };
}

/* Further labels go after the id, so that the order is the same as in all other series. */
struct ng_labels *container_network_labels(struct ng_arena *arena, struct ng_labels *labels,
	const struct container_named *named, const char *uid, const struct container_place *sandbox,
	struct ng_span image, const char *interface)
{
	char hex[2 * CONTAINER_ID_SIZE];
	struct ng_span name = { hex, sizeof(hex) };

	if (named && sandbox->level == CONTAINER_CONTAINER) {
		container_id_text(sandbox->id, hex);
		if (has_own_names(sandbox->runtime))
			name = kubelet_name(arena, named, uid, NG_SPAN("POD"), 0);
		labels = ng_labels_insert(arena, labels, "id", NG_LABELS(arena, { "image", image }, { "name", name }));
	}
	return NG_LABELS_WITH(arena, labels, { "interface", ng_span(interface) });
}

struct ng_labels *container_labels(struct ng_arena *arena, const struct container_place *place,
	const struct container_named *named, struct ng_span path, const char *image)
{
	struct ng_label labels[6];
	char hex[2 * CONTAINER_ID_SIZE], machine[256];
	size_t count = 0;
	const struct ng_span none = { "", 0 };
	struct ng_span name = name_label(arena, place, named, hex);

	if (place->level == CONTAINER_MACHINE) {
		size_t start = path.size;
		while (start && path.text[start - 1] != '/')
			start--;
		name = (struct ng_span){ machine,
			container_machine_name(ng_span_skip(path, start), machine, sizeof(machine)) };
	}
	/*
	 * Kubernetes names are written even if they are empty, as the kubelet does: otherwise a scrape with
	 * honor_labels would give these series the names of our own pod.
	 */
	labels[count++] = (struct ng_label){ "container", named ? named->container : none };
	labels[count++] = (struct ng_label){ "id", path };
	if (image)
		add_label(labels, &count, "image", named && named->image.size ? named->image : ng_span(image));
	add_label(labels, &count, "name", name);
	labels[count++] = (struct ng_label){ "namespace", named ? named->space : none };
	labels[count++] = (struct ng_label){ "pod", named ? named->pod : none };
	return ng_labels(arena, labels, count);
}
