# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Streams: bytes with holes, to and from the daemon, inside a connection."""

from __future__ import annotations

from typing import Any

from ..._errors import DeadlineExceeded, StratumError
from ..._host.base import Buffer
from . import protocol
from .client import Client, Request, StreamPacket
from .protocol import STREAM_CHUNK, Procedure
from .xdr import encode


class Stream:
    """One open stream. A context manager: leaving it finishes the stream, or aborts it when something was raised.

    While it is open, its connection does nothing else. Every call raises what the daemon reports in the stream.
    """

    def __init__(self, client: Client, request: Request) -> None:
        self._client = client
        self._request = request
        self._ended = False

    def read(self) -> StreamPacket | None:
        """Return the next data or hole, ``None`` at the end."""
        packet = self._receive()
        return None if packet.finished or not (packet.data or packet.hole) else packet

    def write(self, data: bytes) -> None:
        """Send data, in packets of about the same size: a small one costs the daemon as much as a large one."""
        if not data:
            return
        count = -(-len(data) // STREAM_CHUNK)
        size = -(-len(data) // count)
        view = memoryview(data)
        for at in range(0, len(data), size):
            self._send(protocol.STREAM, protocol.CONTINUE, view[at : at + size])

    def write_hole(self, size: int) -> None:
        """Send ``size`` bytes of nothing. The stream must have been opened as a sparse one."""
        body = bytearray()
        encode(protocol.HOLE, (size, 0), body)
        self._send(protocol.STREAM_HOLE, protocol.CONTINUE, bytes(body))

    def finish(self, patience: float = 0.0) -> None:
        """Say that all was sent or received, and wait until the daemon agrees, which may take some seconds more."""
        self._send(protocol.STREAM, protocol.OK)
        while not self._receive(patience).finished:
            pass
        self._ended = True

    def abort(self) -> None:
        """Give up. What the daemon says about it is of no interest any more; the connection stays usable."""
        if self._ended or self._client.closed:
            return
        try:
            self._send(protocol.STREAM, protocol.ERROR)
            while not self._receive().finished:
                pass
        except StratumError:
            if not self._request.error:
                self._client.close()
        self._ended = True

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, kind: object, *_exception: object) -> None:
        if kind is not None:
            self.abort()
        elif not self._ended:
            self.finish()

    def _send(self, kind: int, status: int, body: Buffer = b"") -> None:
        try:
            self._client.send_packet(self._request, kind, status, body)
        except DeadlineExceeded:
            self._client.close()
            raise
        self._check()

    def _receive(self, patience: float = 0.0) -> StreamPacket:
        try:
            return self._client.receive_packet(self._request, patience)
        except DeadlineExceeded:
            # The rest of the stream would come at any time; the connection cannot be used for anything else.
            self._client.close()
            raise
        except StratumError:
            self._ended = self._request.error is not None
            raise

    def _check(self) -> None:
        if self._request.error:
            self._ended = True
            raise self._request.error


def open_stream(client: Client, procedure: Procedure, *arguments: Any) -> Stream:
    """Make the call that opens a stream."""
    return Stream(client, client.open_stream(procedure, *arguments))
