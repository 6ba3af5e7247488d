# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Programs of this machine that carry bytes: their standard input and output as a stream."""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import time
from collections.abc import Sequence

from .._deadline import Deadline
from .._errors import ConnectionFailed
from .base import Buffer, Program
from .command import Command, raise_failure
from .paramiko import paramiko, require_paramiko

KEPT_ERRORS = 4096
"""Bytes of what a program writes to standard error: the last ones say why it ended."""
MOST_PIECES = 64
LONGEST_WAIT = 2000000.0
PATIENCE = 1.0
"""Seconds that a program gets to end when its output has ended, or when it is told to."""
_READ_SIZE = 65536
_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


def start_program(argv: Sequence[str]) -> Program:
    """Start a program of this machine; raise ConnectionFailed when that fails."""
    # In modules Ansible wants no subprocess but its own, which is of no use for a conversation.
    require_paramiko("starting the program that reaches a node")
    try:
        return paramiko.ProxyCommand(shlex.join(argv)).process
    except OSError as error:
        raise ConnectionFailed(f"starting {argv[0]}: {error.strerror}.") from error


class ProgramStream(Command):
    """A running program. One thread may receive while another one sends."""

    def __init__(self, program: Program, what: str) -> None:
        self._program = program
        self.what = what
        self._input, self._output, self._errors = (
            -1 if pipe is None else pipe.fileno() for pipe in (program.stdin, program.stdout, program.stderr)
        )
        for number in (self._input, self._output, self._errors):
            os.set_blocking(number, False)
        self._said = b""
        self._unread = b""
        self._errors_open = True
        self._closed = False

    @property
    def errors(self) -> bytes:
        self._take_errors()
        return self._said

    def send(self, data: bytes, deadline: Deadline) -> None:
        view = memoryview(data)
        while view:
            self._ready({self._input: select.POLLOUT}, deadline)
            view = view[self._push(view) :]

    def unread(self, data: bytes) -> None:
        """Give back what was received, to be received again."""
        self._unread = data + self._unread

    def receive(self, size: int, deadline: Deadline) -> bytes:
        if self._unread:
            return self._take_back(size)
        while True:
            self._ready({self._output: select.POLLIN}, deadline)
            try:
                received = os.read(self._output, size)
            except BlockingIOError:
                continue
            if not received:
                self._raise_failure(deadline)
            return received

    def exchange(self, parts: Sequence[Buffer], size: int, deadline: Deadline) -> tuple[int, bytes]:
        if self._unread:
            return 0, self._take_back(size)
        ready = self._ready({self._output: select.POLLIN, self._input: select.POLLOUT}, deadline)
        if self._output in ready:
            received = os.read(self._output, size)
            if not received:
                self._raise_failure(deadline)
                raise ConnectionResetError(f"{self.what} ended")
            return 0, received
        return self._push(b"".join(parts)), b""

    def finish_input(self) -> None:
        if self._program.stdin is not None:
            self._program.stdin.close()

    def ended(self, deadline: Deadline) -> int | None:
        end = deadline.sooner(PATIENCE)
        while self._program.poll() is None and not end.passed:
            self._take_errors()
            time.sleep(0.005)
        return self._program.poll()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._take_errors()
        for pipe in (self._program.stdin, self._program.stdout, self._program.stderr):
            if pipe is not None:
                pipe.close()
        # Whoever reads its input to the end gets the time to do so; who does not is told.
        for tell in (self._program.terminate, self._program.kill):
            if self.ended(Deadline(PATIENCE)) is not None:
                return
            with contextlib.suppress(ProcessLookupError):
                tell()
        self.ended(Deadline(PATIENCE))

    def stop(self) -> None:
        """Tell the program to end, which ends what waits for its output."""
        with contextlib.suppress(ProcessLookupError):
            self._program.terminate()

    def _raise_failure(self, deadline: Deadline) -> None:
        raise_failure(self.what, self.ended(deadline), self.errors)

    def _take_back(self, size: int) -> bytes:
        taken, self._unread = self._unread[:size], self._unread[size:]
        return taken

    def _push(self, data: Buffer) -> int:
        try:
            return os.write(self._input, data)
        except BlockingIOError:
            return 0

    def _ready(self, wanted: dict[int, int], deadline: Deadline) -> set[int]:
        """Return the pipes that are ready, at least one; what comes on standard error is taken meanwhile."""
        if self._closed:
            # The numbers of the pipes may be those of other files by now.
            raise ConnectionResetError(f"{self.what} is closed")
        poll = select.poll()
        for number, events in wanted.items():
            poll.register(number, events)
        if self._errors_open:
            poll.register(self._errors, select.POLLIN)
        while True:
            found = dict(poll.poll(min(deadline.check(self.what), LONGEST_WAIT) * 1000))
            if self._errors in found:
                self._take_errors()
                if not self._errors_open:
                    poll.unregister(self._errors)
            if self._input in found and found[self._input] & _GONE and self._output in wanted:
                # It takes nothing any more; what it has said is still there to be read.
                poll.unregister(self._input)
                del found[self._input]
            ready = {number for number in found if number in wanted}
            if ready:
                return ready
            if deadline.passed:
                raise deadline.exceeded(self.what)

    def _take_errors(self) -> None:
        # No more than this in one go: a program may write faster than we read.
        for _piece in range(MOST_PIECES):
            if not self._errors_open or self._closed:
                return
            try:
                data = os.read(self._errors, _READ_SIZE)
            except BlockingIOError:
                return
            self._errors_open = bool(data)
            self._said = (self._said + data)[-KEPT_ERRORS:]
