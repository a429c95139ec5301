/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of a collector.
 *
 * A collector is one file with one constant descriptor, registered by NG_COLLECTOR. When linked into the daemon, it
 * registers itself; when compiled as a shared object (with -DNG_MODULE), it is a loadable collector for
 * --collector.modules. Everything that it may use is in include/nodegauge/.
 */
#ifndef NODEGAUGE_COLLECTOR_H
#define NODEGAUGE_COLLECTOR_H

#include <errno.h>
#include <nodegauge/arena.h>
#include <nodegauge/files.h>
#include <nodegauge/page.h>
#include <nodegauge/pattern.h>
#include <nodegauge/text.h>
#include <poll.h>

/*
 * The version changes only when the meaning of an existing member changes. New members are appended; `size` tells the
 * engine how many there are.
 */
#define NG_ABI_VERSION 1

/* The kind of an option's value, and the type of the state member that receives it. */
enum ng_option_kind {
	NG_OPTION_BOOL,     /* bool: --collector.x.name and --no-collector.x.name; default "true" or "false" */
	NG_OPTION_STRING,   /* const char *: never NULL */
	NG_OPTION_LIST,     /* struct ng_list: the option may be repeated */
	NG_OPTION_PATTERN,  /* struct ng_pattern *: NULL for the empty pattern */
	NG_OPTION_DURATION, /* uint64_t: nanoseconds, written as 5s, 100ms, 1m30s */
	NG_OPTION_UNSIGNED, /* uint64_t */
};

struct ng_list {
	const char **item;
	size_t count;
};

struct ng_option {
	const char *name; /* after "collector.<name>.", or the whole flag if it starts with '-':
			     "-collector.qdisk.device-include" */
	enum ng_option_kind kind;
	size_t offset;       /* of the member in the state */
	const char *initial; /* the default, as written on the command line */
	const char *help;
	const char
		*excludes; /* the option that this one excludes; if this one is given, the other's default is cleared */
	bool hidden;       /* not in --help: deprecated names and expert switches */
};
#define NG_OPTION(state, member, kind_, name_, initial_, ...)                                                          \
	{                                                                                                              \
		.name = (name_), .kind = (kind_), .offset = offsetof(struct state, member), .initial = (initial_),     \
		.help = __VA_ARGS__                                                                                    \
	}

/*
 * A privilege, and what the collector loses without it. The daemon keeps only the capabilities that are named here, and
 * displays both texts; docs/privileges.md lists them all.
 */
struct ng_privilege {
	/*
	 * "CAP_DAC_READ_SEARCH"; "root or CAP_DAC_READ_SEARCH" if user 0 needs no capability, as for files that only
	 * their owner may read; "CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE" if both are needed.
	 */
	const char *capability;
	const char *lost; /* "the serial numbers" */
	/* Needed only if this option was given with a value that contains this word; NULL: always. */
	const char *option, *word;
};

/* A file, or everything below a directory, that a collector writes to in an otherwise read-only daemon. */
struct ng_writable {
	enum ng_root root;
	const char *path;
};

struct ng_error;

/*
 * A file that is read on every scrape, as a struct ng_file in the state: filled in before `init`, opened on the first
 * read, and closed at the end. "net/..." below NG_PROC is looked up in the host's network namespace, see ng_net_path.
 */
struct ng_state_file {
	size_t offset; /* of the member in the state */
	enum ng_root root;
	enum ng_kind kind;
	const char *path;
};
#define NG_STATE_FILE(state, member, root_, kind_, path_)                                                              \
	{                                                                                                              \
		.offset = offsetof(struct state, member), .root = (root_), .kind = (kind_), .path = (path_)            \
	}

/* The argument of `init`. Option texts live as long as the collector. */
struct ng_setup {
	struct ng_arena *arena;         /* lives as long as the collector; for paths and tables */
	struct ng_kernel *kernel;       /* for the functions that take a setup */
	struct ng_error *error;         /* where a failing init gives the reason; see ng_refuse */
	const struct ng_choice *choice; /* for ng_enabled */
	char *notice;                   /* a message to log about this collector at startup; "" for none */
	size_t notice_size;
};

enum { NG_NOTE_SIZE = 256 };

/* The argument of `collect`. */
struct ng_scrape {
	struct ng_page *page;
	struct ng_arena *arena;   /* reset before the call */
	struct ng_kernel *kernel; /* for the functions that take a scrape */
	uint64_t serial;          /* of the gather: shared files are read once per serial */
	uint64_t deadline;        /* CLOCK_MONOTONIC, nanoseconds: a collector must not wait past it */
	/*
	 * Changes whenever a device was or may have been added, removed or changed. Data that depends only on devices
	 * (models, serial numbers, topology) is reread when this value differs from that of the last reading. Never 0.
	 */
	uint64_t devices_epoch;
	uint64_t dropped; /* records left out; see ng_drop and ng_drop_record */
	char *reason;     /* why collect failed, with the file; see ng_broken */
	size_t reason_size;
	/*
	 * The clients that get this response, and those that scraped within the last five minutes: one bit per client.
	 * For data that is shown until every scraper has seen it.
	 */
	uint64_t readers, recent_readers;
	uint64_t dropped_values; /* see ng_drop_value */
	/* Items that a successful collect left out, and why; see ng_note. Notes that do not fit are only counted. */
	char (*notes)[NG_NOTE_SIZE];
	size_t note_count, note_room;
};

/* Input and output of `tick`, in addition to a scrape without a page. */
enum { NG_WAIT_ROOM = 16 };
struct ng_wait {
	uint64_t now;   /* CLOCK_MONOTONIC, nanoseconds */
	uint64_t until; /* when to call again at the latest; UINT64_MAX (the value before the call) for never */
	struct pollfd descriptor[NG_WAIT_ROOM]; /* when to call earlier: kept between calls, with the events seen */
	size_t count;
};

struct ng_collector {
	uint32_t abi;  /* NG_ABI_VERSION */
	uint32_t size; /* sizeof(struct ng_collector) */
	const char *name;
	const char *summary; /* one sentence, without a full stop */
	bool off_by_default;
	bool may_block; /* started after all others, because it may block on a disk, a server or a slow sensor */
	bool yields;    /* a family with the same name from another collector replaces its own */
	const struct ng_option *options;
	size_t option_count;
	const struct ng_family *families;
	size_t family_count;
	const struct ng_privilege *privileges;
	size_t privilege_count;
	size_t state_size; /* zeroed, then files and options are filled in, before init */

	/* Returns 0, or a negative errno with setup->error filled in; then the daemon refuses to start. May be NULL. */
	int (*init)(void *state, struct ng_setup *setup);

	/*
	 * Returns 0 or a negative errno. -ENODATA means that this machine has nothing to report: success is 0 as well,
	 * but it is logged at debug level only. Anything written to the page before a failure is discarded. Runs in one
	 * thread at a time, but not always the same one.
	 */
	int (*collect)(void *state, struct ng_scrape *scrape);

	/*
	 * Called once at the end, even if init failed or was never called; the state may then be all zeroes or contain
	 * only the options. May be NULL.
	 */
	void (*done)(void *state);

	/*
	 * Work between scrapes, for data that scrapes alone would miss; NULL for none. Called soon after startup and
	 * then as requested by `wait`, in a separate thread, never while collect runs: it must be short. Not called
	 * with --once.
	 */
	void (*tick)(void *state, struct ng_scrape *scrape, struct ng_wait *wait);

	const struct ng_writable *writables;
	size_t writable_count;

	const struct ng_state_file *files;
	size_t file_count;
};

#define NG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define NG_COLLECTOR_HEAD .abi = NG_ABI_VERSION, .size = sizeof(struct ng_collector)

#ifdef NG_MODULE
/* The only symbol that a loadable collector exports. */
#define NG_COLLECTOR(descriptor)                                                                                       \
	extern const struct ng_collector *const ng_collector_module;                                                   \
	__attribute__((visibility("default"))) const struct ng_collector *const ng_collector_module = &(descriptor)
#else
#define NG_COLLECTOR(descriptor)                                                                                       \
	static const struct ng_collector *const ng_collector_entry __attribute__((used, section("ng_collectors"))) =   \
		&(descriptor)
#endif

/* CLOCK_MONOTONIC in nanoseconds, to compare with a deadline. */
uint64_t ng_now(void);

/* ---- errors ---- */

/*
 * Whether an item (a device, an interface, a process) that cannot be read is to be left out because of this error: it
 * went away, or its driver does not respond.
 */
bool ng_item_gone(int error);

/*
 * Whether the error means that this kernel, device or file system does not provide what was requested. That is left out
 * silently; any other error is reported.
 */
bool ng_absent(int error);

/* Counts a record that was left out because its device, process or cgroup went away while being read. */
static inline void ng_drop(struct ng_scrape *scrape)
{
	scrape->dropped++;
}

/* For text that cannot be parsed: records file, line (from 1; 0: none) and what was expected; returns -EBADMSG. */
int ng_broken(struct ng_scrape *scrape, const char *file, unsigned line, const char *expected);

/*
 * Damage stays as small as its cause: a bad value costs only that value, and an unusable record (a line, a device) only
 * that record. Collect leaves it out, continues and succeeds; it fails only if nothing in its source can be understood.
 * These functions count what was left out and record why, as ng_broken does.
 */
void ng_drop_value(struct ng_scrape *scrape, const char *file, unsigned line, const char *expected);
void ng_drop_record(struct ng_scrape *scrape, const char *file, unsigned line, const char *expected);

/*
 * Parses the next `count` words of a line, 64 at most, as whole numbers. Bit i of `*ret_given` is set if ret_value[i]
 * is valid; a word that is not a number is a dropped value. Returns -EBADMSG if there are fewer words, or if none of
 * them is a number: then the line is not a record.
 */
int ng_columns(struct ng_scrape *scrape, const char *file, unsigned number, struct ng_span *line, size_t count,
	uint64_t *ret_value, uint64_t *ret_given);

/*
 * Like ng_drop_value, for a value that could not be read because of `error`; does nothing if ng_absent(error). For
 * -EBADMSG, the reason recorded before is kept.
 */
void ng_drop_unread(struct ng_scrape *scrape, int error, const char *file);

/* For a collect that had to leave out everything: restores the reason recorded first. Returns `error`. */
int ng_fail_noted(struct ng_scrape *scrape, int error);

/*
 * For a collect that succeeds anyway: the reason recorded last says what was left out. The engine logs each text only
 * once, not on every scrape, so it must not contain numbers that change.
 */
void ng_note(struct ng_scrape *scrape);

/* Like ng_broken, for any other error: "open /proc/x: Permission denied". Returns `error`. */
int ng_failed(struct ng_scrape *scrape, int error, const char *what, const char *file);

/* For `init`: whether the collector with that name is enabled as well. */
bool ng_enabled(const struct ng_setup *setup, const char *collector);

/* For `init`: records the reason, one sentence without a full stop, and returns -EINVAL. */
int ng_refuse(struct ng_setup *setup, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
