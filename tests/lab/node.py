# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first process of a node: makes the node's own view of the machine, then runs and reaps its daemons."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from pathlib import Path

CLONE_NEWCGROUP = 0x02000000
# libvirt's LXC driver wants these; a controller that the machine doesn't have is left out.
CONTROLLERS = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "net_cls", "perf_event", "pids")
PRIVATE = {
    "/etc": "etc",
    "/var/lib/libvirt": "lib",
    "/var/cache/libvirt": "cache",
    "/var/log/libvirt": "log",
    # The whole of it, not only /run/libvirt: with the machine's D-Bus in sight, libvirt would enter the guests in the
    # machine's own list of virtual machines.
    "/run": "run",
}
# What a node does not get of the machine's /etc: secrets, and configuration that would make nodes differ.
NOT_COPIED = ("libvirt", "CA", "shadow*", "gshadow*", "ssh_host_*", "private", "krb5.keytab")

LIBVIRTD_CONF = """\
host_uuid = "{uuid}"
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_ro_perms = "0700"
unix_sock_rw_perms = "0700"
listen_tls = 0
listen_tcp = 0
log_outputs = "2:file:/var/log/libvirt/libvirtd.log"
"""
# The files that guests use are left with the owner they have: two nodes share them, and some are the user's own.
# A guest sees the node's /dev: libvirt's attempt to give each its own fails where the machine is a container or chroot.
QEMU_CONF = """\
stdio_handler = "file"
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
"""
# Guests get an address at once: no forwarding delay on the bridge, no ping of the address before it is given away.
NETWORK_XML = """\
<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>
  <name>default</name>
  <forward mode='nat'/>
  <bridge name='virbr0' stp='off' delay='0'/>
  <ip address='192.168.122.1' netmask='255.255.255.0'>
    <dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp>
  </ip>
  <dnsmasq:options><dnsmasq:option value='no-ping'/></dnsmasq:options>
</network>
"""


def mount(*argv: str) -> None:
    subprocess.run(["mount", *argv], check=True)


def join_control_groups(group: str) -> tuple[str, ...]:
    """Move this process into control groups of the node's own, and make them the root of what the node sees.

    Returns the version 1 controllers that the machine has; none means version 2.
    """
    base = Path("/sys/fs/cgroup")
    controllers = tuple(name for name in CONTROLLERS if (base / name / "cgroup.procs").exists())
    for place in [base / name / group for name in controllers] or [base / group]:
        place.mkdir(exist_ok=True)
        if place.parent.name == "cpuset":  # a new group has no processors, and can hold no process before it gets some
            for setting in ("cpuset.cpus", "cpuset.mems"):
                (place / setting).write_text((place.parent / setting).read_text())
        (place / "cgroup.procs").write_text("0")
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWCGROUP) != 0:
        raise OSError(ctypes.get_errno(), "no control group namespace")
    return controllers


def mount_control_groups(controllers: tuple[str, ...]) -> None:
    base = Path("/sys/fs/cgroup")
    if controllers:
        mount("-t", "tmpfs", "cgroup", str(base))
        for name in controllers:
            (base / name).mkdir()
            mount("-t", "cgroup", "-o", name, "cgroup", str(base / name))
        return
    mount("-t", "cgroup2", "cgroup2", str(base))
    # Version 2 gives controllers only to groups that hold no process themselves.
    (base / "daemon").mkdir(exist_ok=True)
    (base / "daemon" / "cgroup.procs").write_text("0")
    wanted = (base / "cgroup.controllers").read_text().split()
    (base / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in wanted))


def write_configuration(folder: Path) -> None:
    etc = folder / "etc" / "libvirt"
    etc.mkdir()
    host = uuid.uuid5(uuid.NAMESPACE_URL, str(folder))
    (etc / "libvirtd.conf").write_text(LIBVIRTD_CONF.format(uuid=host))
    (etc / "qemu.conf").write_text(QEMU_CONF)
    (folder / "network.xml").write_text(NETWORK_XML)
    filters = Path("/etc/libvirt/nwfilter")
    (etc / "nwfilter").mkdir()
    for source in filters.glob("*.xml"):
        (etc / "nwfilter" / source.name).write_bytes(source.read_bytes())


def copy_etc(folder: Path) -> None:
    """Give the node an /etc of its own: the machine's, without secrets; the passwords are locked."""
    etc = folder / "etc"
    shutil.copytree("/etc", etc, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
    (etc / "hosts").write_text((folder / "hosts").read_text())
    names = [line.partition(":")[0] for line in (etc / "passwd").read_text().splitlines() if line]
    (etc / "shadow").touch(mode=0o600)
    (etc / "shadow").write_text("".join(f"{name}:*:20000:0:99999:7:::\n" for name in names))


def make_view(folder: Path) -> None:
    """Put the node's own folders where libvirt looks for them."""
    # While the machine's /proc is in sight, it tells the number that this process has outside.
    (folder / "pid").write_text(os.readlink("/proc/self"))
    copy_etc(folder)
    for name in (*PRIVATE.values(), "images"):
        (folder / name).mkdir(exist_ok=True)
    write_configuration(folder)
    controllers = join_control_groups(f"stratum-{folder.parent.name}-{folder.name}")
    mount("-t", "proc", "proc", "/proc")
    # The machine's own must go, not only out of sight: libvirt believes every control group that /proc/mounts lists.
    subprocess.run(["umount", "--recursive", "--lazy", "/sys"], check=True)
    mount("-t", "sysfs", "sysfs", "/sys")  # it shows the network of whoever mounts it
    mount_control_groups(controllers)
    for path, name in PRIVATE.items():
        Path(path).mkdir(parents=True, exist_ok=True)
        mount("--bind", str(folder / name), path)
    socket.sethostname(folder.name)


def serve(folder: Path) -> None:
    """Run the daemon, start it again when told to by SIGUSR1, and reap whatever ends."""
    wanted = (signal.SIGUSR1, signal.SIGCHLD)
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    daemon: int | None = start_daemon()
    print("up", flush=True)
    while True:
        if signal.sigwait(wanted) == signal.SIGUSR1 and daemon is None:
            daemon = start_daemon()
        while True:
            try:
                pid = os.waitpid(-1, os.WNOHANG)[0]
            except ChildProcessError:
                break
            if pid == 0:
                break
            if pid == daemon:
                daemon = None
                (folder / "ended").touch()


def start_daemon() -> int:
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    log = os.open("/var/log/libvirt/output.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    libvirtd = subprocess.Popen(
        ["libvirtd", "--listen", "--pid-file", "/run/libvirtd.pid"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd="/",
        start_new_session=True,
        preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGUSR1, signal.SIGCHLD)),
    )
    os.close(log)
    return libvirtd.pid


if __name__ == "__main__":
    make_view(Path(sys.argv[1]))
    serve(Path(sys.argv[1]))
