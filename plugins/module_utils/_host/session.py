# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A login on another machine: commands and sockets over there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from .._deadline import Deadline
from .base import ByteStream

LONGEST_OUTPUT = 4 * 1048576
"""Bytes that ``run`` takes of a command's output; nothing that we ask another machine for is near that."""


class Finished(NamedTuple):
    """A command that has ended. ``status`` is its exit status, 128 and more for one that a signal ended."""

    status: int
    output: bytes
    errors: bytes
    """The end of what it wrote to standard error, at most a few KiB."""


class Session(ABC):
    """One login. Every command and every socket is a channel of its own in the same connection."""

    name: str
    """How messages call the machine: ``user@host``."""

    @abstractmethod
    def start(self, argv: Sequence[str], deadline: Deadline) -> ByteStream:
        """Start a command over there; return its standard input and output.

        The arguments are quoted for the login shell here. Raises ConnectionFailed when it cannot be started; that it is
        not there shows as the end of the stream. ConnectionError of the stream says how it ended and what it wrote to
        standard error. Closing the stream closes the command's standard input, and the command is told to end.
        """

    @abstractmethod
    def run(self, argv: Sequence[str], deadline: Deadline, *, input: bytes = b"") -> Finished:
        """Run a command over there to its end.

        Raises DeadlineExceeded, ConnectionFailed when it cannot be started or the connection is lost, PeerError when
        it writes more than LONGEST_OUTPUT.
        """

    @abstractmethod
    def connect(self, path: str, deadline: Deadline) -> ByteStream:
        """Open a stream to a unix socket over there; raise ConnectionFailed."""

    @abstractmethod
    def close(self) -> None:
        """Log out, which ends everything that was started here; closing again does nothing."""
