# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The state file: one JSON file that is read, changed and replaced under a lock."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
import uuid as uuids
from collections.abc import Iterator
from contextlib import contextmanager

from ..._deadline import Deadline
from ..._errors import ConnectionFailed, StratumError
from .form import NotThisForm, decode, encode
from .model import State

SIZE_LIMIT = 256 * 1024 * 1024
"""Bytes of a state file; a thousand domains take about ten million."""
PAUSE = 0.005
"""Seconds between two tries to get the lock: others hold it for some milliseconds."""


class Store:
    """One state file. It is made by the first change; its folder has to be there."""

    def __init__(self, path: str) -> None:
        self.path = path

    @contextmanager
    def locked(self, deadline: Deadline) -> Iterator[None]:
        """Hold the lock; raise DeadlineExceeded when another process keeps it too long."""
        handle = self._open_lock()
        try:
            while not _taken(handle):
                if deadline.passed:
                    raise deadline.exceeded(f"another process holds {self.path}.lock")
                time.sleep(PAUSE)
            yield
        finally:
            # The lock file stays: removing it would let a third process lock a file that the second no longer sees.
            os.close(handle)

    def load(self) -> State:
        """Read the state, a new node's when there is no file. Only under the lock."""
        text = self._read()
        if text is None:
            # Until its file is made, the node has to be the same one each time.
            return State(host_uuid=str(uuids.uuid5(uuids.NAMESPACE_URL, f"sim://{self.path}")))
        try:
            return decode(text)
        except NotThisForm as error:
            raise ConnectionFailed(
                f"reading the simulated node {self.path}: {error}.",
                hint="The file is left as it is. Repair it, or remove it to begin with an empty node.",
            ) from error

    def save(self, state: State) -> None:
        """Replace the file by this state; raise StratumError when it is too large. Only under the lock."""
        text = encode(state)
        if len(text) > SIZE_LIMIT:
            raise StratumError(f"writing the simulated node {self.path}: it would have more than {SIZE_LIMIT} bytes.")
        # Always the same name: a process that is killed here leaves one file, which the next one overwrites.
        fresh = self.path + ".new"
        try:
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(text)
            os.replace(fresh, self.path)
        except OSError as error:
            raise StratumError(f"writing the simulated node {self.path}: {error.strerror}.") from error

    def mark(self) -> tuple[int, int]:
        """Return something that differs when the file was replaced since."""
        try:
            found = os.stat(self.path)
        except OSError:
            return (0, 0)
        return (found.st_ino, found.st_mtime_ns)

    def _open_lock(self) -> int:
        try:
            return os.open(self.path + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            hint = "Make its folder first." if error.errno == errno.ENOENT else None
            raise ConnectionFailed(f"opening the simulated node {self.path}: {error.strerror}.", hint=hint) from error

    def _read(self) -> str | None:
        try:
            with open(self.path, "rb") as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode) or found.st_size > SIZE_LIMIT:
                    raise ConnectionFailed(f"reading the simulated node {self.path}: it is not a file of sane size.")
                return file.read().decode("utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConnectionFailed(f"reading the simulated node {self.path}: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise ConnectionFailed(
                f"reading the simulated node {self.path}: it is not text.", hint="The file is left as it is."
            ) from error


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
