# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Questions to the program that serves a far machine's files, and what comes back. What comes is never trusted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from .._deadline import Deadline
from .._errors import ConnectionFailed, DeadlineExceeded, OutcomeUnknown, PeerError, StratumError
from .base import Buffer, ByteStream
from .frames import ERRORS, LONGEST_TEXT, READ_SIZE, Decoder, Frame, Malformed, cost, cut, encode, is_number

AT_ONCE = 512
"""Questions that are under way together; there has to be room for what may come for all of them."""
_KEPT = ("answer", "error", "hole")
"""What of a header is kept until somebody takes it."""
_MOST_VALUES = 8


class Question(NamedTuple):
    """What is asked: a method of the program, and what it takes."""

    do: str
    arguments: tuple[Any, ...] = ()
    size: int = 0
    """How long the payload of the answer may be."""
    changes: bool = False
    """Whether something is different over there afterwards."""

    def on(self, name: str) -> str:
        """Return what is done to which machine, in words."""
        return f"{self.do.replace('_', ' ')} on {name}"


class Answer(NamedTuple):
    """What a question was answered with. ``value`` is any JSON, to be checked by who asked."""

    value: Any
    payload: bytes


class Line:
    """One question that is open, with what came for it and was not taken yet."""

    def __init__(self, conversation: Conversation, number: int, question: Question, room: int) -> None:
        self.number = number
        self.question = question
        self.ended = False
        """Whether its last frame came."""
        self.over = False
        """Whether it was taken, too."""
        self._conversation = conversation
        self._frames: deque[Frame] = deque()
        self._room = room

    def put(self, frame: Frame) -> None:
        """Keep a frame; raise Malformed when it is more than was asked for."""
        last = _is_last(frame)
        kept = {name: value for name, value in frame.header.items() if name in _KEPT}
        if not all(map(_is_small, kept.values())) or not (last or is_number(kept.get("hole"))):
            raise Malformed("an answer that no question has")
        if not last:
            self._room -= cost(frame.payload)
        if self.ended or self._room < 0 or (last and len(frame.payload) > self.question.size):
            raise Malformed("more than was asked for")
        self.ended = last
        self._frames.append(frame._replace(header=kept))

    def take(self) -> Frame | None:
        """Return the oldest frame that came, ``None`` when all were taken."""
        if not self._frames:
            return None
        self.over = self.ended and len(self._frames) == 1
        return self._frames.popleft()

    def send(self, do: str, *arguments: Any, payload: bytes = b"") -> None:
        """Say more about the question."""
        self._conversation.send(self, Question(do, arguments), payload)

    def allow(self, room: int) -> None:
        """Have room for more before the last frame."""
        self._room += room
        if not self.ended:
            self.send("more", room)

    def next(self) -> Frame | Answer:
        """Return the next frame of the answer, or the last one as what it is; raise the error that it is."""
        frame = self._conversation.wait(self)
        return self._conversation.answer(self, frame) if _is_last(frame) else frame

    def last(self, patience: float = 0.0) -> Answer:
        """Return the last frame of the answer, which may take some seconds more, and drop those before it; raise the
        error that it is."""
        while True:
            frame = self._conversation.wait(self, patience)
            if _is_last(frame):
                return self._conversation.answer(self, frame)

    def go_on(self, question: Question) -> None:
        """Have what was answered stay open over there, until another last frame comes for it."""
        self.question = question
        self.ended = self.over = False
        self._conversation.keep(self)

    def leave(self, do: str) -> None:
        """See to it that it is over, by saying so where it may be going on."""
        if not self.ended:
            self.send(do)
        if not self.over:
            self.last()

    def unexpected(self) -> PeerError:
        """Close the conversation because what came is no answer to the question; return the error that says so."""
        return self._conversation.unexpected(self.question)


class Conversation:
    """One connection to the program.

    Several questions can be open at a time. ``timeout`` is how many seconds the machine may let us wait for anything.
    A conversation that failed stays closed.
    """

    def __init__(self, stream: ByteStream, name: str, timeout: float, received: bytes = b"") -> None:
        self._stream = stream
        self._name = name
        self._timeout = timeout
        self._early = received
        self._decoder = Decoder()
        self._lines: dict[int, Line] = {}
        self._failure: str | None = None
        self._last = 0

    def close(self) -> None:
        """End it, and with it all that is open over there; closing again does nothing."""
        self._fail("it was closed")

    def ask(self, question: Question) -> Answer:
        """Ask one question.

        Raises OutcomeUnknown when the connection dies and the question changes something, else ConnectionFailed;
        DeadlineExceeded, PeerError, and the error that is the answer.
        """
        return self.open(question).last()

    def ask_all(self, questions: Sequence[Question]) -> list[Answer]:
        """Ask many questions that change nothing, many of them at once; return the answers in order.

        Raises what ``ask`` does, the first error that is an answer when all have come.
        """
        answers: list[Answer] = []
        for start in range(0, len(questions), AT_ONCE):
            lines = [self.open(question) for question in questions[start : start + AT_ONCE]]
            frames = [self.wait(line) for line in lines]
            answers.extend(self.answer(line, frame) for line, frame in zip(lines, frames))
        return answers

    def open(self, question: Question, room: int = 0) -> Line:
        """Send a question. ``room`` is for what comes before the last frame of the answer."""
        self._last += 1
        line = Line(self, self._last, question, room)
        self.keep(line)
        self.send(line, question)
        return line

    def keep(self, line: Line) -> None:
        """Expect something for an open question."""
        self._lines[line.number] = line

    def send(self, line: Line, said: Question, payload: bytes = b"") -> None:
        """Send a frame that belongs to an open question, and take what comes meanwhile."""
        self._check_open(line.question)
        try:
            frame = encode(line.number, payload, do=said.do, **{"with": said.arguments})
        except Malformed as error:
            raise StratumError(f"{said.on(self._name)}: {error}.") from None
        deadline = Deadline(self._timeout)
        with self._guarded(line.question, deadline):
            parts: Sequence[Buffer] = frame
            while parts:
                sent, received = self._stream.exchange(parts, READ_SIZE, deadline)
                parts = cut(parts, sent)
                self._deal(received)

    def wait(self, line: Line, patience: float = 0.0) -> Frame:
        """Return the next frame for a question."""
        deadline = Deadline(self._timeout + patience)
        while True:
            frame = line.take()
            if frame is not None:
                if _is_last(frame):
                    self._lines.pop(line.number, None)
                return frame
            self._check_open(line.question)
            with self._guarded(line.question, deadline):
                received = self._stream.receive(READ_SIZE, deadline)
                if not received:
                    raise ConnectionResetError("it ended over there")
                self._deal(received)

    def answer(self, line: Line, frame: Frame) -> Answer:
        """Return what a last frame is; raise the error that it is."""
        if "error" not in frame.header:
            return Answer(frame.header["answer"], frame.payload)
        with self._guarded(line.question, Deadline(self._timeout)):
            error = _error(frame.header["error"], self._name)
        raise error

    def unexpected(self, question: Question) -> PeerError:
        """Close the conversation with a machine that answers what is no answer; return the error that says so."""
        self._fail("what came was no answer")
        return PeerError(f"{question.on(self._name)}: what came is no answer to that.")

    def _deal(self, received: bytes) -> None:
        """Give what came to the questions that it is for."""
        for frame in self._decoder.feed(self._early + received):
            if frame.number not in self._lines:
                raise Malformed("an answer to nothing that was asked")
            self._lines[frame.number].put(frame)
        self._early = b""

    @contextmanager
    def _guarded(self, question: Question, deadline: Deadline) -> Iterator[None]:
        """Close the conversation when something goes wrong with it, and say what that means for the question."""
        what = question.on(self._name)
        hint = "It may or may not have happened." if question.changes else None
        answered = False
        try:
            yield
            answered = True
        except Malformed as error:
            self._fail(f"what came was {error}")
            raise PeerError(f"{what}: what came is {error}.") from None
        except DeadlineExceeded:
            self._fail("no answer came in time")
            raise DeadlineExceeded(f"{what}: no answer within {deadline.seconds:g} s.", hint=hint) from None
        except ConnectionError as error:
            self._fail("it was lost")
            kind = OutcomeUnknown if question.changes else ConnectionFailed
            reason = f"{what}: the connection was lost before the answer came ({printable(str(error))})."
            raise kind(reason, hint=hint) from error
        finally:
            if not answered and self._failure is None:
                # What was sent may be half of a frame, and what comes next would be taken for the rest of it.
                self._fail("it was interrupted")

    def _check_open(self, question: Question) -> None:
        if self._failure is not None:
            raise ConnectionFailed(
                f"{question.on(self._name)}: the connection is closed, because {self._failure}.", hint="Open a new one."
            )

    def _fail(self, reason: str) -> None:
        if self._failure is None:
            self._failure = reason
            self._lines.clear()
            self._stream.close()


def _is_last(frame: Frame) -> bool:
    return "answer" in frame.header or "error" in frame.header


def _is_small(value: Any) -> bool:
    """Whether a value is one of those that answers are: a simple one, or a few of them."""
    if isinstance(value, list):
        return len(value) <= _MOST_VALUES and not any(isinstance(each, (list, dict)) for each in value)
    return not isinstance(value, dict)


def _error(told: Any, name: str) -> StratumError:
    """Return the error that a machine answered with; raise Malformed when it is none."""
    kind, reason, hint = told if isinstance(told, list) and len(told) == 3 else (None, None, None)
    if not isinstance(kind, str) or kind not in ERRORS or not isinstance(reason, str):
        raise Malformed("an error that is none")
    if not isinstance(hint, (str, type(None))):
        raise Malformed("an error that is none")
    return ERRORS[kind](f"{name}: {printable(reason)}", hint=hint if hint is None else printable(hint))


def printable(text: str) -> str:
    """Make one line of bounded length out of what a machine says."""
    return "".join(sign if sign.isprintable() else " " for sign in text[:LONGEST_TEXT])
