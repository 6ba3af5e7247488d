# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build a guest of a few megabytes that boots in seconds even without KVM: ``vmlinuz`` and ``initrd.img``.

It is made of the distribution's own packages (kernel, busybox, QEMU guest agent), which are downloaded and unpacked
but never installed: on the machine that builds it, nothing changes but the output folder. No rights are needed.

Run it as ``python3 tiny_guest.py FOLDER``. A folder that is up to date is left as it is, and the last line says which
it was: ``built`` or ``unchanged``.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import lzma
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

# What the guest needs beyond what the kernels have built in; what these need is found in the modules themselves.
MODULES = (
    "virtio_pci",
    "virtio_net",
    "virtio_blk",
    "virtio_scsi",
    "virtio_console",
    "virtio_balloon",
    "virtio_rng",
    "sd_mod",
    "sr_mod",
    "isofs",
    "button",
    "evdev",
)

SCRIPTS = {
    "init": """\
#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /run /tmp /root /var/run /usr/bin /usr/sbin
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm /dev/virtio-ports /seed
mount -t devpts devpts /dev/pts
exec /sbin/init </dev/console >/dev/console 2>&1
""",
    "etc/inittab": """\
::sysinit:/etc/boot
::respawn:/etc/agent
::respawn:/bin/busybox acpid -f -l /dev/null
ttyS0::respawn:-/bin/sh
::ctrlaltdel:/sbin/reboot -f
""",
    # The listener starts after the drivers, whose hundreds of events would take seconds to go through. What is there
    # by then is handed to the same script by hand, which doesn't mind to be told twice.
    "etc/boot": """\
#!/bin/sh
hostname guest
ip link set lo up
cd /lib/modules && for module in $(cat order); do insmod "$module"; done
uevent /etc/hotplug &
export ACTION=add
for path in /sys/class/virtio-ports/vport*; do
    [ -e "$path" ] && SUBSYSTEM=virtio-ports DEVNAME=${path##*/} DEVPATH=${path#/sys} /etc/hotplug
done
/etc/seed
for path in /sys/class/net/eth*; do
    [ -e "$path" ] && SUBSYSTEM=net INTERFACE=${path##*/} /etc/hotplug
done
echo "guest: ready after $(cut -d' ' -f1 /proc/uptime) s" > /dev/console
""",
    # The little of cloud-init that a guest without a disk can have: a name, and a script.
    "etc/seed": """\
#!/bin/sh
for device in /dev/sr? /dev/vd?; do
    [ -e "$device" ] || continue
    mount -t iso9660 -o ro "$device" /seed 2>/dev/null || continue
    [ -e /seed/meta-data ] && break
    umount /seed
done
[ -e /seed/meta-data ] || exit 0
name=$(sed -n 's/.*local-hostname"*: *"*\\([A-Za-z0-9.-]*\\).*/\\1/p' /seed/meta-data)
[ -z "$name" ] || hostname "$name"
case $(head -c 2 /seed/user-data) in "#!") sh /seed/user-data ;; esac
""",
    # Processors and memory that are plugged in start offline, network cards without an address.
    "etc/hotplug": """\
#!/bin/sh
case "$ACTION $SUBSYSTEM" in
"add cpu") echo 1 > "/sys$DEVPATH/online" ;;
"add memory") echo online > "/sys$DEVPATH/state" ;;
"add virtio-ports")
    read -r name < "/sys$DEVPATH/name" && ln -sf "/dev/$DEVNAME" "/dev/virtio-ports/$name" ;;
"remove virtio-ports")
    for link in /dev/virtio-ports/*; do [ -e "$link" ] || rm -f "$link"; done ;;
"add net")
    [ "$INTERFACE" != lo ] && [ ! -e "/run/udhcpc.$INTERFACE" ] || exit 0
    : > "/run/udhcpc.$INTERFACE"
    ip link set "$INTERFACE" up
    udhcpc -b -t 3 -T 1 -A 2 -x "hostname:$(hostname)" -i "$INTERFACE" -s /etc/lease >/dev/null 2>&1 & ;;
"remove net") rm -f "/run/udhcpc.$INTERFACE" ;;
esac
""",
    "etc/lease": """\
#!/bin/sh
case "$1" in
deconfig) ip address flush dev "$interface" ;;
bound|renew)
    ip address replace "$ip/$mask" dev "$interface"
    [ -n "$router" ] && ip route replace default via "${router%% *}" dev "$interface"
    echo "guest: $interface has $ip after $(cut -d' ' -f1 /proc/uptime) s" > /dev/console ;;
esac
""",
    "etc/agent": """\
#!/bin/sh
port=/dev/virtio-ports/org.qemu.guest_agent.0
until [ -e "$port" ]; do sleep 1; done
exec /usr/bin/qemu-ga -m virtio-serial -p "$port"
""",
    # The agent asks this of the guest: -P to power off, -H to halt, -r to reboot.
    "sbin/shutdown": """\
#!/bin/sh
case " $* " in *" -r "*) exec reboot -f ;; esac
exec poweroff -f
""",
    "etc/acpi/PWRF/00000080": "#!/bin/sh\nexec poweroff -f\n",
    "etc/os-release": 'ID=stratum-tiny\nNAME="stratum.virt tiny guest"\nVERSION_ID=1\n',
    "etc/passwd": "root::0:0:root:/root:/bin/sh\n",
}


class BuildError(Exception):
    """A reason why the guest cannot be built, in words for the person who wanted it."""


def run(argv: Sequence[str], cwd: Path | None = None) -> str:
    """Return what a command prints."""
    try:
        done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BuildError(f"{argv[0]} is missing on this machine") from None
    if done.returncode != 0:
        raise BuildError(f"{' '.join(argv)} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def fetch_with_apt(work: Path) -> None:
    """Unpack Debian's or Ubuntu's packages into ``work/root``."""
    packages = ["busybox-static", "qemu-guest-agent"]
    wanted = [kernel_meta_package()]
    while wanted:  # from the meta package to the image, and on Ubuntu from there to its modules
        package = wanted.pop()
        packages.append(package)
        depends = run(["apt-cache", "depends", "--important", package])
        wanted += set(re.findall(r"Depends: (linux-(?:image|modules)-\d\S*)", depends)) - set(packages)
    run(["apt-get", "download", *packages], cwd=work)
    for archive in sorted(work.glob("*.deb")):
        run(["dpkg-deb", "--extract", str(archive), str(work / "root")])


def kernel_meta_package() -> str:
    """Name the package that depends on the smallest current kernel."""
    architecture = run(["dpkg", "--print-architecture"]).strip()
    for name in (f"linux-image-cloud-{architecture}", "linux-image-virtual"):
        if "Depends:" in run(["apt-cache", "depends", name, "--no-pre-depends"]):
            return name
    raise BuildError("no kernel package is known to apt; type: apt-get update")


def fetch_with_dnf(work: Path) -> None:
    """Unpack Fedora's or Enterprise Linux's packages into ``work/root``."""
    packages = ["busybox", "qemu-guest-agent", "kernel-core", "kernel-modules-core"]
    architecture = os.uname().machine
    run(["dnf", "download", "--quiet", f"--forcearch={architecture}", "--destdir", str(work), *packages])
    root = work / "root"
    root.mkdir()
    for archive in sorted(work.glob("*.rpm")):
        payload = subprocess.run(["rpm2cpio", str(archive)], capture_output=True, check=True).stdout
        subprocess.run(["cpio", "-idm", "--quiet"], input=payload, cwd=root, check=True)


def fetch(work: Path) -> Path:
    """Unpack the packages that the guest is made of; return the folder."""
    if shutil.which("apt-get"):
        fetch_with_apt(work)
    elif shutil.which("dnf"):
        fetch_with_dnf(work)
    else:
        raise BuildError("neither apt-get nor dnf is here to fetch the guest's packages with")
    return work / "root"


def one(root: Path, *patterns: str) -> Path:
    """Return the last file that matches the first pattern that any file matches."""
    for pattern in patterns:
        found = sorted(path for path in root.glob(pattern) if not path.is_symlink())
        if found:
            return found[-1]
    raise BuildError(f"the packages have no {' or '.join(patterns)}")


def module_name(path: Path) -> str:
    return path.name.split(".ko", 1)[0].replace("-", "_")


def module_content(path: Path) -> bytes:
    """Return a module as the kernel takes it, whatever the package compresses it with."""
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dcq", str(path)], capture_output=True, check=True).stdout
    return path.read_bytes()


def modules_in_order(tree: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the guest's modules, each after the ones that it needs."""
    files = {module_name(path): path for path in tree.rglob("*.ko*")}
    builtin = {module_name(Path(line)) for line in (tree / "modules.builtin").read_text().splitlines()}
    done: set[str] = set()

    def visit(name: str) -> Iterator[tuple[str, bytes]]:
        if name in done or name in builtin:
            return
        done.add(name)
        if name not in files:
            raise BuildError(f"the kernel has no module {name}")
        content = module_content(files[name])
        depends = re.search(rb"\0depends=([^\0]*)\0", content)
        for needed in depends.group(1).decode().split(",") if depends else ():
            if needed:
                yield from visit(needed.replace("-", "_"))
        yield f"{name}.ko", content

    for module in MODULES:
        yield from visit(module)


def libraries(program: Path) -> Iterator[Path]:
    """Yield the shared libraries of a program, none for a static one."""
    done = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False)
    if "not found" in done.stdout:
        raise BuildError(f"libraries of {program.name} are missing on this machine:\n{done.stdout}")
    for path in re.findall(r"(/\S+) \(0x", done.stdout):
        yield Path(path)


class Archive:
    """An initramfs: a cpio archive in the "newc" format. Source: buffer-format.rst of the Linux documentation."""

    def __init__(self) -> None:
        self._blob = bytearray()
        self._names: set[str] = set()

    def add(self, name: str, content: bytes, mode: int = stat.S_IFREG | 0o755) -> None:
        """Add a file, and the folders above it; what is there already stays."""
        if name in self._names:
            return
        for parent in reversed(Path(name).parents[:-1] if name != "TRAILER!!!" else ()):
            self.add(str(parent), b"", stat.S_IFDIR | 0o755)
        self._names.add(name)
        encoded = name.encode() + b"\0"
        fields = (len(self._names), mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(encoded), 0)
        self._blob += b"070701" + "".join(f"{field:08X}" for field in fields).encode() + encoded
        self._pad()
        self._blob += content
        self._pad()

    def _pad(self) -> None:
        self._blob += b"\0" * (-len(self._blob) % 4)

    def program(self, name: str, source: Path) -> None:
        """Add a program with the libraries that it is linked with."""
        self.add(name, source.read_bytes())
        for library in libraries(source):
            self.add(str(library).lstrip("/"), library.read_bytes())

    def finish(self) -> bytes:
        self.add("TRAILER!!!", b"", 0)
        return gzip.compress(bytes(self._blob), mtime=0)


def initrd(root: Path) -> bytes:
    """Return the guest's initramfs."""
    archive = Archive()
    archive.program("bin/busybox", one(root, "bin/busybox", "usr/bin/busybox", "usr/sbin/busybox", "sbin/busybox"))
    archive.program("usr/bin/qemu-ga", one(root, "usr/bin/qemu-ga", "usr/sbin/qemu-ga"))
    for name, text in SCRIPTS.items():
        archive.add(name, text.encode())
    order = []
    for name, content in modules_in_order(one(root, "lib/modules/*/", "usr/lib/modules/*/")):
        archive.add(f"lib/modules/{name}", content)
        order.append(name)
    archive.add("lib/modules/order", "\n".join([*order, ""]).encode())
    return archive.finish()


def build(folder: Path) -> bool:
    """Make ``folder/vmlinuz`` and ``folder/initrd.img``; return whether anything had to be done.

    They are made anew when this file changed since. A build that is cut short leaves no stamp, and so the next run
    does it again.
    """
    stamp = folder / "stamp"
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    results = ("vmlinuz", "initrd.img")
    if stamp.is_file() and stamp.read_text() == version and all((folder / name).is_file() for name in results):
        return False
    folder.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="work-") as temporary:
        root = fetch(Path(temporary))
        kernel = one(root, "boot/vmlinuz-*", "lib/modules/*/vmlinuz", "usr/lib/modules/*/vmlinuz")
        replace(folder / "vmlinuz", kernel.read_bytes())
        replace(folder / "initrd.img", initrd(root))
    replace(stamp, version.encode())
    return True


def replace(path: Path, content: bytes) -> None:
    """Write a file in one step: a guest that is starting right now reads the old or the new one."""
    temporary = path.with_suffix(".new")
    temporary.write_bytes(content)
    temporary.chmod(0o644)
    temporary.replace(path)


def main(arguments: Iterable[str]) -> int:
    parser = argparse.ArgumentParser(prog="tiny_guest.py", description="Build the tiny guest.")
    parser.add_argument("folder", type=Path, help="where vmlinuz and initrd.img go")
    try:
        print("built" if build(parser.parse_args(list(arguments)).folder.absolute()) else "unchanged")
    except (BuildError, OSError, subprocess.CalledProcessError) as error:
        print(f"The tiny guest cannot be built: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
