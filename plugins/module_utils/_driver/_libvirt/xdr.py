# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""XDR, the byte order of libvirt's wire. Source: RFC 4506.

A `Type` is a pair of functions that were put together once, when the module was imported; coding a value is then
plain calls without any look at a description. Decoding trusts nothing: every length is checked against its limit
and against the bytes that are there before anything is made from it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from struct import Struct
from typing import Any

STRING_LIMIT = 4194304
"""The longest string that libvirt takes or sends, in bytes."""

Pack = Callable[[Any, bytearray], None]
Unpack = Callable[[bytes, int], "tuple[Any, int]"]


class XdrError(ValueError):
    """A value that does not fit its type, or bytes that do not hold one."""


class Type:
    """How values of one kind are written and read.

    ``pack(value, out)`` appends to ``out``; ``unpack(data, at)`` returns the value and where the next one begins.
    ``least`` is the fewest bytes a value takes. ``code`` is the letter of the struct module for a value of fixed
    size, ``""`` for others.
    """

    __slots__ = ("code", "least", "pack", "unpack")

    def __init__(self, pack: Pack, unpack: Unpack, least: int, code: str = "") -> None:
        self.pack = pack
        self.unpack = unpack
        self.least = least
        self.code = code


def _scalar(code: str) -> Type:
    layout = Struct(">" + code)
    size = layout.size

    def pack(value: Any, out: bytearray) -> None:
        out += layout.pack(value)

    def unpack(data: bytes, at: int) -> tuple[Any, int]:
        return layout.unpack_from(data, at)[0], at + size

    return Type(pack, unpack, size, code)


INT = _scalar("i")
UINT = _scalar("I")
HYPER = _scalar("q")
UHYPER = _scalar("Q")
DOUBLE = _scalar("d")

_LENGTH = Struct(">I")
_length_of = _LENGTH.unpack_from
_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")


def _boolean() -> Type:
    def unpack(data: bytes, at: int) -> tuple[bool, int]:
        (value,) = _length_of(data, at)
        if value > 1:
            raise XdrError(f"a boolean is {value}")
        return value == 1, at + 4

    return Type(lambda value, out: INT.pack(int(value), out), unpack, 4)


BOOL = _boolean()


def fixed_opaque(size: int) -> Type:
    """Return the type of ``size`` bytes, which have no length of their own on the wire. ``size`` is a multiple of 4."""

    def pack(value: Any, out: bytearray) -> None:
        if len(value) != size:
            raise XdrError(f"{len(value)} bytes instead of {size}")
        out += value

    def unpack(data: bytes, at: int) -> tuple[bytes, int]:
        end = at + size
        if end > len(data):
            raise XdrError(f"{size} bytes do not fit into the {len(data) - at} that are left")
        return data[at:end], end

    return Type(pack, unpack, size, f"{size}s")


def opaque(limit: int) -> Type:
    """Return the type of at most ``limit`` bytes, whose number comes before them."""

    def pack(value: Any, out: bytearray) -> None:
        size = len(value)
        if size > limit:
            raise XdrError(f"{size} bytes are more than the {limit} that libvirt takes")
        out += _LENGTH.pack(size) + value + _PADDING[size & 3]

    def unpack(data: bytes, at: int) -> tuple[bytes, int]:
        (size,) = _length_of(data, at)
        start = at + 4
        end = start + size
        if size > limit or end > len(data):
            raise XdrError(f"{size} bytes: at most {min(limit, len(data) - start)} are possible")
        return data[start:end], end + (-size & 3)

    return Type(pack, unpack, 4)


def characters(size: int) -> Type:
    """Return the type of a text in an array of ``size`` characters, which are numbers of 4 bytes each on the wire.

    It ends with the first zero, if there is one.
    """
    layout = Struct(f">{size}i")

    def pack(value: Any, out: bytearray) -> None:
        encoded = value.encode()
        if len(encoded) > size:
            raise XdrError(f"a text of {len(encoded)} bytes is longer than the {size} that libvirt takes")
        out += layout.pack(*encoded.ljust(size, b"\0"))

    def unpack(data: bytes, at: int) -> tuple[str, int]:
        numbers = layout.unpack_from(data, at)
        # A character has a sign where the daemon's compiler says so.
        text = bytes(number & 0xFF for number in numbers).partition(b"\0")[0]
        return text.decode("utf-8", "replace"), at + layout.size

    return Type(pack, unpack, layout.size)


def string(limit: int = STRING_LIMIT) -> Type:
    """Return the type of a text of at most ``limit`` bytes.

    What cannot be decoded is replaced: a guest may put any bytes where libvirt passes them on.
    """

    def pack(value: Any, out: bytearray) -> None:
        encoded = value.encode()
        size = len(encoded)
        if size > limit:
            raise XdrError(f"a text of {size} bytes is longer than the {limit} that libvirt takes")
        if b"\0" in encoded:
            raise XdrError("a text holds a NUL character")
        out += _LENGTH.pack(size) + encoded + _PADDING[size & 3]

    def unpack(data: bytes, at: int) -> tuple[str, int]:
        (size,) = _length_of(data, at)
        start = at + 4
        end = start + size
        if size > limit or end > len(data):
            raise XdrError(f"a text of {size} bytes: at most {min(limit, len(data) - start)} are possible")
        return data[start:end].decode("utf-8", "replace"), end + (-size & 3)

    return Type(pack, unpack, 4)


STRING = string()


def optional(of: Type) -> Type:
    """Return the type of a value that may be missing, which is ``None``."""
    inner_pack, inner_unpack = of.pack, of.unpack

    def pack(value: Any, out: bytearray) -> None:
        if value is None:
            out += b"\0\0\0\0"
        else:
            out += b"\0\0\0\1"
            inner_pack(value, out)

    def unpack(data: bytes, at: int) -> tuple[Any, int]:
        present, at = BOOL.unpack(data, at)
        return inner_unpack(data, at) if present else (None, at)

    return Type(pack, unpack, 4)


def _count(data: bytes, at: int, limit: int, least: int) -> int:
    """Return how many elements are said to follow, once they can all be there."""
    count: int = _length_of(data, at)[0]
    if count > limit or count * least > len(data) - at - 4:
        raise XdrError(f"a list of {count} elements: at most {min(limit, (len(data) - at - 4) // least)} are possible")
    return count


def array(of: Type, limit: int) -> Type:
    """Return the type of a list of at most ``limit`` elements."""
    inner_pack, inner_unpack, least = of.pack, of.unpack, of.least

    def pack(value: Any, out: bytearray) -> None:
        if len(value) > limit:
            raise XdrError(f"a list of {len(value)} elements is longer than the {limit} that libvirt takes")
        out += _LENGTH.pack(len(value))
        for element in value:
            inner_pack(element, out)

    def unpack(data: bytes, at: int) -> tuple[list[Any], int]:
        count = _count(data, at, limit, least)
        at += 4
        elements = []
        for _index in range(count):
            element, at = inner_unpack(data, at)
            elements.append(element)
        return elements, at

    return Type(pack, unpack, 4)


def _tuple(values: Iterable[Any]) -> Any:
    return tuple(values)


def record(*fields: Type, make: Callable[[Iterable[Any]], Any] = _tuple) -> Type:
    """Return the type of values that follow one another; ``make`` gets them in order.

    Neighbours of fixed size are read in one go.
    """
    packs = tuple(field.pack for field in fields)
    steps: list[tuple[Struct | None, Unpack | None]] = []
    codes = ""
    for field in fields:
        if field.code:
            codes += field.code
            continue
        if codes:
            steps.append((Struct(">" + codes), None))
            codes = ""
        steps.append((None, field.unpack))
    if codes:
        steps.append((Struct(">" + codes), None))

    def pack(value: Any, out: bytearray) -> None:
        if len(value) != len(packs):
            raise XdrError(f"{len(value)} values instead of {len(packs)}")
        for inner_pack, element in zip(packs, value):
            inner_pack(element, out)

    def unpack(data: bytes, at: int) -> tuple[Any, int]:
        values: list[Any] = []
        for layout, inner_unpack in steps:
            if layout is not None:
                values += layout.unpack_from(data, at)
                at += layout.size
            elif inner_unpack is not None:
                element, at = inner_unpack(data, at)
                values.append(element)
        return make(values), at

    return Type(pack, unpack, sum(field.least for field in fields))


_VALUES = {1: INT, 2: UINT, 3: HYPER, 4: UHYPER, 5: DOUBLE, 6: BOOL, 7: STRING}
"""The union inside a typed parameter, by its discriminant."""


def _discriminant(value: Any) -> int:
    """Return the widest discriminant that holds a Python value."""
    if isinstance(value, bool):
        return 6
    if isinstance(value, int):
        return 3 if value < 0 else 4
    return 5 if isinstance(value, float) else 7


def parameters(limit: int) -> Type:
    """Return the type of a list of typed parameters, which is a dict by their names."""
    values = {kind: of.unpack for kind, of in _VALUES.items()}

    def pack(value: Any, out: bytearray) -> None:
        if len(value) > limit:
            raise XdrError(f"{len(value)} parameters are more than the {limit} that libvirt takes")
        out += _LENGTH.pack(len(value))
        for name, content in value.items():
            kind = _discriminant(content)
            STRING.pack(name, out)
            out += _LENGTH.pack(kind)
            _VALUES[kind].pack(content, out)

    def unpack(data: bytes, at: int) -> tuple[dict[str, Any], int]:
        count = _count(data, at, limit, 12)
        at += 4
        found: dict[str, Any] = {}
        for _index in range(count):
            name, at = STRING.unpack(data, at)
            (kind,) = _length_of(data, at)
            if kind not in values:
                raise XdrError(f"a parameter of the unknown type {kind}")
            found[name], at = values[kind](data, at + 4)
        return found, at

    return Type(pack, unpack, 4)


def encode(of: Type, value: Any, out: bytearray) -> None:
    """Append a value to ``out``; raise XdrError when it does not fit its type."""
    try:
        of.pack(value, out)
    except (struct.error, TypeError, AttributeError, UnicodeEncodeError) as error:
        raise XdrError(str(error)) from error


def decode(of: Type, data: bytes, at: int = 0) -> Any:
    """Return the value that fills ``data`` from ``at`` on; raise XdrError when it does not, to the byte."""
    try:
        value, end = of.unpack(data, at)
    except struct.error as error:
        raise XdrError("it ends in the middle of a value") from error
    if end != len(data):
        raise XdrError(f"{abs(len(data) - end)} bytes too {'many' if end < len(data) else 'few'}")
    return value
