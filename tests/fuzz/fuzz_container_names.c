/* SPDX-License-Identifier: Apache-2.0 */
/* Names of links, their targets and configurations: what is found lies in the input and is such as Kubernetes allows.
 */
#include "identity/oci.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool truth)
{
	if (!truth)
		abort();
}

static char *add(char *at, struct ng_span span)
{
	memcpy(at, span.text, span.size);
	return at + span.size;
}

/* A link that was understood is spelled in this one way. */
static void link_name(struct ng_span name)
{
	struct container_link link;
	char text[1024], id[2 * CONTAINER_ID_SIZE], *at = text;

	if (!container_link_parse(name, &link) || link.cut)
		return;
	check(container_subdomain_valid(link.pod) && container_label_valid(link.space) &&
		container_label_valid(link.container));
	container_id_text(link.id, id);
	at = add(add(at, link.pod), NG_SPAN("_"));
	at = add(add(at, link.space), NG_SPAN("_"));
	at = add(add(at, link.container), NG_SPAN("-"));
	at = add(add(at, (struct ng_span){ id, sizeof(id) }), NG_SPAN(".log"));
	check(ng_span_equal(name, (struct ng_span){ text, (size_t)(at - text) }));
}

static void target_path(struct ng_span path)
{
	struct container_target target;
	char uid[CONTAINER_UID_ROOM];

	if (container_folder_parse(path, &target))
		check(target.space.size + 1 + target.pod.size + 1 + strlen(target.uid) == path.size);
	if (container_target_parse(path, &target))
		check(container_subdomain_valid(target.pod) && container_label_valid(target.space) &&
			container_label_valid(target.container) && container_uid_parse(ng_span(target.uid), uid));
}

/* However the text arrives, the answer is the same. */
static void configuration(struct ng_span text, bool crio)
{
	static struct ng_arena arena;
	struct container_oci oci, other;

	ng_arena_reset(&arena);
	int r = container_oci_parse(&arena, text, 0, crio, &oci);
	check(r == container_oci_parse(&arena, text, 1, crio, &other));
	if (r < 0)
		return;
	check(ng_span_equal(oci.image, other.image) && ng_span_equal(oci.identity.pod, other.identity.pod));
	check(ng_span_equal(oci.identity.space, other.identity.space) && strcmp(oci.uid, other.uid) == 0);
	check(oci.identity.pod.size == 0 || container_subdomain_valid(oci.identity.pod));
	check(oci.identity.space.size == 0 || container_label_valid(oci.identity.space));
	check(oci.identity.container.size == 0 || container_label_valid(oci.identity.container));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ng_span text = { (const char *)data, size };

	link_name(text);
	target_path(text);
	configuration(text, false);
	configuration(text, true);
	return 0;
}
