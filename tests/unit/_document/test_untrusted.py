# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document import untrusted
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", "a"),
        ("  Intel Corporation\n", "Intel Corporation"),
        ("Größe", "Größe"),
        ("x" * 256, "x" * 256),
        ("x" * 257, None),
        (" " * 2000, None),
        ("", None),
        ("a\nb", None),
        ("a\x1b[31mb", None),
        ("a\u2028b", None),
        ("a\x7f", None),
        (None, None),
        (b"a", None),
        (1, None),
    ],
)
def test_texts(value: object, expected: str | None) -> None:
    assert untrusted.text(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        (5, 5),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        (2**64 - 1, None),
        (-1, None),
        (True, None),
        (1.0, None),
        (float("nan"), None),
        (None, None),
        ("0", 0),
        ("007", 7),
        (" 12\n", 12),
        ("0x1f", 31),
        ("0XFF", 255),
        ("-1", None),
        ("+1", None),
        ("1_000", None),
        ("1.5", None),
        ("0x", None),
        ("٣", None),
        ("9" * 5000, None),
        ("9223372036854775808", None),
        ([1], None),
    ],
)
def test_numbers_from_zero_on(value: object, expected: int | None) -> None:
    assert untrusted.number(value) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("4", "KiB", 4096),
        ("4", None, 4),
        (3, "MiB", 3 * 1024**2),
        ("9223372036854775807", "KiB", None),
        ("4", "parsec", None),
        ("4", "x" * 10000, 4),
        ("-4", "KiB", None),
    ],
)
def test_sizes(value: object, unit: str | None, expected: int | None) -> None:
    assert untrusted.size(value, unit) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", [0]),
        ("0-3,8", [0, 1, 2, 3, 8]),
        ("8,0-1", [0, 1, 8]),
        ("1,1", [1]),
        ("3-1", None),
        ("0-9999999999", None),
        ("0-8", None),
        ("0-7,0-7", None),
        ("0-7", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("-1", None),
        ("1-", None),
        ("a", None),
        ("", None),
        (",", None),
        (None, None),
    ],
)
def test_sets_of_numbers(value: object, expected: list[int] | None) -> None:
    assert untrusted.numbers(value, limit=8) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("diskDevice", "disk_device"),
        ("maxESGuests", "max_es_guests"),
        ("host-passthrough", "host_passthrough"),
        ("s390-pv", "s390_pv"),
        ("sgx1", "sgx1"),
        ("TPM", "tpm"),
        ("x" * 65, None),
        ("{{ x }}", None),
        ("{urn:a}b", None),
        ("", None),
        (None, None),
        (len, None),
    ],
)
def test_names_of_facts(value: Any, expected: str | None) -> None:
    assert untrusted.name(value) == expected


def test_words() -> None:
    assert [untrusted.flag(value) for value in ("yes", "on", "no", "off", "maybe", None)] == [
        True,
        True,
        False,
        False,
        None,
        None,
    ]
    assert untrusted.mac("52:54:00:AB:cd:01") == "52:54:00:ab:cd:01"
    assert [untrusted.mac(value) for value in ("52:54:00:ab:cd", "zz:54:00:ab:cd:01", "", None)] == [None] * 4
    assert untrusted.texts(["a", None, "", "b" * 300, "c"]) == ["a", "c"]
    assert len(untrusted.texts("x" for _each in range(10**6))) == 4096
    assert untrusted.line("a\n\x1b[0mb" + "x" * 9000) == "a  [0mb" + "x" * 1017
    assert untrusted.known(a=1, b=None, c=False, d=[]) == {"a": 1, "c": False, "d": []}


@given(st.integers() | st.text() | st.floats() | st.none() | st.binary() | st.lists(st.text()))
def test_nothing_crashes(value: object) -> None:
    for read in (untrusted.text, untrusted.number, untrusted.flag, untrusted.mac, untrusted.name, untrusted.numbers):
        read(value)
    untrusted.size(value, "KiB")
