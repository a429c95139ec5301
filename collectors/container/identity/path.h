/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the path of a control group says: which container, pod, machine or unit it is.
 *
 *     /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod<UID>.slice/cri-containerd-<ID>.scope
 *
 * The place of a group follows from its parent's place and the name of its own directory, so that a new group costs
 * one step. Only exact patterns count: an ID is 64 lower-case hexadecimal digits at the end of a name, the UID of a pod
 * 36 characters with the separators where they belong, or the 32 digits of a static pod.
 *
 * A container's ID is final only below a pod: what it does below its own group is its own business, also when it runs a
 * kubelet. Any other container may be a node itself (kind, minikube), so that pods are looked for below it. Below a
 * user's slice no pod is recognised: users make groups there under any name.
 */
#ifndef CONTAINER_PATH_H
#define CONTAINER_PATH_H

#include <nodegauge/text.h>

enum container_level {
	CONTAINER_ROOT,
	CONTAINER_SLICE,      /* of systemd */
	CONTAINER_SERVICE,    /* of systemd */
	CONTAINER_SCOPE,      /* of systemd */
	CONTAINER_SESSION,    /* user-N.slice and the groups below it: as many as users please */
	CONTAINER_KUBE,       /* the kubelet's root */
	CONTAINER_QOS,        /* burstable, besteffort */
	CONTAINER_POD,        /* has a uid */
	CONTAINER_CONTAINER,  /* has an id; a pod's where `kubernetes` is set */
	CONTAINER_PODMAN_POD, /* a pod of podman; has an id */
	CONTAINER_MACHINE,    /* nspawn, libvirt, LXC, Proxmox: see container_machine_name */
	CONTAINER_HELPER,     /* what a runtime starts beside its containers (conmon), and all below it */
	CONTAINER_INNER,      /* a group that is a container's or machine's own affair; has the container's id */
	CONTAINER_OTHER,
} __attribute__((packed));

enum container_qos {
	CONTAINER_QOS_NONE,
	CONTAINER_QOS_GUARANTEED,
	CONTAINER_QOS_BURSTABLE,
	CONTAINER_QOS_BESTEFFORT,
} __attribute__((packed));

enum container_runtime {
	CONTAINER_RUNTIME_NONE,    /* no container, or one whose name does not tell */
	CONTAINER_RUNTIME_UNKNOWN, /* a prefix that we do not know */
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
	uint8_t id[CONTAINER_ID_SIZE]; /* of the container, where has_id */
	char uid[CONTAINER_UID_ROOM];  /* of the pod, with dashes; "" where there is none */
	enum container_level level;
	enum container_qos qos;
	enum container_runtime runtime;
	bool has_id;
	bool kubernetes; /* in a pod or a pod itself */
	bool sandbox;    /* certainly the pod's sandbox: CRI-O's group without a scope */
	bool final;      /* nothing below this group is of interest */
	bool session;    /* below a user's slice */
	bool sliced;     /* the pod is a slice: the systemd driver */
	bool delegated;  /* below a service, a scope or a container: who runs in it may make groups of any name */
	bool nested;     /* below these or the kubelet's: what has no level of its own is their own affair */
};

void container_place_root(struct container_place *ret_place);

/* `component` is the name of the directory, whatever bytes it has. The two places may be the same object. */
void container_place_step(
	const struct container_place *parent, struct ng_span component, struct container_place *ret_place);

/* Of a whole path, as in /proc/PID/cgroup. ".." are passed over: they lead above the reader's namespace. */
void container_place_of(struct ng_span path, struct container_place *ret_place);

/*
 * The name of the machine whose group has this name: "machine-qemu\x2d1\x2dvm1.scope" is "vm1". What does not fit is
 * cut off; 256 bytes are enough for any name. Returns its size; not terminated.
 */
size_t container_machine_name(struct ng_span component, char *ret_name, size_t room);

/* "cri-containerd", "docker"; "" for none. */
const char *container_runtime_name(enum container_runtime runtime);
/* "guaranteed"; "" for none. */
const char *container_qos_name(enum container_qos qos);

/* 64 hexadecimal digits from an ID and back; false for anything else. */
void container_id_text(const uint8_t id[CONTAINER_ID_SIZE], char ret_text[2 * CONTAINER_ID_SIZE]);
bool container_id_parse(struct ng_span text, uint8_t ret_id[CONTAINER_ID_SIZE]);

/* The UID of a pod with '-' or '_' as its separators, or of a static pod; terminated and with dashes, or false. */
bool container_uid_parse(struct ng_span text, char ret_uid[CONTAINER_UID_ROOM]);

#endif
