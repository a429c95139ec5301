/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work of each mounted XFS file system, since it was mounted.
 *
 *     fs/xfs/sda1/stats/stats
 *         extent_alloc 1 872 0 0
 *         abt 0 0 0 0
 *         blk_map 61 29 1 1 1 91 0
 *         ig 5 1 0 4 0 0 1
 *         rw 28 0
 *
 * Source: fs/xfs/xfs_stats.c (xfs_stats_format), xfs_stats.h. A file system has statistics of its own since Linux 4.4.
 * Mounting one changes no device: the file systems are listed on each scrape.
 */
#include <nodegauge/collector.h>

#define DIRECTORY "fs/xfs"

/* X(family, help), by line and in the kernel's order of columns */
#define EXTENT_ALLOC(X)                                                                                                \
	X("extent_allocation_extents_allocated", "Extents allocated.")                                                 \
	X("extent_allocation_blocks_allocated", "Blocks allocated.")                                                   \
	X("extent_allocation_extents_freed", "Extents freed.")                                                         \
	X("extent_allocation_blocks_freed", "Blocks freed.")
#define ABT(X)                                                                                                         \
	X("allocation_btree_lookups", "Lookups in the B-trees of free space.")                                         \
	X("allocation_btree_compares", "Comparisons in the B-trees of free space.")                                    \
	X("allocation_btree_records_inserted", "Records inserted into the B-trees of free space.")                     \
	X("allocation_btree_records_deleted", "Records deleted from the B-trees of free space.")
#define BLK_MAP(X)                                                                                                     \
	X("block_mapping_reads", "Block mappings for reads.")                                                          \
	X("block_mapping_writes", "Block mappings for writes.")                                                        \
	X("block_mapping_unmaps", "Blocks unmapped.")                                                                  \
	X("block_mapping_extent_list_insertions", "Insertions into lists of extents.")                                 \
	X("block_mapping_extent_list_deletions", "Deletions from lists of extents.")                                   \
	X("block_mapping_extent_list_lookups", "Lookups in lists of extents.")                                         \
	X("block_mapping_extent_list_compares", "Comparisons in lists of extents.")
#define BMBT(X)                                                                                                        \
	X("block_map_btree_lookups", "Lookups in the B-trees of files' extents.")                                      \
	X("block_map_btree_compares", "Comparisons in the B-trees of files' extents.")                                 \
	X("block_map_btree_records_inserted", "Records inserted into the B-trees of files' extents.")                  \
	X("block_map_btree_records_deleted", "Records deleted from the B-trees of files' extents.")
#define DIR(X)                                                                                                         \
	X("directory_operation_lookup", "Names looked up in directories that were not in the dentry cache.")           \
	X("directory_operation_create", "Directory entries created.")                                                  \
	X("directory_operation_remove", "Directory entries removed.")                                                  \
	X("directory_operation_getdents", "Times the entries of a directory were listed.")
#define IG(X)                                                                                                          \
	X("inode_operation_attempts", "Lookups in the inode cache.")                                                   \
	X("inode_operation_found", "Inodes found in the inode cache.")                                                 \
	X("inode_operation_recycled", "Inodes found in the inode cache that were being recycled.")                     \
	X("inode_operation_missed", "Inodes not found in the inode cache.")                                            \
	X("inode_operation_duplicates", "Inodes not found in the inode cache that another process had added by then.") \
	X("inode_operation_reclaims", "Inodes reclaimed from the inode cache.")                                        \
	X("inode_operation_attribute_changes", "Changes of inode attributes.")
#define RW(X)                                                                                                          \
	X("write_calls", "write(2) calls on files of the file system.")                                                \
	X("read_calls", "read(2) calls on files of the file system.")
#define VNODES(X)                                                                                                      \
	X("vnode_active", "Inodes in memory that are in use.")                                                         \
	X("vnode_allocate", "Inodes allocated in memory.")                                                             \
	X("vnode_get", "References taken to inodes in memory.")                                                        \
	X("vnode_hold", "Holds taken on inodes in memory.")                                                            \
	X("vnode_release", "Last references to inodes in memory released.")                                            \
	X("vnode_reclaim", "Inodes in memory reclaimed.")                                                              \
	X("vnode_remove", "Inodes removed from memory.")

#define FAMILY(name_, help_)                                                                                           \
	{ .name = "node_xfs_" name_ "_total", .help = (help_), .type = NG_COUNTER, .labels = "device" },
#define ONE(name, help) +1
#define LINE(key, columns)                                                                                             \
	{                                                                                                              \
		NG_SPAN(key), 0 columns(ONE)                                                                           \
	}

static const struct ng_family families[] = { EXTENT_ALLOC(FAMILY) ABT(FAMILY) BLK_MAP(FAMILY) BMBT(FAMILY) DIR(FAMILY)
		IG(FAMILY) RW(FAMILY) VNODES(FAMILY) };

/* In the order of the families. */
static const struct {
	struct ng_span key;
	size_t columns;
} lines[] = {
	LINE("extent_alloc", EXTENT_ALLOC),
	LINE("abt", ABT),
	LINE("blk_map", BLK_MAP),
	LINE("bmbt", BMBT),
	LINE("dir", DIR),
	LINE("ig", IG),
	LINE("rw", RW),
	LINE("vnodes", VNODES),
};

struct row {
	struct ng_labels *labels;
	uint64_t value[NG_COUNT(families)];
	uint64_t given; /* bit i: value[i] */
};
_Static_assert(NG_COUNT(families) <= 64, "a bit for each family");

static const char expected[] = "a key and as many numbers as the kernel documents";

/* Returns -EBADMSG if no line was understood. */
static int parse(struct ng_scrape *scrape, const char *path, struct ng_span text, struct row *row)
{
	struct ng_span line, key;
	bool any = false;

	for (unsigned number = 1; ng_line_next(&text, &line); number++) {
		uint64_t given = 0;
		size_t at = 0, first = 0;
		if (!ng_word_next(&line, &key))
			continue;
		while (at < NG_COUNT(lines) && !ng_span_equal(lines[at].key, key))
			first += lines[at++].columns;
		if (at == NG_COUNT(lines))
			continue;
		if (ng_columns(scrape, path, number, &line, lines[at].columns, &row->value[first], &given) < 0) {
			ng_drop_record(scrape, path, number, expected);
			continue;
		}
		row->given |= given << first;
		any = true;
	}
	return any ? 0 : ng_broken(scrape, path, 1, expected);
}

/* Other entries of the directory have no such file. */
static int read_row(struct ng_scrape *scrape, const char *name, struct row *row)
{
	const char *path = ng_join(scrape->arena, DIRECTORY "/", name, "/stats/stats");
	struct ng_span text;

	if (!path)
		return -ENOMEM;
	int r = ng_read(scrape, NG_SYS, NG_VALUE, path, &text);
	if (r == -ENOENT || r == -ENOTDIR)
		return r;
	if (r == 0)
		r = parse(scrape, path, text, row);
	if (r < 0 && r != -ENOMEM)
		ng_drop_unread(scrape, r, path);
	row->labels = NG_LABELS(scrape->arena, { "device", ng_span(name) });
	return r;
}

static int xfs_collect(void *state, struct ng_scrape *scrape)
{
	struct ng_names names;
	struct row *rows = NULL;
	size_t count = 0, capacity = 0;

	(void)state;
	int r = ng_names(scrape, NG_SYS, DIRECTORY, &names);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; i < names.count; i++) {
		struct row row = { 0 };
		r = read_row(scrape, names.name[i], &row);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			continue;
		struct row *place = ng_push(scrape->arena, &rows, &count, &capacity);
		if (!place)
			return -ENOMEM;
		*place = row;
	}
	for (size_t i = 0; i < NG_COUNT(families); i++) {
		ng_family(scrape->page, &families[i]);
		for (size_t k = 0; k < count; k++) {
			if (rows[k].given >> i & 1)
				ng_sample_u64(scrape->page, rows[k].labels, rows[k].value[i]);
		}
	}
	return 0;
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "xfs",
	.summary = "Work of each XFS file system",
	.families = families,
	.family_count = NG_COUNT(families),
	.collect = xfs_collect,
};
NG_COLLECTOR(descriptor);
