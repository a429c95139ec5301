/* SPDX-License-Identifier: Apache-2.0 */
/* Classification of cgroup paths. In the tables I and J stand for IDs, U and V for UIDs, M for a static pod's UID. */
#include "identity/path.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#define I  "3fd1c40e7ab6598201cdef3344556677889900aabbccddeeff00112233445566"
#define J  "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff"
#define U  "eaba4d29-74e5-4595-ace3-91b35ee08a0b"
#define U_ "eaba4d29_74e5_4595_ace3_91b35ee08a0b"
#define V  "0140a87f-07d9-4f7a-b705-eb6ada2dd5ab"
#define V_ "0140a87f_07d9_4f7a_b705_eb6ada2dd5ab"
#define M  "ba752e40bfd184a540a6a3f6d127f0ec"

enum { SANDBOX = 1, FINAL = 2, SESSION = 4 };

struct row {
	const char *path;
	enum container_level level;
	enum container_runtime runtime;
	const char *id, *uid;
	enum container_qos qos;
	int flags;
};

#define POD(path, uid, qos)                                                                                            \
	{                                                                                                              \
		path, CONTAINER_POD, CONTAINER_RUNTIME_NONE, "", uid, CONTAINER_QOS_##qos, 0                           \
	}
#define IN_POD(path, runtime, id, uid, qos)                                                                            \
	{                                                                                                              \
		path, CONTAINER_CONTAINER, CONTAINER_RUNTIME_##runtime, id, uid, CONTAINER_QOS_##qos, FINAL            \
	}
#define ALONE(path, runtime, id)                                                                                       \
	{                                                                                                              \
		path, CONTAINER_CONTAINER, CONTAINER_RUNTIME_##runtime, id, "", CONTAINER_QOS_NONE, 0                  \
	}
#define INNER(path, runtime, id)                                                                                       \
	{                                                                                                              \
		path, CONTAINER_INNER, CONTAINER_RUNTIME_##runtime, id, "", CONTAINER_QOS_NONE, 0                      \
	}
#define LEVEL(path, level)                                                                                             \
	{                                                                                                              \
		path, CONTAINER_##level, CONTAINER_RUNTIME_NONE, "", "", CONTAINER_QOS_NONE, 0                         \
	}
#define MACHINE(path, runtime)                                                                                         \
	{                                                                                                              \
		path, CONTAINER_MACHINE, CONTAINER_RUNTIME_##runtime, "", "", CONTAINER_QOS_NONE, FINAL                \
	}
#define HELPER(path)                                                                                                   \
	{                                                                                                              \
		path, CONTAINER_HELPER, CONTAINER_RUNTIME_NONE, "", "", CONTAINER_QOS_NONE, FINAL                      \
	}

#define BURSTABLE  "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod"
#define BESTEFFORT "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod"
#define GUARANTEED "/kubepods.slice/kubepods-pod"
#define KIND       "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod"
#define USER       "/user.slice/user-1000.slice/user@1000.service"

static const struct row rows[] = {
	/* systemd driver */
	IN_POD(BURSTABLE U_ ".slice/cri-containerd-" I ".scope", CONTAINERD, I, U, BURSTABLE),
	IN_POD(BESTEFFORT M ".slice/cri-containerd-" I ".scope", CONTAINERD, I, M, BESTEFFORT),
	IN_POD(GUARANTEED U_ ".slice/crio-" I ".scope", CRIO, I, U, GUARANTEED),
	IN_POD(GUARANTEED M ".slice/docker-" I ".scope", DOCKER, I, M, GUARANTEED),
	IN_POD(GUARANTEED U_ ".slice/libpod-" I ".scope", LIBPOD, I, U, GUARANTEED),
	IN_POD(GUARANTEED U_ ".slice/nerdctl-" I ".scope", NERDCTL, I, U, GUARANTEED),
	IN_POD(GUARANTEED U_ ".slice/my-own-" I ".scope", UNKNOWN, I, U, GUARANTEED),
	POD(BURSTABLE U_ ".slice", U, BURSTABLE),
	POD(BESTEFFORT M ".slice", M, BESTEFFORT),
	POD(GUARANTEED U_ ".slice", U, GUARANTEED),
	{ GUARANTEED U_ ".slice/crio-" I ".scope/container", CONTAINER_INNER, CONTAINER_RUNTIME_CRIO, I, U,
		CONTAINER_QOS_GUARANTEED, FINAL },
	{ GUARANTEED U_ ".slice/crio-conmon-" I ".scope", CONTAINER_HELPER, CONTAINER_RUNTIME_NONE, "", U,
		CONTAINER_QOS_GUARANTEED, FINAL },
	{ GUARANTEED U_ ".slice/crio-conmon-" I ".scope/x", CONTAINER_HELPER, CONTAINER_RUNTIME_NONE, "", U,
		CONTAINER_QOS_GUARANTEED, FINAL },
	{ BESTEFFORT U_ ".slice/crio-" I, CONTAINER_CONTAINER, CONTAINER_RUNTIME_CRIO, I, U, CONTAINER_QOS_BESTEFFORT,
		SANDBOX | FINAL },
	{ "/kubepods.slice", CONTAINER_KUBE, 0, "", "", 0, 0 },
	{ "/kubepods.slice/kubepods-burstable.slice", CONTAINER_QOS, 0, "", "", CONTAINER_QOS_BURSTABLE, 0 },
	{ "/kubepods.slice/kubepods-besteffort.slice", CONTAINER_QOS, 0, "", "", CONTAINER_QOS_BESTEFFORT, 0 },
	{ GUARANTEED U_ ".slice/init.scope", CONTAINER_OTHER, 0, "", U, CONTAINER_QOS_GUARANTEED, 0 },
	/* cgroupfs driver */
	IN_POD("/kubepods/besteffort/pod" U "/" I, NONE, I, U, BESTEFFORT),
	IN_POD("/kubepods/burstable/pod" U "/crio-" I, CRIO, I, U, BURSTABLE),
	IN_POD("/kubepods/pod" M "/" I, NONE, I, M, GUARANTEED),
	IN_POD("/kubepods/pod" U "/" I, NONE, I, U, GUARANTEED),
	{ "/kubepods/burstable/pod" U "/crio-conmon-" I, CONTAINER_HELPER, 0, "", U, CONTAINER_QOS_BURSTABLE, FINAL },
	POD("/kubepods/besteffort/pod" U, U, BESTEFFORT),
	POD("/kubepods/burstable/pod" M, M, BURSTABLE),
	POD("/kubepods/pod" U, U, GUARANTEED),
	{ "/kubepods", CONTAINER_KUBE, 0, "", "", 0, 0 },
	{ "/kubepods/burstable", CONTAINER_QOS, 0, "", "", CONTAINER_QOS_BURSTABLE, 0 },
	{ "/kubepods/besteffort", CONTAINER_QOS, 0, "", "", CONTAINER_QOS_BESTEFFORT, 0 },
	/* another root, nodes in containers, containers in containers */
	IN_POD(KIND U_ ".slice/cri-containerd-" I ".scope", CONTAINERD, I, U, BURSTABLE),
	{ "/kubelet.slice/kubelet-kubepods.slice", CONTAINER_KUBE, 0, "", "", 0, 0 },
	{ "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice", CONTAINER_QOS, 0, "", "",
		CONTAINER_QOS_BESTEFFORT, 0 },
	LEVEL("/kubelet.slice", SLICE),
	IN_POD("/docker/" I "/kubelet/kubepods/burstable/pod" U "/" J, NONE, J, U, BURSTABLE),
	IN_POD("/system.slice/docker-" I ".scope" KIND U_ ".slice/cri-containerd-" J ".scope", CONTAINERD, J, U,
		BURSTABLE),
	POD("/docker/" I "/kubelet/kubepods/burstable/pod" U, U, BURSTABLE),
	INNER("/docker/" I "/kubelet", DOCKER, I),
	INNER("/docker/" I "/docker/" J, DOCKER, I),
	INNER("/system.slice/docker-" I ".scope/init.scope", DOCKER, I),
	INNER("/system.slice/docker-" I ".scope/machine.slice/machine-web.scope", DOCKER, I),
	INNER("/system.slice/docker-" I ".scope/user.slice/user-1.slice", DOCKER, I),
	{ GUARANTEED U_ ".slice/cri-containerd-" I ".scope" KIND V_ ".slice/cri-containerd-" J ".scope",
		CONTAINER_INNER, CONTAINER_RUNTIME_CONTAINERD, I, U, CONTAINER_QOS_GUARANTEED, FINAL },
	{ GUARANTEED U_ ".slice/cri-containerd-" I ".scope/kubepods", CONTAINER_INNER, CONTAINER_RUNTIME_CONTAINERD, I,
		U, CONTAINER_QOS_GUARANTEED, FINAL },
	{ GUARANTEED U_ ".slice/kubepods-pod" V_ ".slice", CONTAINER_OTHER, 0, "", U, CONTAINER_QOS_GUARANTEED, 0 },
	/* colons */
	IN_POD("/system.slice/containerd.service/kubepods-burstable-pod" U_ ".slice:cri-containerd:" I, CONTAINERD, I,
		U, BURSTABLE),
	IN_POD("/kubepods-pod" U_ ".slice:crio:" I, CRIO, I, U, GUARANTEED),
	ALONE("/system.slice/docker.service/system.slice:docker:" I, DOCKER, I),
	LEVEL("/system.slice/containerd.service/kubepods-pod" U_ ".slice:cri-containerd:x", OTHER),
	LEVEL("/system.slice/a:b:c.service", SERVICE),
	LEVEL("/a:" I, OTHER),
	LEVEL("/:::", OTHER),
	LEVEL("/a:b:c:" I, OTHER),
	{ "/kubepods-pod" U_ ".slice:crio-conmon:" I, CONTAINER_HELPER, 0, "", U, CONTAINER_QOS_GUARANTEED, FINAL },
	/* seen from a private namespace */
	IN_POD("/../../kubepods-besteffort-pod" U_ ".slice/cri-containerd-" I ".scope", CONTAINERD, I, U, BESTEFFORT),
	IN_POD("/../../../burstable/pod" U "/" I, NONE, I, U, BURSTABLE),
	IN_POD("/../pod" U "/" I, NONE, I, U, GUARANTEED),
	LEVEL("/", ROOT),
	LEVEL("", ROOT),
	LEVEL("/..", ROOT),
	/* containers outside pods */
	ALONE("/system.slice/docker-" I ".scope", DOCKER, I),
	ALONE("/docker/" I, DOCKER, I),
	ALONE("/system.slice/nerdctl-" I ".scope", NERDCTL, I),
	ALONE("/machine.slice/libpod-" I ".scope", LIBPOD, I),
	INNER("/machine.slice/libpod-" I ".scope/container", LIBPOD, I),
	HELPER("/machine.slice/libpod-conmon-" I ".scope"),
	ALONE("/system.slice/web.service/libpod-payload-" I, LIBPOD, I),
	{ "/machine.slice/machine-libpod_pod_" I ".slice", CONTAINER_PODMAN_POD, CONTAINER_RUNTIME_LIBPOD, I, "", 0,
		0 },
	ALONE("/machine.slice/machine-libpod_pod_" I ".slice/libpod-" J ".scope", LIBPOD, J),
	{ "/libpod_parent/" I, CONTAINER_PODMAN_POD, CONTAINER_RUNTIME_LIBPOD, I, "", 0, 0 },
	ALONE("/libpod_parent/" I "/libpod-" J, LIBPOD, J),
	ALONE("/libpod_parent/libpod-" J, LIBPOD, J),
	HELPER("/libpod_parent/conmon"),
	HELPER("/system.slice/" I ".service"),
	HELPER("/system.slice/" I "-7a1b.service"),
	LEVEL("/system.slice/container-" I ".service", SERVICE),
	{ USER "/user.slice/libpod-" I ".scope", CONTAINER_CONTAINER, CONTAINER_RUNTIME_LIBPOD, I, "", 0, SESSION },
	{ USER "/user.slice/docker-" I ".scope", CONTAINER_CONTAINER, CONTAINER_RUNTIME_DOCKER, I, "", 0, SESSION },
	/* cgroups that users create are not pods */
	{ USER "/kubepods.slice", CONTAINER_SESSION, 0, "", "", 0, SESSION },
	{ USER "/kubepods.slice/kubepods-pod" U_ ".slice", CONTAINER_SESSION, 0, "", "", 0, SESSION },
	{ USER "/kubepods-pod" U_ ".slice:crio:" I, CONTAINER_CONTAINER, CONTAINER_RUNTIME_CRIO, I, "", 0, SESSION },
	/* machines */
	MACHINE("/machine.slice/machine-web\\x2d1.scope", NSPAWN),
	MACHINE("/machine.slice/systemd-nspawn@web.service", NSPAWN),
	MACHINE("/machine.slice/machine-qemu\\x2d1\\x2dvm1.scope", LIBVIRT),
	MACHINE("/machine.slice/machine-lxc\\x2d7\\x2da.scope", LIBVIRT),
	MACHINE("/machine/qemu-1-vm1.libvirt-qemu", LIBVIRT),
	MACHINE("/lxc.payload.web", LXC),
	MACHINE("/lxc/101", LXC),
	MACHINE("/qemu.slice/100.scope", QEMU),
	HELPER("/lxc.monitor.web"),
	HELPER("/lxc.pivot"),
	LEVEL("/qemu.slice/x.scope", SCOPE),
	LEVEL("/machine.slice", SLICE),
	{ "/machine.slice/machine-qemu\\x2d1\\x2dvm1.scope/libvirt/vcpu0", CONTAINER_INNER, CONTAINER_RUNTIME_LIBVIRT,
		"", "", 0, FINAL },
	{ "/lxc.payload.web/system.slice/nginx.service", CONTAINER_INNER, CONTAINER_RUNTIME_LXC, "", "", 0, FINAL },
	{ "/lxc/101/ns", CONTAINER_INNER, CONTAINER_RUNTIME_LXC, "", "", 0, FINAL },
	{ "/machine.slice/machine-a.scope/payload/kubepods/pod" U, CONTAINER_INNER, CONTAINER_RUNTIME_NSPAWN, "", "", 0,
		FINAL },
	/* units */
	LEVEL("/system.slice", SLICE),
	LEVEL("/system.slice/ssh.service", SERVICE),
	LEVEL("/system.slice/system-getty.slice/getty@tty1.service", SERVICE),
	LEVEL("/system.slice/system-serial\\x2dgetty.slice", SLICE),
	LEVEL("/init.scope", SCOPE),
	LEVEL("/system.slice/run-r1.scope", SCOPE),
	LEVEL("/system.slice/systemd-udevd.service/udev", OTHER),
	LEVEL("/system.slice/dbus.socket", OTHER),
	LEVEL("/system.slice/a.service/b.slice", OTHER),
	LEVEL("/dev-hugepages.mount", OTHER),
	LEVEL("/system.slice/var-lib-containers-" I "-merged.mount", OTHER),
	LEVEL("/system.slice/var-lib-docker-" I ".mount", OTHER),
	LEVEL("/podruntime/kubelet", OTHER),
	LEVEL("/.service", OTHER),
	LEVEL("/user.slice", SLICE),
	LEVEL("/user.slice/user-runtime.slice", SLICE),
	{ "/user.slice/user-0.slice", CONTAINER_SESSION, 0, "", "", 0, SESSION },
	{ "/user.slice/user-1000.slice/session-3.scope", CONTAINER_SESSION, 0, "", "", 0, SESSION },
	{ USER "/app.slice/app-x.scope", CONTAINER_SESSION, 0, "", "", 0, SESSION },
	/* near misses */
	LEVEL("/kubepods.slicex", OTHER),
	LEVEL("/system.slice/mykubepods.slice", SLICE),
	LEVEL("/system.slice/pod" U_ ".service", SERVICE),
	LEVEL("/x/xpod" U, OTHER),
	LEVEL("/x/podEABA4D29-74e5-4595-ace3-91b35ee08a0b", OTHER),
	LEVEL("/x/podeaba4d29-74e5_4595-ace3-91b35ee08a0b", OTHER),
	LEVEL("/x/podeaba4d297-4e5-4595-ace3-91b35ee08a0b", OTHER),
	LEVEL("/x/podeaba4d29-74e5-4595-ace3-91b35ee08a0", OTHER),
	LEVEL("/x/podeaba4d29-74e5-4595-ace3-91b35ee08a0bb", OTHER),
	LEVEL("/x/podba752e40bfd184a540a6a3f6d127f0e", OTHER),
	LEVEL("/x/podba752e40bfd184a540a6a3f6d127f0ec0", OTHER),
	LEVEL("/x/pod", OTHER),
	LEVEL("/docker/3FD1C40E7AB6598201CDEF3344556677889900AABBCCDDEEFF00112233445566", OTHER),
	LEVEL("/docker/f" I, OTHER),
	LEVEL("/docker/-" I, OTHER),
	LEVEL("/docker/a_" I, OTHER),
	LEVEL("/docker/3fd1c40e7ab6598201cdef3344556677889900aabbccddeeff0011223344556", OTHER),
	LEVEL("/docker/gfd1c40e7ab6598201cdef3344556677889900aabbccddeeff00112233445566", OTHER),
	LEVEL("/a b/\n\"\xff\\x2d", OTHER),
};

static void judge(const struct row *row, const struct container_place *place)
{
	char id[65] = "";

	if (place->has_id)
		container_id_text(place->id, id);
	int flags = place->sandbox * SANDBOX | place->final * FINAL | place->session * SESSION;
	if (place->level == CONTAINER_INNER || place->level == CONTAINER_HELPER)
		flags &= ~SANDBOX;
	if (place->level == row->level && place->runtime == row->runtime && place->qos == row->qos &&
		flags == row->flags && strcmp(id, row->id) == 0 && strcmp(place->uid, row->uid) == 0 &&
		place->kubernetes == (*row->uid != '\0'))
		return;
	fail_msg("%s: level %d runtime %d id %s uid %s qos %d flags %d", row->path, place->level, place->runtime, id,
		place->uid, place->qos, flags);
}

static void paths(void **state)
{
	struct container_place place;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		container_place_of(guarded(rows[i].path), &place);
		judge(&rows[i], &place);
		container_place_of(guarded_front(rows[i].path), &place);
		judge(&rows[i], &place);
	}
}

/* A path truncated anywhere may say less, but not something else: an ID or a UID is complete or absent. */
static void prefixes(void **state)
{
	struct container_place place;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t size = strlen(rows[i].path);
		for (size_t n = 0; n < size; n++) {
			container_place_of(guarded_bytes(rows[i].path, n), &place);
			char id[65] = "";
			if (place.has_id)
				container_id_text(place.id, id);
			assert_true(!place.has_id || strstr(rows[i].path, id));
			assert_true(strlen(place.uid) == 0 || strlen(place.uid) == 36 || strlen(place.uid) == 32);
			assert_int_equal(place.kubernetes, place.uid[0] != '\0');
		}
	}
}

/* Below cgroups that a unit or a container created itself, anything may call itself a pod. */
static void delegated(void **state)
{
	static const struct {
		const char *path;
		bool delegated;
	} cases[] = {
		{ BURSTABLE U_ ".slice/cri-containerd-" I ".scope", false },
		{ "/kubepods/besteffort/pod" U "/" I, false },
		{ KIND U_ ".slice", false },
		{ "/other/pod" U "/" I, false },
		{ "/../../kubepods-besteffort-pod" U_ ".slice/cri-containerd-" I ".scope", false },
		{ "/system.slice/own.service", false },
		{ "/system.slice/own.service" BURSTABLE U_ ".slice/cri-containerd-" I ".scope", true },
		{ "/system.slice/own.service/x-pod" U_ ".slice", true },
		{ "/system.slice/own.service/a/b/pod" U "/" I, true },
		{ "/own.scope/kubepods/pod" U, true },
		{ "/system.slice/containerd.service/kubepods-pod" U_ ".slice:cri-containerd:" I, true },
		{ "/docker/" I "/kubelet/kubepods/burstable/pod" U "/" J, true },
	};
	struct container_place place;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		container_place_of(guarded(cases[i].path), &place);
		if (place.delegated != cases[i].delegated)
			fail_msg("%s: delegated %d", cases[i].path, place.delegated);
	}
}

static void long_paths(void **state)
{
	struct container_place place;
	char *path = malloc(8192);

	(void)state;
	assert_non_null(path);
	memset(path, 'a', 8192);
	container_place_of((struct ng_span){ path, 8192 }, &place);
	assert_int_equal(place.level, CONTAINER_OTHER);
	for (size_t i = 0; i < 8192; i += 2)
		path[i] = '/';
	container_place_of((struct ng_span){ path, 8192 }, &place);
	assert_int_equal(place.level, CONTAINER_OTHER);
	memset(path, '/', 8192);
	container_place_of((struct ng_span){ path, 8192 }, &place);
	assert_int_equal(place.level, CONTAINER_ROOT);
	free(path);
	assert_true(sizeof(struct container_place) <= 80);
}

static void machines(void **state)
{
	static const struct {
		const char *component, *name;
	} names[] = {
		{ "machine-qemu\\x2d1\\x2dvm1.scope", "vm1" },
		{ "machine-qemu\\x2d12\\x2dmy\\x2dvm\\x2d2.scope", "my-vm-2" },
		{ "machine-lxc\\x2d7\\x2da.scope", "a" },
		{ "machine-web.scope", "web" },
		{ "machine-a\\x2db.scope", "a-b" },
		{ "machine-a\\x2.scope", "a\\x2" },
		{ "machine-a\\x", "machine-a\\x" },
		{ "machine-qemu\\x2d1\\x2d.scope", "qemu-1-" },
		{ "machine-qemu\\x2dx\\x2dvm.scope", "qemu-x-vm" },
		{ "machine-\\xff\\x0a.scope", "\xff\n" },
		{ "systemd-nspawn@a\\x2db.service", "a-b" },
		{ "qemu-3-db.libvirt-qemu", "db" },
		{ "vm.libvirt-lxc", "vm" },
		{ "lxc.payload.web", "web" },
		{ "101", "101" },
		{ "100.scope", "100" },
		{ "", "" },
	};
	char name[256], whole[300];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t size = container_machine_name(guarded(names[i].component), name, sizeof(name));
		assert_span(((struct ng_span){ name, size }), names[i].name);
		for (size_t n = 0; n < strlen(names[i].component); n++)
			container_machine_name(guarded_bytes(names[i].component, n), name, sizeof(name));
	}
	memset(whole, 'x', sizeof(whole));
	assert_int_equal(container_machine_name((struct ng_span){ whole, sizeof(whole) }, name, sizeof(name)), 256);
	assert_int_equal(container_machine_name(guarded("machine-web.scope"), name, 2), 2);
}

static void names_of_enums(void **state)
{
	(void)state;
	for (int i = 0; i < CONTAINER_RUNTIMES; i++)
		assert_non_null(container_runtime_name((enum container_runtime)i));
	assert_string_equal(container_runtime_name(CONTAINER_RUNTIME_CONTAINERD), "cri-containerd");
	assert_string_equal(container_qos_name(CONTAINER_QOS_BESTEFFORT), "besteffort");
	assert_string_equal(container_qos_name(CONTAINER_QOS_NONE), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(paths),
		TEST(prefixes),
		TEST(delegated),
		TEST(long_paths),
		TEST(machines),
		TEST(names_of_enums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
