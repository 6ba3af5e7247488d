# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The frames in which a far host and the program that serves its files speak with each other.

A frame is two lengths, a header and a payload. The header is a JSON object; ``id`` in it says what the frame belongs
to: one question with its answer, or what a question has opened.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .._errors import DeadlineExceeded, Denied, StratumError

if TYPE_CHECKING:
    from typing import TypeGuard

    from .base import Buffer

ERRORS = {error.__name__: error for error in (StratumError, Denied, DeadlineExceeded)}
"""What crosses, by its name; any other error crosses as the nearest of its bases that is here."""
LONGEST_TEXT = 4000
"""Characters of an error's reason and of its hint."""

PREFIX = struct.Struct("!II")
LONGEST_HEADER = 65536
LONGEST_PAYLOAD = 1048576
"""As much as a host reads in one piece."""
LONGEST_FILE = 1 << 63
"""Bytes; no file system has longer ones, and no header a larger number."""
WINDOW = 16777216
"""What may be under way to a reader of content that has taken none of it: more than fills a link of 1 Gbit/s on which
an answer takes 50 ms."""
TURN = WINDOW // 8
"""What a reader has taken when it allows as much again."""
FRAME_COST = 256
"""What a frame counts for beside its payload, so that many small ones cannot take much memory."""
LARGEST = FRAME_COST + LONGEST_PAYLOAD
"""What a frame can count for at most: as long as there is less room, none is sent."""
READ_SIZE = 262144


class Malformed(ValueError):
    """What came is no frame."""


class Frame(NamedTuple):
    """One message."""

    number: int
    header: dict[str, Any]
    payload: bytes


def cost(payload: bytes) -> int:
    """Return what a frame with this payload takes of a window."""
    return FRAME_COST + len(payload)


def encode(number: int, payload: bytes = b"", **header: Any) -> list[bytes]:
    """Return a frame as it is sent, in parts; raise Malformed when it would be too large."""
    text = json.dumps({"id": number, **header}).encode()
    if len(text) > LONGEST_HEADER or len(payload) > LONGEST_PAYLOAD:
        raise Malformed("it is too long")
    return [PREFIX.pack(len(text), len(payload)) + text, *([payload] if payload else [])]


class Decoder:
    """Cuts what comes into frames. It never keeps more than one that is not complete."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that are complete with ``data``, all of which have to be taken; raise Malformed."""
        self._buffer += data
        while len(self._buffer) >= PREFIX.size:
            header, payload = PREFIX.unpack_from(self._buffer)
            if header > LONGEST_HEADER or payload > LONGEST_PAYLOAD:
                raise Malformed("a length that no frame has")
            end = PREFIX.size + header + payload
            if len(self._buffer) < end:
                return
            start = PREFIX.size + header
            frame = _frame(bytes(self._buffer[PREFIX.size : start]), bytes(self._buffer[start:end]))
            del self._buffer[:end]
            yield frame


def _frame(text: bytes, payload: bytes) -> Frame:
    try:
        header = json.loads(text.decode())
    except (ValueError, RecursionError):
        raise Malformed("a header that is not JSON") from None
    if not isinstance(header, dict) or not is_number(header.get("id")):
        raise Malformed("a header without an id")
    return Frame(header["id"], header, payload)


def is_number(value: object, below: int = LONGEST_FILE, *, least: int = 0) -> TypeGuard[int]:
    """Whether a value is a whole number in a range."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < below


def cut(parts: Sequence[Buffer], sent: int) -> list[Buffer]:
    """Return what is left of parts when so many bytes of them were sent."""
    left: list[Buffer] = []
    for part in parts:
        if sent < len(part):
            left.append(memoryview(part)[sent:])
        sent = max(0, sent - len(part))
    return left
