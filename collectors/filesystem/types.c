/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File systems that answer statfs(2) from their superblock in memory. All others may query a server, a process or
 * firmware and block forever, so anything that is not listed is not trusted.
 */
#include "filesystem.h"

static const struct ng_span in_memory[] = {
	NG_SPAN("adfs"),
	NG_SPAN("affs"),
	NG_SPAN("bcachefs"),
	NG_SPAN("befs"),
	NG_SPAN("bfs"),
	NG_SPAN("binder"),
	NG_SPAN("binfmt_misc"),
	NG_SPAN("bpf"),
	NG_SPAN("btrfs"),
	NG_SPAN("cgroup"),
	NG_SPAN("cgroup2"),
	NG_SPAN("configfs"),
	NG_SPAN("cpuset"),
	NG_SPAN("cramfs"),
	NG_SPAN("debugfs"),
	NG_SPAN("devpts"),
	NG_SPAN("devtmpfs"),
	NG_SPAN("efs"),
	NG_SPAN("erofs"),
	NG_SPAN("exfat"),
	NG_SPAN("ext2"),
	NG_SPAN("ext3"),
	NG_SPAN("ext4"),
	NG_SPAN("f2fs"),
	NG_SPAN("fusectl"),
	NG_SPAN("hfs"),
	NG_SPAN("hfsplus"),
	NG_SPAN("hpfs"),
	NG_SPAN("hugetlbfs"),
	NG_SPAN("iso9660"),
	NG_SPAN("jffs2"),
	NG_SPAN("jfs"),
	NG_SPAN("minix"),
	NG_SPAN("mqueue"),
	NG_SPAN("msdos"),
	NG_SPAN("nfsd"),
	NG_SPAN("nilfs2"),
	NG_SPAN("nsfs"),
	NG_SPAN("ntfs"),
	NG_SPAN("ntfs3"),
	NG_SPAN("omfs"),
	NG_SPAN("proc"),
	NG_SPAN("pstore"),
	NG_SPAN("qnx4"),
	NG_SPAN("qnx6"),
	NG_SPAN("ramfs"),
	NG_SPAN("reiserfs"),
	NG_SPAN("resctrl"),
	NG_SPAN("romfs"),
	NG_SPAN("rootfs"),
	NG_SPAN("rpc_pipefs"),
	NG_SPAN("securityfs"),
	NG_SPAN("selinuxfs"),
	NG_SPAN("smackfs"),
	NG_SPAN("squashfs"),
	NG_SPAN("sysfs"),
	NG_SPAN("sysv"),
	NG_SPAN("tmpfs"),
	NG_SPAN("tracefs"),
	NG_SPAN("ubifs"),
	NG_SPAN("udf"),
	NG_SPAN("ufs"),
	NG_SPAN("vfat"),
	NG_SPAN("xfs"),
	NG_SPAN("zonefs"),
};

/* These pass statfs on to another file system, or to firmware, but a path that leads through them does not block. */
static const struct ng_span transparent[] = {
	NG_SPAN("aufs"),
	NG_SPAN("ecryptfs"),
	NG_SPAN("efivarfs"),
	NG_SPAN("overlay"),
	NG_SPAN("zfs"),
};

static bool listed(const struct ng_span *list, size_t count, struct ng_span type)
{
	for (size_t i = 0; i < count; i++) {
		if (ng_span_equal(list[i], type))
			return true;
	}
	return false;
}

enum trust filesystem_trust(struct ng_span type)
{
	if (listed(in_memory, NG_COUNT(in_memory), type))
		return TRUST_ALL;
	return listed(transparent, NG_COUNT(transparent), type) ? TRUST_PATHS : TRUST_NOTHING;
}
