/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that docker and podman keep about their containers. They are read like those of the other runtimes: a piece
 * at a time, keeping only a name and an image.
 *
 *     {"ID":"<ID>","Config":{"Env":[...],"Image":"nginx:1.27",...},"Name":"/web",...}
 *     [{"id":"<ID>","names":["web"],"metadata":"{\"image-name\":\"docker.io/library/nginx:1.27\",...}",...},...]
 *
 * Source: moby/daemon/container/container.go (Container), containers/storage/containers.go (Container),
 * podman/libpod/storage.go (RuntimeContainerMetadata).
 */
#include "identity/oci.h"

/* The last decoded string, or nothing if it was truncated or is not a word. */
static struct ng_span kept(const struct container_json *json, struct ng_arena *arena)
{
	struct ng_span word = { json->string, json->string_size };

	return json->string_cut || !container_word_valid(word) ? (struct ng_span){ NULL, 0 } : ng_copy(arena, word);
}

struct visit {
	struct ng_arena *arena;
	struct container_oci *oci;
	const uint8_t *id;
	bool found; /* the entry has the wanted ID */
};

/* A value that should be a string: decoded into `ret_text`, which stays empty for null. */
static int string_value(struct visit *visit, struct container_json *json, struct ng_span *ret_text)
{
	if (container_json_next(json) != TOKEN_COLON)
		return -EBADMSG;
	enum container_token token = container_json_next_string(json);
	if (token == TOKEN_STRING)
		*ret_text = kept(json, visit->arena);
	return token == TOKEN_STRING || container_json_skip(json, token) ? 0 : -EBADMSG;
}

/* ---- docker ---- */

static int docker_config(void *context, struct container_json *json)
{
	struct visit *visit = context;

	return container_json_is(json, "Image") ? string_value(visit, json, &visit->oci->image)
						: container_json_pass(json);
}

static int docker_member(void *context, struct container_json *json)
{
	struct visit *visit = context;

	if (container_json_is(json, "Name"))
		return string_value(visit, json, &visit->oci->name);
	if (!container_json_is(json, "Config"))
		return container_json_pass(json);
	if (container_json_next(json) != TOKEN_COLON)
		return -EBADMSG;
	enum container_token token = container_json_next(json);
	if (token == TOKEN_OBJECT)
		return container_json_members(json, docker_config, visit);
	return container_json_skip(json, token) ? 0 : -EBADMSG;
}

int container_docker_parse(struct container_json *json, struct ng_arena *arena, struct container_oci *ret_oci)
{
	struct visit visit = { .arena = arena, .oci = ret_oci };

	*ret_oci = (struct container_oci){ 0 };
	int r = container_json_next(json) == TOKEN_OBJECT ? container_json_members(json, docker_member, &visit)
							  : -EBADMSG;
	if (json->error)
		return json->error;
	if (ng_span_starts(ret_oci->name, NG_SPAN("/")))
		ret_oci->name = ng_span_skip(ret_oci->name, 1);
	return r;
}

/* ---- podman ---- */

static int podman_metadata(void *context, struct container_json *json)
{
	struct visit *visit = context;

	return container_json_is(json, "image-name") ? string_value(visit, json, &visit->oci->image)
						     : container_json_pass(json);
}

/* JSON inside a string: kept in the arena only while it is parsed. */
static int podman_document(struct visit *visit, struct container_json *json)
{
	struct container_json inner;
	struct ng_span text;

	if (container_json_next(json) != TOKEN_COLON || container_json_next_string(json) != TOKEN_STRING)
		return -EBADMSG;
	text = json->string_cut ? (struct ng_span){ NULL, 0 }
				: ng_copy(visit->arena, (struct ng_span){ json->string, json->string_size });
	if (!text.text)
		return 0;
	container_json_init(&inner, -1, text, 0);
	if (container_json_next(&inner) == TOKEN_OBJECT)
		container_json_members(&inner, podman_metadata, visit);
	container_json_done(&inner);
	return 0;
}

/* Takes the first name. */
static int podman_names(struct visit *visit, struct container_json *json)
{
	if (container_json_next(json) != TOKEN_COLON)
		return -EBADMSG;
	enum container_token token = container_json_next(json);
	if (token != TOKEN_ARRAY)
		return container_json_skip(json, token) ? 0 : -EBADMSG;
	token = container_json_next_string(json);
	if (token == TOKEN_STRING)
		visit->oci->name = kept(json, visit->arena);
	while (token != TOKEN_ARRAY_END) {
		if (token != TOKEN_COMMA && token != TOKEN_STRING)
			return -EBADMSG;
		token = container_json_next(json);
	}
	return 0;
}

static int podman_member(void *context, struct container_json *json)
{
	struct visit *visit = context;
	struct ng_span id = { NULL, 0 };
	uint8_t bytes[CONTAINER_ID_SIZE];

	if (container_json_is(json, "names"))
		return podman_names(visit, json);
	if (container_json_is(json, "metadata"))
		return podman_document(visit, json);
	if (!container_json_is(json, "id"))
		return container_json_pass(json);
	int r = string_value(visit, json, &id);
	visit->found =
		visit->found || (container_id_parse(id, bytes) && memcmp(bytes, visit->id, CONTAINER_ID_SIZE) == 0);
	return r;
}

int container_podman_parse(struct container_json *json, struct ng_arena *arena, const uint8_t id[CONTAINER_ID_SIZE],
	struct container_oci *ret_oci)
{
	struct visit visit = { .arena = arena, .oci = ret_oci, .id = id };
	enum container_token token = container_json_next(json);
	int r = token == TOKEN_ARRAY ? 0 : -EBADMSG;

	token = container_json_next(json);
	while (r == 0 && token == TOKEN_OBJECT && !visit.found) {
		*ret_oci = (struct container_oci){ 0 };
		r = container_json_members(json, podman_member, &visit);
		token = container_json_next(json);
		if (token == TOKEN_COMMA)
			token = container_json_next(json);
	}
	if (json->error)
		return json->error;
	if (r == 0 && !visit.found)
		r = token == TOKEN_ARRAY_END ? -ENOENT : -EBADMSG;
	return r;
}
