# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The content of volumes, in streams that leave out holes where the daemon can do that."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from ..._errors import DriverError, NotSupported
from ..._host.base import ContentWriter, Extent
from . import protocol
from .client import LONG_LIMIT, Client
from .objects import whole
from .protocol import Procedure, Volume
from .streams import Stream, open_stream

SPARSE = 1 << 0
SIZES_PHYSICAL = 1 << 0
FILE = 0
"""The type of volumes that are files."""
ZEROS = bytes(protocol.STREAM_CHUNK)
RECENT = 4194304
"""Bytes, of the last ones that were written, among which those are that the daemon may not have written yet."""
SLOWEST = 20 * 1024**2
"""Bytes that storage writes in a second, at least."""
PROBE = 4096
"""Bytes that are read again to know whether the end arrived."""


class VolumeWriter(ContentWriter):
    """Writes a volume.

    libvirt passes over a hole in a file, and leaves there what is there. ``stale`` is where holes begin to read as
    zeros; before that zeros are sent.
    """

    def __init__(self, stream: Stream, stale: int) -> None:
        self._stream = stream
        self._stale = stale
        self._at = 0
        self._recent: deque[tuple[int, bytes]] = deque()
        self._recent_size = 0

    def write(self, data: bytes) -> None:
        self._stream.write(data)
        self._recent.append((self._at, data))
        self._at += len(data)
        self._recent_size += len(data)
        while self._recent_size - len(self._recent[0][1]) >= RECENT:
            self._recent_size -= len(self._recent.popleft()[1])

    def hole(self, size: int) -> None:
        end = self._at + size
        while self._at < min(end, self._stale):
            zeros = ZEROS[: min(end, self._stale) - self._at]
            self._stream.write(zeros)
            self._at += len(zeros)
        if self._at < end:
            self._stream.write_hole(end - self._at)
            self._at = end

    def patience(self) -> float:
        """Return how many seconds the end may take: the daemon accepts everything at once, and says nothing until all
        of it is written, the zeros that it writes into the holes of a block device, too."""
        return min(self._at / SLOWEST, LONG_LIMIT)

    def last(self) -> tuple[int, bytes]:
        """Return the last bytes that are not zeros, none where there are none, and where they begin."""
        for at, data in reversed(self._recent):
            stripped = data.rstrip(b"\0")
            if stripped:
                return at + max(len(stripped) - PROBE, 0), stripped[-PROBE:]
        return 0, b""


@contextmanager
def upload(client: Client, volume: Volume) -> Iterator[VolumeWriter]:
    """Write a volume from its beginning on."""
    stale = _stale(client, volume)
    stream, sparse = _open(client, protocol.VOLUME_UPLOAD, volume)
    with stream:
        writer = VolumeWriter(stream, stale if sparse else sys.maxsize)
        yield writer
        stream.finish(writer.patience())
    at, data = writer.last()
    if data and _read(client, volume, at, len(data)) != data:
        # libvirt 9 says that all is well when it cannot write what comes shortly before the end. It writes nothing more
        # after what it could not write, so the end is missing whatever that was.
        raise DriverError(f"writing the volume {volume.name}: its end is missing.", hint="The storage may be full.")


@contextmanager
def download(client: Client, volume: Volume) -> Iterator[Iterator[Extent]]:
    """Read a volume from its beginning on."""
    stream, _sparse = _open(client, protocol.VOLUME_DOWNLOAD, volume)
    with stream:
        yield _extents(stream)


def _extents(stream: Stream) -> Iterator[Extent]:
    while (packet := stream.read()) is not None:
        yield Extent(packet.data, packet.hole)


def _read(client: Client, volume: Volume, at: int, size: int) -> bytes:
    with open_stream(client, protocol.VOLUME_DOWNLOAD, volume, at, size, 0) as stream:
        return b"".join(packet.data for packet in iter(stream.read, None))


def _open(client: Client, procedure: Procedure, volume: Volume) -> tuple[Stream, bool]:
    """Open a stream, with holes where the daemon knows them; return whether it does."""
    try:
        return open_stream(client, procedure, volume, 0, 0, SPARSE), True
    except NotSupported:
        return open_stream(client, procedure, volume, 0, 0, 0), False


def _stale(client: Client, volume: Volume) -> int:
    """Return up to where a volume may hold something else than zeros, in bytes.

    For block devices libvirt writes zeros into holes itself. A file without a block of its own is all holes; one that
    has some (the header that libvirt gives a qcow2 image) may have them anywhere.
    """
    calls = [(protocol.VOLUME_SIZES, (volume, flags)) for flags in (0, SIZES_PHYSICAL)]
    (kind, _capacity, allocation), (_kind, _capacity, physical) = whole(client.pipeline(calls))
    return physical if kind == FILE and allocation else 0
