/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading below a root.
 *
 * Every path is relative to one of the roots, which are directory descriptors: tests, containers and production differ
 * only in what these are. Text that is read lies in the arena of the scrape. Functions return 0 or a negative errno and
 * note the file in the scrape, so that a collector may simply hand the error on.
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
	NG_RUN,    /* /run of the host */
	NG_ROOTS,
};

/*
 * How a file answers read(2).
 *
 * NG_VALUE    one value, whole in one read of 4 KiB at most: sysfs attributes, /proc/sys (where the kernel allocates
 *             what is asked for: proc_sys_call_handler), cgroup files.
 * NG_WHOLE    a seq_file with a single show (single_open): all of it in the first read that has room for it:
 *             /proc/stat, meminfo, loadavg, pressure, net/netstat, net/snmp, net/sockstat.
 * NG_RECORDS  anything else: pieces until the end of file. Always right; costs one more read.
 */
enum ng_kind {
	NG_VALUE,
	NG_WHOLE,
	NG_RECORDS,
	/*
	 * Added to one of these, for a file that is not for everyone, as /proc/slabinfo: an open that is refused is
	 * made again with CAP_DAC_READ_SEARCH, where the process has it. The collector's privileges say so.
	 */
	NG_PRIVILEGED = 8,
};

/*
 * A file that is read at every scrape: opened at its first reading, then kept and read from offset 0 (pread). When the
 * device behind it has gone it is closed and opened anew once. Lives in the collector's state.
 */
struct ng_file {
	const char *path; /* relative to the root; borrowed for the life of the file */
	enum ng_root root;
	enum ng_kind kind;
	int fd_plus_1; /* 0 while closed, so that a file of zeroes is a closed one */
};
#define NG_FILE(root_, kind_, path_) ((struct ng_file){ .path = (path_), .root = (root_), .kind = (kind_) })

int ng_file_read(struct ng_scrape *scrape, struct ng_file *file, struct ng_span *ret_text);
void ng_file_close(struct ng_file *file);

/*
 * Whether a descriptor may stay open between scrapes: where few descriptors are allowed, or devices are many, those of
 * high numbers are needed by clients and for files in passing. An ng_file asks for itself; who keeps a directory or a
 * socket asks after each use, and closes what may not stay.
 */
bool ng_may_keep(const struct ng_scrape *scrape, int fd);

/*
 * A file that several collectors read (/proc/stat): it is read once per scrape for all of them. ng_shared, for `init`,
 * gives the one object for that path, which is not the collector's to free; NULL when there is no memory, which
 * ng_shared_read reports.
 */
struct ng_shared;
struct ng_shared *ng_shared(struct ng_setup *setup, enum ng_root root, enum ng_kind kind, const char *path);
int ng_shared_read(struct ng_scrape *scrape, struct ng_shared *shared, struct ng_span *ret_text);

/* Opens, reads and closes; for what is read rarely or once per item. `path` is relative to the root. */
int ng_read(struct ng_scrape *scrape, enum ng_root root, enum ng_kind kind, const char *path, struct ng_span *ret_text);

/* The same below a directory descriptor. `name` may have slashes. */
int ng_read_at(struct ng_scrape *scrape, int directory, enum ng_kind kind, const char *name, struct ng_span *ret_text);

/* From its beginning, of a descriptor that is the caller's; no reason is noted. */
int ng_read_kept(struct ng_scrape *scrape, int fd, enum ng_kind kind, struct ng_span *ret_text);

/* As ng_read_at for a file that need not be there: no reason is noted. */
int ng_peek_at(struct ng_scrape *scrape, int directory, enum ng_kind kind, const char *name, struct ng_span *ret_text);

/*
 * One value below a directory descriptor as a number, blanks trimmed; -EBADMSG where it is none or does not fit, so
 * that it cannot be taken for an error of the driver, -ENODATA where there is nothing.
 */
int ng_read_u64_at(struct ng_scrape *scrape, int directory, const char *name, uint64_t *ret_value);
int ng_read_i64_at(struct ng_scrape *scrape, int directory, const char *name, int64_t *ret_value);

/* One value with the blanks trimmed at both ends; -ENODATA where nothing is left. */
int ng_read_value_at(struct ng_scrape *scrape, int directory, const char *name, struct ng_span *ret_value);

/* A directory descriptor for the functions above (O_PATH); the caller closes it. `directory` may be a
 * negative errno, which is then returned. */
int ng_directory(struct ng_scrape *scrape, enum ng_root root, const char *path, int *ret_directory);
int ng_directory_at(struct ng_scrape *scrape, int directory, const char *name, int *ret_directory);

/*
 * The names in a directory without "." and "..", sorted by bytes, each terminated by NUL, in the arena of the scrape.
 */
struct ng_names {
	const char **name;
	size_t count;
};
int ng_names(struct ng_scrape *scrape, enum ng_root root, const char *path, struct ng_names *ret_names);
int ng_names_at(struct ng_scrape *scrape, int directory, const char *name, struct ng_names *ret_names);

/* The target of a symbolic link. */
int ng_readlink_at(struct ng_scrape *scrape, int directory, const char *name, struct ng_span *ret_target);

/* The name of a block device as sysfs has it ("sda", "cciss!c0d0"), by the link /sys/dev/block/8:0. */
int ng_block_name(struct ng_scrape *scrape, uint32_t major, uint32_t minor, struct ng_span *ret_name);

/* The root's own descriptor, for statfs and the like; borrowed; a negative errno where the root is missing. */
int ng_root_fd(const struct ng_scrape *scrape, enum ng_root root);

/* The root as it was given on the command line ("/proc"); borrowed. */
const char *ng_root_path(const struct ng_scrape *scrape, enum ng_root root);

/*
 * "net" or "1/net": where in /proc the network files of the host's network namespace lie. They are different when the
 * process runs in a namespace of its own and sees the host's /proc. `ret_own` tells whether netlink sockets of this
 * process see that namespace too (only then may a collector use them).
 */
const char *ng_net_path(const struct ng_setup *setup, bool *ret_own);

/* A path made of parts, for `init` or the arena: "net/" + "dev". NULL when there is no memory. */
const char *ng_join(struct ng_arena *arena, const char *a, const char *b, const char *c);

/* Closes a descriptor at the end of its scope: NG_CLOSE int fd = -1; */
void ng_close_fd(const int *fd);
#define NG_CLOSE __attribute__((cleanup(ng_close_fd)))

#endif
