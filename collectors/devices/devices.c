/* SPDX-License-Identifier: Apache-2.0 */
#include "devices.h"

/*
 * An open file costs 5 kB of kernel memory, and some machines have thousands of attributes: those beyond the first ones
 * are opened for each read.
 */
enum { FILES_KEPT = 128 };

static void forget(struct devices *devices)
{
	for (size_t i = 0; i < devices->count; i++) {
		for (size_t k = 0; k < devices->device[i].kind->count; k++)
			ng_file_close(&devices->device[i].files[k]);
	}
	ng_arena_reset(&devices->kept);
	*devices = (struct devices){ .kept = devices->kept };
}

void devices_done(struct devices *devices)
{
	forget(devices);
	ng_arena_done(&devices->kept);
}

/* ---- listing ---- */

bool devices_list(struct devices *devices, struct ng_scrape *scrape)
{
	if (devices->epoch == scrape->devices_epoch)
		return false;
	forget(devices);
	return true;
}

void devices_leave_out(struct devices *devices, struct ng_scrape *scrape, int error, const char *path)
{
	ng_drop_unread(scrape, error, path);
	devices->unsure = devices->unsure || !ng_absent(error);
}

int devices_add(struct devices *devices, const struct device_kind *kind, const char *front, const char *name,
	struct ng_labels *labels)
{
	struct ng_arena *kept = &devices->kept;
	struct device device = { .kind = kind, .name = ng_copy(kept, ng_span(name)), .labels = labels };

	device.files = ng_alloc0(kept, kind->count * sizeof(*device.files));
	device.texts = ng_alloc0(kept, kind->count * sizeof(*device.texts));
	if (!device.name.text || !device.files || !device.texts || !ng_labels_valid(labels))
		return -ENOMEM;
	for (size_t i = 0; i < kind->count; i++) {
		const char *path = ng_join(kept, front, kind->attributes[i].file, NULL);
		if (!path)
			return -ENOMEM;
		device.files[i] = NG_FILE(NG_SYS, kind->file_kind, path);
	}
	struct device *slot = ng_push(kept, &devices->device, &devices->count, &devices->capacity);
	if (!slot)
		return -ENOMEM;
	*slot = device;
	return 0;
}

int devices_listed(struct devices *devices, struct ng_scrape *scrape, int error)
{
	if (error == 0 && !devices->unsure)
		devices->epoch = scrape->devices_epoch;
	return error;
}

/* ---- reading ---- */

/* Drivers return EINVAL for an attribute that the kernel creates for all devices and theirs does not have. */
static bool has_no_value(int error)
{
	return ng_absent(error) || error == -EINVAL;
}

static void read_device(struct ng_scrape *scrape, struct device *device, size_t *files)
{
	device->gone = true;
	device->unread = false;
	for (size_t i = 0; i < device->kind->count; i++) {
		struct ng_file *file = &device->files[i];
		struct ng_span *text = &device->texts[i];
		*text = (struct ng_span){ NULL, 0 };
		if (!file->path)
			continue;
		int r = ng_file_read(scrape, file, text);
		if ((*files)++ >= FILES_KEPT)
			ng_file_close(file);
		device->gone = device->gone && r < 0;
		if (r == 0) {
			*text = ng_trim(*text);
			continue;
		}
		*text = (struct ng_span){ NULL, 0 };
		if (!has_no_value(r)) {
			ng_drop_unread(scrape, r, file->path);
			device->unread = device->unread || i >= device->kind->numbers;
		}
		if (r == -ENOENT)
			file->path = NULL; /* until the devices are listed again */
	}
	if (device->gone)
		ng_drop(scrape);
}

void devices_read(struct devices *devices, struct ng_scrape *scrape)
{
	size_t files = 0;

	for (size_t i = 0; i < devices->count; i++)
		read_device(scrape, &devices->device[i], &files);
}

/* ---- numbers ---- */

/* Decimal, or hexadecimal with 0x. */
static bool parse(
	struct ng_span text, const struct device_attribute *attribute, bool *ret_negative, uint64_t *ret_value)
{
	bool negative = text.size && text.text[0] == '-';
	bool hex = ng_span_starts(text, NG_SPAN("0x"));
	uint64_t value;

	if (negative)
		text = ng_span_skip(text, 1);
	if (hex ? ng_hex(text, &value) < 0 : ng_u64(text, &value) < 0)
		return false;
	*ret_negative = negative;
	return !__builtin_mul_overflow(value, attribute->multiple ? attribute->multiple : 1, ret_value) &&
	       (!negative || *ret_value <= INT64_MAX);
}

static void emit_number(struct ng_scrape *scrape, const struct device *device, size_t i)
{
	const struct device_attribute *attribute = &device->kind->attributes[i];
	bool negative;
	uint64_t value;

	if (!device->texts[i].size)
		return;
	if (!parse(device->texts[i], attribute, &negative, &value))
		ng_drop_value(scrape, device->files[i].path, 1, "a whole number of at most 64 bits");
	else if (negative)
		ng_sample_decimal(
			scrape->page, device->labels, (struct ng_decimal){ -(int64_t)value, attribute->places });
	else
		ng_sample_scaled(scrape->page, device->labels, value, attribute->places);
}

void devices_emit(
	const struct devices *devices, struct ng_scrape *scrape, const struct ng_family *families, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ng_family(scrape->page, &families[i]);
		for (size_t k = 0; k < devices->count; k++) {
			const struct device *device = &devices->device[k];
			if (device->kind->families == families && i < device->kind->numbers)
				emit_number(scrape, device, i);
		}
	}
}
