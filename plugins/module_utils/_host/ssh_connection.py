# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""One ssh connection by paramiko, and its channels as streams."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from .._deadline import Deadline
from .._errors import ConnectionFailed
from .base import Buffer
from .command import Command, raise_failure
from .host_certificate import SUFFIX
from .last_words import last_words
from .paramiko import TransportBase, paramiko
from .ssh_wire import Wire

WINDOW = 16 * 1048576
"""Bytes that may be under way to us: at 50 ms there and back, more than 300 MB in a second."""
PACKET = 131072
"""Bytes of the largest packet that we take; OpenSSH's limit is 262144."""
PIECE = 262144
"""Bytes that are sent in one go; a packet holds less, and the window of OpenSSH is 2097152."""
KEPT_ERRORS = 4096
PATIENCE = 1.0
"""Seconds that a command's exit status may come later than the end of its output."""
CLOSING = 5.0
"""Seconds that the few bytes which end something may take; a peer that takes none in that time is dead."""
_OPEN = b"\x5a"
"""SSH_MSG_CHANNEL_OPEN. Source: RFC 4254, section 5.1."""
_STREAMLOCAL = "direct-streamlocal@openssh.com"


class Connection(TransportBase):
    """Paramiko's connection, and channels to unix sockets at its other end, which paramiko does not know.

    Source: OpenSSH's PROTOCOL, section 2.4.
    """

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire, default_window_size=WINDOW, default_max_packet_size=PACKET)  # type: ignore[arg-type]
        self.wire = wire
        self._socket_path: str | None = None
        self._opening = threading.Lock()

    def close(self) -> None:
        """Close it, and wait for its thread, which would go on for a moment with pipes that are closed by then."""
        super().close()
        if self.is_alive() and self is not threading.current_thread():
            self.join(PATIENCE)

    def _verify_key(self, host_key: bytes, sig: bytes) -> None:
        # Paramiko takes every signature that the key can make, SHA-1 by older releases included.
        agreed = (self.host_key_type or "").replace(SUFFIX, "")
        made = paramiko.Message(sig).get_binary().decode("ascii", "replace")
        if made != agreed:
            raise paramiko.SSHException(f"it signs with {last_words(made)} in place of {agreed}")
        super()._verify_key(host_key, sig)  # type: ignore[misc]

    def open_socket(self, path: str, timeout: float) -> paramiko.Channel:
        """Open a channel to a unix socket at the other end; raise as ``open_channel`` does."""
        with self._opening:
            self._socket_path = path
            try:
                return self.open_channel(_STREAMLOCAL, timeout=timeout)
            finally:
                self._socket_path = None

    def _send_user_message(self, data: Any) -> None:
        # What belongs to this kind of channel is behind what every request for a channel has.
        if self._socket_path is not None and data.asbytes().startswith(_OPEN):
            data.add_string(self._socket_path)
            data.add_string("")
            data.add_int(0)
            self._socket_path = None
        super()._send_user_message(data)  # type: ignore[misc]

    @contextmanager
    def bounded(self, deadline: Deadline, waiting_for: str) -> Iterator[None]:
        """Close the connection when the deadline passes, because paramiko waits for some answers without any limit."""
        deadline.check(waiting_for)
        guard = threading.Timer(min(deadline.remaining(), threading.TIMEOUT_MAX), self.close)
        guard.daemon = True
        guard.start()
        try:
            yield
        except (paramiko.SSHException, EOFError, OSError) as error:
            if deadline.passed:
                raise deadline.exceeded(waiting_for) from error
            raise
        finally:
            guard.cancel()


class ChannelStream(Command):
    """A channel. What a command writes to standard error is kept, its end at least, for the message of its failure."""

    def __init__(self, channel: paramiko.Channel, connection: Connection, what: str) -> None:
        self._channel = channel
        self._wire = connection.wire
        self._what = what
        self._errors = b""
        self._wake = threading.Event()
        # Paramiko has a condition for room to send, and events for what came; whoever does both waits for any of them.
        for buffer in (channel.in_buffer, channel.in_stderr_buffer):
            buffer.set_event(_Bell(self._wake))  # type: ignore[arg-type]
        channel.out_buffer_cv = _RingingCondition(channel.lock, self._wake)
        channel.settimeout(0.0)

    @property
    def errors(self) -> bytes:
        self._take_errors(Deadline(PATIENCE))
        return self._errors

    def send(self, data: bytes, deadline: Deadline) -> None:
        view = memoryview(data)
        while view:
            self._wait(self._can_send, deadline)
            view = view[self._push(bytes(view[:PIECE]), deadline) :]

    def receive(self, size: int, deadline: Deadline) -> bytes:
        self._wait(self._can_receive, deadline)
        data = self._pull(size, deadline)
        if not data:
            self._raise_failure(deadline)
        return data

    def exchange(self, parts: Sequence[Buffer], size: int, deadline: Deadline) -> tuple[int, bytes]:
        self._wait(lambda: self._can_receive() or self._can_send(), deadline)
        if self._can_receive():
            received = self._pull(size, deadline)
            if not received:
                self._raise_failure(deadline)
                raise ConnectionResetError(f"{self._what} ended")
            return 0, received
        return self._push(_first_of(parts), deadline), b""

    def finish_input(self) -> None:
        with self._sending(Deadline(CLOSING)):
            self._channel.shutdown_write()

    def ended(self, deadline: Deadline) -> int | None:
        end = deadline.sooner(PATIENCE)
        while not self._channel.exit_status_ready() and not end.passed:
            self._channel.status_event.wait(min(end.remaining(), 0.1))
        return self._channel.exit_status if self._channel.exit_status_ready() else None

    def close(self) -> None:
        with self._at_most(CLOSING):
            self._channel.close()

    # Waiting

    def _wait(self, possible: Any, deadline: Deadline) -> None:
        while True:
            self._wake.clear()
            self._take_errors(deadline)
            if possible():
                return
            deadline.check(self._what)
            self._wake.wait(min(deadline.remaining(), threading.TIMEOUT_MAX))

    def _can_receive(self) -> bool:
        """Whether there is something, or there will never be anything."""
        return self._channel.recv_ready() or bool(self._channel.eof_received) or self._channel.closed

    def _can_send(self) -> bool:
        return self._channel.closed or self._channel.send_ready()

    def _take_errors(self, deadline: Deadline) -> None:
        if not self._channel.recv_stderr_ready():
            return
        # It also sends, that there is room again; and it may come faster than it is taken.
        with self._at_most(deadline.remaining()):
            while self._channel.recv_stderr_ready() and not deadline.passed:
                self._errors = (self._errors + self._channel.recv_stderr(PIECE))[-KEPT_ERRORS:]

    @contextmanager
    def _at_most(self, seconds: float) -> Iterator[None]:
        """Give up what is sent by the way after some seconds; that the connection is broken shows elsewhere."""
        self._wire.limit(Deadline(seconds))
        try:
            with suppress(OSError, EOFError, paramiko.SSHException):
                yield
        finally:
            self._wire.limit(None)

    def _pull(self, size: int, deadline: Deadline) -> bytes:
        with self._sending(deadline):
            # It also sends, that there is room again.
            return self._channel.recv(size)

    def _push(self, data: bytes, deadline: Deadline) -> int:
        """Send what the window takes of it now."""
        sent = 0
        with self._sending(deadline):
            while sent < len(data) and not self._channel.closed and self._channel.send_ready():
                sent += self._channel.send(data[sent:])
        if not sent:
            self._raise_failure(deadline)
            raise ConnectionResetError(f"{self._what} ended")
        return sent

    @contextmanager
    def _sending(self, deadline: Deadline) -> Iterator[None]:
        self._wire.limit(deadline)
        try:
            yield
        except (OSError, EOFError, paramiko.SSHException) as error:
            if deadline.passed:
                raise deadline.exceeded(self._what) from error
            self._raise_failure(deadline)
            raise ConnectionResetError(f"{self._what}: the connection broke") from error
        finally:
            self._wire.limit(None)

    def _raise_failure(self, deadline: Deadline) -> None:
        raise_failure(self._what, self.ended(deadline), self.errors)


class _Bell:
    """An event that only ever rings; whoever waits for it clears it."""

    def __init__(self, wake: threading.Event) -> None:
        self.set = wake.set

    def clear(self) -> None:
        pass


class _RingingCondition(threading.Condition):
    """A condition that rings a bell as well."""

    def __init__(self, lock: threading.Lock, wake: threading.Event) -> None:
        super().__init__(lock)
        self._wake = wake

    def notify_all(self) -> None:
        super().notify_all()
        self._wake.set()


def _first_of(parts: Sequence[Buffer]) -> bytes:
    """Return the beginning of all parts, about as much as is sent in one go."""
    taken: list[Buffer] = []
    size = 0
    for part in parts:
        taken.append(memoryview(part)[: PIECE - size])
        size += len(taken[-1])
        if size >= PIECE:
            break
    return b"".join(taken)


def channel_refused(error: Exception, what: str) -> ConnectionFailed:
    """Return what to raise when a channel was not opened."""
    if isinstance(error, paramiko.ChannelException):
        return ConnectionFailed(f"{what}: the ssh server refuses it ({last_words(str(error.args[-1]))}).")
    return ConnectionFailed(f"{what}: {last_words(str(error)) or 'the connection broke'}.")
