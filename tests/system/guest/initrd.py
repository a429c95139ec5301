# SPDX-License-Identifier: Apache-2.0
"""Takes from a Debian tree what QEMU starts: the ELF kernel and an initrd of busybox and one driver.

    initrd.py TREE IMAGE        writes IMAGE.vmlinux and IMAGE.initrd
"""
import glob
import lzma
import struct
import subprocess
import sys
from pathlib import Path

# The kernel file is an unpacker and a packed ELF (Documentation/arch/x86/boot.rst: payload_offset); unpacking it inside an
# emulated machine costs seconds.
TOOLS = {b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zX": "xz", b"\x1f\x8b\x08\0": "gzip", b"\x02\x21\x4c\x18": "lz4"}
INIT = b"""#!/busybox sh
/busybox mount -t devtmpfs dev /dev
/busybox insmod /virtio_blk.ko
while [ ! -e /dev/vda ]; do /busybox usleep 20000; done
/busybox mount -t ext4 -o noatime /dev/vda /root
/busybox mount --move /dev /root/dev
exec /busybox switch_root /root /sbin/init
"""


def kernel(tree):
    text = Path(glob.glob(f"{tree}/boot/vmlinuz-*")[0]).read_bytes()
    sectors = text[0x1f1]
    offset, size = struct.unpack_from("<II", text, 0x248)
    payload = text[(sectors + 1) * 512 + offset:][:size]
    tool = TOOLS[payload[:4]]
    elf = subprocess.run([tool, "-dc"], input=payload, capture_output=True, check=False).stdout # what follows is its length
    if elf[:4] != b"\x7fELF":
        raise SystemExit("no ELF kernel in the kernel file")
    return elf


def driver(tree):
    path = glob.glob(f"{tree}/usr/lib/modules/*/kernel/drivers/block/virtio_blk.ko*")
    path = Path((path or glob.glob(f"{tree}/lib/modules/*/kernel/drivers/block/virtio_blk.ko*"))[0])
    return lzma.open(path).read() if path.suffix == ".xz" else path.read_bytes()


def entry(number, name, mode, content=b""):
    """One file of a cpio archive, "newc"."""
    name = name.encode() + b"\0"
    head = "070701" + "".join(f"{n:08x}" for n in (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name), 0))
    text = head.encode() + name
    text += b"\0" * (-len(text) % 4) + content
    return text + b"\0" * (-len(text) % 4)


tree, image = sys.argv[1:]
files = [("dev", 0o40755, b""), ("root", 0o40755, b""), ("init", 0o100755, INIT), ("virtio_blk.ko", 0o100644, driver(tree)),
         ("busybox", 0o100755, next(p for p in (Path(tree, "usr/bin/busybox"), Path(tree, "bin/busybox")) if p.exists()).read_bytes()),
         ("TRAILER!!!", 0, b"")]
Path(f"{image}.vmlinux").write_bytes(kernel(tree))
Path(f"{image}.initrd").write_bytes(b"".join(entry(i + 1, *file) for i, file in enumerate(files)))
