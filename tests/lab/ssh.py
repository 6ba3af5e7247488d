# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real SSH servers inside nodes, keys for them, and people who may log in."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from tests.lab.lab import LabError, Node

HOST_KEYS = ("ed25519", "rsa")
START_TIMEOUT = 30.0


def make_key(path: Path, type: str = "ed25519", passphrase: str = "") -> Path:
    """Make a key pair, ``path`` and ``path.pub``; return the path."""
    bits = ["-b", "2048"] if type == "rsa" else []
    subprocess.run(
        ["ssh-keygen", "-q", "-t", type, *bits, "-N", passphrase, "-C", path.name, "-f", str(path)], check=True
    )
    return path


def set_password(node: Node, user: str, password: str) -> None:
    """Let a person of the node, ``root`` for one, log in with a password; the machine's own stay as they are."""
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=password, capture_output=True, text=True, check=True
    ).stdout.strip()
    shadow = node.folder / "etc" / "shadow"
    others = [line for line in shadow.read_text().splitlines() if not line.startswith(f"{user}:")]
    shadow.write_text("\n".join([*others, f"{user}:{hashed}:20000:0:99999:7:::", ""]))


def add_user(node: Node, user: str, password: str | None = None) -> Path:
    """Add an ordinary person to the node, once; return the home folder as the machine sees it.

    On the node it is ``/run/home/NAME``. Without a password only keys let the person in.
    """
    home = node.folder / "run" / "home" / user
    passwd = node.folder / "etc" / "passwd"
    if not any(line.startswith(f"{user}:") for line in passwd.read_text().splitlines()):
        number = 20000 + len(list(home.parent.glob("*")))
        with passwd.open("a") as file:
            file.write(f"{user}:x:{number}:{number}::/run/home/{user}:/bin/sh\n")
        with (node.folder / "etc" / "group").open("a") as file:
            file.write(f"{user}:x:{number}:\n")
        with (node.folder / "etc" / "shadow").open("a") as file:
            file.write(f"{user}:*:20000:0:99999:7:::\n")
        home.mkdir(parents=True)
        os.chown(home, number, number)
    if password is not None:
        set_password(node, user, password)
    return home


class SshServer:
    """A real ``sshd`` inside a node, with host keys and a configuration of its own, while it is entered.

    ``folder`` gets the host keys, the configuration and the log; keys that are there already are kept, so that a second
    server is the same machine again. ``options`` are lines of ``sshd_config(5)`` and win over the ones from here.
    ``authorized`` are public key files that let everybody in whom the node knows.
    """

    def __init__(
        self,
        node: Node,
        folder: Path,
        port: int = 22,
        options: Mapping[str, str] | None = None,
        authorized: Sequence[Path] = (),
    ) -> None:
        self.node = node
        self.folder = folder
        self.port = port
        self.options = dict(options or {})
        self.authorized = list(authorized)
        self.address = node.address
        self.log = folder / f"sshd-{port}.log"
        # Below the node's /run, because sshd reads it as the person who logs in; pytest's folders are root's alone.
        self._authorized_keys = node.folder / "run" / "sshd" / f"authorized_keys-{port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server; return when it listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for type in HOST_KEYS:
            if not self.host_key(type).exists():
                make_key(self.host_key(type), type)
        self._authorized_keys.parent.mkdir(mode=0o755, exist_ok=True)
        self.authorize(*self.authorized)
        configuration = self.folder / f"sshd-{self.port}.conf"
        configuration.write_text("".join(f"{name} {value}\n" for name, value in self._configuration()))
        program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin") or "sshd"
        self.log.write_bytes(b"")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                # Not -e: a session's own words of debugging would reach the one who logs in.
                self.node.enter(program, "-D", "-E", str(self.log), "-f", str(configuration)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )
        end = time.monotonic() + START_TIMEOUT
        while b"Server listening on" not in self.log.read_bytes():
            if self._process.poll() is not None or time.monotonic() > end:
                said = self.log.read_text()
                self.stop()
                raise LabError(f"sshd does not listen on {self.node.name}:\n{said}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End the server and everybody's sessions at once; one that is stopped already is fine."""
        if self._process is not None:
            # The first is nsenter, which has to wait for sshd: nobody else would.
            _nsenter, *others = _frozen(self._process.pid) or [0]
            for pid in others:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            while self._process.poll() is None:
                self._process.send_signal(signal.SIGCONT)  # it also stops by itself when what it waits for stops
                time.sleep(0.001)
            self._process = None

    def authorize(self, *keys: Path) -> None:
        """Let in exactly the holders of these keys, from now on."""
        self._authorized_keys.write_text("".join(key.read_text() for key in keys))
        self._authorized_keys.chmod(0o644)

    def host_key(self, type: str = "ed25519") -> Path:
        """Return the server's private key of a type."""
        return self.folder / f"host_{type}"

    def known_hosts_line(self, host: str | None = None, type: str = "ed25519") -> str:
        """Return the line of ``known_hosts`` that says which key this server has, under a name or its address."""
        name = host or self.address
        name = name if self.port == 22 else f"[{name}]:{self.port}"
        kind, key = self.host_key(type).with_suffix(".pub").read_text().split()[:2]
        return f"{name} {kind} {key}\n"

    def _configuration(self) -> Iterator[tuple[str, str]]:
        """Yield what sshd is told; of two lines the first counts."""
        yield from self.options.items()
        yield from (("HostKey", str(self.host_key(type))) for type in HOST_KEYS)
        yield "Port", str(self.port)
        yield "PidFile", "none"
        yield "UsePAM", "no"
        yield "UseDNS", "no"
        yield "StrictModes", "no"
        yield "PermitRootLogin", "yes"
        yield "AuthorizedKeysFile", f"/run/sshd/authorized_keys-{self.port}"
        yield "Subsystem", "sftp internal-sftp"
        yield "LogLevel", "DEBUG1"

    def __enter__(self) -> SshServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _frozen(pid: int) -> list[int]:
    """Return a process and all below it, each stopped before its children are counted, so that none is missed."""
    try:
        os.kill(pid, signal.SIGSTOP)
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [pid, *(below for child in children for below in _frozen(int(child)))]
