/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/path.h"

/* One path component, split the way systemd and the runtimes build it. */
enum suffix { SUFFIX_NONE, SUFFIX_SLICE, SUFFIX_SCOPE, SUFFIX_SERVICE };
struct part {
	struct ng_span name;
	struct ng_span stem; /* without the suffix */
	enum suffix suffix;
};

enum { UID_DASHED = 36, UID_STATIC = 32, ID_DIGITS = 2 * CONTAINER_ID_SIZE };

/* ---- text ---- */

static struct ng_span head(struct ng_span span, size_t size)
{
	return (struct ng_span){ span.text, size };
}

static bool contains(struct ng_span span, struct ng_span word)
{
	return span.size >= word.size && memmem(span.text, span.size, word.text, word.size) != NULL;
}

static bool digits_only(struct ng_span span)
{
	for (size_t i = 0; i < span.size; i++) {
		if (span.text[i] < '0' || span.text[i] > '9')
			return false;
	}
	return span.size > 0;
}

/* "kubepods", or a name that ends in "-kubepods": the kubelet's root below another cgroup. */
static bool is_or_ends(struct ng_span stem, struct ng_span word)
{
	return ng_span_ends(stem, word) && (stem.size == word.size || stem.text[stem.size - word.size - 1] == '-');
}

static struct part part_of(struct ng_span name)
{
	static const struct {
		struct ng_span text;
		enum suffix suffix;
	} suffixes[] = {
		{ NG_SPAN(".slice"), SUFFIX_SLICE },
		{ NG_SPAN(".scope"), SUFFIX_SCOPE },
		{ NG_SPAN(".service"), SUFFIX_SERVICE },
	};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (name.size > suffixes[i].text.size && ng_span_ends(name, suffixes[i].text))
			return (struct part){ name, head(name, name.size - suffixes[i].text.size), suffixes[i].suffix };
	}
	return (struct part){ name, name, SUFFIX_NONE };
}

/* ---- pods ---- */

/* A UID of this size at the end, preceded by "pod", which starts the name or one of its words. */
static bool pod_tail(struct ng_span stem, size_t size, char ret_uid[CONTAINER_UID_ROOM])
{
	if (stem.size < size + 3)
		return false;
	const char *pod = stem.text + stem.size - size - 3;
	if (memcmp(pod, "pod", 3) != 0 || (pod > stem.text && pod[-1] != '-' && pod[-1] != '_'))
		return false;
	return container_uid_parse((struct ng_span){ pod + 3, size }, ret_uid);
}

static enum container_qos qos_of(struct ng_span stem, enum container_qos above)
{
	if (contains(stem, NG_SPAN("burstable")))
		return CONTAINER_QOS_BURSTABLE;
	if (contains(stem, NG_SPAN("besteffort")))
		return CONTAINER_QOS_BESTEFFORT;
	return above == CONTAINER_QOS_NONE ? CONTAINER_QOS_GUARANTEED : above;
}

static bool step_pod(struct container_place *place, const struct part *part)
{
	char uid[CONTAINER_UID_ROOM];

	if (place->kubernetes || place->session || (part->suffix != SUFFIX_NONE && part->suffix != SUFFIX_SLICE))
		return false;
	if (!pod_tail(part->stem, UID_DASHED, uid) && !pod_tail(part->stem, UID_STATIC, uid))
		return false;
	enum container_qos qos = qos_of(part->stem, place->qos);
	*place = (struct container_place){ .level = CONTAINER_POD,
		.qos = qos,
		.kubernetes = true,
		.sliced = part->suffix == SUFFIX_SLICE,
		.delegated = place->delegated,
		.nested = place->nested };
	memcpy(place->uid, uid, strlen(uid) + 1); /* the rest stays zero so that places can be compared */
	return true;
}

/* ---- containers ---- */

static enum container_runtime runtime_of(struct ng_span prefix)
{
	static const struct {
		struct ng_span prefix;
		enum container_runtime runtime;
	} known[] = {
		{ NG_SPAN(""), CONTAINER_RUNTIME_NONE },
		{ NG_SPAN("cri-containerd"), CONTAINER_RUNTIME_CONTAINERD },
		{ NG_SPAN("crio"), CONTAINER_RUNTIME_CRIO },
		{ NG_SPAN("docker"), CONTAINER_RUNTIME_DOCKER },
		{ NG_SPAN("libpod"), CONTAINER_RUNTIME_LIBPOD },
		{ NG_SPAN("libpod-payload"), CONTAINER_RUNTIME_LIBPOD }, /* podman --cgroups=split */
		{ NG_SPAN("nerdctl"), CONTAINER_RUNTIME_NERDCTL },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (ng_span_equal(prefix, known[i].prefix))
			return known[i].runtime;
	}
	return CONTAINER_RUNTIME_UNKNOWN;
}

static void become_helper(struct container_place *place)
{
	place->level = CONTAINER_HELPER;
	place->final = true;
}

/* Below a container that does not belong to a pod but may be a node. */
static bool inside(const struct container_place *place)
{
	return place->has_id && !place->kubernetes && place->level != CONTAINER_PODMAN_POD;
}

static void become_container(struct container_place *place, struct ng_span prefix, const uint8_t id[CONTAINER_ID_SIZE])
{
	if (is_or_ends(prefix, NG_SPAN("conmon"))) {
		become_helper(place);
		return;
	}
	if (inside(place)) {
		place->level = CONTAINER_INNER;
		return;
	}
	memcpy(place->id, id, CONTAINER_ID_SIZE);
	place->has_id = true;
	place->level = CONTAINER_CONTAINER;
	place->runtime = runtime_of(prefix);
	place->final = place->kubernetes;
}

static void become_podman_pod(struct container_place *place, const uint8_t id[CONTAINER_ID_SIZE])
{
	memcpy(place->id, id, CONTAINER_ID_SIZE);
	place->has_id = true;
	place->level = CONTAINER_PODMAN_POD;
	place->runtime = CONTAINER_RUNTIME_LIBPOD;
}

/*
 * podman names the transient unit of a health check after the container, "<ID>.service" or "<ID>-<random>.service": it
 * is not the container itself.
 */
static bool health_check(const struct part *part)
{
	uint8_t id[CONTAINER_ID_SIZE];

	return part->suffix == SUFFIX_SERVICE && part->stem.size >= ID_DIGITS &&
	       container_id_parse(head(part->stem, ID_DIGITS), id) &&
	       (part->stem.size == ID_DIGITS || part->stem.text[ID_DIGITS] == '-');
}

static bool step_container(struct container_place *place, const struct container_place *parent, const struct part *part)
{
	uint8_t id[CONTAINER_ID_SIZE];
	struct ng_span stem = part->stem;

	if (health_check(part)) {
		become_helper(place);
		return true;
	}
	if (part->suffix == SUFFIX_SERVICE || stem.size < ID_DIGITS ||
		!container_id_parse(ng_span_skip(stem, stem.size - ID_DIGITS), id))
		return false;
	struct ng_span prefix = head(stem, stem.size - ID_DIGITS);
	if (ng_span_ends(prefix, NG_SPAN("libpod_pod_")) && !place->kubernetes && !inside(place)) {
		become_podman_pod(place, id);
		return true;
	}
	if (part->suffix == SUFFIX_SLICE || (prefix.size > 0 && prefix.text[prefix.size - 1] != '-') ||
		prefix.size == 1)
		return false;
	if (prefix.size == 0 && parent->level == CONTAINER_OTHER && parent->runtime == CONTAINER_RUNTIME_LIBPOD) {
		become_podman_pod(place, id); /* below libpod_parent */
		return true;
	}
	become_container(place, head(prefix, prefix.size ? prefix.size - 1 : 0), id);
	if (place->level == CONTAINER_CONTAINER && prefix.size == 0 && parent->level == CONTAINER_OTHER &&
		parent->runtime == CONTAINER_RUNTIME_DOCKER)
		place->runtime = CONTAINER_RUNTIME_DOCKER; /* without systemd: below "docker" */
	place->sandbox = place->level == CONTAINER_CONTAINER && place->sliced && part->suffix == SUFFIX_NONE &&
			 place->runtime == CONTAINER_RUNTIME_CRIO;
	return true;
}

/*
 * "<slice>:<runtime>:<ID>": the argument meant for a runtime's systemd driver, used as a directory name by a runtime
 * that does not use systemd.
 */
static bool step_colons(struct container_place *place, const struct part *part)
{
	uint8_t id[CONTAINER_ID_SIZE];
	struct ng_span rest = part->name, slice, runtime;

	if (!ng_part_next(&rest, ':', &slice) || !ng_part_next(&rest, ':', &runtime) || !container_id_parse(rest, id))
		return false;
	struct part above = part_of(slice);
	step_pod(place, &above);
	become_container(place, runtime, id);
	return true;
}

/* ---- machines ---- */

static void become_machine(struct container_place *place, enum container_runtime runtime)
{
	place->level = CONTAINER_MACHINE;
	place->runtime = runtime;
	place->final = true;
}

static bool step_machine_unit(struct container_place *place, const struct part *part)
{
	if (part->suffix == SUFFIX_SERVICE && ng_span_starts(part->stem, NG_SPAN("systemd-nspawn@"))) {
		become_machine(place, CONTAINER_RUNTIME_NSPAWN);
		return true;
	}
	if (part->suffix != SUFFIX_SCOPE || !ng_span_starts(part->stem, NG_SPAN("machine-")))
		return false;
	struct ng_span name = ng_span_skip(part->stem, strlen("machine-"));
	bool libvirt = ng_span_starts(name, NG_SPAN("qemu\\x2d")) || ng_span_starts(name, NG_SPAN("lxc\\x2d"));
	become_machine(place, libvirt ? CONTAINER_RUNTIME_LIBVIRT : CONTAINER_RUNTIME_NSPAWN);
	return true;
}

static bool step_machine(struct container_place *place, const struct container_place *parent, const struct part *part)
{
	if (place->kubernetes || inside(place))
		return false;
	if (step_machine_unit(place, part))
		return true;
	if (ng_span_ends(part->name, NG_SPAN(".libvirt-qemu")) || ng_span_ends(part->name, NG_SPAN(".libvirt-lxc")))
		become_machine(place, CONTAINER_RUNTIME_LIBVIRT);
	else if (ng_span_starts(part->name, NG_SPAN("lxc.payload.")))
		become_machine(place, CONTAINER_RUNTIME_LXC);
	else if (ng_span_starts(part->name, NG_SPAN("lxc.monitor")) || ng_span_equal(part->name, NG_SPAN("lxc.pivot")))
		become_helper(place);
	else if (parent->level == CONTAINER_OTHER && parent->runtime == CONTAINER_RUNTIME_LXC)
		become_machine(place, CONTAINER_RUNTIME_LXC);
	else if (parent->level == CONTAINER_OTHER && parent->runtime == CONTAINER_RUNTIME_LIBPOD &&
		 ng_span_equal(part->name, NG_SPAN("conmon")))
		become_helper(place);
	else if (parent->level == CONTAINER_SLICE && parent->runtime == CONTAINER_RUNTIME_QEMU &&
		 part->suffix == SUFFIX_SCOPE && digits_only(part->stem))
		become_machine(place, CONTAINER_RUNTIME_QEMU);
	else
		return false;
	return true;
}

/* ---- the kubelet's levels ---- */

static bool step_kube(struct container_place *place, const struct container_place *parent, const struct part *part)
{
	if (place->kubernetes || place->session || (part->suffix != SUFFIX_NONE && part->suffix != SUFFIX_SLICE))
		return false;
	bool bare = ng_span_equal(part->name, NG_SPAN("burstable")) || ng_span_equal(part->name, NG_SPAN("besteffort"));
	if (is_or_ends(part->stem, NG_SPAN("kubepods"))) {
		place->level = CONTAINER_KUBE;
		place->qos = CONTAINER_QOS_NONE;
		return true;
	}
	if (!bare && !is_or_ends(part->stem, NG_SPAN("kubepods-burstable")) &&
		!is_or_ends(part->stem, NG_SPAN("kubepods-besteffort")))
		return false;
	place->qos = qos_of(part->stem, CONTAINER_QOS_NONE);
	if (bare && parent->level != CONTAINER_KUBE)
		return false; /* accepted only if a pod follows: the kubelet's root may be above what we can see */
	place->level = CONTAINER_QOS;
	return true;
}

/* ---- systemd's units, and everything else ---- */

static bool starts_session(const struct part *part)
{
	return (part->suffix == SUFFIX_SLICE && ng_span_starts(part->stem, NG_SPAN("user-")) &&
		       digits_only(ng_span_skip(part->stem, strlen("user-")))) ||
	       (part->suffix == SUFFIX_SERVICE && ng_span_starts(part->stem, NG_SPAN("user@"))) ||
	       (part->suffix == SUFFIX_SCOPE && ng_span_starts(part->stem, NG_SPAN("session-")));
}

static void step_unit(struct container_place *place, const struct container_place *parent, const struct part *part)
{
	static const enum container_level level_of[] = { [SUFFIX_NONE] = CONTAINER_OTHER,
		[SUFFIX_SLICE] = CONTAINER_SLICE,
		[SUFFIX_SCOPE] = CONTAINER_SCOPE,
		[SUFFIX_SERVICE] = CONTAINER_SERVICE };
	bool unit = parent->level == CONTAINER_ROOT || parent->level == CONTAINER_SLICE;

	if (inside(parent)) {
		place->level = CONTAINER_INNER;
		return;
	}
	if (!place->session && unit && starts_session(part))
		place->session = true;
	place->level = place->session ? CONTAINER_SESSION : unit ? level_of[part->suffix] : CONTAINER_OTHER;
	if (place->kubernetes)
		return;
	if (ng_span_equal(part->name, NG_SPAN("libpod_parent")))
		place->runtime = CONTAINER_RUNTIME_LIBPOD;
	if (parent->level != CONTAINER_ROOT)
		return;
	if (ng_span_equal(part->name, NG_SPAN("docker")))
		place->runtime = CONTAINER_RUNTIME_DOCKER;
	if (ng_span_equal(part->name, NG_SPAN("lxc")) || ng_span_equal(part->name, NG_SPAN("lxc.payload")))
		place->runtime = CONTAINER_RUNTIME_LXC;
	if (ng_span_equal(part->name, NG_SPAN("qemu.slice")))
		place->runtime = CONTAINER_RUNTIME_QEMU;
}

void container_place_root(struct container_place *ret_place)
{
	*ret_place = (struct container_place){ .level = CONTAINER_ROOT };
}

void container_place_step(
	const struct container_place *parent, struct ng_span component, struct container_place *ret_place)
{
	struct container_place above = *parent, place = above;
	struct part part = part_of(component);

	if (component.size == 0 || ng_span_equal(component, NG_SPAN(".")) || ng_span_equal(component, NG_SPAN(".."))) {
		*ret_place = place;
		return;
	}
	if (above.final) {
		if (above.level != CONTAINER_HELPER)
			place.level = CONTAINER_INNER;
		*ret_place = place;
		return;
	}
	if (!place.has_id)
		place.runtime = CONTAINER_RUNTIME_NONE;
	if (above.level == CONTAINER_SERVICE || above.level == CONTAINER_SCOPE || above.level == CONTAINER_CONTAINER)
		place.delegated = true;
	if (above.level != CONTAINER_ROOT && above.level != CONTAINER_SLICE && above.level != CONTAINER_OTHER)
		place.nested = true;
	if (!step_colons(&place, &part) && !step_pod(&place, &part) && !step_machine(&place, &above, &part) &&
		!step_container(&place, &above, &part) && !step_kube(&place, &above, &part))
		step_unit(&place, &above, &part);
	*ret_place = place;
}

void container_place_of(struct ng_span path, struct container_place *ret_place)
{
	struct ng_span component;

	container_place_root(ret_place);
	while (ng_part_next(&path, '/', &component))
		container_place_step(ret_place, component, ret_place);
}
