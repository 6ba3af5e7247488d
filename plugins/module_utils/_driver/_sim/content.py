# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The bytes of a simulated volume: few of them, wherever they are."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator
from itertools import groupby

from ..._errors import DriverError
from ..._host.base import ContentWriter, Extent
from .model import BLOCK, Piece, Volume

CONTENT_LIMIT = 8 * 1024 * 1024
"""Bytes of one volume that are not zeros. All of them are in the state file, which each call reads and writes."""
EMPTY = bytes(BLOCK)


class Content:
    """The bytes of a file. Blocks of zeros are not kept."""

    def __init__(self, size: int = 0) -> None:
        self.size = size
        self._blocks: dict[int, bytes] = {}

    @property
    def allocation(self) -> int:
        """Bytes that it takes."""
        return len(self._blocks) * BLOCK

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes; beyond the end they are zeros."""
        first, last = offset // BLOCK, -(-(offset + size) // BLOCK)
        data = b"".join(self._blocks.get(number, EMPTY) for number in range(first, last))
        return data[offset - first * BLOCK :][:size]

    def write(self, offset: int, data: bytes) -> None:
        """Put bytes into their place; the file grows if it has to. Raise DriverError when it becomes too much."""
        end = offset + len(data)
        self.size = max(self.size, end)
        at = offset
        while at < end:
            number, skip = divmod(at, BLOCK)
            part = data[at - offset : at - offset + BLOCK - skip]
            self._put(number, skip, part)
            at += len(part)
        if self.allocation > CONTENT_LIMIT:
            raise DriverError(
                f"keeping the content of a simulated volume: more than {CONTENT_LIMIT} bytes of it are not zeros.",
                hint="Use a smaller image here: holes, and blocks of zeros, are free.",
            )

    def clear(self, offset: int, size: int) -> None:
        """Make bytes zeros; the file grows if it has to."""
        end = offset + size
        self.size = max(self.size, end)
        for number in [each for each in self._blocks if each * BLOCK < end and (each + 1) * BLOCK > offset]:
            start, stop = max(offset, number * BLOCK), min(end, (number + 1) * BLOCK)
            self._put(number, start - number * BLOCK, bytes(stop - start))

    def resize(self, size: int) -> None:
        """Cut the end off, or add zeros to it."""
        if size < self.size:
            self.clear(size, self.size - size)
        self.size = size

    def runs(self) -> Iterator[tuple[int, bytes]]:
        """Yield the bytes that are kept, in their order, joined where they touch."""
        numbers = sorted(self._blocks)
        for _gap, run in groupby(enumerate(numbers), lambda each: each[1] - each[0]):
            touching = [number for _index, number in run]
            yield touching[0] * BLOCK, b"".join(self._blocks[number] for number in touching)

    def extents(self) -> Iterator[Extent]:
        """Yield the whole file."""
        at = 0
        for offset, data in self.runs():
            if offset > at:
                yield Extent(b"", offset - at)
            yield Extent(data[: self.size - offset])
            at = min(self.size, offset + len(data))
        if at < self.size:
            yield Extent(b"", self.size - at)

    def _put(self, number: int, skip: int, data: bytes) -> None:
        before = self._blocks.get(number, EMPTY)
        after = before[:skip] + data + before[skip + len(data) :]
        if after == EMPTY:
            self._blocks.pop(number, None)
        else:
            self._blocks[number] = after


class Upload(ContentWriter):
    """What is being written to a volume."""

    def __init__(self) -> None:
        self._written = Content()

    def write(self, data: bytes) -> None:
        self._written.write(self._written.size, bytes(data))

    def hole(self, size: int) -> None:
        self._written.resize(self._written.size + size)

    def put_into(self, content: Content, *, half: bool = False) -> None:
        """Overwrite a file from its beginning on, with all that was written, or with the first half."""
        size = self._written.size // 2 if half else self._written.size
        content.clear(0, size)
        for offset, data in self._written.runs():
            if offset < size:
                content.write(offset, data[: size - offset])


def load(volume: Volume) -> Content:
    """Return the bytes of a volume's file."""
    content = Content(volume.capacity if volume.length is None else volume.length)
    for piece in volume.content:
        content.write(piece.offset, b64decode(piece.data))
    return content


def save(volume: Volume, content: Content, *, image: bool) -> None:
    """Keep the bytes of a volume's file, which is an ``image`` with a size of its own, or has the volume's."""
    volume.content = [
        # The last block may be longer than the file.
        Piece(offset, b64encode(data[: content.size - offset]).decode())
        for offset, data in content.runs()
    ]
    volume.length = content.size if image else None
