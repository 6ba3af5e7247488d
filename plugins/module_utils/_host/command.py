# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A command that was started on another machine: its bytes, and how it ended."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from .._deadline import Deadline
from .._errors import ConnectionFailed, PeerError
from .base import ByteStream
from .last_words import last_words
from .session import LONGEST_OUTPUT, Finished

_READ_SIZE = 65536
_NO_STATUS = 255


class Command(ByteStream):
    """Its standard input and output. What it writes to standard error is kept, the end at least."""

    @property
    @abstractmethod
    def errors(self) -> bytes:
        """The end of what it wrote to standard error, at most a few KiB."""

    @abstractmethod
    def finish_input(self) -> None:
        """Let it see the end of its input; doing so again does nothing."""

    @abstractmethod
    def ended(self, deadline: Deadline) -> int | None:
        """Return its exit status as soon as there is one, ``None`` when none comes within a moment."""


def finish(command: Command, argv: Sequence[str], input: bytes, deadline: Deadline, name: str) -> Finished:
    """Give a command its input and take its output, to its end; raise as ``Session.run`` does."""
    output = b""
    waiting = memoryview(input)
    try:
        while len(output) <= LONGEST_OUTPUT:
            if waiting:
                sent, received = command.exchange([waiting], _READ_SIZE, deadline)
                waiting = waiting[sent:]
                output += received
                continue
            command.finish_input()
            received = command.receive(_READ_SIZE, deadline)
            if not received:
                break
            output += received
    except ConnectionError as error:
        # Many a command ends before it has read its input, and one that fails says so by its status.
        if command.ended(deadline) is None:
            raise ConnectionFailed(f"running {argv[0]} on {name}: {last_words(str(error))}.") from error
    if len(output) > LONGEST_OUTPUT:
        raise PeerError(f"{argv[0]} on {name} writes more than {LONGEST_OUTPUT} bytes.")
    status = command.ended(deadline)
    return Finished(_NO_STATUS if status is None or status < 0 else status, output, command.errors)


def raise_failure(what: str, status: int | None, errors: bytes) -> None:
    """Raise ConnectionResetError that says how a command ended, unless it ended well and said nothing."""
    said = last_words(errors)
    if said:
        raise ConnectionResetError(f"{what} ended: {said}")
    if status != 0:
        raise ConnectionResetError(f"{what} ended" if status is None else f"{what} ended with {status}")
