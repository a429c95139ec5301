/* SPDX-License-Identifier: Apache-2.0 */
/* A node with the two directories that the names of pods and containers come from, and lookups in them. */
#ifndef TESTS_UNIT_NODE_H
#define TESTS_UNIT_NODE_H

#include "identity/names.h"
#include "scratch.h"
#include "support.h"

/* container IDs; pod UIDs: two from the API server, and one in the format of a static pod */
#define I "3fd1c40e7ab6598201cdef3344556677889900aabbccddeeff00112233445566"
#define J "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff"
#define U "eaba4d29-74e5-4595-ace3-91b35ee08a0b"
#define V "0140a87f-07d9-4f7a-b705-eb6ada2dd5ab"
#define M "ba752e40bfd184a540a6a3f6d127f0ec"

/* One minute: also enough with a sanitizer, which slows everything down. */
#define NODE_PATIENCE UINT64_C(60000000000)

struct node {
	struct scratch scratch; /* with "logs" for the links, and "pods" */
	struct probe probe;
	struct container_names names;
};

/* For each test: both directories exist and are empty. */
#define ON_A_NODE(name) cmocka_unit_test_setup_teardown(name, node_start, node_stop)
int node_start(void **state);
int node_stop(void **state);

void node_put_link(const struct node *node, const char *name, const char *target); /* in "logs" */
void node_put_folder(const struct node *node, const char *name);                   /* in "pods" */
void node_put_file(const struct node *node, const char *name);                     /* in "pods", empty */

/* One lookup of a container or, without an ID, of a pod: "<namespace>/<pod>/<container>[/<restart>]" or "//". */
enum container_missing node_ask(struct node *node, const char *id, const char *uid, bool oldest, char ret_answer[512]);

#define assert_named(node, id, uid, wanted) assert_named_at((node), (id), (uid), (wanted), __FILE__, __LINE__)
void assert_named_at(
	struct node *node, const char *id, const char *uid, const char *wanted, const char *file, int line);

#define assert_missing(node, id, uid, reason) assert_missing_at((node), (id), (uid), (reason), __FILE__, __LINE__)
void assert_missing_at(
	struct node *node, const char *id, const char *uid, enum container_missing reason, const char *file, int line);

#endif
