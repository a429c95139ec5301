/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classifies a cgroup by its path: which container, pod, machine or unit it is.
 *
 *     /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod<UID>.slice/cri-containerd-<ID>.scope
 *
 * The place of a cgroup follows from its parent's place and the name of its own directory, so a new cgroup costs one
 * step. Only exact patterns count: an ID is 64 lower-case hexadecimal digits at the end of a name, the UID of a pod 36
 * characters with the separators in the right places, or the 32 digits of a static pod.
 *
 * A container's ID is final only below a pod: cgroups that it creates below its own are its private business, even if
 * it runs a kubelet. Any other container may itself be a node (kind, minikube), so pods are looked for below it. Below
 * a user's slice no pod is recognised: users may create cgroups there under any name.
 */
#ifndef CONTAINER_PATH_H
#define CONTAINER_PATH_H

#include <nodegauge/text.h>

enum container_level {
	CONTAINER_ROOT,
	CONTAINER_SLICE,      /* of systemd */
	CONTAINER_SERVICE,    /* of systemd */
	CONTAINER_SCOPE,      /* of systemd */
	CONTAINER_SESSION,    /* user-N.slice and the cgroups below it: as many as users like */
	CONTAINER_KUBE,       /* the kubelet's root */
	CONTAINER_QOS,        /* burstable, besteffort */
	CONTAINER_POD,        /* has a uid */
	CONTAINER_CONTAINER,  /* has an id; belongs to a pod if `kubernetes` is set */
	CONTAINER_PODMAN_POD, /* a pod of podman; has an id */
	CONTAINER_MACHINE,    /* nspawn, libvirt, LXC, Proxmox: see container_machine_name */
	CONTAINER_HELPER,     /* a runtime's helper process (conmon), and everything below it */
	CONTAINER_INNER,      /* internal to a container or machine; has the container's id */
	CONTAINER_OTHER,
} __attribute__((packed));

enum container_qos {
	CONTAINER_QOS_NONE,
	CONTAINER_QOS_GUARANTEED,
	CONTAINER_QOS_BURSTABLE,
	CONTAINER_QOS_BESTEFFORT,
} __attribute__((packed));

enum container_runtime {
	CONTAINER_RUNTIME_NONE,    /* not a container, or its name does not tell */
	CONTAINER_RUNTIME_UNKNOWN, /* an unknown prefix */
	CONTAINER_RUNTIME_CONTAINERD,
	CONTAINER_RUNTIME_CRIO,
	CONTAINER_RUNTIME_DOCKER,
	CONTAINER_RUNTIME_LIBPOD,
	CONTAINER_RUNTIME_NERDCTL,
	CONTAINER_RUNTIME_NSPAWN,
	CONTAINER_RUNTIME_LIBVIRT,
	CONTAINER_RUNTIME_LXC,
	CONTAINER_RUNTIME_QEMU, /* Proxmox */
	CONTAINER_RUNTIMES,
} __attribute__((packed));

enum { CONTAINER_ID_SIZE = 32, CONTAINER_UID_ROOM = 37 };

struct container_place {
	uint8_t id[CONTAINER_ID_SIZE]; /* of the container, if has_id */
	char uid[CONTAINER_UID_ROOM];  /* of the pod, with dashes; "" if there is none */
	enum container_level level;
	enum container_qos qos;
	enum container_runtime runtime;
	bool has_id;
	bool kubernetes; /* a pod, or in a pod */
	bool sandbox;    /* certainly the pod's sandbox: CRI-O's cgroup without a scope */
	bool final;      /* nothing below this cgroup is of interest */
	bool session;    /* below a user's slice */
	bool sliced;     /* the pod is a slice: systemd cgroup driver */
	bool delegated;  /* below a service, scope or container, which may create cgroups under any name */
	bool nested;     /* below those or the kubelet's: cgroups without a level of their own are internal */
};

void container_place_root(struct container_place *ret_place);

/* `component` is the directory name and may contain any bytes. Both places may be the same object. */
void container_place_step(
	const struct container_place *parent, struct ng_span component, struct container_place *ret_place);

/*
 * Classifies a whole path, as in /proc/PID/cgroup. ".." components, which lead above the reader's namespace, are
 * skipped.
 */
void container_place_of(struct ng_span path, struct container_place *ret_place);

/*
 * The machine name in a cgroup name: "machine-qemu\x2d1\x2dvm1.scope" is "vm1". Truncated if it does not fit; 256 bytes
 * are enough for any name. Returns the size; not NUL-terminated.
 */
size_t container_machine_name(struct ng_span component, char *ret_name, size_t room);

/* "cri-containerd", "docker"; "" if there is none. */
const char *container_runtime_name(enum container_runtime runtime);
/* "guaranteed"; "" if there is none. */
const char *container_qos_name(enum container_qos qos);

/* Converts between an ID and 64 hexadecimal digits; false if the text is anything else. */
void container_id_text(const uint8_t id[CONTAINER_ID_SIZE], char ret_text[2 * CONTAINER_ID_SIZE]);
bool container_id_parse(struct ng_span text, uint8_t ret_id[CONTAINER_ID_SIZE]);

/*
 * Parses the UID of a pod with '-' or '_' as separators, or of a static pod; the result is NUL-terminated and has
 * dashes.
 */
bool container_uid_parse(struct ng_span text, char ret_uid[CONTAINER_UID_ROOM]);

#endif
