/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The annotations in the configuration that containerd and CRI-O write for the OCI runtime: --path.oci-state; and what
 * docker and podman write of their containers.
 *
 *     <state>/io.containerd.runtime.v2.task/k8s.io/<ID>/config.json
 *     <state>/io.containerd.runtime.v1.linux/k8s.io/<ID>/config.json
 *     <state>/overlay-containers/<ID>/userdata/config.json
 *
 *     <state>/containers/<ID>/config.v2.json                docker
 *     <state>/overlay-containers/containers.json            podman
 *
 * or <state>/<ID>/... where no more than the last directory is mounted.
 *
 * The file also holds the environment of the processes, so secrets: it passes through a small buffer that is wiped, and
 * nothing but the annotations named here leaves it. Errors do not quote it.
 *
 * Source: containerd/internal/cri/annotations/annotations.go; cri-o/pkg/annotations; opencontainers/runtime-spec
 * (config.md).
 */
#ifndef CONTAINER_OCI_H
#define CONTAINER_OCI_H

#include "identity/json.h"
#include "identity/names.h"

struct container_oci {
	struct ng_span image; /* as it was written in the pod's specification; empty where it is not known */
	struct ng_span name;  /* that docker or podman gave it; empty where it is not known */
	uint64_t shares;      /* linux.resources.cpu.shares; 0 where it is not known */
	struct container_identity identity; /* members that are not known are empty; in the arena of the scrape */
	char uid[CONTAINER_UID_ROOM];       /* of the pod; "" where it is not known */
	bool typed;                         /* `sandbox` is known */
	bool sandbox;
};

/*
 * Looks in each of the state directories, which are absolute or relative to --path.rootfs. -ENOENT where none has the
 * container, -EACCES, -EFBIG past 4 MiB, -EBADMSG for text that is no such configuration or one of another pod than
 * the place has. The reason is noted in the scrape.
 */
int container_oci_read(struct ng_scrape *scrape, const struct ng_list *states, const struct container_place *place,
	struct container_oci *ret_oci);

/* From text, for the tests; `piece` is how much is taken at a time, 0 for as much as there is room for. */
int container_oci_parse(
	struct ng_arena *arena, struct ng_span text, size_t piece, bool crio, struct container_oci *ret_oci);

/* ---- oci_local.c: name and image of docker's and podman's containers ---- */

int container_docker_parse(struct container_json *json, struct ng_arena *arena, struct container_oci *ret_oci);

/* The entry of that ID; -ENOENT where there is none. */
int container_podman_parse(struct container_json *json, struct ng_arena *arena, const uint8_t id[CONTAINER_ID_SIZE],
	struct container_oci *ret_oci);

#endif
