# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start and stop labs.

A lab is one supervisor process, the first of a process namespace of its own. The nodes live below it in namespaces
of theirs, and no namespace has a name or a mount outside. When the supervisor goes, however it goes, the kernel takes
everything else with it: daemons, guests, bridges, mounts, rules. What can stay behind is a folder and empty control
groups, which the next lab removes.

The supervisor holds a lock in the lab's folder. The lock says whether the lab is alive and which process it is, so
there is no process number in a file that could have become another process's.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

CHECKOUT = Path(__file__).resolve().parents[2]
# Short, because the path of a unix socket has at most 107 bytes; not below /run, which is memory on many machines.
BASE = Path(os.environ.get("STRATUM_LAB_DIR", "/var/lib/stratum-lab"))
PROGRAMS = ("unshare", "nsenter", "ip", "mount", "libvirtd", "virsh", "dnsmasq", "qemu-system-x86_64", "qemu-img")
LAB_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
START_TIMEOUT = 60.0
ADDED = "# from here on, the lab's own\n"


class LabError(Exception):
    """A lab cannot do what was asked of it, and why."""


def default_name() -> str:
    """Name the lab that belongs to this checkout, so that two checkouts have two."""
    return f"lab-{hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]}"


def missing() -> list[str]:
    """Say what this machine lacks to run a lab, in the words of a person."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"))
    lacks = [f"the program {name}" for name in PROGRAMS if not shutil.which(name, path=path)]
    if os.geteuid() != 0:
        lacks.insert(0, "the rights of root")
    return lacks


class Node:
    """One node of a lab, seen from outside."""

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self.folder = folder
        self.images = folder / "images"
        self.socket = folder / "run" / "libvirt" / "libvirt-sock"
        self.log = folder / "log" / "libvirtd.log"
        # The node's first process makes it when the daemon has ended, however that came.
        self._ended = folder / "ended"
        self.address = (folder / "address").read_text().strip()
        self.pid = int((folder / "pid").read_text())

    @property
    def uri(self) -> str:
        """Reach the QEMU driver of this node's daemon."""
        return f"qemu+unix:///system?socket={self.socket}"

    @property
    def lxc_uri(self) -> str:
        """Reach the LXC driver of the same daemon."""
        return f"lxc+unix:///system?socket={self.socket}"

    @property
    def test_uri(self) -> str:
        """Reach libvirt's own simulation inside the same daemon: lost when the last client goes."""
        return f"test+unix:///default?socket={self.socket}"

    def enter(self, *argv: str) -> list[str]:
        """Return the command that runs another command inside the node."""
        return ["nsenter", f"--target={self.pid}", "--mount", "--uts", "--net", "--pid", "--cgroup", "--", *argv]

    def run(self, argv: Sequence[str], check: bool = True, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command inside the node: its network, its processes, its daemon at the usual socket."""
        return self._run(self.enter(*argv), check, timeout)

    def virsh_command(self, uri: str | None = None) -> list[str]:
        """Return the beginning of a virsh command line that talks to this node's daemon."""
        return ["virsh", "--quiet", "--connect", uri or self.uri]

    def virsh(self, *argv: str, uri: str | None = None, check: bool = True, timeout: float = 60) -> str:
        """Return what virsh prints, without the white space around it."""
        return self._run([*self.virsh_command(uri), *argv], check, timeout).stdout.strip()

    def _run(self, argv: Sequence[str], check: bool, timeout: float) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, check=False
        )
        if check and done.returncode != 0:
            raise LabError(f"{' '.join(argv)} failed with {done.returncode}: {(done.stderr or done.stdout).strip()}")
        return done

    def daemon_signal(self, number: signal.Signals) -> None:
        """Send the daemon a signal, as SIGSTOP for one that stops answering and SIGCONT for its return."""
        pid = (self.folder / "run" / "libvirtd.pid").read_text().strip()
        self.run(["kill", "-s", number.name.removeprefix("SIG"), pid])

    def serve_tls(self, certificate: Path, key: Path, authority: Path, port: int = 16514, **conf: str | int) -> None:
        """Make the daemon listen for mutual TLS, with other lines of libvirtd.conf if wanted; guests go on."""
        tls: dict[str, str | int] = {
            "listen_tls": 1,
            "tls_port": str(port),
            "cert_file": str(certificate),
            "key_file": str(key),
            "ca_file": str(authority),
        }
        self._configure({**tls, **conf})

    def serve_tcp(self) -> None:
        """Make the daemon listen at port 16509 for everybody, in plain text, as nobody should; guests go on."""
        self._configure({"listen_tcp": 1, "auth_tcp": "none"})

    def stop_tls(self) -> None:
        """Make the daemon listen on its socket alone again; guests go on."""
        self._configure({})

    def _configure(self, conf: Mapping[str, str | int]) -> None:
        """Start the daemon again with the lab's own configuration and these lines."""
        file = self.folder / "etc" / "libvirt" / "libvirtd.conf"
        own = file.read_text().rpartition(ADDED)[2]
        lines = [f"{name} = {json.dumps(value)}" for name, value in conf.items()]
        # The added lines come first: of two lines for one setting, libvirt takes the first.
        file.write_text("".join(f"{line}\n" for line in lines) + ADDED + own)
        if not self._ended.exists():
            self.daemon_stop()
        self.daemon_start()

    def daemon_stop(self) -> None:
        """Stop the daemon as an administrator does; guests go on."""
        self._daemon_end(signal.SIGTERM)

    def daemon_kill(self) -> None:
        """Kill the daemon as if it had crashed; guests go on."""
        self._daemon_end(signal.SIGKILL)

    def _daemon_end(self, number: signal.Signals) -> None:
        self._ended.unlink(missing_ok=True)
        self.daemon_signal(number)
        _wait_until(self._ended.exists, 30, f"the daemon of {self.name} did not end")

    def daemon_start(self) -> None:
        """Start the daemon again, and wait until it answers; one that runs is left alone."""
        self._ended.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR1)
        _wait_until(
            lambda: self._ended.exists() or self.answers(),
            START_TIMEOUT,
            f"the daemon of {self.name} does not answer, see {self.log}",
        )
        if self._ended.exists():
            raise LabError(f"the daemon of {self.name} does not start: {self.log.read_text().splitlines()[-1:]}")

    def answers(self) -> bool:
        """Say whether the daemon takes connections."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._run([*self.virsh_command(), "version"], check=False, timeout=10).returncode == 0
        return False


class Lab:
    """Some nodes, up together and down together."""

    def __init__(self, nodes: int = 1, name: str | None = None) -> None:
        self.name = name or default_name()
        if not LAB_NAME.fullmatch(self.name):
            raise LabError(f"{self.name!r} is no name for a lab: small letters, digits and dashes")
        self.count = nodes
        self.folder = BASE / self.name
        self.nodes: list[Node] = []

    def up(self, keep: bool = False) -> list[Node]:
        """Start the lab, after what an earlier run under the same name or a dead one under any name left behind.

        With ``keep`` the lab stays until ``down``. Without, it also ends with the process that started it.
        """
        lacks = missing()
        if lacks:
            raise LabError(f"a lab needs {', '.join(lacks)}")
        BASE.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(BASE / ".up"):
            self.down()
            for folder in BASE.iterdir():
                if folder.is_dir() and _holder(folder) is None:
                    _remove(folder)
            supervisor = self._start()
        self.nodes = self._find_nodes()
        for node in self.nodes:
            self._furnish(node)
        if keep:
            assert supervisor.stdin
            supervisor.stdin.write(b"keep\n")
            supervisor.stdin.close()
        return self.nodes

    def attach(self) -> list[Node]:
        """Return the nodes of a lab that is up, none if it isn't."""
        self.nodes = self._find_nodes() if _holder(self.folder) is not None else []
        return self.nodes

    def down(self) -> None:
        """Stop every process of the lab and remove its traces; a lab that isn't there is fine."""
        holder = _holder(self.folder)
        if holder is not None:
            _kill(holder)
        _remove(self.folder)
        self.nodes = []

    def _find_nodes(self) -> list[Node]:
        return [Node(folder.parent) for folder in sorted(self.folder.glob("*/address"))]

    def _start(self) -> subprocess.Popen[bytes]:
        """Start the supervisor, which goes when the pipe to it closes before it was told to stay.

        So nothing that happens to this process can leave half a lab behind.
        """
        self.folder.mkdir(mode=0o700)
        with (self.folder / "log").open("w") as log:
            supervisor = subprocess.Popen(
                [
                    *("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--"),
                    *(sys.executable, "-m", "tests.lab.supervisor", str(self.folder), str(self.count)),
                ],
                cwd=CHECKOUT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        assert supervisor.stdout
        answer = select.select([supervisor.stdout], [], [], START_TIMEOUT)[0]
        if not answer or supervisor.stdout.readline() != b"up\n":
            supervisor.kill()
            raise LabError(f"the lab did not start:\n{(self.folder / 'log').read_text().strip()}")
        self._supervisor = supervisor  # an object that is collected would close the pipe
        return supervisor

    def _furnish(self, node: Node) -> None:
        """Wait for the daemon, and give the node a network and a pool named ``default``."""
        _wait_until(node.answers, START_TIMEOUT, f"the daemon of {node.name} does not answer, see {node.log}")
        commands = (
            f"net-define {node.folder}/network.xml; net-autostart default; net-start default; "
            f"pool-define-as default dir --target {node.images}; pool-autostart default; pool-start default"
        )
        node.virsh(commands)

    def __enter__(self) -> Lab:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()


def labs() -> dict[str, list[Node]]:
    """Return the labs that are up, by name."""
    names = [folder.name for folder in sorted(BASE.glob("*/")) if folder.is_dir()]
    return {name: nodes for name in names if (nodes := Lab(name=name).attach())}


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _holder(folder: Path) -> int | None:
    """Return the process that holds a lab's lock."""
    layout = "hhqqi"  # struct flock of 64-bit Linux: type, whence, start, length, process
    try:
        with (folder / "lock").open("r+b") as file:
            asked = struct.pack(layout, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            answer = struct.unpack(layout, fcntl.fcntl(file, fcntl.F_GETLK, asked))
    except FileNotFoundError:
        return None
    return None if answer[0] == fcntl.F_UNLCK else int(answer[-1])


def _kill(pid: int) -> None:
    """Kill the first process of a process namespace; it ends when all the others have."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        if not select.select([handle], [], [], 30)[0]:
            raise LabError(f"process {pid} of the lab cannot be killed")
    finally:
        os.close(handle)


def _remove(folder: Path) -> None:
    """Remove the folder of a lab that is down, and its control groups."""
    pattern = f"stratum-{folder.name}-*"
    for group in [*Path("/sys/fs/cgroup").glob(pattern), *Path("/sys/fs/cgroup").glob(f"*/{pattern}")]:
        for place in sorted((path for path in [group, *group.rglob("*")] if path.is_dir()), reverse=True):
            with contextlib.suppress(OSError):  # some other process may look at it; the next lab tries again
                place.rmdir()
    shutil.rmtree(folder, ignore_errors=True)


def _wait_until(condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise LabError(otherwise)
        time.sleep(0.05)
