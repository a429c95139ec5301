/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel interfaces that the process keeps open: the roots, the files that several collectors share, the network
 * interfaces, the device events. One object per engine; collectors see it as an opaque pointer in their setup and
 * scrape.
 */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include "kernel/links_source.h"

#include <nodegauge/collector.h>
#include <pthread.h>

struct ng_kernel {
	int root_fd[NG_ROOTS]; /* or a negative errno */
	const char *root_path[NG_ROOTS];
	int keep_below;       /* descriptors from this number up are not kept open, see ng_may_keep; 0: all are */
	const char *net_path; /* below the proc root, see ng_net_path */
	bool own_net;
	struct ng_shared *shared;  /* list; written in init only */
	struct ng_shared *netstat; /* net/netstat of the process's own network namespace */
	struct ng_links_source links;
	pthread_mutex_t links_lock;

	int events_fd; /* netlink socket of device events, or -1 */
	uint64_t epoch;
	uint64_t settled_at; /* CLOCK_MONOTONIC ns: until then udev may still be writing */
};

/* Borrows the paths. A missing root is not an error here: reading below it will fail. */
int ng_kernel_init(struct ng_kernel *kernel, const char *const paths[NG_ROOTS]);
void ng_kernel_done(struct ng_kernel *kernel);

/* The value of keep_below that reserves this many of the process's descriptors for other purposes; never 0. */
int ng_keep_below(uint64_t reserved);

/* Like ng_file_read, but reads into that arena. */
int ng_file_read_into(struct ng_scrape *scrape, struct ng_arena *arena, struct ng_file *file, struct ng_span *ret_text);

/* Once per gather: processes device events; returns the epoch. */
uint64_t ng_kernel_devices_epoch(struct ng_kernel *kernel);

/* Sorts by bytes, in place. */
void ng_sort_names(const struct ng_names *names);

#endif
