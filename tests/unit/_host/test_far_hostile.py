# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A far machine that answers with whatever it likes: it gets an error, and nothing else of us."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    ConnectionFailed,
    DeadlineExceeded,
    Denied,
    OutcomeUnknown,
    PeerError,
    StratumError,
)
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Extent, FileStatus, Host
from ansible_collections.stratum.virt.plugins.module_utils._host.conversation import Question
from ansible_collections.stratum.virt.plugins.module_utils._host.far import PATIENCE, FarHost
from ansible_collections.stratum.virt.plugins.module_utils._host.frames import (
    LONGEST_HEADER,
    LONGEST_PAYLOAD,
    WINDOW,
    Frame,
    encode,
)
from hypothesis import given
from hypothesis import strategies as st

from .sessions import ToldSession

Peer = Callable[[Frame], bytes]


def frame(header: Any, payload: bytes = b"") -> bytes:
    """Return a frame with any header; a text is taken as it is."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("!II", len(text), len(payload)) + text + payload


def answered(answer: Any = None, payload: bytes = b"", **more: Any) -> Peer:
    """Answer everything with the same."""
    return lambda asked: frame({"id": asked.number, "answer": answer, **more}, payload)


def refused(*error: Any) -> Peer:
    return lambda asked: frame({"id": asked.number, "error": list(error)})


def pieces(*told: tuple[Any, bytes]) -> Peer:
    """Answer everything with these pieces of content, and their end."""

    def peer(asked: Frame) -> bytes:
        said = b"".join(frame({"id": asked.number, "hole": hole}, payload) for hole, payload in told)
        return said + frame({"id": asked.number, "answer": None})

    return peer


def written(host: Host) -> None:
    with host.replace("/file") as writer:
        writer.write(b"x")
        writer.hole(5)


def locked(host: Host) -> None:
    with host.lock("name", Deadline(0.5)):
        pass


ASKED: dict[str, Callable[[FarHost], Any]] = {
    "status": lambda far: far.status("/file"),
    "is_held": lambda far: far.is_held("/file"),
    "read": lambda far: far.read("/file", 10),
    "read much": lambda far: far.read("/file", 3 * LONGEST_PAYLOAD),
    "extents": lambda far: list(far.extents("/file")),
    "an extent": lambda far: next(far.extents("/file"), None),
    "replace": written,
    "rename": lambda far: far.rename("/file", "/other"),
    "mark": lambda far: far.mark("/file"),
    "set_mark": lambda far: far.set_mark("/file", "mark"),
    "set_permissions": lambda far: far.set_permissions("/file", mode=0o600),
    "remove": lambda far: far.remove("/file"),
    "lock": locked,
}
FITS: dict[str, Callable[[Any], bool]] = {
    "status": lambda answer: answer is None or isinstance(answer, FileStatus),
    "is_held": lambda answer: isinstance(answer, bool),
    "read": lambda answer: isinstance(answer, bytes) and len(answer) <= 10,
    "read much": lambda answer: isinstance(answer, bytes),
    "extents": lambda answer: all(isinstance(each, Extent) for each in answer),
    "an extent": lambda answer: answer is None or isinstance(answer, Extent),
    "mark": lambda answer: answer is None or isinstance(answer, str),
    "set_mark": lambda answer: isinstance(answer, bool),
}
EVERY = pytest.mark.parametrize("what", list(ASKED))


def far(peer: Peer, *, silent: bool = False) -> tuple[FarHost, ToldSession]:
    session = ToldSession(peer, silent=silent)
    return FarHost(session, 0.2), session


def error_of(what: str, peer: Peer, *, silent: bool = False) -> StratumError:
    """Return the error of a question; the conversation has to be over with it."""
    host, session = far(peer, silent=silent)
    with pytest.raises(StratumError) as found:
        ASKED[what](host)
    assert session.stream.closed
    with pytest.raises(ConnectionFailed, match="the connection is closed"):
        host.status("/")
    host.close()
    return found.value


NO_FRAMES = {
    "garbage": lambda _asked: b"Segmentation fault (core dumped)\n" * 10,
    "an endless header": lambda _asked: struct.pack("!II", LONGEST_HEADER + 1, 0),
    "the longest header": lambda _asked: struct.pack("!II", 2**32 - 1, 0),
    "an endless payload": lambda _asked: struct.pack("!II", 2, 2**32 - 1) + b"{}",
    "no JSON": lambda _asked: frame(b"{nothing}"),
    "no text": lambda _asked: frame(b"\xff\xfe"),
    "a number of too many digits": lambda _asked: frame(b"1" * 20000),
    "deep JSON": lambda _asked: frame(b"[" * 60000),
    "a list": lambda _asked: frame([1]),
    "no id": lambda _asked: frame({"answer": None}),
    "an id that is no number": lambda _asked: frame({"id": "1", "answer": None}),
    "an id that is a truth": lambda _asked: frame({"id": True, "answer": None}),
    "an id that nobody has": lambda asked: frame({"id": asked.number + 1, "answer": None}),
    "nothing of an answer, for ever": lambda asked: frame({"id": asked.number}) * 100_000,
    "two answers": lambda asked: frame({"id": asked.number, "answer": None}) * 2,
    "an error that is no list": lambda asked: frame({"id": asked.number, "error": "no"}),
    "an error without a reason": refused("StratumError", None, None),
    "an error whose hint is none": refused("StratumError", "no", 5),
    "an error of a class that does not exist": refused("OSError", "no", None),
    "an error of a class that is not for it": refused("SystemExit", "no", None),
    "an error whose class has no name": refused([], "no", None),
    "an answer of many parts": answered([[]] * 10_000),
    "an error of many parts": refused(*[[]] * 10_000),
    "a piece of many parts": lambda asked: frame({"id": asked.number, "hole": [5] * 3}),
    "an answer of many words": answered({"a": 1}),
    "more than was asked for": answered(None, b"x" * LONGEST_PAYLOAD),
}


@EVERY
@pytest.mark.parametrize("said", list(NO_FRAMES))
def test_what_is_no_answer(what: str, said: str) -> None:
    if (what, said) == ("read much", "more than was asked for"):
        return  # it is as much
    assert isinstance(error_of(what, NO_FRAMES[said]), PeerError)


WRONG_ANSWERS: list[tuple[str, Any]] = [
    ("status", answered(True)),
    ("status", answered([])),
    ("status", answered({"kind": "file"})),
    ("status", answered(["file", 1, 2, 3])),
    ("status", answered(["whatever", 1, 2, 3, 4])),
    ("status", answered([["file"], 1, 2, 3, 4])),
    ("status", answered(["file", -1, 2, 3, 4])),
    ("status", answered(["file", 1.5, 2, 3, 4])),
    ("status", answered(["file", True, 2, 3, 4])),
    ("status", answered(["file", 1, 2**64, 3, 4])),
    ("status", answered(["file", 1, 2, 3, "4"])),
    ("status", answered(["file", 1, 2, 3, 10**300])),
    ("is_held", answered(None)),
    ("is_held", answered(1)),
    ("set_mark", answered("yes")),
    ("mark", answered("text")),
    ("lock", answered(None)),
    ("extents", pieces((None, b"x"))),
    ("extents", pieces((-1, b""))),
    ("extents", pieces((0, b""))),
    ("extents", pieces((5, b"x"))),
    ("extents", pieces((2**63, b""))),
    ("extents", pieces((1.5, b""))),
    ("an extent", pieces(("5", b""))),
]


@pytest.mark.parametrize(("what", "peer"), WRONG_ANSWERS)
def test_what_is_an_answer_to_something_else(what: str, peer: Peer) -> None:
    assert isinstance(error_of(what, peer), PeerError)


def test_content_that_nobody_has_room_for() -> None:
    piece = (0, b"x" * LONGEST_PAYLOAD)
    host, _session = far(pieces(*[piece] * 15))
    assert sum(len(extent.data) for extent in host.extents("/file")) == 15 * LONGEST_PAYLOAD
    host, session = far(pieces(*[piece] * 90))
    extents = host.extents("/file")
    assert next(extents).data == piece[1]
    said = len(session.stream._said)
    with pytest.raises(PeerError, match="more than was asked for"):
        host.status("/")
    # No more of it was taken than there was room for.
    assert said - len(session.stream._said) <= WINDOW + LONGEST_PAYLOAD


def test_what_is_said_beside_an_answer_is_not_kept() -> None:
    beside = {"beside": ["x" * 60_000]}
    answer = {"answer": ["file", 1, 2, 3, 4], **beside}
    host, _session = far(lambda asked: frame({"id": asked.number, **answer}))
    line = host._talk.open(Question("status"))
    host.status("/")
    assert line._frames[0].header == {"answer": ["file", 1, 2, 3, 4]}


def test_a_writer_that_is_told_of_an_end_too_early() -> None:
    said: list[bytes] = []

    def peer(asked: Frame) -> bytes:
        said.append(b"")
        return frame({"id": asked.number, "answer": None}) if len(said) < 3 else b""

    assert isinstance(error_of("replace", peer), PeerError)


@EVERY
def test_who_hangs_up(what: str) -> None:
    for said in (b"", b"\0", frame({"id": 1, "answer": None})[:-1]):
        left = [said]
        error = error_of(what, lambda _asked, left=left: left.pop() if left else b"")  # type: ignore[misc]
        changes = what in ("rename", "set_mark", "set_permissions", "remove")
        assert error.__class__ is (OutcomeUnknown if changes else ConnectionFailed)
        assert "on root@far: the connection was lost before the answer came" in error.reason
        assert error.hint == ("It may or may not have happened." if changes else None)


@EVERY
def test_who_is_silent(what: str) -> None:
    for said in (b"", b"\0"):
        error = error_of(what, lambda _asked, said=said: said, silent=True)  # type: ignore[misc]
        assert error.__class__ is DeadlineExceeded
        assert "on root@far: no answer within 0.2 s" in error.reason
        changes = what in ("rename", "set_mark", "set_permissions", "remove")
        assert error.hint == ("It may or may not have happened." if changes else None)


def test_who_is_silent_when_all_is_written() -> None:
    """A whole file may take long to be on the disk."""

    def peer(asked: Frame) -> bytes:
        return frame({"id": asked.number, "answer": None}) if asked.header["do"] == "replace" else b""

    error = error_of("replace", peer, silent=True)
    assert error.__class__ is DeadlineExceeded
    assert error.reason == f"write on root@far: no answer within {PATIENCE + 0.2:g} s."
    assert error.hint == "It may or may not have happened."


def test_an_error_is_one_line_of_bounded_length() -> None:
    host, _session = far(refused("Denied", "no\n\x1b[31m{{ x }}\u202e" + "x" * 6000, "y" * 6000))
    with pytest.raises(Denied) as found:
        host.remove("/file")
    assert found.value.reason.startswith("root@far: no  [31m{{ x }} xxx")
    assert found.value.hint is not None
    assert len(found.value.reason) + len(found.value.hint) < 8100
    assert str(found.value).isprintable()


def test_a_mark_is_any_text() -> None:
    host, _session = far(answered(True, b"\xff\n{{ x }}"))
    assert host.mark("/file") == "\ufffd\n{{ x }}"


def test_the_longest_mark_is_one() -> None:
    """Somebody else may have left it, and it comes with a sign of three bytes for each that is no text."""
    longest = b"\xff" * 65536
    host, _session = far(answered(True, longest.decode("utf-8", "replace").encode()))
    assert host.mark("/file") == "\ufffd" * 65536
    host, _session = far(answered(True, bytes(3 * 65536 + 1)))
    with pytest.raises(PeerError, match="more than was asked for"):
        host.mark("/file")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["file", "Denied"]),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
NUMBERS = st.integers(0, 3) | VALUES
HEADERS = st.fixed_dictionaries(
    {"id": NUMBERS}, optional={"answer": VALUES, "error": VALUES, "hole": st.integers(-1, 10) | VALUES}
)
FRAMES = st.builds(frame, HEADERS | VALUES, st.binary(max_size=12))
FITTING = st.fixed_dictionaries({}, optional={"hole": st.integers(0, 3)}) | st.fixed_dictionaries(
    {"answer": st.none() | st.booleans() | st.tuples(st.just("file"), *[st.integers(0, 5)] * 4)}
)
SAID = st.lists(st.tuples(st.just(True), FITTING, st.binary(max_size=3)) | FRAMES | st.binary(max_size=40), max_size=8)


@given(st.sampled_from(list(ASKED)), st.lists(SAID, max_size=4), st.booleans())
def test_anything_is_an_answer_that_fits_or_an_error(what: str, turns: list[list[Any]], silent: bool) -> None:
    left = list(turns)

    def peer(asked: Frame) -> bytes:
        said = b""
        for each in left.pop(0) if left else ():
            said += each if isinstance(each, bytes) else frame({"id": asked.number, **each[1]}, each[2])
        return said

    host, session = far(peer, silent=silent)
    try:
        answer = ASKED[what](host)
    except StratumError:
        pass
    else:
        assert FITS.get(what, lambda answer: answer is None)(answer)
    host.close()
    assert session.stream.closed


@given(st.binary(max_size=200))
def test_a_program_that_does_not_greet(noise: bytes) -> None:
    session = ToldSession(lambda _asked: b"")
    session.stream._said = noise
    session.stream.send = lambda data, deadline: None  # type: ignore[method-assign]
    host = FarHost(session, 0.2)
    with pytest.raises(StratumError, match="ended as soon as it was started"):
        host.status("/")
    assert session.stream.closed


def test_what_we_send_is_never_too_long() -> None:
    assert len(b"".join(encode(1, b"x" * LONGEST_PAYLOAD, do="write"))) < LONGEST_PAYLOAD + 100
    for header, payload in (("x" * LONGEST_HEADER, b""), ("", b"x" * (LONGEST_PAYLOAD + 1))):
        with pytest.raises(ValueError, match="it is too long"):
            encode(1, payload, do=header)
