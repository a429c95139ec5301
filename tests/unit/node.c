/* SPDX-License-Identifier: Apache-2.0 */
#include "node.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- the directories ---- */

void node_put_link(const struct node *node, const char *name, const char *target)
{
	char below[SCRATCH_PATH];

	snprintf(below, sizeof(below), "logs/%s", name);
	scratch_symlink(&node->scratch, target, below);
}

void node_put_folder(const struct node *node, const char *name)
{
	char below[SCRATCH_PATH];

	snprintf(below, sizeof(below), "pods/%s", name);
	scratch_mkdir(&node->scratch, below);
}

void node_put_file(const struct node *node, const char *name)
{
	char below[SCRATCH_PATH];

	snprintf(below, sizeof(below), "pods/%s", name);
	scratch_put(&node->scratch, below, "");
}

int node_start(void **state)
{
	struct node *node = calloc(1, sizeof(*node));

	assert_non_null(node);
	scratch_init(&node->scratch, "/tmp", "test_container_names");
	scratch_mkdir(&node->scratch, "logs");
	scratch_mkdir(&node->scratch, "pods");
	probe_init(&node->probe);
	probe_open(&node->probe, NG_ROOTFS, &node->scratch, "");
	container_names_init(&node->names, "logs", "pods");
	node->names.patience = NODE_PATIENCE;
	*state = node;
	return 0;
}

int node_stop(void **state)
{
	struct node *node = *state;

	scratch_done(&node->scratch);
	probe_done(&node->probe);
	free(node);
	return 0;
}

/* ---- one lookup ---- */

enum container_missing node_ask(struct node *node, const char *id, const char *uid, bool oldest, char ret_answer[512])
{
	uint8_t bytes[CONTAINER_ID_SIZE];
	struct container_wish wish = { .uid = uid, .oldest = oldest };

	if (id) {
		assert_true(container_id_parse(ng_span(id), bytes));
		wish.id = bytes;
	}
	ng_arena_reset(&node->probe.arena);
	size_t found = container_names_resolve(&node->probe.scrape, &node->names, &wish, 1);
	assert_int_equal(found, wish.missing == CONTAINER_FOUND);
	const struct container_identity *identity = &wish.identity;
	int size = snprintf(ret_answer, 512, "%.*s/%.*s/%.*s", (int)identity->space.size,
		identity->space.text ? identity->space.text : "", (int)identity->pod.size,
		identity->pod.text ? identity->pod.text : "", (int)identity->container.size,
		identity->container.text ? identity->container.text : "");
	if (identity->has_restart)
		snprintf(ret_answer + size, 512 - (size_t)size, "/%u", identity->restart);
	return wish.missing;
}

static void must_be(struct node *node, const char *id, const char *uid, enum container_missing missing,
	const char *wanted, const char *file, int line)
{
	char answer[512];
	enum container_missing is = node_ask(node, id, uid, false, answer);

	if (is == missing && strcmp(answer, wanted) == 0)
		return;
	print_error("missing %d, %s\n", is, answer);
	_fail(file, line);
}

void assert_named_at(struct node *node, const char *id, const char *uid, const char *wanted, const char *file, int line)
{
	must_be(node, id, uid, CONTAINER_FOUND, wanted, file, line);
}

void assert_missing_at(
	struct node *node, const char *id, const char *uid, enum container_missing reason, const char *file, int line)
{
	must_be(node, id, uid, reason, "//", file, line);
}
