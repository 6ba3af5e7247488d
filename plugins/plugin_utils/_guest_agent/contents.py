# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The content of files in a guest, piece by piece."""

from __future__ import annotations

import base64
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress

from ...module_utils._deadline import Deadline
from ...module_utils._errors import PeerError, StratumError
from .agent import Agent
from .replies import LARGEST, Reply

TRANSFER = ("guest-file-open", "guest-file-close", "guest-file-read", "guest-file-write")
WRITE_SIZE = 98304
"""Bytes in one command, which the agent's buffers on the node have to hold: see COMMAND_LIMIT."""
READ_SIZE = 1048576
"""Bytes in one answer. Four times as much would not get through libvirt."""


class Contents:
    """Reads and writes files through one agent."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def write(self, path: str, content: Iterable[bytes], what: str, deadline: Deadline) -> None:
        """Write a file. One that the agent makes could be changed by everybody, so it has to be there already, or be in
        a folder that nobody else can look into."""
        with self._opened(path, "wb", what, deadline) as handle:
            for data in content:
                for at in range(0, len(data), WRITE_SIZE):
                    self._write(handle, data[at : at + WRITE_SIZE], what, deadline)

    def read(self, path: str, what: str, deadline: Deadline) -> Generator[bytes, None, None]:
        """Yield the content of a file."""
        with self._opened(path, "rb", what, deadline) as handle:
            finished = False
            while not finished:
                deadline.check(what)
                reply = Reply(self._call("guest-file-read", what, deadline, handle=handle, count=READ_SIZE), what)
                data = reply.octets("buf-b64", most=READ_SIZE)
                finished = reply.flag("eof")
                if reply.number("count") != len(data) or not (data or finished):
                    raise PeerError(f"{what}: the guest agent's answer contradicts itself.")
                yield data

    def _write(self, handle: int, data: bytes, what: str, deadline: Deadline) -> None:
        while data:
            deadline.check(what)
            encoded = base64.b64encode(data).decode()
            reply = Reply(self._call("guest-file-write", what, deadline, handle=handle, **{"buf-b64": encoded}), what)
            data = data[reply.number("count", least=1, most=len(data)) :]

    @contextmanager
    def _opened(self, path: str, mode: str, what: str, deadline: Deadline) -> Iterator[int]:
        self._agent.require(TRANSFER, what)
        handle = self._call("guest-file-open", what, deadline, path=path, mode=mode)
        if isinstance(handle, bool) or not isinstance(handle, int) or not 0 <= handle <= LARGEST:
            raise PeerError(f"{what}: the guest agent returned no handle that makes sense.")
        intact = False
        try:
            yield handle
            intact = True
        finally:
            if not intact:
                # The error that is under way says more than one of this.
                with suppress(StratumError):
                    self._call("guest-file-close", what, deadline, handle=handle)
        self._call("guest-file-close", what, deadline, handle=handle)

    def _call(self, command: str, what: str, deadline: Deadline, **arguments: object) -> object:
        return self._agent.call(command, arguments, what=what, deadline=deadline)
