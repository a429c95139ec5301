# SPDX-License-Identifier: Apache-2.0
"""Takes from a Debian tree what QEMU starts: the ELF kernel and an initrd of busybox and the drivers of its disk.

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
for module in @MODULES@; do /busybox insmod /$module; done
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


def drivers(tree):
    """The modules that a virtio disk needs, each behind those that it needs itself; what the kernel has built in is none."""
    folder = Path(glob.glob(f"{tree}/usr/lib/modules/*/modules.dep")[0]).parent
    needs = {}
    for line in (folder / "modules.dep").read_text().splitlines():
        name, _, rest = line.partition(":")
        needs[Path(name).name.split(".")[0]] = [name, *rest.split()]
    order = []
    for driver in ("virtio_pci", "virtio_blk"):
        order += [path for path in reversed(needs.get(driver, ())) if path not in order]
    return [(folder / path, Path(path).name.removesuffix(".xz")) for path in order]


def unpacked(path):
    return lzma.open(path).read() if path.suffix == ".xz" else path.read_bytes()


def entry(number, name, mode, content=b""):
    """One file of a cpio archive, "newc"."""
    name = name.encode() + b"\0"
    head = "070701" + "".join(f"{n:08x}" for n in (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name), 0))
    text = head.encode() + name
    text += b"\0" * (-len(text) % 4) + content
    return text + b"\0" * (-len(text) % 4)


tree, image = sys.argv[1:]
modules = drivers(tree)
busybox = next(path for path in (Path(tree, "usr/bin/busybox"), Path(tree, "bin/busybox")) if path.exists())
init = INIT.replace(b"@MODULES@", " ".join(name for _, name in modules).encode())
files = [("dev", 0o40755, b""), ("root", 0o40755, b""), ("init", 0o100755, init), ("busybox", 0o100755, busybox.read_bytes())]
files += [(name, 0o100644, unpacked(path)) for path, name in modules]
files += [("TRAILER!!!", 0, b"")]
Path(f"{image}.vmlinux").write_bytes(kernel(tree))
Path(f"{image}.initrd").write_bytes(b"".join(entry(i + 1, *file) for i, file in enumerate(files)))
