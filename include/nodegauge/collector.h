/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of a collector.
 *
 * A collector is one file with one constant descriptor, registered by NG_COLLECTOR. Linked into the daemon it registers
 * itself; compiled as a shared object (with -DNG_MODULE) it is a loadable collector for --collector.modules. All it may
 * use is in include/nodegauge/.
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
 * The version changes only when an existing member changes its meaning. New members are appended, and `size` tells the
 * engine how many there are.
 */
#define NG_ABI_VERSION 1

/* What an option's value is, and the type of the member of the state that receives it. */
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
	const char *name; /* behind "collector.<name>.", or with a leading '-' the whole flag:
			     "-collector.qdisk.device-include" */
	enum ng_option_kind kind;
	size_t offset;       /* of the member in the state */
	const char *initial; /* the default, as it would be written */
	const char *help;
	const char
		*excludes; /* the option that may not be given beside this one; giving this one empties its default */
	bool hidden;       /* left out of --help: deprecated spellings and switches for experts */
};
#define NG_OPTION(state, member, kind_, name_, initial_, ...)                                                          \
	{                                                                                                              \
		.name = (name_), .kind = (kind_), .offset = offsetof(struct state, member), .initial = (initial_),     \
		.help = __VA_ARGS__                                                                                    \
	}

/*
 * What one privilege buys: what the collector loses without it. The daemon keeps the capabilities that are named here
 * and no others, and shows both texts; docs/privileges.md has them all.
 */
struct ng_privilege {
	/*
	 * "CAP_DAC_READ_SEARCH"; "root or CAP_DAC_READ_SEARCH" where the user 0 needs no capability, as for files that
	 * only their owner may read; "CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE" for what needs both.
	 */
	const char *capability;
	const char *lost; /* "the serial numbers" */
	/* It is asked for only where that option was given with a text that has that word; NULL for always. */
	const char *option, *word;
};

/* What a collector writes to, in a daemon that otherwise may only read: a file, or all below a directory. */
struct ng_writable {
	enum ng_root root;
	const char *path;
};

struct ng_error;

/* What `init` gets. Texts of options live as long as the collector. */
struct ng_setup {
	struct ng_arena *arena;         /* lives as long as the collector; for paths and tables */
	struct ng_kernel *kernel;       /* for the functions that take a setup */
	struct ng_error *error;         /* where a failing init explains itself; see ng_refuse */
	const struct ng_choice *choice; /* for ng_enabled */
	char *notice;                   /* what the log should say of this collector at the start; "" for nothing */
	size_t notice_size;
};

enum { NG_NOTE_SIZE = 256 };

/* What `collect` gets. */
struct ng_scrape {
	struct ng_page *page;
	struct ng_arena *arena;   /* emptied before the call */
	struct ng_kernel *kernel; /* for the functions that take a scrape */
	uint64_t serial;          /* of the gather: what is read once for all collectors is read once per serial */
	uint64_t deadline;        /* CLOCK_MONOTONIC, nanoseconds: a collector that waits must not wait past it */
	/*
	 * Changes whenever the kernel announced that a device came, went or changed, or may have: what depends on
	 * nothing else (models, serial numbers, topology) is read again when this differs from the last reading. Never
	 * 0.
	 */
	uint64_t devices_epoch;
	uint64_t dropped; /* records left out; see ng_drop and ng_drop_record */
	char *reason;     /* why collect fails, with the file; see ng_broken */
	size_t reason_size;
	/*
	 * Who gets this answer, and who has asked within the last five minutes: one bit for each client. For what is
	 * shown until everybody has seen it.
	 */
	uint64_t readers, recent_readers;
	uint64_t dropped_values; /* see ng_drop_value */
	/* What a collect that succeeds has left out and why; see ng_note. Those for which there is no room are counted.
	 */
	char (*notes)[NG_NOTE_SIZE];
	size_t note_count, note_room;
};

/* What `tick` gets beside a scrape without a page, and says. */
enum { NG_WAIT_ROOM = 16 };
struct ng_wait {
	uint64_t now;   /* CLOCK_MONOTONIC, nanoseconds */
	uint64_t until; /* when to call again at the latest; UINT64_MAX, which it is before the call, for never */
	struct pollfd descriptor[NG_WAIT_ROOM]; /* when to call earlier: kept from call to call, with what was seen */
	size_t count;
};

struct ng_collector {
	uint32_t abi;  /* NG_ABI_VERSION */
	uint32_t size; /* sizeof(struct ng_collector) */
	const char *name;
	const char *summary; /* one sentence, without a full stop */
	bool off_by_default;
	bool may_block; /* started after all others, as it may wait for a disk, a server or a slow sensor */
	bool yields;    /* a family of the same name of another collector replaces its own */
	const struct ng_option *options;
	size_t option_count;
	const struct ng_family *families;
	size_t family_count;
	const struct ng_privilege *privileges;
	size_t privilege_count;
	size_t state_size; /* zeroed, then the options are filled in, before init */

	/* 0, or a negative errno with setup->error filled: the daemon then refuses to start. May be NULL. */
	int (*init)(void *state, struct ng_setup *setup);

	/*
	 * 0, or a negative errno. -ENODATA says that this machine has nothing to report: success 0 as well, but said at
	 * debug level only. What was written to the page before a failure is thrown away. Runs in one thread at a time,
	 * not always the same one.
	 */
	int (*collect)(void *state, struct ng_scrape *scrape);

	/*
	 * Called once at the end, also when init failed or was never called: then the state may be all zeroes, or hold
	 * the options alone. May be NULL.
	 */
	void (*done)(void *state);

	/*
	 * Work between scrapes, for what cannot be seen at scrapes alone; NULL for none. Called soon after the start
	 * and then as `wait` says, in a thread of its own, never while collect runs: it has to be short. Not called for
	 * --once.
	 */
	void (*tick)(void *state, struct ng_scrape *scrape, struct ng_wait *wait);

	const struct ng_writable *writables;
	size_t writable_count;
};

#define NG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define NG_COLLECTOR_HEAD .abi = NG_ABI_VERSION, .size = sizeof(struct ng_collector)

#ifdef NG_MODULE
/* The one name that a loadable collector exports. */
#define NG_COLLECTOR(descriptor)                                                                                       \
	extern const struct ng_collector *const ng_collector_module;                                                   \
	__attribute__((visibility("default"))) const struct ng_collector *const ng_collector_module = &(descriptor)
#else
#define NG_COLLECTOR(descriptor)                                                                                       \
	static const struct ng_collector *const ng_collector_entry __attribute__((used, section("ng_collectors"))) =   \
		&(descriptor)
#endif

/* CLOCK_MONOTONIC in nanoseconds, to hold against a deadline. */
uint64_t ng_now(void);

/* ---- errors ---- */

/*
 * One item (a device, an interface, a process) that cannot be read is left out when its error is of this kind: it went
 * away or its driver does not answer.
 */
bool ng_item_gone(int error);

/*
 * Whether the error says that this kernel, device or file system does not have what was asked for. It is left out
 * without a word; any other error is worth one.
 */
bool ng_absent(int error);

/* Counts a record that was left out because its device, process or cgroup went away meanwhile. */
static inline void ng_drop(struct ng_scrape *scrape)
{
	scrape->dropped++;
}

/* Text that we do not understand: notes file, line (from 1; 0 for none) and what was expected; returns -EBADMSG. */
int ng_broken(struct ng_scrape *scrape, const char *file, unsigned line, const char *expected);

/*
 * Damage stays as small as its cause: what is wrong with one value costs that value, and what makes a record (a line, a
 * device) unusable costs that record. Collect leaves it out, goes on and succeeds; it fails only when nothing of its
 * source can be understood. These count what was left out and note why, as ng_broken does.
 */
void ng_drop_value(struct ng_scrape *scrape, const char *file, unsigned line, const char *expected);
void ng_drop_record(struct ng_scrape *scrape, const char *file, unsigned line, const char *expected);

/*
 * Takes the next `count` words, 64 at most, off a line as whole numbers. Bit i of `*ret_given` says that ret_value[i]
 * is one; a word that is none is a dropped value. -EBADMSG where there are fewer words, or none of them is a number:
 * then it is no record.
 */
int ng_columns(struct ng_scrape *scrape, const char *file, unsigned number, struct ng_span *line, size_t count,
	uint64_t *ret_value, uint64_t *ret_given);

/*
 * As ng_drop_value for a value that could not be read, by the error that reading it gave; nothing where
 * ng_absent(error). After -EBADMSG the reason that was noted stands.
 */
void ng_drop_unread(struct ng_scrape *scrape, int error, const char *file);

/* For a collect that had to leave out everything: the reason is again the one that was noted first. Returns `error`. */
int ng_fail_noted(struct ng_scrape *scrape, int error);

/*
 * For a collect that succeeds all the same: the reason that was noted last tells what was left out. The engine logs
 * each such text once, not again at every scrape: it must not have numbers that change.
 */
void ng_note(struct ng_scrape *scrape);

/* As ng_broken, for any other error: "open /proc/x: permission denied". Returns `error`. */
int ng_failed(struct ng_scrape *scrape, int error, const char *what, const char *file);

/* For `init`: whether the collector of that name is enabled too. */
bool ng_enabled(const struct ng_setup *setup, const char *collector);

/* For `init`: notes the reason, one sentence without a full stop, and returns -EINVAL. */
int ng_refuse(struct ng_setup *setup, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
