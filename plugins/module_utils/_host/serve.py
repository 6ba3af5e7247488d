# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Serves the files of the machine that it runs on to a FarHost elsewhere, by its standard input and output.

It runs as the program that ``program.py`` sends. Each question of the frames that come in is a method of LocalHost.
What a question has opened (content that is read or written, a lock) is known by the question's id, and ends with this
program at the latest: a replacement that was not finished leaves nothing, and a lock is free again.
"""

from __future__ import annotations

import os
import select
import signal
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

from .._deadline import Deadline
from .._errors import DeadlineExceeded, StratumError
from .base import ContentWriter, Extent
from .frames import ERRORS, LARGEST, LONGEST_TEXT, READ_SIZE, Decoder, Frame, cost, encode
from .local import LocalHost

REFUSALS = (StratumError, OSError, ValueError, OverflowError)
"""What a question may end with; anything else ends the program."""

ENDS = (signal.SIGHUP, signal.SIGTERM)


class Reading:
    """Content that is sent as far as somebody has room for it."""

    def __init__(self, extents: Iterator[Extent], room: int) -> None:
        self.extents = extents
        self.room = room


class Writing:
    """Content that is written as it comes, in a context that is left at its end."""

    def __init__(self, writer: ContentWriter, context: ExitStack) -> None:
        self.writer = writer
        self.context = context


class Server:
    """Answers what comes in at one file descriptor by writing to another."""

    def __init__(self, host: LocalHost, source: int, sink: int) -> None:
        self._host = host
        self._source = source
        self._sink = sink
        self._decoder = Decoder()
        self._waiting: deque[Frame] = deque()
        self._readings: dict[int, Reading] = {}
        self._writings: dict[int, Writing] = {}
        self._locks: dict[int, ExitStack] = {}

    def run(self, greeting: bytes) -> None:
        """Greet, and serve until nobody asks any more; leave nothing that was not finished."""
        try:
            self._write([greeting])
            while True:
                self._turn()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            pass
        finally:
            with ExitStack() as everything:
                for number in list(self._writings):
                    everything.callback(self._give_up, number)

    def _turn(self) -> None:
        """Answer what was asked, and only then send more of what is read."""
        ready = next((number for number, reading in self._readings.items() if reading.room >= LARGEST), None)
        if ready is None or self._waiting or self._has_input():
            self._handle(self._next())
        else:
            self._send_piece(ready)

    def _has_input(self) -> bool:
        poll = select.poll()
        poll.register(self._source, select.POLLIN)
        return bool(poll.poll(0))

    def _next(self) -> Frame:
        while not self._waiting:
            data = os.read(self._source, READ_SIZE)
            if not data:
                raise EOFError("nobody asks any more")
            self._waiting.extend(self._decoder.feed(data))
        return self._waiting.popleft()

    def _handle(self, frame: Frame) -> None:
        do, arguments = frame.header["do"], frame.header["with"]
        try:
            if do in ("write", "hole"):
                self._continue(frame.number, do, frame.payload, *arguments)
            elif do == "more":
                self._more(frame.number, *arguments)
            else:
                answer = getattr(self, f"_do_{do}")(frame.number, *arguments)
                if answer is not None:
                    self._send(frame.number, *answer)
        except REFUSALS as error:
            self._refuse(frame.number, error)

    # Questions with one answer: what is in its header, and its payload

    def _do_status(self, _number: int, path: str) -> tuple[Any, bytes]:
        status = self._host.status(path)
        return None if status is None else list(status), b""

    def _do_is_held(self, _number: int, path: str) -> tuple[Any, bytes]:
        return self._host.is_held(path), b""

    def _do_read(self, _number: int, path: str, size: int, offset: int) -> tuple[Any, bytes]:
        return None, self._host.read(path, size, offset=offset)

    def _do_rename(self, _number: int, path: str, new_path: str) -> tuple[Any, bytes]:
        self._host.rename(path, new_path)
        return None, b""

    def _do_mark(self, _number: int, path: str) -> tuple[Any, bytes]:
        mark = self._host.mark(path)
        return mark is not None, (mark or "").encode()

    def _do_set_mark(self, _number: int, path: str, mark: str) -> tuple[Any, bytes]:
        return self._host.set_mark(path, mark), b""

    def _do_set_permissions(
        self, _number: int, path: str, mode: int | None, owner: int | None, group: int | None
    ) -> tuple[Any, bytes]:
        self._host.set_permissions(path, mode=mode, owner=owner, group=group)
        return None, b""

    def _do_remove(self, _number: int, path: str) -> tuple[Any, bytes]:
        self._host.remove(path)
        return None, b""

    def _do_lock(self, number: int, name: str, seconds: float) -> tuple[Any, bytes]:
        """Answer whether it is locked; who asks comes again, so that nobody waits here for whom nobody waits."""
        held = ExitStack()
        try:
            held.enter_context(self._host.lock(name, Deadline(seconds)))
        except DeadlineExceeded:
            return False, b""
        self._locks[number] = held
        return True, b""

    def _do_unlock(self, _number: int, lock: int) -> tuple[Any, bytes]:
        self._locks.pop(lock).close()
        return None, b""

    # Content that is read

    def _do_extents(self, number: int, path: str, room: int) -> None:
        self._readings[number] = Reading(self._host.extents(path), room)

    def _more(self, number: int, room: int) -> None:
        if number in self._readings:
            self._readings[number].room += room

    def _do_stop(self, number: int) -> tuple[Any, bytes] | None:
        """End a reading. Of one that has ended the end is under way, and there is nothing to say."""
        return None if self._readings.pop(number, None) is None else (None, b"")

    def _send_piece(self, number: int) -> None:
        # In turns, if there are several.
        reading = self._readings.pop(number)
        try:
            extent = next(reading.extents, None)
        except REFUSALS as error:
            self._refuse(number, error)
            return
        if extent is None:
            self._send(number, None)
            return
        reading.room -= cost(extent.data)
        self._readings[number] = reading
        self._write(encode(number, extent.data, hole=extent.hole))

    # Content that is written

    def _do_replace(self, number: int, path: str) -> tuple[Any, bytes]:
        context = ExitStack()
        self._writings[number] = Writing(context.enter_context(self._host.replace(path)), context)
        return None, b""

    def _continue(self, number: int, do: str, payload: bytes, size: int = 0) -> None:
        """Write on. What failed was reported at once, and what still came for it is dropped."""
        writing = self._writings.get(number)
        if writing is None:
            return
        try:
            if do == "hole":
                writing.writer.hole(size)
            else:
                writing.writer.write(payload)
        except OSError as error:
            del self._writings[number]
            # The context says what it is about.
            _leave(writing, error)

    def _do_finish(self, number: int) -> tuple[Any, bytes] | None:
        writing = self._writings.pop(number, None)
        if writing is None:
            return None
        writing.context.close()
        return None, b""

    def _do_give_up(self, number: int) -> tuple[Any, bytes] | None:
        return (None, b"") if self._give_up(number) else None

    def _give_up(self, number: int) -> bool:
        """Leave nothing of a replacement; return whether it was still going on."""
        writing = self._writings.pop(number, None)
        if writing is None:
            return False
        with suppress(EOFError):
            _leave(writing, EOFError("it was given up"))
        return True

    # Answers

    def _send(self, number: int, answer: Any, payload: bytes = b"") -> None:
        self._write(encode(number, payload, answer=answer))

    def _refuse(self, number: int, error: Exception) -> None:
        name = next((base.__name__ for base in type(error).__mro__ if base.__name__ in ERRORS), "StratumError")
        reason, hint = (error.reason, error.hint) if isinstance(error, StratumError) else (f"{error}.", None)
        texts = [None if text is None else text[:LONGEST_TEXT] for text in (reason, hint)]
        self._write(encode(number, error=[name, *texts]))

    def _write(self, parts: list[bytes]) -> None:
        for part in parts:
            view = memoryview(part)
            while view:
                view = view[os.write(self._sink, view) :]


def _leave(writing: Writing, error: Exception) -> None:
    """Leave the context of a replacement by an error; raise what comes out of it."""
    with writing.context:
        raise error


def _end(_signal: int, _frame: object) -> None:
    # A machine that shuts down sends both, and the second one would come into the tidying up.
    for number in ENDS:
        signal.signal(number, signal.SIG_IGN)
    raise EOFError("it is told to end")


def main(greeting: str) -> None:
    """Serve the files of this machine."""
    for number in ENDS:
        signal.signal(number, _end)
    Server(LocalHost(), 0, 1).run(greeting.encode())
