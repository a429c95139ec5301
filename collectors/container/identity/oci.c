/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/oci.h"

#include "kernel/open.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what is wanted ---- */

enum annotation {
	TYPE,
	SPACE,
	POD,
	POD_UID,
	CONTAINER,
	IMAGE,
	IMAGE_NAME,
	SANDBOX_IMAGE,
	DIRECTORY,
	NAME,
	ANNOTATIONS
};

struct wanted {
	struct ng_span key;
	enum annotation annotation;
};

/*
 * CRI-O also writes the pod's annotations, and their author could use any key that the runtime does not write itself.
 * So for each runtime we accept only the keys that it writes itself, and for CRI-O only those that it always writes.
 */
static const struct wanted of_containerd[] = {
	{ NG_SPAN("io.kubernetes.cri.container-type"), TYPE },
	{ NG_SPAN("io.kubernetes.cri.sandbox-namespace"), SPACE },
	{ NG_SPAN("io.kubernetes.cri.sandbox-name"), POD },
	{ NG_SPAN("io.kubernetes.cri.sandbox-uid"), POD_UID },
	{ NG_SPAN("io.kubernetes.cri.container-name"), CONTAINER },
	{ NG_SPAN("io.kubernetes.cri.image-name"), IMAGE },
	{ NG_SPAN("io.kubernetes.cri.podsandbox.image-name"), SANDBOX_IMAGE },
	{ NG_SPAN("io.kubernetes.cri.sandbox-log-directory"), DIRECTORY },
};

static const struct wanted of_crio[] = {
	{ NG_SPAN("io.kubernetes.cri-o.ContainerType"), TYPE },
	{ NG_SPAN("io.kubernetes.cri-o.Name"), NAME },
	{ NG_SPAN("io.kubernetes.cri-o.Image"), IMAGE },
	{ NG_SPAN("io.kubernetes.cri-o.ImageName"), IMAGE_NAME },
};

/* Values as they are in the file; .text is NULL if there is none. */
struct found {
	struct ng_span value[ANNOTATIONS];
};

static const struct wanted *look_up(const struct container_json *json, bool crio)
{
	const struct wanted *table = crio ? of_crio : of_containerd;
	size_t count = crio ? NG_COUNT(of_crio) : NG_COUNT(of_containerd);
	struct ng_span key = { json->string, json->string_size };

	for (size_t i = 0; i < count && !json->string_cut; i++) {
		if (ng_span_equal(table[i].key, key))
			return &table[i];
	}
	return NULL;
}

/* ---- reading ---- */

static int keep(struct ng_arena *arena, const struct container_json *json, struct ng_span *value)
{
	if (value->text || json->string_cut)
		return -EBADMSG; /* duplicate, or longer than any name */
	*value = ng_copy(arena, (struct ng_span){ json->string, json->string_size });
	return value->text ? 0 : -ENOMEM;
}

struct visit {
	struct ng_arena *arena;
	struct found *found;
	bool crio;
};

static int read_annotation(void *context, struct container_json *json)
{
	struct visit *visit = context;
	const struct wanted *wanted = look_up(json, visit->crio);

	if (container_json_next(json) != TOKEN_COLON)
		return -EBADMSG;
	enum container_token token = wanted ? container_json_next_string(json) : container_json_next(json);
	if (token != TOKEN_STRING)
		return -EBADMSG;
	return wanted ? keep(visit->arena, json, &visit->found->value[wanted->annotation]) : 0;
}

/* Stops at the annotations: 1 once they have been read. */
static int find_annotations(void *context, struct container_json *json)
{
	if (!container_json_is(json, "annotations"))
		return container_json_pass(json);
	if (container_json_next(json) != TOKEN_COLON)
		return -EBADMSG;
	enum container_token token = container_json_next(json);
	if (token != TOKEN_OBJECT)
		return container_json_skip(json, token) ? 0 : -EBADMSG;
	int r = container_json_members(json, read_annotation, context);
	return r < 0 ? r : 1;
}

/* A configuration without annotations is not from these runtimes. */
static int read_configuration(struct container_json *json, struct ng_arena *arena, bool crio, struct found *found)
{
	struct visit visit = { arena, found, crio };

	if (container_json_next(json) != TOKEN_OBJECT)
		return -EBADMSG;
	int r = container_json_members(json, find_annotations, &visit);
	return r < 0 ? r : r > 0 ? 0 : -EBADMSG;
}

struct number {
	const char *const *path; /* the part that has not been matched yet */
	size_t depth;
	uint64_t value; /* 0 until found */
};

/* 1 when the number has been found or cannot be there. */
static int find_number(void *context, struct container_json *json)
{
	struct number *number = context;

	if (!container_json_is(json, *number->path))
		return container_json_pass(json);
	if (container_json_next(json) != TOKEN_COLON)
		return -EBADMSG;
	enum container_token token = container_json_next(json);
	if (number->depth == 1) {
		number->value = token == TOKEN_NUMBER && json->whole ? json->number : 0;
		return 1;
	}
	if (token != TOKEN_OBJECT)
		return container_json_skip(json, token) ? 0 : -EBADMSG;
	number->path++;
	number->depth--;
	int r = container_json_members(json, find_number, number);
	return r < 0 ? r : 1;
}

/* The shares come after the annotations; a file that is truncated there counts as having none. */
static uint64_t read_shares(struct container_json *json)
{
	static const char *const path[] = { "linux", "resources", "cpu", "shares" };
	struct number shares = { path, NG_COUNT(path), 0 };

	if (container_json_next(json) == TOKEN_COMMA)
		container_json_members(json, find_number, &shares);
	return shares.value;
}

/* ---- checking ---- */

/* "k8s_<container>_<pod>_<namespace>_<UID>_<attempt>"; without a container for a sandbox. */
static bool split_name(struct ng_span name, struct container_oci *oci)
{
	struct ng_span part[6];
	size_t count = 0, at = 1;
	uint64_t attempt;

	while (count < NG_COUNT(part) && ng_part_next(&name, '_', &part[count]))
		count++;
	if (name.size > 0 || count != (oci->sandbox ? 5U : 6U) || !ng_span_equal(part[0], NG_SPAN("k8s")))
		return false;
	if (!oci->sandbox)
		oci->identity.container = part[at++];
	oci->identity.pod = part[at++];
	oci->identity.space = part[at++];
	if (!container_uid_parse(part[at++], oci->uid) || ng_u64(part[at], &attempt) < 0 || attempt > UINT32_MAX)
		return false;
	oci->identity.restart = (uint32_t)attempt;
	oci->identity.has_restart = !oci->sandbox;
	return true;
}

static bool type_of(struct ng_span type, struct container_oci *oci)
{
	oci->typed = type.text != NULL;
	oci->sandbox = oci->typed && ng_span_equal(type, NG_SPAN("sandbox"));
	return !oci->typed || oci->sandbox || ng_span_equal(type, NG_SPAN("container"));
}

/* A sandbox's log directory contains the names even in versions that write no name annotations. */
static void use_directory(struct ng_span directory, struct container_oci *oci)
{
	struct container_target target;
	const char *slash = directory.size ? memrchr(directory.text, '/', directory.size) : NULL;

	if (!slash || !container_folder_parse(ng_span_skip(directory, (size_t)(slash - directory.text) + 1), &target))
		return;
	if (!oci->identity.space.text)
		oci->identity.space = target.space;
	if (!oci->identity.pod.text)
		oci->identity.pod = target.pod;
	if (!oci->uid[0])
		memcpy(oci->uid, target.uid, sizeof(oci->uid));
}

/* An image ID instead of a name: the kubelet may have resolved the name already. */
static bool image_id(struct ng_span image)
{
	uint8_t id[CONTAINER_ID_SIZE];
	struct ng_span digest = NG_SPAN("sha256:");

	return container_id_parse(ng_span_starts(image, digest) ? ng_span_skip(image, digest.size) : image, id);
}

static bool names_valid(const struct container_identity *identity)
{
	return (identity->space.size == 0 || container_label_valid(identity->space)) &&
	       (identity->pod.size == 0 || container_subdomain_valid(identity->pod)) &&
	       (identity->container.size == 0 || container_label_valid(identity->container));
}

static int judge(const struct found *found, struct container_oci *ret_oci)
{
	const struct ng_span *value = found->value;
	struct container_oci oci = {
		.image = value[IMAGE],
		.identity = { .space = value[SPACE], .pod = value[POD], .container = value[CONTAINER] },
	};

	if (!type_of(value[TYPE], &oci))
		return -EBADMSG;
	if (value[IMAGE_NAME].size > 0 && (oci.image.size == 0 || image_id(oci.image)))
		oci.image = value[IMAGE_NAME];
	if (value[NAME].text && !split_name(value[NAME], &oci))
		return -EBADMSG;
	if (value[POD_UID].text && !container_uid_parse(value[POD_UID], oci.uid))
		return -EBADMSG;
	use_directory(value[DIRECTORY], &oci);
	if (oci.sandbox) {
		oci.identity.container = (struct ng_span){ 0 };
		if (value[SANDBOX_IMAGE].size)
			oci.image = value[SANDBOX_IMAGE];
	}
	if (!names_valid(&oci.identity) || !container_word_valid(oci.image))
		return -EBADMSG;
	*ret_oci = oci;
	return 0;
}

static int scan_annotations(
	struct container_json *json, struct ng_arena *arena, bool crio, struct container_oci *ret_oci)
{
	struct found found = { 0 };

	int r = read_configuration(json, arena, crio, &found);
	if (json->error)
		return json->error;
	if (r == 0)
		r = judge(&found, ret_oci);
	if (r == 0)
		ret_oci->shares = read_shares(json);
	return r;
}

int container_oci_parse(
	struct ng_arena *arena, struct ng_span text, size_t piece, bool crio, struct container_oci *ret_oci)
{
	struct container_json json;

	container_json_init(&json, -1, text, piece);
	int r = scan_annotations(&json, arena, crio, ret_oci);
	container_json_done(&json);
	return r;
}

/* ---- finding the file ---- */

enum kind { CONTAINERD, CRIO, DOCKER, PODMAN };
static const struct layout {
	const char *before, *behind;
	enum kind kind;
} layouts[] = {
	{ "/io.containerd.runtime.v2.task/k8s.io/", "/config.json", CONTAINERD },
	{ "/overlay-containers/", "/userdata/config.json", CRIO },
	{ "/io.containerd.runtime.v1.linux/k8s.io/", "/config.json", CONTAINERD },
	/* if only the innermost directory is mounted */
	{ "/", "/config.json", CONTAINERD },
	{ "/", "/userdata/config.json", CRIO },
	{ "/vfs-containers/", "/userdata/config.json", CRIO },
	{ "/btrfs-containers/", "/userdata/config.json", CRIO },
	{ "/zfs-containers/", "/userdata/config.json", CRIO },
	{ "/containers/", "/config.v2.json", DOCKER },
	/* a single list of all containers */
	{ "/overlay-containers/containers.json", NULL, PODMAN },
	{ "/vfs-containers/containers.json", NULL, PODMAN },
	{ "/btrfs-containers/containers.json", NULL, PODMAN },
	{ "/zfs-containers/containers.json", NULL, PODMAN },
};

enum { PATH_ROOM = 1024, LAYOUT_ROOM = 160 }; /* maximum length that a layout adds to the state's path */

static int open_configuration(struct ng_scrape *scrape, const char *path)
{
	struct stat status;
	int fd = ng_privileged_open_at(
		scrape, ng_root_fd(scrape, NG_ROOTFS), path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);

	if (fd < 0)
		return fd;
	int r = fstat(fd, &status) < 0 ? -errno : !S_ISREG(status.st_mode) ? -EBADMSG : 0;
	if (r == 0 && status.st_size > CONTAINER_JSON_LIMIT)
		r = -EFBIG;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

/* Tries the layouts below one directory; keeps the error of the most promising one. */
static int open_below(struct ng_scrape *scrape, const char *state, const uint8_t id[CONTAINER_ID_SIZE], bool podman,
	const struct layout **ret_layout)
{
	char path[PATH_ROOM], text[2 * CONTAINER_ID_SIZE + 1] = "";
	int error = -ENOENT;

	container_id_text(id, text);
	if (*state == '\0')
		state = ".";
	if (strlen(state) > PATH_ROOM - LAYOUT_ROOM)
		return -ENAMETOOLONG;
	for (size_t i = 0; i < NG_COUNT(layouts); i++) {
		if ((layouts[i].kind == PODMAN) != podman)
			continue;
		char *at = stpcpy(stpcpy(path, state), layouts[i].before);
		if (layouts[i].behind)
			stpcpy(stpcpy(at, text), layouts[i].behind);
		int fd = open_configuration(scrape, path);
		if (fd >= 0) {
			*ret_layout = &layouts[i];
			return fd;
		}
		if (error == -ENOENT && fd != -ENOTDIR)
			error = fd;
	}
	return error;
}

static int scan(struct ng_arena *arena, int fd, enum kind kind, const uint8_t id[CONTAINER_ID_SIZE],
	struct container_oci *ret_oci)
{
	struct container_json json;
	int r;

	container_json_init(&json, fd, (struct ng_span){ 0 }, 0);
	if (kind == DOCKER)
		r = container_docker_parse(&json, arena, ret_oci);
	else if (kind == PODMAN)
		r = container_podman_parse(&json, arena, id, ret_oci);
	else
		r = scan_annotations(&json, arena, kind == CRIO, ret_oci);
	container_json_done(&json);
	return r;
}

int container_oci_read(struct ng_scrape *scrape, const struct ng_list *states, const struct container_place *place,
	struct container_oci *ret_oci)
{
	int error = -ENOENT;
	bool podman = place->runtime == CONTAINER_RUNTIME_LIBPOD;
	const struct layout *layout = NULL;
	NG_CLOSE int fd = -1;

	for (size_t i = 0; fd < 0 && i < states->count; i++) {
		fd = open_below(scrape, states->item[i], place->id, podman, &layout);
		if (fd < 0 && error == -ENOENT)
			error = fd;
	}
	if (fd < 0)
		return error == -ENOENT ? error : ng_failed(scrape, error, "open", "config.json");
	int r = scan(scrape->arena, fd, layout->kind, place->id, ret_oci);
	if (r == 0 && place->uid[0] && ret_oci->uid[0] && strcmp(place->uid, ret_oci->uid) != 0)
		r = -EBADMSG;
	if (r == -EBADMSG)
		return ng_broken(scrape, "config.json", 0, "the configuration of a container in this pod");
	return r < 0 ? ng_failed(scrape, r, "read", "config.json") : 0;
}
