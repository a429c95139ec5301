/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines that the NFS client and server share: a key and numbers. In those that count procedures, the first number
 * says how many follow; newer kernels have more.
 */
#ifndef COLLECTORS_NFS_LINES_H
#define COLLECTORS_NFS_LINES_H

#include <nodegauge/collector.h>

struct nfs_line {
	struct ng_span key;
	bool counts;    /* of procedures */
	size_t columns; /* that are needed; a line may have more, and one that counts may have fewer */
	uint64_t *value;
	uint64_t given; /* bit i: value[i] */
	bool present;   /* in this scrape, although it may have been unusable */
};

/* Fills in the lines by key and ignores others. Returns -EBADMSG if none could be understood. */
int nfs_parse(struct ng_scrape *scrape, const char *path, struct ng_span text, struct nfs_line *lines, size_t count);

/* Writes a sample without labels if its value is known. */
void nfs_emit(struct ng_scrape *scrape, const struct ng_family *family, const struct nfs_line *line, size_t column);

/* The procedures of a protocol version, in the kernel's order; without a name: not reported. */
struct nfs_procedures {
	struct ng_span protocol;
	const char *const *name;
	size_t count;
};

/*
 * Writes the samples of a version of the protocol. A procedure that the kernel does not have was never called: it is 0,
 * as in node_exporter.
 */
void nfs_emit_procedures(
	struct ng_scrape *scrape, const struct nfs_procedures *procedures, const struct nfs_line *line);

#endif
