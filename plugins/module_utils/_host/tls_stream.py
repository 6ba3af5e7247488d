# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Bytes through TLS over a connected socket."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import ssl
from collections.abc import Callable, Sequence

from .._deadline import Deadline
from .base import Buffer, ByteStream
from .local import LONGEST_WAIT

PIECE = 262144
"""Bytes that are encrypted, or taken from the socket, at once."""
MOST_KEPT = 67108864
"""Bytes that may have come while something is to be sent first."""


IGNORE_END = 0x80
"""OpenSSL's number for taking the end of a connection for the end of what was said. Python sets it before 3.10, and has
a name for it since then."""
ENDED = "UNEXPECTED_EOF_WHILE_READING"


def client_context() -> ssl.SSLContext:
    """Return settings for a client: whoever can cut a connection must not be able to make it look complete."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.options &= ~IGNORE_END
    # Nobody needs it, and a peer could change who it is, or stop us in the middle of what we send.
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def has_ended(error: OSError) -> bool:
    """Say whether the peer is gone, without having said so."""
    return isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError)) or (
        isinstance(error, ssl.SSLError) and error.reason == ENDED
    )


class TlsStream(ByteStream):
    """TLS between this side and a peer.

    OpenSSL works on memory only, and this class moves what it wrote and what it reads. So nothing blocks but the one
    wait, which has the deadline, and OpenSSL's rule that an unfinished write has to be repeated never matters.
    """

    def __init__(self, connected: socket.socket, context: ssl.SSLContext, server_name: str, peer: str) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._peer = peer
        self._poll = select.poll()
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        self._unsent = memoryview(b"")
        self._ended = False

    def handshake(self, deadline: Deadline) -> None:
        """Agree on keys and check the peer; raise ssl.SSLError, ConnectionError, DeadlineExceeded."""
        while not self._attempt(self._tls.do_handshake):
            self._wait(select.POLLIN, deadline)
        self._flush(deadline)

    def _attempt(self, step: Callable[[], None]) -> bool:
        try:
            step()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError:
            # The alert that tells the peer why.
            with contextlib.suppress(OSError):
                self._push()
            raise
        return True

    def peer_certificate(self) -> bytes | None:
        """Return what the peer showed, DER; ``None`` when nothing."""
        return self._tls.getpeercert(binary_form=True)

    def send(self, data: bytes, deadline: Deadline) -> None:
        view = memoryview(data)
        while view:
            view = view[self._encrypt([view]) :]
            self._flush(deadline)

    def receive(self, size: int, deadline: Deadline) -> bytes:
        while True:
            received = self._decrypt(size)
            if received is not None:
                return received
            self._wait(select.POLLIN, deadline)

    def exchange(self, parts: Sequence[Buffer], size: int, deadline: Deadline) -> tuple[int, bytes]:
        while True:
            received = self._decrypt(size)
            if received == b"":
                raise ConnectionResetError(errno.ECONNRESET, "the peer closed the connection")
            if received:
                return 0, received
            if self._wait(select.POLLIN | select.POLLOUT, deadline) & select.POLLIN:
                continue
            if not self._unsent:
                sent = self._encrypt(parts)
                self._push()
                return sent, b""

    def close(self) -> None:
        if self._socket.fileno() < 0:
            return
        with contextlib.suppress(OSError):
            # It says that this is the end, and raises, because the peer has not said so.
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()
            self._push()
        self._socket.close()

    def _encrypt(self, parts: Sequence[Buffer]) -> int:
        """Encrypt the beginning of what is to be sent; return how much that was.

        Each part has TLS records of its own. libvirtd (9.0) waits for the socket after each message,
        and doesn't see one that came in the same record as the end of the one before.
        """
        taken = 0
        try:
            for part in parts:
                rest = memoryview(part)[: PIECE - taken]
                while rest:
                    size = self._tls.write(rest)
                    taken += size
                    rest = rest[size:]
                if taken == PIECE:
                    break
        except ssl.SSLError as error:
            raise _lost(error) from error
        return taken

    def _decrypt(self, size: int) -> bytes | None:
        """Return what has come, ``b""`` at the end, ``None`` when it is still to come."""
        try:
            return self._tls.read(size)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLZeroReturnError:
            return b""
        except ssl.SSLError as error:
            raise _lost(error) from error

    def _flush(self, deadline: Deadline) -> None:
        """Send all that was encrypted. What comes meanwhile is kept: a peer may send before it reads on."""
        self._push()
        while self._unsent:
            self._wait(select.POLLIN if self._incoming.pending < MOST_KEPT else select.POLLOUT, deadline)

    def _wait(self, events: int, deadline: Deadline) -> int:
        """Wait for one of ``events``, and take what has come; what was encrypted goes out meanwhile."""
        self._push()
        if self._unsent:
            events |= select.POLLOUT
        self._poll.register(self._socket, events)
        found = self._poll.poll(min(deadline.check(self._peer), LONGEST_WAIT) * 1000)
        if not found:
            raise deadline.exceeded(self._peer)
        ready = found[0][1]
        if ready & (select.POLLIN | select.POLLHUP | select.POLLERR):
            self._pull()
            return select.POLLIN
        self._push()
        return ready

    def _pull(self) -> None:
        try:
            data = self._socket.recv(PIECE)
        except BlockingIOError:
            return
        except OSError as error:
            raise _broken(error) from error
        if data:
            self._incoming.write(data)
        elif self._ended:
            raise ConnectionResetError(errno.ECONNRESET, "the peer closed the connection")
        else:
            self._ended = True
            self._incoming.write_eof()

    def _push(self) -> None:
        """Send as much as goes of what was encrypted."""
        while self._unsent or self._outgoing.pending:
            if not self._unsent:
                self._unsent = memoryview(self._outgoing.read())
            try:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
            except BlockingIOError:
                return
            except OSError as error:
                raise _broken(error) from error


def _broken(error: OSError) -> ConnectionError:
    """Return the error of a network that brings nothing any more: a time that is over, no way to the peer."""
    if isinstance(error, ConnectionError):
        return error
    return ConnectionAbortedError(error.errno, error.strerror)


def _lost(error: ssl.SSLError) -> ConnectionError:
    """Return the error of a connection that breaks off or is tampered with."""
    if has_ended(error):
        return ConnectionResetError(errno.ECONNRESET, "the peer closed the connection")
    reason = (error.reason or "").replace("_", " ").lower()
    return ConnectionAbortedError(errno.ECONNABORTED, f"TLS failed: {reason or 'unknown reason'}")
