# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What an ssh connection runs over, like a socket for paramiko: a socket, a program, a channel through a jump host."""

from __future__ import annotations

import contextlib
import socket
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from .._deadline import Deadline
from .._errors import DeadlineExceeded
from .last_words import last_words

if TYPE_CHECKING:
    from .paramiko import paramiko
    from .pipes import ProgramStream

KEPT_BEGINNING = 256
"""Bytes of what the peer says first; they tell what it is when it is no ssh server."""


class Wire(ABC):
    """Two-way bytes with the methods of a socket that paramiko uses, from two threads."""

    def __init__(self) -> None:
        self._closed = False
        """Paramiko asks for it, as sockets have it."""
        self.beginning = b""
        self.until: Deadline | None = None
        """When sending is given up. Paramiko itself would try for ever while a dead peer takes nothing."""

    def limit(self, until: Deadline | None) -> None:
        """Set until when sending may take, here and in what this runs over."""
        self.until = until

    def send(self, data: bytes) -> int:
        if self.until is not None and self.until.passed:
            # Not a timeout, after which it would try again.
            raise ConnectionAbortedError("the peer takes nothing")
        return self._push(data)

    def recv(self, size: int) -> bytes:
        data = self._pull(size)
        if len(self.beginning) < KEPT_BEGINNING:
            self.beginning = (self.beginning + data)[:KEPT_BEGINNING]
        return data

    def why_ended(self) -> str:
        """Return what is known of its end, to be put behind a reason."""
        return ""

    @abstractmethod
    def settimeout(self, seconds: float | None) -> None:
        """Set how long one call may take before it raises socket.timeout."""

    def close(self) -> None:
        """End it; what waits in another thread comes back."""
        self._closed = True
        self._end()

    @abstractmethod
    def _end(self) -> None: ...

    @abstractmethod
    def _push(self, data: bytes) -> int: ...

    @abstractmethod
    def _pull(self, size: int) -> bytes: ...


class SocketWire(Wire):
    """A connected socket."""

    def __init__(self, connected: socket.socket) -> None:
        super().__init__()
        self._socket = connected

    def settimeout(self, seconds: float | None) -> None:
        self._socket.settimeout(seconds)

    def _end(self) -> None:
        # Closing alone would not wake the thread that reads.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _push(self, data: bytes) -> int:
        return self._socket.send(data)

    def _pull(self, size: int) -> bytes:
        return self._socket.recv(size)


class ProgramWire(Wire):
    """A program of this machine, as ``ProxyCommand`` names one."""

    def __init__(self, stream: ProgramStream) -> None:
        super().__init__()
        self._stream = stream
        self._seconds = 0.0

    def settimeout(self, seconds: float | None) -> None:
        self._seconds = 3600.0 if seconds is None else seconds

    def _end(self) -> None:
        # Its pipes stay open for the thread that reads; who made the stream closes it after that.
        self._stream.stop()

    def why_ended(self) -> str:
        said = last_words(self._stream.errors)
        return f"; {self._stream.what} said: {said}" if said else f"; it runs over {self._stream.what}"

    def _push(self, data: bytes) -> int:
        try:
            self._stream.send(data, self.until or Deadline(3600.0))
        except DeadlineExceeded as error:
            raise ConnectionAbortedError("the program takes nothing") from error
        return len(data)

    def _pull(self, size: int) -> bytes:
        try:
            return self._stream.receive(size, Deadline(self._seconds))
        except DeadlineExceeded as error:
            raise socket.timeout from error


class ChannelWire(Wire):
    """A channel through a jump host, in the connection to that."""

    def __init__(self, channel: paramiko.Channel, below: Wire) -> None:
        super().__init__()
        self._channel = channel
        self._below = below

    def limit(self, until: Deadline | None) -> None:
        super().limit(until)
        self._below.limit(until)

    def settimeout(self, seconds: float | None) -> None:
        self._channel.settimeout(seconds)

    def _end(self) -> None:
        self._channel.close()

    def _push(self, data: bytes) -> int:
        return self._channel.send(data)

    def _pull(self, size: int) -> bytes:
        return self._channel.recv(size)
