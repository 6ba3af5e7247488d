# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Where a node is: what a driver may ask of the machine that carries it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import IO, NamedTuple, Protocol, Union

from .._deadline import Deadline


class Program(Protocol):
    """A running program of this machine and its pipes, as ``subprocess.Popen`` has them."""

    @property
    def stdin(self) -> IO[bytes] | None: ...
    @property
    def stdout(self) -> IO[bytes] | None: ...
    @property
    def stderr(self) -> IO[bytes] | None: ...

    def poll(self) -> int | None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class Access(NamedTuple):
    """What a person gave for reaching another machine, and how that person is told what should be known of it."""

    ssh_password: str | None = None
    ssh_passphrase: str | None = None
    """Of the private key."""
    warn: Callable[[str], object] = str
    """Takes a sentence about something that works and should not stay as it is; by default nobody hears it."""
    ssh_client: Callable[[Sequence[str]], Program] | None = None
    """Starts OpenSSH's ``ssh`` with these arguments, the program first. Given on a controller that has it: then
    ssh URIs go through it, with its hardware keys and shared connections; without it through our own client."""


NOTHING_GIVEN = Access()


class FileStatus(NamedTuple):
    """What is known of a file without opening it. ``size`` in bytes."""

    kind: str
    """``file``, ``directory``, ``block``, ``character``, ``socket``, ``fifo`` or ``other``; links are followed."""
    size: int
    device: int
    inode: int
    modified: int
    """Nanoseconds since the epoch."""


class Piece(NamedTuple):
    """Where a piece of content is. ``offset`` and ``size`` in bytes."""

    path: str
    size: int
    offset: int = 0


class Extent(NamedTuple):
    """A piece of content: ``data``, or, where there is none, ``hole`` bytes that read as zeros."""

    data: bytes
    hole: int = 0


class ContentWriter(ABC):
    """Content while it is written, from the beginning on."""

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Append data."""

    @abstractmethod
    def hole(self, size: int) -> None:
        """Append ``size`` bytes that read as zeros and take no space where the storage can do that."""


Buffer = Union[bytes, bytearray, memoryview]


class ByteStream(ABC):
    """Two-way bytes to a peer, in order. The only thing a protocol client knows of its transport.

    Both calls raise DeadlineExceeded when the deadline passes and ConnectionError when the peer is gone.
    """

    @abstractmethod
    def send(self, data: bytes, deadline: Deadline) -> None:
        """Send all of ``data``."""

    @abstractmethod
    def receive(self, size: int, deadline: Deadline) -> bytes:
        """Return between 1 and ``size`` bytes as soon as there are some; ``b""`` at the end of the stream."""

    @abstractmethod
    def exchange(self, parts: Sequence[Buffer], size: int, deadline: Deadline) -> tuple[int, bytes]:
        """Send what can be sent of ``parts``, in their order, and receive what is there, whichever is possible first.

        Returns how many bytes were sent and what came; one of them may be empty, at least one is not, except at
        the end of the stream, where it raises ConnectionError. A pipelining client needs this: a peer that stops
        reading until its replies are taken would otherwise block both sides for ever.
        """

    @abstractmethod
    def close(self) -> None:
        """Close both directions; closing again does nothing."""


class Host(ABC):
    """One machine, here or far away."""

    name: str
    """How messages call it."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what was opened to reach it; closing again does nothing."""

    @abstractmethod
    def connect(self, path: str, deadline: Deadline) -> ByteStream:
        """Open a stream to a unix socket; raise ConnectionFailed."""

    @abstractmethod
    def user_id(self) -> int:
        """Return the numeric id of the user that we are on this host."""

    @abstractmethod
    def environment(self, variable: str) -> str | None:
        """Return an environment variable of that user."""

    @abstractmethod
    def status(self, path: str) -> FileStatus | None:
        """Describe a file; ``None`` when there is none."""

    def statuses(self, paths: Sequence[str]) -> list[FileStatus | None]:
        """Describe many files at once."""
        return [self.status(path) for path in paths]

    @abstractmethod
    def is_held(self, path: str) -> bool:
        """Whether the node itself works with a block device or with a part of it: has it mounted, swaps to it, or has
        made another device of it. Not when nobody may look."""

    @abstractmethod
    def read(self, path: str, size: int, *, offset: int = 0) -> bytes:
        """Return up to ``size`` bytes of a file; raise StratumError when it cannot be read."""

    def read_all(self, pieces: Sequence[Piece]) -> list[bytes]:
        """Read pieces of many files at once."""
        return [self.read(piece.path, piece.size, offset=piece.offset) for piece in pieces]

    @abstractmethod
    def extents(self, path: str) -> Iterator[Extent]:
        """Read a whole file or block device, in pieces of a few MiB at most, without its holes where the file system
        tells them; raise StratumError when it cannot be read."""

    @abstractmethod
    def replace(self, path: str) -> AbstractContextManager[ContentWriter]:
        """Write a file that only we can read. It has its name at the end of the context, in place of the one that had
        it, and nothing is left when the context ends by an exception; raise StratumError when it cannot be written."""

    @abstractmethod
    def rename(self, path: str, new_path: str) -> None:
        """Rename a file, in place of the one that has that name; raise Denied, or StratumError when that fails."""

    @abstractmethod
    def mark(self, path: str) -> str | None:
        """Return what ``set_mark`` has left on a file; ``None`` when nothing, or when it cannot be read."""

    @abstractmethod
    def set_mark(self, path: str, mark: str) -> bool:
        """Leave a short text on a file, that stays as long as it does; return whether it could be left there."""

    @abstractmethod
    def set_permissions(
        self, path: str, *, mode: int | None = None, owner: int | None = None, group: int | None = None
    ) -> None:
        """Change who may use a file, by numbers of user and group; raise Denied, or StratumError when that fails."""

    @abstractmethod
    def remove(self, path: str) -> None:
        """Remove a regular file; raise StratumError when that fails. A missing file is no error."""

    @abstractmethod
    def lock(self, name: str, deadline: Deadline) -> AbstractContextManager[None]:
        """Hold an advisory lock, so that two tasks on this host take turns; raise DeadlineExceeded."""
