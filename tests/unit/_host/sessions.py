# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions without a network: one whose far machine is this one, and one whose far machine says what it is told to."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
import sys
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress

from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Buffer, ByteStream
from ansible_collections.stratum.virt.plugins.module_utils._host.frames import Decoder, Frame
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost, SocketStream
from ansible_collections.stratum.virt.plugins.module_utils._host.session import Finished, Session


class LocalSession(Session):
    """A login on this machine, by a shell. ``python`` is what the shell finds under the name ``python3``."""

    name = "root@far"

    def __init__(self, python: str = sys.executable, before: str = "") -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        self.started: list[list[str]] = []
        self._python = python
        self._before = before
        self._sockets: list[socket.socket] = []

    def start(self, argv: Sequence[str], deadline: Deadline) -> ByteStream:
        self.started.append(list(argv))
        ours, theirs = socket.socketpair()
        with theirs:
            self.processes.append(
                subprocess.Popen(
                    self._shell(argv), stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=subprocess.PIPE
                )
            )
        self._sockets.append(ours)
        return SocketStream(ours, self.name)

    def run(self, argv: Sequence[str], deadline: Deadline, *, input: bytes = b"") -> Finished:
        done = subprocess.run(self._shell(argv), input=input, capture_output=True, timeout=60, check=False)
        return Finished(done.returncode, done.stdout, done.stderr)

    def connect(self, path: str, deadline: Deadline) -> ByteStream:
        return LocalHost().connect(path, deadline)

    def close(self) -> None:
        """Log out; wait until what was started has ended by itself."""
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for process in self.processes:
            process.communicate(timeout=60)

    def _shell(self, argv: Sequence[str]) -> list[str]:
        command = shlex.join(argv)
        python = f'python3() {{ exec {self._python} "$@"; }}; ' if self._python else ""
        return ["/bin/sh", "-c", f"{self._before}{python}{command}"]


class Told(ByteStream):
    """A stream to a far machine that says what a test has it say, all of it at once, and then hangs up or is silent.

    ``peer`` gets each frame that is sent and returns the bytes that it is answered with.
    """

    def __init__(self, peer: Callable[[Frame], bytes], *, silent: bool = False) -> None:
        self.sent: list[Frame] = []
        self.closed = False
        self._peer = peer
        self._silent = silent
        self._decoder = Decoder()
        self._said = b""

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Take the program, and greet as it would."""
        greeting = re.search(rb"'(stratum\.virt [0-9a-f]+)\\n'", zlib.decompress(data))
        assert greeting is not None
        self._said += greeting.group(1) + b"\n"

    def exchange(self, parts: Sequence[Buffer], size: int, deadline: Deadline) -> tuple[int, bytes]:
        if self._said:
            return 0, self.receive(size, deadline)
        data = b"".join(parts)
        for frame in self._decoder.feed(data):
            self.sent.append(frame)
            self._said += self._peer(frame)
        return len(data), b""

    def receive(self, size: int, deadline: Deadline) -> bytes:
        said, self._said = self._said[:size], self._said[size:]
        if not said and self._silent:
            raise deadline.exceeded("a silent machine")
        return said

    def close(self) -> None:
        self.closed = True


class ToldSession(LocalSession):
    """A login on a machine that says what a test has it say."""

    def __init__(self, peer: Callable[[Frame], bytes], *, silent: bool = False) -> None:
        super().__init__()
        self.stream = Told(peer, silent=silent)

    def start(self, argv: Sequence[str], deadline: Deadline) -> ByteStream:
        return self.stream
