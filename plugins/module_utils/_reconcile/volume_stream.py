# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Content on its way: its holes, its checksum, and how two of them compare. Memory stays flat, whatever their size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from .._host.base import Extent

BLOCK = 65536
"""Bytes. As many zeros are worth a hole: qcow2 and most file systems have clusters and blocks of at most this size."""

_ZEROS = bytes(BLOCK)
_PIECE = 1048576


def sparse(extents: Iterable[Extent]) -> Iterator[Extent]:
    """Yield the same content with a hole for every block of zeros, and no two holes in a row."""
    hole = 0
    for extent in extents:
        hole += extent.hole
        for data, zeros in _runs(extent.data):
            if data:
                if hole:
                    yield Extent(b"", hole)
                    hole = 0
                yield Extent(data)
            hole += zeros
    if hole:
        yield Extent(b"", hole)


def _runs(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield stretches of data, each with how many zeros follow it."""
    start = at = 0
    while at < len(data):
        end = at
        while data.startswith(_ZEROS, end):
            end += BLOCK
        if end > at:
            yield data[start:at], end - at
            start = at = end
        else:
            at += BLOCK
    if start < len(data):
        yield data[start:] if start else data, 0


def watched(extents: Iterable[Extent], look: Callable[[bytes], object]) -> Iterator[Extent]:
    """Yield the same content, and show all of its bytes to somebody on the way, zeros too."""
    for extent in extents:
        left = extent.hole
        while left > 0:
            look(bytes(min(left, _PIECE)) if left < _PIECE else _NOTHING)
            left -= _PIECE
        if extent.data:
            look(extent.data)
        yield extent


_NOTHING = bytes(_PIECE)


def same(one: Iterable[Extent], other: Iterable[Extent]) -> bool:
    """Whether two contents have the same bytes, wherever their holes are."""
    left, right = _Reader(one), _Reader(other)
    while True:
        size = min(left.available(), right.available())
        if size == 0:
            return left.available() == right.available()
        if not left.take_like(right, size):
            return False


class _Reader:
    """A content from which as much can be taken as one likes."""

    def __init__(self, extents: Iterable[Extent]) -> None:
        self._extents = iter(extents)
        self._now = Extent(b"")
        self._at = 0

    def available(self) -> int:
        """Return how many bytes can be taken at once; 0 at the end."""
        while not self._left():
            following = next(self._extents, None)
            if following is None:
                return 0
            self._now, self._at = following, 0
        return self._left()

    def take_like(self, other: _Reader, size: int) -> bool:
        """Take so many bytes from both; return whether they are the same."""
        mine, theirs = self._take(size), other._take(size)
        if mine is None or theirs is None:
            return not (mine or theirs or b"").strip(b"\0")
        return mine == theirs

    def _take(self, size: int) -> bytes | None:
        """Return the next bytes, ``None`` for a hole of that size."""
        start = self._at
        self._at += size
        return self._now.data[start : self._at] if self._now.data else None

    def _left(self) -> int:
        return (len(self._now.data) or self._now.hole) - self._at
