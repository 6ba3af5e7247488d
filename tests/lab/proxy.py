# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A slow line for tests, and places where nobody answers.

The line is a program of its own (``tests/lab/relay.py``): neither Python's lock in the test nor the test's network is
in its way. It ends with the process that started it.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Union

from tests.lab.lab import CHECKOUT, LabError, Node

Place = Union[Path, tuple[str, int]]
"""A unix socket, or an address and a port of TCP."""


class Counts(NamedTuple):
    """What went through a line so far."""

    connections: int
    up: int
    """Bytes that the target got."""
    down: int
    """Bytes that came back."""


class DelayingProxy:
    """A line to ``target`` on which everything arrives in order, ``delay`` seconds later, in each direction.

    That is latency alone: it does not limit how many bytes are under way. An end of one direction goes through as all
    else does, and leaves the other open. Only the connecting itself takes no time, as nobody can delay it from here.

    It listens at ``listen``: by default, for a unix socket at another one, and for TCP at a free port, of 127.0.0.1 or,
    with ``node``, of that node, in whose network and mounts the line is. Without a ``target``, it takes connections
    and all that is said, and never answers.
    """

    def __init__(
        self, target: Place | None, delay: float = 0.025, *, listen: Place | None = None, node: Node | None = None
    ) -> None:
        self.target = target
        self.delay = delay
        self.node = node
        self._wanted = listen
        self._place = listen
        self._folder: str | None = None
        self._process: subprocess.Popen[str] | None = None

    @property
    def place(self) -> Place:
        """Where it listens."""
        if self._place is None:
            raise LabError("the proxy was not started")
        return self._place

    @property
    def path(self) -> Path:
        """Its unix socket."""
        if isinstance(self.place, tuple):
            raise LabError("the proxy listens at a port, not at a socket")
        return self.place

    @property
    def port(self) -> int:
        """Its port."""
        if isinstance(self.place, Path):
            raise LabError("the proxy listens at a socket, not at a port")
        return self.place[1]

    @property
    def connections(self) -> int:
        """How many connections were made to it."""
        return self.counts().connections

    def start(self) -> None:
        """Start the program; return when it listens."""
        command = [sys.executable, "-m", "tests.lab.relay", str(self.delay), _word(self._listen()), _word(self.target)]
        if self.node is not None:
            # nsenter goes to the root folder, because the mounts are others there.
            command = self.node.enter("env", f"--chdir={CHECKOUT}", *command)
        self._process = subprocess.Popen(
            command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        listening = self._ask(None)
        self._place = Path(listening) if isinstance(listening, str) else (str(listening[0]), int(listening[1]))

    def stop(self) -> None:
        """End the program and all connections; one that is stopped already is fine."""
        if self._process is not None:
            self._process.communicate()  # the end of its input is its end
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder)
            self._folder = None

    def counts(self) -> Counts:
        """Say what went through so far."""
        return Counts(*self._ask("counts"))

    def _listen(self) -> Place:
        if self._wanted is not None:
            return self._wanted
        if isinstance(self.target, Path):
            self._folder = tempfile.mkdtemp(prefix="line-")
            return Path(self._folder) / "socket"
        return (self.node.address if self.node else "127.0.0.1", 0)

    def _ask(self, question: str | None) -> Any:
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            raise LabError("the proxy does not run")
        if question:
            self._process.stdin.write(f"{question}\n")
            self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            self.stop()
            raise LabError("the proxy did not start, or died; its reason is on the standard error")
        return json.loads(answer)

    def __enter__(self) -> DelayingProxy:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def stalled(node: Node | None = None, *, listen: Place | None = None) -> DelayingProxy:
    """Return a place, to be entered, that takes connections and never answers."""
    return DelayingProxy(None, listen=listen, node=node)


@contextlib.contextmanager
def swallowed(node: Node, port: int | None = None) -> Iterator[None]:
    """Let a node be dead: what comes to it over its cable, or for one port of TCP, is lost without a word.

    A port at which nobody listens refuses, and an address of the switch that no node has (``10.77.0.200``) cannot be
    reached; both need nothing from here.
    """
    table = f"swallowed_{port or 'all'}"
    which = f"tcp dport {port}" if port else ""
    node.run(["nft", f"add table inet {table}"])
    try:
        node.run(["nft", f"add chain inet {table} input {{ type filter hook input priority -200; }}"])
        node.run(["nft", f'add rule inet {table} input iifname "eth0" {which} drop'])
        yield
    finally:
        node.run(["nft", f"delete table inet {table}"])


def _word(place: Place | None) -> str:
    """Return how the program is told a place."""
    return json.dumps(str(place) if isinstance(place, Path) else place)
