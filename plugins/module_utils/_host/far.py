# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A machine that is reached through a session: its sockets by the session, its files by a program over there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from .._deadline import Deadline
from .._errors import StratumError
from .base import ByteStream, ContentWriter, Extent, FileStatus, Host, Piece
from .conversation import Answer, Conversation, Line, Question
from .frames import LONGEST_PAYLOAD, TURN, WINDOW, Frame, cost, is_number
from .local import still_locked

if TYPE_CHECKING:
    from .session import Session

TIMEOUT = 60.0
"""Seconds that the machine may let us wait for an answer."""
PATIENCE = 3600.0
"""Seconds that it may take more to bring a whole file to its disk."""
LOCK_TURN = 1.0
"""Seconds that the machine waits for a lock before it says that it has none, and is asked again."""
SMALL = 65536
"""Bytes of a piece that is read together with others: what comes for all of them has to have room here."""
_KINDS = ("file", "directory", "block", "character", "socket", "fifo", "other")
_LONGEST_MARK = 3 * 65536
"""Bytes, as it comes: each byte that is no text has become a sign of three. Source: xattr(7), limits of Linux."""
_NUMBERS = 1 << 64


class FarHost(Host):
    """The machine of a session. The program that its files need is started by the first question about a file."""

    def __init__(self, session: Session, timeout: float = TIMEOUT) -> None:
        self.name = session.name
        self._session = session
        self._timeout = timeout
        self._started: Conversation | None = None

    def close(self) -> None:
        if self._started is not None:
            self._started.close()
        self._session.close()

    # Commands and sockets

    def connect(self, path: str, deadline: Deadline) -> ByteStream:
        return self._session.connect(path, deadline)

    def user_id(self) -> int:
        text = self._say(["id", "-u"]) or ""
        if not (text.isascii() and text.isdigit()) or len(text) > 10:
            raise StratumError(f"asking {self.name} for the user that we are there: id -u does not say it.")
        return int(text)

    def environment(self, variable: str) -> str | None:
        return self._say(["printenv", variable])

    # Files

    def status(self, path: str) -> FileStatus | None:
        return self.statuses([path])[0]

    def statuses(self, paths: Sequence[str]) -> list[FileStatus | None]:
        questions = [Question("status", (path,)) for path in paths]
        answers = self._ask_all(questions)
        return [self._status(question, answer.value) for question, answer in zip(questions, answers)]

    def is_held(self, path: str) -> bool:
        return self._yes_or_no(Question("is_held", (path,)))

    def read(self, path: str, size: int, *, offset: int = 0) -> bytes:
        pieces = [
            Piece(path, min(LONGEST_PAYLOAD, size - at), offset + at) for at in range(0, max(size, 1), LONGEST_PAYLOAD)
        ]
        read = b""
        for piece, content in zip(pieces, self._read_all(pieces)):
            read += content
            if len(content) < piece.size:
                break
        return read

    def read_all(self, pieces: Sequence[Piece]) -> list[bytes]:
        if any(piece.size > SMALL for piece in pieces):
            return super().read_all(pieces)
        return self._read_all(pieces)

    def extents(self, path: str) -> Iterator[Extent]:
        line = self._talk.open(Question("extents", (path, WINDOW)), WINDOW)
        taken = 0
        try:
            while True:
                piece = line.next()
                if isinstance(piece, Answer):
                    return
                yield _extent(line, piece)
                taken += cost(piece.payload)
                # Long before nothing is under way any more.
                if taken >= TURN:
                    line.allow(taken)
                    taken = 0
        finally:
            with suppress(StratumError):
                line.leave("stop")

    @contextmanager
    def replace(self, path: str) -> Iterator[ContentWriter]:
        line = self._talk.open(Question("replace", (path,)))
        line.last()
        line.go_on(Question("write", (path,)))
        try:
            writer = FarWriter(line)
            yield writer
            writer.finish()
        finally:
            with suppress(StratumError):
                line.leave("give_up")

    def rename(self, path: str, new_path: str) -> None:
        self._talk.ask(Question("rename", (path, new_path), changes=True))

    def mark(self, path: str) -> str | None:
        line = self._talk.open(Question("mark", (path,), size=_LONGEST_MARK))
        there, text = line.last()
        if not isinstance(there, bool):
            raise line.unexpected()
        return text.decode("utf-8", "replace") if there else None

    def set_mark(self, path: str, mark: str) -> bool:
        return self._yes_or_no(Question("set_mark", (path, mark), changes=True))

    def set_permissions(
        self, path: str, *, mode: int | None = None, owner: int | None = None, group: int | None = None
    ) -> None:
        self._talk.ask(Question("set_permissions", (path, mode, owner, group), changes=True))

    def remove(self, path: str) -> None:
        self._talk.ask(Question("remove", (path,), changes=True))

    @contextmanager
    def lock(self, name: str, deadline: Deadline) -> Iterator[None]:
        while True:
            line = self._talk.open(Question("lock", (name, min(LOCK_TURN, deadline.remaining()))))
            locked = line.last().value
            if not isinstance(locked, bool):
                raise line.unexpected()
            if locked:
                break
            if deadline.passed:
                raise still_locked(name, deadline)
        try:
            yield
        finally:
            # Where that fails the program is gone, and the lock with it.
            with suppress(StratumError):
                self._talk.ask(Question("unlock", (line.number,)))

    @property
    def _talk(self) -> Conversation:
        if self._started is None:
            # Most connections need no file.
            from .program import start_program

            stream, received = start_program(self._session, Deadline(self._timeout))
            self._started = Conversation(stream, self.name, self._timeout, received)
        return self._started

    def _say(self, argv: Sequence[str]) -> str | None:
        """Return the last line that a command says, ``None`` when it fails; a login may print others before it."""
        done = self._session.run(argv, Deadline(self._timeout))
        if done.status != 0:
            return None
        return done.output.decode("utf-8", "replace").rstrip("\n").rpartition("\n")[2]

    def _read_all(self, pieces: Sequence[Piece]) -> list[bytes]:
        questions = [Question("read", (piece.path, piece.size, piece.offset), size=piece.size) for piece in pieces]
        return [answer.payload for answer in self._ask_all(questions)]

    def _ask_all(self, questions: Sequence[Question]) -> list[Answer]:
        """Ask many questions; to ask none, nothing has to be started over there."""
        return self._talk.ask_all(questions) if questions else []

    def _status(self, question: Question, told: Any) -> FileStatus | None:
        """Return what was told of a file; raise PeerError when that is no such thing."""
        if told is None:
            return None
        if not isinstance(told, list) or len(told) != 5 or told[0] not in _KINDS:
            raise self._talk.unexpected(question)
        kind, size, device, inode, modified = told
        if not all(is_number(number, _NUMBERS) for number in (size, device, inode)):
            raise self._talk.unexpected(question)
        if not is_number(modified, _NUMBERS, least=-_NUMBERS):
            raise self._talk.unexpected(question)
        return FileStatus(kind, size, device, inode, modified)

    def _yes_or_no(self, question: Question) -> bool:
        line = self._talk.open(question)
        answer = line.last().value
        if not isinstance(answer, bool):
            raise line.unexpected()
        return answer


class FarWriter(ContentWriter):
    """Sends content as fast as it is taken. What went wrong over there is told by the next call."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def write(self, data: bytes) -> None:
        for at in range(0, len(data), LONGEST_PAYLOAD):
            self._send("write", payload=data[at : at + LONGEST_PAYLOAD])

    def hole(self, size: int) -> None:
        self._send("hole", size)

    def finish(self) -> None:
        """Have it get its name, and wait until it has."""
        self._line.question = self._line.question._replace(changes=True)
        self._send("finish")
        self._line.last(PATIENCE)

    def _send(self, do: str, *arguments: int, payload: bytes = b"") -> None:
        if self._line.ended:
            self._line.last()
            raise self._line.unexpected()
        self._line.send(do, *arguments, payload=payload)


def _extent(line: Line, piece: Frame) -> Extent:
    """Return what was told of content; raise PeerError when that is no such thing."""
    hole = piece.header["hole"]
    if bool(hole) == bool(piece.payload):
        raise line.unexpected()
    return Extent(piece.payload, hole)
