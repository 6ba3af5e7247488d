# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What is in files of this machine: sparse content, and marks."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from .._errors import StratumError
from .base import ContentWriter, Extent

PIECE = 1048576
ATTRIBUTE = "user.stratum.virt"


class FileWriter(ContentWriter):
    """Writes an open file from its beginning on."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._handle, view) :]

    def hole(self, size: int) -> None:
        os.lseek(self._handle, size, os.SEEK_CUR)

    def finish(self) -> None:
        """Give the file its size, and see to it that it is on the disk."""
        os.ftruncate(self._handle, os.lseek(self._handle, 0, os.SEEK_CUR))
        os.fsync(self._handle)


def extents(path: str) -> Iterator[Extent]:
    """Read a file without its holes."""
    try:
        # Without waiting for anybody, which a fifo would do for as long as nobody writes to it.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            yield from _pieces(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise StratumError(f"reading {path}: {error.strerror}.") from error


def _pieces(handle: int) -> Iterator[Extent]:
    size = os.lseek(handle, 0, os.SEEK_END)
    at = 0
    while at < size:
        data_at = _seek(handle, at, os.SEEK_DATA, size)
        if data_at > at:
            yield Extent(b"", data_at - at)
        at = data_at
        end = _seek(handle, at, os.SEEK_HOLE, size) if at < size else at
        while at < end:
            data = os.pread(handle, min(PIECE, end - at), at)
            if not data:
                raise OSError(errno.EIO, "it became shorter while it was read")
            yield Extent(data)
            at += len(data)


def _seek(handle: int, at: int, whence: int, size: int) -> int:
    """Return where the next data or hole begins, at most ``size``; where that is not known, all is data."""
    try:
        return min(os.lseek(handle, at, whence), size)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return size
        if error.errno == errno.EINVAL:
            return at if whence == os.SEEK_DATA else size
        raise


@contextmanager
def replace(path: str) -> Iterator[FileWriter]:
    """Write a file under a name of its own, and give it ``path`` when it is complete."""
    beside = f"{path}.{os.urandom(4).hex()}"
    try:
        if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
            raise StratumError(f"writing {path}: there is something that is not a regular file.")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StratumError(f"writing {path}: {error.strerror}.") from error
    try:
        writer = FileWriter(handle)
        yield writer
        writer.finish()
        os.replace(beside, path)
    except OSError as error:
        raise StratumError(f"writing {path}: {error.strerror}.") from error
    finally:
        os.close(handle)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)


def mark(path: str) -> str | None:
    """Return a file's mark, ``None`` when it has none that can be read."""
    if not hasattr(os, "getxattr"):
        return None
    try:
        return os.getxattr(path, ATTRIBUTE).decode("utf-8", "replace")
    except OSError:
        return None


def set_mark(path: str, mark: str) -> bool:
    """Leave a mark on a file; return whether its file system, and our rights, allowed it."""
    if not hasattr(os, "setxattr"):
        return False
    try:
        os.setxattr(path, ATTRIBUTE, mark.encode())
    except OSError:
        return False
    return True
