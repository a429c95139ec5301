/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The annotations in the OCI configuration that containerd and CRI-O write (--path.oci-state), and the files that
 * docker and podman keep about their containers.
 *
 *     <state>/io.containerd.runtime.v2.task/k8s.io/<ID>/config.json
 *     <state>/io.containerd.runtime.v1.linux/k8s.io/<ID>/config.json
 *     <state>/overlay-containers/<ID>/userdata/config.json
 *
 *     <state>/containers/<ID>/config.v2.json                docker
 *     <state>/overlay-containers/containers.json            podman
 *
 * or <state>/<ID>/... if only the innermost directory is mounted.
 *
 * The file also holds the environment of the processes, which may contain secrets: it passes through a small buffer
 * that is wiped, and only the annotations listed here are kept. Error messages do not quote it.
 *
 * Source: containerd/internal/cri/annotations/annotations.go; cri-o/pkg/annotations; opencontainers/runtime-spec
 * (config.md).
 */
#ifndef CONTAINER_OCI_H
#define CONTAINER_OCI_H

#include "identity/json.h"
#include "identity/names.h"

struct container_oci {
	struct ng_span image;               /* as written in the pod's specification; empty if unknown */
	struct ng_span name;                /* given by docker or podman; empty if unknown */
	uint64_t shares;                    /* linux.resources.cpu.shares; 0 if unknown */
	struct container_identity identity; /* unknown members are empty; in the scrape's arena */
	char uid[CONTAINER_UID_ROOM];       /* of the pod; "" if unknown */
	bool typed;                         /* `sandbox` is known */
	bool sandbox;
};

/*
 * Searches each state directory; they are absolute or relative to --path.rootfs. -ENOENT if none of them has the
 * container, -EACCES, -EFBIG above 4 MiB, -EBADMSG if the text is not such a configuration or belongs to a different
 * pod than the place. The reason is noted in the scrape.
 */
int container_oci_read(struct ng_scrape *scrape, const struct ng_list *states, const struct container_place *place,
	struct container_oci *ret_oci);

/* Parses text, for the tests; `piece` is how much is read at a time, 0 for as much as fits. */
int container_oci_parse(
	struct ng_arena *arena, struct ng_span text, size_t piece, bool crio, struct container_oci *ret_oci);

/* ---- oci_local.c: names and images of docker's and podman's containers ---- */

int container_docker_parse(struct container_json *json, struct ng_arena *arena, struct container_oci *ret_oci);

/* Finds the entry with this ID; -ENOENT if there is none. */
int container_podman_parse(struct container_json *json, struct ng_arena *arena, const uint8_t id[CONTAINER_ID_SIZE],
	struct container_oci *ret_oci);

#endif
