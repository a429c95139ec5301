/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading below a root.
 *
 * Every path is relative to one of the roots, which are directory descriptors: tests, containers and production differ
 * only in these. Text is read into the arena of the scrape. Functions return 0 or a negative errno and record the file
 * in the scrape, so that a collector can simply return the error.
 */
#ifndef NODEGAUGE_FILES_H
#define NODEGAUGE_FILES_H

#include <nodegauge/arena.h>
#include <nodegauge/text.h>

struct ng_scrape;
struct ng_setup;

enum ng_root {
	NG_PROC,   /* --path.procfs */
	NG_SYS,    /* --path.sysfs */
	NG_ROOTFS, /* --path.rootfs */
	NG_UDEV,   /* --path.udev.data */
	NG_CGROUP, /* the cgroup mount */
	NG_RUN,    /* the host's /run */
	NG_ROOTS,
};

/*
 * How a file behaves on read(2).
 *
 * NG_VALUE    one value, read whole in one read of at most 4 KiB: sysfs attributes, /proc/sys (for which the kernel
 *             allocates the requested size: proc_sys_call_handler), cgroup files.
 * NG_WHOLE    a seq_file with a single show (single_open), returned whole by the first read with a large enough buffer:
 *             /proc/stat, meminfo, loadavg, pressure, net/netstat, net/snmp, net/sockstat.
 * NG_RECORDS  anything else: read in pieces until end of file. Always correct; costs one extra read.
 */
enum ng_kind {
	NG_VALUE,
	NG_WHOLE,
	NG_RECORDS,
	/*
	 * Added to one of these for a file that not everyone may read, such as /proc/slabinfo: if open is denied, it is
	 * retried with CAP_DAC_READ_SEARCH, if the process has it. It must be in the collector's privileges.
	 */
	NG_PRIVILEGED = 8,
};

/*
 * A file that is read on every scrape: opened on the first read, then kept open and read from offset 0 (pread). If its
 * device has gone, it is closed and reopened once. Part of the collector's state, where the descriptor names it (struct
 * ng_state_file) or the collector creates it with NG_FILE and closes it itself.
 */
struct ng_file {
	const char *path; /* relative to the root; borrowed for the life of the file */
	enum ng_root root;
	enum ng_kind kind;
	int fd_plus_1; /* 0 while closed, so that a zeroed file is a closed one */
};
#define NG_FILE(root_, kind_, path_) ((struct ng_file){ .path = (path_), .root = (root_), .kind = (kind_) })

int ng_file_read(struct ng_scrape *scrape, struct ng_file *file, struct ng_span *ret_text);
void ng_file_close(struct ng_file *file);

/*
 * Whether a descriptor may stay open between scrapes: if the descriptor limit is low or there are many devices,
 * descriptors with high numbers are needed for clients and temporary files. An ng_file checks this itself; a collector
 * that keeps a directory or a socket open must check after each use, and close it if the answer is no.
 */
bool ng_may_keep(const struct ng_scrape *scrape, int fd);

/*
 * A file that several collectors read (/proc/stat): it is read once per scrape for all of them. ng_shared, for `init`,
 * returns the shared object for that path, which the collector must not free; NULL if out of memory, which
 * ng_shared_read reports.
 */
struct ng_shared;
struct ng_shared *ng_shared(struct ng_setup *setup, enum ng_root root, enum ng_kind kind, const char *path);
int ng_shared_read(struct ng_scrape *scrape, struct ng_shared *shared, struct ng_span *ret_text);

/* Opens, reads and closes; for files that are read rarely or once per item. `path` is relative to the root. */
int ng_read(struct ng_scrape *scrape, enum ng_root root, enum ng_kind kind, const char *path, struct ng_span *ret_text);

/* The same, relative to a directory descriptor. `name` may contain slashes. */
int ng_read_at(struct ng_scrape *scrape, int directory, enum ng_kind kind, const char *name, struct ng_span *ret_text);

/* Reads a descriptor owned by the caller, from the beginning; records no reason. */
int ng_read_kept(struct ng_scrape *scrape, int fd, enum ng_kind kind, struct ng_span *ret_text);

/* Like ng_read_at, for a file that may be missing: records no reason. */
int ng_peek_at(struct ng_scrape *scrape, int directory, enum ng_kind kind, const char *name, struct ng_span *ret_text);

/*
 * Reads one value as a number, with blanks trimmed, relative to a directory descriptor. -EBADMSG if it is not a number
 * or does not fit, so that it cannot be confused with an error of the driver; -ENODATA if it is empty.
 */
int ng_read_u64_at(struct ng_scrape *scrape, int directory, const char *name, uint64_t *ret_value);
int ng_read_i64_at(struct ng_scrape *scrape, int directory, const char *name, int64_t *ret_value);

/* Reads one value, with blanks trimmed at both ends; -ENODATA if nothing is left. */
int ng_read_value_at(struct ng_scrape *scrape, int directory, const char *name, struct ng_span *ret_value);

/* Opens a directory for the functions above (O_PATH); the caller closes the descriptor. `directory` may be a
 * negative errno, which is then returned. */
int ng_directory(struct ng_scrape *scrape, enum ng_root root, const char *path, int *ret_directory);
int ng_directory_at(struct ng_scrape *scrape, int directory, const char *name, int *ret_directory);

/*
 * The names in a directory, without "." and "..", sorted by bytes and NUL-terminated, in the arena of the scrape.
 */
struct ng_names {
	const char **name;
	size_t count;
};
int ng_names(struct ng_scrape *scrape, enum ng_root root, const char *path, struct ng_names *ret_names);
int ng_names_at(struct ng_scrape *scrape, int directory, const char *name, struct ng_names *ret_names);

/* The target of a symbolic link. */
int ng_readlink_at(struct ng_scrape *scrape, int directory, const char *name, struct ng_span *ret_target);

/* The name of a block device in sysfs ("sda", "cciss!c0d0"), from the link /sys/dev/block/8:0. */
int ng_block_name(struct ng_scrape *scrape, uint32_t major, uint32_t minor, struct ng_span *ret_name);

/* The root's own descriptor, for statfs and the like; borrowed; a negative errno if the root is missing. */
int ng_root_fd(const struct ng_scrape *scrape, enum ng_root root);

/* The root as given on the command line ("/proc"); borrowed. */
const char *ng_root_path(const struct ng_scrape *scrape, enum ng_root root);

/*
 * "net" or "1/net": where the network files of the host's network namespace are in /proc. They differ if the process
 * runs in its own network namespace but sees the host's /proc. `ret_own` says whether netlink sockets of this process
 * see that namespace too; only then may a collector use them.
 */
const char *ng_net_path(const struct ng_setup *setup, bool *ret_own);

/* Joins the parts of a path, for `init` or the arena: "net/" + "dev". NULL if out of memory. */
const char *ng_join(struct ng_arena *arena, const char *a, const char *b, const char *c);

/* Closes a descriptor at the end of its scope: NG_CLOSE int fd = -1; */
void ng_close_fd(const int *fd);
#define NG_CLOSE __attribute__((cleanup(ng_close_fd)))

#endif
