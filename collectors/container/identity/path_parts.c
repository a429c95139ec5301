/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a cgroup's name: IDs, UIDs, machine names. */
#include "identity/path.h"

/* The kernel and the runtimes use lower-case digits; anything else is not an ID. */
static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool container_id_parse(struct ng_span text, uint8_t ret_id[CONTAINER_ID_SIZE])
{
	int bad = 0;

	if (text.size != 2 * CONTAINER_ID_SIZE)
		return false;
	for (size_t i = 0; i < CONTAINER_ID_SIZE; i++) {
		int high = digit_of(text.text[2 * i]), low = digit_of(text.text[2 * i + 1]);
		bad |= high | low;
		ret_id[i] = (uint8_t)((unsigned)high << 4 | (unsigned)low);
	}
	return bad >= 0;
}

void container_id_text(const uint8_t id[CONTAINER_ID_SIZE], char ret_text[2 * CONTAINER_ID_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < CONTAINER_ID_SIZE; i++) {
		ret_text[2 * i] = digits[id[i] >> 4];
		ret_text[2 * i + 1] = digits[id[i] & 15];
	}
}

bool container_uid_parse(struct ng_span text, char ret_uid[CONTAINER_UID_ROOM])
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	bool dashed = text.size == sizeof(shape) - 1;

	if (!dashed && text.size != 32)
		return false;
	char separator = dashed ? text.text[8] : 0;
	if (dashed && separator != '-' && separator != '_')
		return false;
	for (size_t i = 0; i < text.size; i++) {
		bool between = dashed && shape[i] == '-';
		if (between ? text.text[i] != separator : digit_of(text.text[i]) < 0)
			return false;
		ret_uid[i] = between ? '-' : text.text[i];
	}
	ret_uid[text.size] = '\0';
	return true;
}

/* ---- machines ---- */

/* Strips "<kind>-<number>-", which libvirt puts before a domain's name. */
static struct ng_span domain_of(struct ng_span name)
{
	struct ng_span rest = name, kind, number;
	uint64_t value;

	if (ng_part_next(&rest, '-', &kind) && ng_part_next(&rest, '-', &number) && rest.size > 0 &&
		(ng_span_equal(kind, NG_SPAN("qemu")) || ng_span_equal(kind, NG_SPAN("lxc"))) &&
		ng_u64(number, &value) == 0)
		return rest;
	return name;
}

static bool cut_start(struct ng_span *name, struct ng_span start)
{
	if (name->size <= start.size || !ng_span_starts(*name, start))
		return false;
	*name = ng_span_skip(*name, start.size);
	return true;
}

static bool cut_end(struct ng_span *name, struct ng_span end)
{
	if (name->size <= end.size || !ng_span_ends(*name, end))
		return false;
	name->size -= end.size;
	return true;
}

/* systemd.unit(5), "String Escaping for Inclusion in Unit Names". */
static size_t unescape(struct ng_span text, char *ret_bytes, size_t room)
{
	size_t size = 0;

	for (size_t i = 0; i < text.size && size < room; i++) {
		char byte = text.text[i];
		if (byte == '\\' && text.size - i >= 4 && text.text[i + 1] == 'x' && digit_of(text.text[i + 2]) >= 0 &&
			digit_of(text.text[i + 3]) >= 0) {
			byte = (char)(digit_of(text.text[i + 2]) << 4 | digit_of(text.text[i + 3]));
			i += 3;
		}
		ret_bytes[size++] = byte;
	}
	return size;
}

size_t container_machine_name(struct ng_span component, char *ret_name, size_t room)
{
	char bytes[256];
	bool domain = false;

	if (cut_end(&component, NG_SPAN(".scope"))) {
		domain = cut_start(&component, NG_SPAN("machine-"));
	} else if (cut_end(&component, NG_SPAN(".service"))) {
		cut_start(&component, NG_SPAN("systemd-nspawn@"));
	} else if (cut_end(&component, NG_SPAN(".libvirt-qemu")) || cut_end(&component, NG_SPAN(".libvirt-lxc"))) {
		domain = true;
	} else {
		cut_start(&component, NG_SPAN("lxc.payload."));
	}
	struct ng_span name = { bytes, unescape(component, bytes, sizeof(bytes)) };
	if (domain)
		name = domain_of(name);
	if (name.size > room)
		name.size = room;
	if (name.size > 0)
		memcpy(ret_name, name.text, name.size);
	return name.size;
}

/* ---- names of runtimes and QoS classes ---- */

const char *container_runtime_name(enum container_runtime runtime)
{
	static const char *const name[CONTAINER_RUNTIMES] = { [CONTAINER_RUNTIME_NONE] = "",
		[CONTAINER_RUNTIME_UNKNOWN] = "",
		[CONTAINER_RUNTIME_CONTAINERD] = "cri-containerd",
		[CONTAINER_RUNTIME_CRIO] = "crio",
		[CONTAINER_RUNTIME_DOCKER] = "docker",
		[CONTAINER_RUNTIME_LIBPOD] = "libpod",
		[CONTAINER_RUNTIME_NERDCTL] = "nerdctl",
		[CONTAINER_RUNTIME_NSPAWN] = "nspawn",
		[CONTAINER_RUNTIME_LIBVIRT] = "libvirt",
		[CONTAINER_RUNTIME_LXC] = "lxc",
		[CONTAINER_RUNTIME_QEMU] = "qemu" };

	return name[runtime];
}

const char *container_qos_name(enum container_qos qos)
{
	static const char *const name[] = { [CONTAINER_QOS_NONE] = "",
		[CONTAINER_QOS_GUARANTEED] = "guaranteed",
		[CONTAINER_QOS_BURSTABLE] = "burstable",
		[CONTAINER_QOS_BESTEFFORT] = "besteffort" };

	return name[qos];
}
