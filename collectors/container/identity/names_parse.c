/* SPDX-License-Identifier: Apache-2.0 */
/* Parses the names and targets of links. Names are validated as the API server does (apimachinery's validation). */
#include "identity/search.h"

enum {
	LABEL_SIZE = 63,
	SUBDOMAIN_SIZE = 253,
	ID_DIGITS = 2 * CONTAINER_ID_SIZE,
	FILE_NAME_SIZE = 255, /* the kubelet truncates longer names */
};

static bool alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool dns_name(struct ng_span name, size_t limit, bool dots)
{
	if (name.size == 0 || name.size > limit || !alphanumeric(name.text[0]) ||
		!alphanumeric(name.text[name.size - 1]))
		return false;
	for (size_t i = 0; i < name.size; i++) {
		if (!alphanumeric(name.text[i]) && name.text[i] != '-' && !(dots && name.text[i] == '.'))
			return false;
	}
	return true;
}

bool container_label_valid(struct ng_span name)
{
	return dns_name(name, LABEL_SIZE, false);
}

bool container_subdomain_valid(struct ng_span name)
{
	return dns_name(name, SUBDOMAIN_SIZE, true);
}

bool container_word_valid(struct ng_span word)
{
	for (size_t i = 0; i < word.size; i++) {
		if (word.text[i] <= ' ' || word.text[i] > '~')
			return false;
	}
	return true;
}

/* The next part of a name; the last part is not followed by '_'. */
static bool last_part(struct ng_span *rest, struct ng_span *ret_part)
{
	*ret_part = *rest;
	return ng_span_find(*rest, '_') == rest->size;
}

static bool drop_log(struct ng_span *name)
{
	if (!ng_span_ends(*name, NG_SPAN(".log")))
		return false;
	name->size -= strlen(".log");
	return true;
}

bool container_link_id(struct ng_span name, uint8_t ret_id[CONTAINER_ID_SIZE])
{
	if (!drop_log(&name) || name.size <= ID_DIGITS)
		return false;
	struct ng_span tail = ng_span_skip(name, name.size - ID_DIGITS - 1);
	return tail.text[0] == '-' && container_id_parse(ng_span_skip(tail, 1), ret_id);
}

bool container_link_parse(struct ng_span name, struct container_link *ret_link)
{
	struct container_link link = { 0 };
	struct ng_span rest = name;

	if (!container_link_id(name, link.id)) {
		link.cut = name.size == FILE_NAME_SIZE && drop_log(&rest);
		*ret_link = link;
		return link.cut;
	}
	rest.size -= 1 + ID_DIGITS + strlen(".log");
	if (!ng_part_next(&rest, '_', &link.pod) || !ng_part_next(&rest, '_', &link.space) ||
		!last_part(&rest, &link.container))
		return false;
	if (!container_subdomain_valid(link.pod) || !container_label_valid(link.space) ||
		!container_label_valid(link.container))
		return false;
	*ret_link = link;
	return true;
}

bool container_folder_parse(struct ng_span name, struct container_target *ret_target)
{
	struct container_target target = { 0 };
	struct ng_span uid;

	if (!ng_part_next(&name, '_', &target.space) || !ng_part_next(&name, '_', &target.pod) ||
		!last_part(&name, &uid))
		return false;
	if (ng_span_find(uid, '_') != uid.size || !container_uid_parse(uid, target.uid) ||
		!container_label_valid(target.space) || !container_subdomain_valid(target.pod))
		return false;
	*ret_target = target;
	return true;
}

/* Removes the last part of a path and the slash before it. */
static struct ng_span take_last(struct ng_span *path)
{
	const char *slash = path->size ? memrchr(path->text, '/', path->size) : NULL;
	size_t at = slash ? (size_t)(slash - path->text) : 0;
	struct ng_span last = slash ? ng_span_skip(*path, at + 1) : *path;

	path->size = at;
	return last;
}

bool container_restart_parse(struct ng_span file, uint32_t *ret_restart)
{
	uint64_t value;

	if (!drop_log(&file) || ng_u64(file, &value) < 0 || value > UINT32_MAX)
		return false;
	*ret_restart = (uint32_t)value;
	return true;
}

bool container_target_parse(struct ng_span path, struct container_target *ret_target)
{
	struct container_target target;
	uint32_t restart;

	struct ng_span file = take_last(&path);
	struct ng_span container = take_last(&path);
	struct ng_span folder = take_last(&path);
	if (!container_restart_parse(file, &restart) || !container_label_valid(container) ||
		!container_folder_parse(folder, &target))
		return false;
	target.container = container;
	target.restart = restart;
	*ret_target = target;
	return true;
}
