/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What docker and podman write of their containers. Their files are read as those of the other runtimes: a piece at a
 * time, and nothing is kept but a name and an image.
 *
 *     {"ID":"<ID>","Config":{"Env":[...],"Image":"nginx:1.27",...},"Name":"/web",...}
 *     [{"id":"<ID>","names":["web"],"metadata":"{\"image-name\":\"docker.io/library/nginx:1.27\",...}",...},...]
 *
 * Source: moby/daemon/container/container.go (Container), containers/storage/containers.go (Container),
 * podman/libpod/storage.go (RuntimeContainerMetadata).
 */
#include "identity/oci.h"

static bool is_key(const struct container_json *json, const char *key)
{
	return !json->string_cut && ng_span_equal((struct ng_span){ json->string, json->string_size }, ng_span(key));
}

/* The string that was decoded; one that was cut, or is no word, is left out. */
static struct ng_span kept(const struct container_json *json, struct ng_arena *arena)
{
	struct ng_span word = { json->string, json->string_size };

	return json->string_cut || !container_word_valid(word) ? (struct ng_span){ NULL, 0 } : ng_copy(arena, word);
}

/*
 * Goes through the members of an object, of which the first token has been taken. `member` gets each key, decoded, and
 * takes its value.
 */
struct visit {
	struct ng_arena *arena;
	struct container_oci *oci;
	const uint8_t *id;
	bool found; /* the entry is that of the ID */
};
typedef int visit_member(struct visit *visit, struct container_json *json);

static int pass_value(struct container_json *json)
{
	return container_json_skip(json, container_json_next(json)) ? 0 : -EBADMSG;
}

static int each_member(struct visit *visit, struct container_json *json, visit_member *member)
{
	enum container_token token = container_json_next_string(json);

	while (token == TOKEN_STRING) {
		int r = member(visit, json);
		if (r < 0)
			return r;
		token = container_json_next(json);
		if (token == TOKEN_OBJECT_END)
			return 0;
		if (token != TOKEN_COMMA)
			return -EBADMSG;
		token = container_json_next_string(json);
	}
	return token == TOKEN_OBJECT_END ? 0 : -EBADMSG;
}

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

static int pass_member(struct container_json *json)
{
	return container_json_next(json) == TOKEN_COLON ? pass_value(json) : -EBADMSG;
}

/* ---- docker ---- */

static int docker_config(struct visit *visit, struct container_json *json)
{
	return is_key(json, "Image") ? string_value(visit, json, &visit->oci->image) : pass_member(json);
}

static int docker_member(struct visit *visit, struct container_json *json)
{
	if (is_key(json, "Name"))
		return string_value(visit, json, &visit->oci->name);
	if (!is_key(json, "Config"))
		return pass_member(json);
	if (container_json_next(json) != TOKEN_COLON)
		return -EBADMSG;
	enum container_token token = container_json_next(json);
	if (token == TOKEN_OBJECT)
		return each_member(visit, json, docker_config);
	return container_json_skip(json, token) ? 0 : -EBADMSG;
}

int container_docker_parse(struct container_json *json, struct ng_arena *arena, struct container_oci *ret_oci)
{
	struct visit visit = { .arena = arena, .oci = ret_oci };

	*ret_oci = (struct container_oci){ 0 };
	int r = container_json_next(json) == TOKEN_OBJECT ? each_member(&visit, json, docker_member) : -EBADMSG;
	if (json->error)
		return json->error;
	if (ng_span_starts(ret_oci->name, NG_SPAN("/")))
		ret_oci->name = ng_span_skip(ret_oci->name, 1);
	return r;
}

/* ---- podman ---- */

static int podman_metadata(struct visit *visit, struct container_json *json)
{
	return is_key(json, "image-name") ? string_value(visit, json, &visit->oci->image) : pass_member(json);
}

/* A document in a string: in the arena only while it is read. */
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
		each_member(visit, &inner, podman_metadata);
	container_json_done(&inner);
	return 0;
}

/* The first of the names. */
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

static int podman_member(struct visit *visit, struct container_json *json)
{
	struct ng_span id = { NULL, 0 };
	uint8_t bytes[CONTAINER_ID_SIZE];

	if (is_key(json, "names"))
		return podman_names(visit, json);
	if (is_key(json, "metadata"))
		return podman_document(visit, json);
	if (!is_key(json, "id"))
		return pass_member(json);
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
		r = each_member(&visit, json, podman_member);
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
