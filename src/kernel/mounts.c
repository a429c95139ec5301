/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/mounts.h"

#include <nodegauge/collector.h>
#include <poll.h>

/* ---- lines ---- */

/* "98:0" */
static int parse_device(struct ng_span text, struct ng_mount *mount)
{
	uint64_t major, minor;
	struct ng_span part;

	if (!ng_part_next(&text, ':', &part) || ng_u64(part, &major) < 0 || ng_u64(text, &minor) < 0)
		return -EBADMSG;
	if (major > UINT32_MAX || minor > UINT32_MAX)
		return -EBADMSG;
	mount->major = (uint32_t)major;
	mount->minor = (uint32_t)minor;
	return 0;
}

int ng_mount_parse(struct ng_span line, struct ng_mount *ret_mount)
{
	struct ng_span id, parent, device, root, field;

	if (!ng_part_next(&line, ' ', &id) || ng_u64(id, &ret_mount->id) < 0)
		return -EBADMSG;
	if (!ng_part_next(&line, ' ', &parent) || ng_u64(parent, &ret_mount->parent) < 0)
		return -EBADMSG;
	if (!ng_part_next(&line, ' ', &device) || parse_device(device, ret_mount) < 0)
		return -EBADMSG;
	if (!ng_part_next(&line, ' ', &root) || !ng_part_next(&line, ' ', &ret_mount->point))
		return -EBADMSG;
	if (!ng_part_next(&line, ' ', &ret_mount->options))
		return -EBADMSG;
	/* any number of optional fields: shared:1 master:2 unbindable */
	do {
		if (!ng_part_next(&line, ' ', &field))
			return -EBADMSG;
	} while (!ng_span_equal(field, NG_SPAN("-")));
	/* the source may be empty, and some file systems have blanks in their options */
	if (!ng_part_next(&line, ' ', &ret_mount->type) || !ng_part_next(&line, ' ', &ret_mount->source))
		return -EBADMSG;
	if (ret_mount->point.size == 0 || ret_mount->type.size == 0 || line.size == 0)
		return -EBADMSG;
	ret_mount->super_options = line;
	return 0;
}

bool ng_mount_option(struct ng_span options, struct ng_span name)
{
	struct ng_span option;

	while (ng_part_next(&options, ',', &option)) {
		if (option.size == name.size + 1 && option.text[name.size] == '=')
			option.size--;
		if (ng_span_equal(option, name))
			return true;
	}
	return false;
}

static bool octal(char c, char last)
{
	return c >= '0' && c <= last;
}

char *ng_mount_unescape(char *at, struct ng_span text)
{
	while (text.size) {
		const char *from = text.text;
		if (text.size >= 4 && from[0] == '\\' && octal(from[1], '3') && octal(from[2], '7') &&
			octal(from[3], '7')) {
			*at++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			text = ng_span_skip(text, 4);
		} else {
			*at++ = *from;
			text = ng_span_skip(text, 1);
		}
	}
	return at;
}

/* ---- the file ---- */

/*
 * The file in proc always polls as POLLIN, and as POLLPRI once after each change (fs/namespace.c: mounts_poll). Files
 * without their own poll, such as regular ones and those of kernels that only resemble Linux, always poll as
 * POLLIN|POLLOUT.
 */
static bool poll_table(struct ng_mounts *mounts, bool *ret_changed)
{
	struct pollfd table = { .fd = mounts->file.fd_plus_1 - 1, .events = POLLIN | POLLOUT | POLLPRI };

	*ret_changed = true;
	if (poll(&table, 1, 0) != 1 || !(table.revents & POLLIN) || (table.revents & (POLLOUT | POLLNVAL | POLLHUP)))
		return false;
	*ret_changed = (table.revents & (POLLPRI | POLLERR)) != 0;
	return true;
}

static int read_table(struct ng_scrape *scrape, struct ng_mounts *mounts, struct ng_span *ret_text)
{
	bool changed;

	if (mounts->file.fd_plus_1)
		poll_table(mounts, &changed); /* consumes the notification: any later one is another change */
	return ng_file_read(scrape, &mounts->file, ret_text);
}

int ng_mounts_read(struct ng_scrape *scrape, struct ng_mounts *mounts, struct ng_span *ret_text)
{
	bool changed;

	if (!mounts->file.path)
		mounts->file = NG_FILE(NG_PROC, NG_RECORDS, "1/mountinfo");
	int r = read_table(scrape, mounts, ret_text);
	if (r == -ENOENT || r == -EACCES || r == -EPERM) {
		/* hidepid, or we may not see process 1 */
		struct ng_mounts own = { .file = NG_FILE(NG_PROC, NG_RECORDS, "self/mountinfo") };
		int first = r;
		r = ng_file_read(scrape, &own.file, ret_text);
		if (ng_absent(r))
			r = first;
		if (r == 0) {
			mounts->file = own.file;
			scrape->reason[0] = '\0'; /* nothing is missing */
		}
	}
	if (r < 0)
		return r;
	mounts->announces = poll_table(mounts, &changed);
	mounts->unsettled = changed;
	return 0;
}

/* ---- error counters of ext4 ---- */

static int read_errors(struct ng_scrape *scrape, struct ng_mounts_watch *watch, uint64_t *ret_errors)
{
	struct ng_span text;

	int r = ng_file_read(scrape, &watch->file, &text);
	return r < 0 ? r : ng_u64(ng_trim(text), ret_errors);
}

/* ext4 names its directories after the block devices. */
static int watch_open(struct ng_scrape *scrape, const struct ng_mount *mount, struct ng_mounts_watch *ret_watch)
{
	struct ng_span name;

	int r = ng_block_name(scrape, mount->major, mount->minor, &name);
	if (r < 0)
		return r;
	const char *device = ng_copy(scrape->arena, name).text;
	const char *path = device ? ng_join(scrape->arena, "fs/ext4/", device, "/errors_count") : NULL;
	if (!path || strlen(path) >= sizeof(ret_watch->path))
		return path ? -ENAMETOOLONG : -ENOMEM;
	*ret_watch = (struct ng_mounts_watch){ .major = mount->major, .minor = mount->minor };
	memcpy(ret_watch->path, path, strlen(path));
	ret_watch->file = NG_FILE(NG_SYS, NG_VALUE, ret_watch->path);
	return read_errors(scrape, ret_watch, &ret_watch->errors);
}

static bool same_device(const struct ng_mounts_watch *watch, const struct ng_mount *mount)
{
	return watch->major == mount->major && watch->minor == mount->minor;
}

static void close_unused(struct ng_mounts *mounts, const struct ng_mount *const *ext4, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < mounts->watched; i++) {
		size_t k = 0;
		while (k < count && !same_device(&mounts->watch[i], ext4[k]))
			k++;
		if (k == count) {
			ng_file_close(&mounts->watch[i].file);
			continue;
		}
		struct ng_mounts_watch *to = &mounts->watch[kept++];
		memmove(to, &mounts->watch[i], sizeof(*to));
		to->file.path = to->path;
	}
	mounts->watched = kept;
}

void ng_mounts_watch(
	struct ng_scrape *scrape, struct ng_mounts *mounts, const struct ng_mount *const *ext4, size_t count)
{
	mounts->unwatched = false;
	close_unused(mounts, ext4, count);
	if (!mounts->announces || mounts->distrust)
		return;
	for (size_t i = 0; i < count; i++) {
		size_t k = 0;
		while (k < mounts->watched && !same_device(&mounts->watch[k], ext4[i]))
			k++;
		if (k < mounts->watched)
			continue;
		if (mounts->watched == NG_MOUNTS_WATCHED || watch_open(scrape, ext4[i], &mounts->watch[k]) < 0) {
			mounts->unwatched = true;
			return;
		}
		mounts->watched++;
		mounts->unsettled = true;
	}
}

bool ng_mounts_unchanged(struct ng_scrape *scrape, struct ng_mounts *mounts)
{
	bool changed;
	uint64_t errors;

	if (!mounts->announces || mounts->unwatched || mounts->unsettled || mounts->distrust || !mounts->file.fd_plus_1)
		return false;
	if (!poll_table(mounts, &changed) || changed)
		return false;
	for (size_t i = 0; i < mounts->watched; i++) {
		if (read_errors(scrape, &mounts->watch[i], &errors) < 0)
			return false;
		/* the counter changes some microseconds before the table does (ext4_handle_error): never reset this */
		if (errors != mounts->watch[i].errors) {
			mounts->distrust = true;
			return false;
		}
	}
	return true;
}

void ng_mounts_close(struct ng_mounts *mounts)
{
	for (size_t i = 0; i < mounts->watched; i++)
		ng_file_close(&mounts->watch[i].file);
	mounts->watched = 0;
	ng_file_close(&mounts->file);
}
