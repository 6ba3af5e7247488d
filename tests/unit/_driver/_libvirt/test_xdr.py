# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import struct
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import protocol, xdr
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.xdr import Type, XdrError
from ansible_collections.stratum.virt.tests.unit._driver._libvirt.fake_daemon import PROCEDURES
from hypothesis import given, settings
from hypothesis import strategies as st

INT32 = st.integers(-(2**31), 2**31 - 1)
UINT32 = st.integers(0, 2**32 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
UINT64 = st.integers(0, 2**64 - 1)
TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40)
UUID = st.binary(min_size=16, max_size=16)
DOMAIN = st.builds(protocol.Domain, TEXT, UUID, INT32)
PARAMETERS = st.dictionaries(
    TEXT, st.one_of(st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False), st.booleans(), TEXT)
)

CASES: list[tuple[Type, st.SearchStrategy[Any]]] = [
    (xdr.INT, INT32),
    (xdr.UINT, UINT32),
    (xdr.HYPER, INT64),
    (xdr.UHYPER, UINT64),
    (xdr.DOUBLE, st.floats(allow_nan=False)),
    (xdr.BOOL, st.booleans()),
    (xdr.STRING, TEXT),
    (xdr.fixed_opaque(16), UUID),
    (xdr.opaque(50), st.binary(max_size=50)),
    (xdr.characters(32), st.text(st.characters(min_codepoint=1, max_codepoint=126), max_size=32)),
    (xdr.optional(xdr.STRING), st.none() | TEXT),
    (xdr.array(xdr.UHYPER, 50), st.lists(UINT64, max_size=50)),
    (xdr.array(xdr.record(xdr.INT, xdr.STRING, xdr.UINT), 50), st.lists(st.tuples(INT32, TEXT, UINT32), max_size=50)),
    (
        xdr.record(xdr.INT, xdr.HYPER, xdr.STRING, xdr.UINT, xdr.DOUBLE),
        st.tuples(INT32, INT64, TEXT, UINT32, st.just(0.5)),
    ),
    (xdr.parameters(100), PARAMETERS),
    (protocol.DOMAIN_BY_NAME.gives, st.tuples(DOMAIN)),
    (protocol.DOMAIN_STATS.gives, st.tuples(st.lists(st.tuples(DOMAIN, PARAMETERS), max_size=5))),
]


def encoded(of: Type, value: Any) -> bytes:
    out = bytearray()
    xdr.encode(of, value, out)
    return bytes(out)


@settings(deadline=None)  # the machine may be busy
@given(st.data())
def test_what_was_written_is_read(data: st.DataObject) -> None:
    of, values = data.draw(st.sampled_from(CASES))
    value = data.draw(values)
    written = encoded(of, value)
    assert len(written) % 4 == 0
    assert len(written) >= of.least
    assert xdr.decode(of, b"head" + written, 4) == value


ALL_TYPES = [of for of, _values in CASES] + [of for each in PROCEDURES.values() for of in (each.takes, each.gives)]


@settings(deadline=None)  # the machine may be busy
@given(st.sampled_from(ALL_TYPES), st.binary(max_size=300))
def test_any_bytes_are_a_value_or_refused(of: Type, data: bytes) -> None:
    try:
        xdr.decode(of, data)
    except XdrError:
        return


@settings(deadline=None)  # the machine may be busy
@given(st.data())
def test_a_value_that_was_cut_or_lengthened_is_refused(data: st.DataObject) -> None:
    of, values = data.draw(st.sampled_from(CASES))
    written = encoded(of, data.draw(values))
    with pytest.raises(XdrError):
        xdr.decode(of, written[: data.draw(st.integers(0, len(written) - 1))])
    with pytest.raises(XdrError):
        xdr.decode(of, written + b"\0\0\0\0")


def test_the_bytes_are_those_of_the_standard() -> None:
    assert encoded(xdr.INT, -2) == b"\xff\xff\xff\xfe"
    assert encoded(xdr.HYPER, -2) == b"\xff" * 7 + b"\xfe"
    assert encoded(xdr.STRING, "häuser") == b"\0\0\0\x07h\xc3\xa4user\0"
    assert encoded(xdr.optional(xdr.INT), None) == b"\0\0\0\0"
    assert encoded(xdr.optional(xdr.INT), 5) == b"\0\0\0\1\0\0\0\5"
    assert encoded(xdr.opaque(9), b"abc") == b"\0\0\0\3abc\0"
    assert encoded(xdr.characters(3), "hi") == b"\0\0\0h\0\0\0i\0\0\0\0"
    assert encoded(xdr.parameters(9), {"on": True}) == b"\0\0\0\1\0\0\0\2on\0\0\0\0\0\6\0\0\0\1"


@pytest.mark.parametrize(
    ("of", "data", "says"),
    [
        (xdr.STRING, struct.pack(">I", xdr.STRING_LIMIT + 1) + b"x" * 8, "text of 4194305 bytes"),
        (xdr.STRING, b"\xff\xff\xff\xff", "text of 4294967295 bytes"),
        (xdr.array(xdr.INT, 2), struct.pack(">IIII", 3, 1, 2, 3), "list of 3 elements"),
        (xdr.array(xdr.INT, 10**9), struct.pack(">II", 10**8, 1), "list of 100000000 elements"),
        (xdr.parameters(10**9), struct.pack(">II", 10**8, 1), "list of 100000000 elements"),
        (xdr.optional(xdr.INT), struct.pack(">II", 2, 1), "boolean is 2"),
        (xdr.parameters(5), encoded(xdr.record(xdr.UINT, xdr.STRING, xdr.UINT, xdr.INT), (1, "a", 8, 0)), "type 8"),
        (xdr.fixed_opaque(16), b"x" * 15, "16 bytes"),
        (xdr.opaque(2), b"\0\0\0\3abc\0", "3 bytes"),
        (xdr.opaque(2**32), b"\xff\xff\xff\xffabc\0", "4294967295 bytes"),
        (xdr.characters(2), b"\0\0\0h\0\0\0", "middle of a value"),
        (xdr.INT, b"\0\0\0", "middle of a value"),
    ],
)
def test_lengths_are_checked_before_anything_is_made(of: Type, data: bytes, says: str) -> None:
    with pytest.raises(XdrError, match=says):
        xdr.decode(of, data)


@pytest.mark.parametrize(
    ("of", "value"),
    [
        (xdr.INT, 2**31),
        (xdr.UINT, -1),
        (xdr.INT, "1"),
        (xdr.STRING, "a\0b"),
        (xdr.STRING, "\ud800"),
        (xdr.STRING, None),
        (xdr.STRING, "x" * (xdr.STRING_LIMIT + 1)),
        (xdr.fixed_opaque(16), b"x" * 15),
        (xdr.opaque(2), b"abc"),
        (xdr.characters(2), "abc"),
        (xdr.array(xdr.INT, 2), [1, 2, 3]),
        (xdr.record(xdr.INT, xdr.INT), (1,)),
        (xdr.parameters(1), {"a": 1, "b": 2}),
    ],
)
def test_a_value_that_does_not_fit_is_refused(of: Type, value: Any) -> None:
    with pytest.raises(XdrError):
        encoded(of, value)


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert xdr.decode(xdr.STRING, b"\0\0\0\2\xff\xfe\0\0") == "\ufffd\ufffd"


def test_characters_may_have_a_sign() -> None:
    signed = struct.pack(">4i", ord("h"), -61, -92, 0)
    assert xdr.decode(xdr.characters(4), signed) == "hä"
    assert xdr.decode(xdr.characters(4), struct.pack(">4i", 2**31 - 1, -(2**31), 65, 66)) == "\ufffd"
