# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The machine that the module itself runs on."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import socket
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from .._deadline import Deadline
from .._errors import ConnectionFailed, DeadlineExceeded, Denied, StratumError
from .base import Buffer, ByteStream, ContentWriter, Extent, FileStatus, Host

_KINDS = (
    ("file", stat.S_ISREG),
    ("directory", stat.S_ISDIR),
    ("block", stat.S_ISBLK),
    ("character", stat.S_ISCHR),
    ("socket", stat.S_ISSOCK),
    ("fifo", stat.S_ISFIFO),
)


LONGEST_WAIT = 2000000.0
"""Seconds; the kernel counts milliseconds in 31 bits."""


class SocketStream(ByteStream):
    """A connected stream socket."""

    def __init__(self, connected: socket.socket, peer: str) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._poll = select.poll()
        self._peer = peer

    def send(self, data: bytes, deadline: Deadline) -> None:
        view = memoryview(data)
        while view:
            self._ready(select.POLLOUT, deadline)
            view = view[self._push([view]) :]

    def receive(self, size: int, deadline: Deadline) -> bytes:
        self._ready(select.POLLIN, deadline)
        return self._socket.recv(size)

    def exchange(self, parts: Sequence[Buffer], size: int, deadline: Deadline) -> tuple[int, bytes]:
        events = self._ready(select.POLLIN | select.POLLOUT, deadline)
        if events & (select.POLLIN | select.POLLHUP | select.POLLERR):
            received = self._socket.recv(size)
            if not received:
                raise ConnectionResetError(errno.ECONNRESET, "the peer closed the connection")
            return 0, received
        return self._push(parts), b""

    def close(self) -> None:
        self._socket.close()

    def _push(self, parts: Sequence[Buffer]) -> int:
        try:
            return self._socket.sendmsg(parts)
        except BlockingIOError:
            return 0

    def _ready(self, events: int, deadline: Deadline) -> int:
        self._poll.register(self._socket, events)
        ready = self._poll.poll(min(deadline.check(self._peer), LONGEST_WAIT) * 1000)
        if not ready:
            raise deadline.exceeded(self._peer)
        return ready[0][1]


class LocalHost(Host):
    """This machine, as the user that runs the module."""

    name = "this node"

    def close(self) -> None:
        pass

    def connect(self, path: str, deadline: Deadline) -> ByteStream:
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        opened.settimeout(min(max(deadline.check(path), 0.001), LONGEST_WAIT))
        try:
            _connect(opened, path, deadline)
        except socket.timeout as error:
            opened.close()
            raise deadline.exceeded(f"connecting to {path}") from error
        except PermissionError as error:
            opened.close()
            raise Denied(
                f"connecting to {path}: permission denied.",
                hint="Use become, or add the user to the group that owns the socket (libvirt on most systems).",
            ) from error
        except OSError as error:
            opened.close()
            raise ConnectionFailed(f"connecting to {path}: {error.strerror or error}.") from error
        return SocketStream(opened, path)

    def user_id(self) -> int:
        return os.geteuid()

    def environment(self, variable: str) -> str | None:
        return os.environ.get(variable)

    def status(self, path: str) -> FileStatus | None:
        try:
            found = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except PermissionError as error:
            raise Denied(f"reading the status of {path}: permission denied.") from error
        except OSError as error:
            raise StratumError(f"reading the status of {path}: {error.strerror}.") from error
        kind = next((kind for kind, is_kind in _KINDS if is_kind(found.st_mode)), "other")
        return FileStatus(kind, found.st_size, found.st_dev, found.st_ino, found.st_mtime_ns)

    def is_held(self, path: str) -> bool:
        try:
            # Of a block device, the kernel lets nobody open it like this while it is held. Source: open(2), O_EXCL.
            os.close(os.open(path, os.O_RDONLY | os.O_EXCL | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError as error:
            return error.errno == errno.EBUSY
        return False

    def read(self, path: str, size: int, *, offset: int = 0) -> bytes:
        try:
            with open(path, "rb", opener=_open_now) as file:
                file.seek(offset)
                return file.read(size)
        except OSError as error:
            raise StratumError(f"reading {path}: {error.strerror or error}.") from error

    def extents(self, path: str) -> Iterator[Extent]:
        # Few tasks read or write content.
        from .content import extents

        return extents(path)

    def replace(self, path: str) -> AbstractContextManager[ContentWriter]:
        from .content import replace

        return replace(path)

    def rename(self, path: str, new_path: str) -> None:
        try:
            os.replace(path, new_path)
        except PermissionError as error:
            raise Denied(f"renaming {path} to {new_path}: permission denied.") from error
        except OSError as error:
            raise StratumError(f"renaming {path} to {new_path}: {error.strerror}.") from error

    def mark(self, path: str) -> str | None:
        from .content import mark

        return mark(path)

    def set_mark(self, path: str, mark: str) -> bool:
        from .content import set_mark

        return set_mark(path, mark)

    def set_permissions(
        self, path: str, *, mode: int | None = None, owner: int | None = None, group: int | None = None
    ) -> None:
        try:
            # By a handle: whoever can write to the folder could put a link in the file's place in between.
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                if owner is not None or group is not None:
                    os.fchown(handle, -1 if owner is None else owner, -1 if group is None else group)
                if mode is not None:
                    os.fchmod(handle, mode)
            finally:
                os.close(handle)
        except PermissionError as error:
            raise Denied(f"changing the permissions of {path}: permission denied.") from error
        except OSError as error:
            raise StratumError(f"changing the permissions of {path}: {error.strerror}.") from error

    def remove(self, path: str) -> None:
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                raise StratumError(f"removing {path}: it is not a regular file.")
            os.unlink(path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StratumError(f"removing {path}: {error.strerror}.") from error

    @contextmanager
    def lock(self, name: str, deadline: Deadline) -> Iterator[None]:
        # Both take longer to import than a whole connection to a hypervisor, and most tasks take no lock.
        import hashlib
        import tempfile

        # Nobody but root can make a folder in /run; elsewhere another user could take the name first.
        parent = "/run" if os.geteuid() == 0 and os.path.isdir("/run") else tempfile.gettempdir()
        folder = os.path.join(parent, f"stratum.virt-{os.geteuid()}")
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            owner = os.lstat(folder)
            if not stat.S_ISDIR(owner.st_mode) or owner.st_uid != os.geteuid():
                raise StratumError(f"locking {name}: {folder} belongs to somebody else.")
            path = os.path.join(folder, hashlib.sha256(name.encode()).hexdigest()[:32] + ".lock")
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise StratumError(f"locking {name} in {folder}: {error.strerror}.") from error
        try:
            while not _locked(handle):
                if deadline.passed:
                    raise still_locked(name, deadline)
                time.sleep(0.05)
            yield
        finally:
            # The file stays: removing it would let a third task lock a file that the second no longer sees.
            os.close(handle)


def still_locked(name: str, deadline: Deadline) -> DeadlineExceeded:
    """Return the error that somebody else has had a lock as long as we wait for it."""
    return DeadlineExceeded(
        f"another task has been working on {name} for {deadline.seconds:g} s.",
        hint="Wait for it to end, or give this task a longer timeout.",
    )


def _open_now(path: str, flags: int) -> int:
    """Open a file without waiting for anybody, which a fifo would do for as long as nobody writes to it."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _connect(opened: socket.socket, path: str, deadline: Deadline) -> None:
    """Connect, and try again while the peer has more connections waiting than it takes (a unix socket's EAGAIN)."""
    while True:
        try:
            opened.connect(path)
            return
        except BlockingIOError:
            if deadline.passed:
                raise
            time.sleep(0.02)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
