/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of mounts, /proc/PID/mountinfo: proc_pid_mountinfo(5), fs/proc_namespace.c (show_mountinfo).
 *
 *     36 35 98:0 /mnt1 /mnt/parent rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 *
 * The file can be polled for mounts and unmounts, so that an unchanged table need not be reread: reading it costs 0.65
 * us per mount. Changes of the file system itself are not reported. A file system that became read-only after an error
 * shows that in statfs(2), except for ext4 since Linux 6.15, which only shows emergency_ro in the table:
 * ng_mounts_watch detects these through their error counters. A renamed directory above a mount point is not reported
 * either; the caller then gets a different result from statfs, and rereads the table.
 */
#ifndef KERNEL_MOUNTS_H
#define KERNEL_MOUNTS_H

#include <nodegauge/files.h>

/* One line. The spans point into the text and contain the kernel's escapes (\040). */
struct ng_mount {
	uint64_t id, parent; /* parent: the mount that contains the mount point, which may not be in the table */
	uint32_t major, minor;
	struct ng_span point;
	struct ng_span options;
	struct ng_span type;
	struct ng_span source;
	struct ng_span super_options;
};

/* 0, or -EBADMSG if the line is not a mount. */
int ng_mount_parse(struct ng_span line, struct ng_mount *ret_mount);

/* Whether `name` or `name=` is one of the comma-separated options. */
bool ng_mount_option(struct ng_span options, struct ng_span name);

/* Copies `text` to `at` with its octal escapes decoded; `at` has room for as many bytes. Returns the end. */
char *ng_mount_unescape(char *at, struct ng_span text);

/* Maximum number of error counters to keep open: with more of them, the table is reread each time. */
enum { NG_MOUNTS_WATCHED = 16 };

struct ng_mounts_watch {
	uint32_t major, minor;
	uint64_t errors;
	struct ng_file file;
	char path[64];
};

/* The table, kept open. Part of the collector's state; initialize with zeroes. */
struct ng_mounts {
	struct ng_file file;
	bool announces; /* the file can be polled: it is a real one */
	bool unwatched; /* some ext4 file system is not watched */
	bool unsettled; /* something may have changed since the text was read */
	bool distrust;  /* an ext4 file system had an error */
	struct ng_mounts_watch watch[NG_MOUNTS_WATCHED];
	size_t watched;
};

/* The mounts of process 1 or, if that is hidden, our own. The text is in the scrape's arena. */
int ng_mounts_read(struct ng_scrape *scrape, struct ng_mounts *mounts, struct ng_span *ret_text);

/* Whether reading again would certainly give the same text. */
bool ng_mounts_unchanged(struct ng_scrape *scrape, struct ng_mounts *mounts);

/* Call after reading, with the ext4 file systems in the text that are not read-only. */
void ng_mounts_watch(
	struct ng_scrape *scrape, struct ng_mounts *mounts, const struct ng_mount *const *ext4, size_t count);

void ng_mounts_close(struct ng_mounts *mounts);

#endif
