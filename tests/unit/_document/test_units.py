# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sizes as people write them."""

from __future__ import annotations

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document.units import factor, format_size, parse_size
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GiB", 2 * 1024**3),
        ("2G", 2 * 1024**3),
        ("2048MiB", 2 * 1024**3),
        ("2048", 2 * 1024**3),
        ("2 GiB", 2 * 1024**3),
        (" 2gib ", 2 * 1024**3),
        ("2GB", 2 * 1000**3),
        ("1.5GiB", 1536 * 1024**2),
        ("0.5k", 512),
        ("7B", 7),
        ("7 bytes", 7),
        ("0", 0),
        ("3TiB", 3 * 1024**4),
        ("1PiB", 1024**5),
        ("1EB", 1000**6),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text, "MiB") == size


@pytest.mark.parametrize(
    "text", ["", "GiB", "-1", "1.2.3", "2 XB", "1e3", "0x10", "1,5G", "0.3B", "two", "2GiB 1", "\u0662"]
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_size(text, "MiB")


def test_an_unknown_unit_is_named() -> None:
    with pytest.raises(ValueError, match="'parsec'"):
        factor("parsec")


@given(st.integers(0, 2**63))
def test_what_is_formatted_parses_to_the_same(size: int) -> None:
    assert parse_size(format_size(size), "KiB") == size


@given(
    st.integers(0, 10**9), st.sampled_from(["b", "bytes", "k", "KiB", "KB", "M", "MB", "GiB", "GB", "T", "PiB", "EiB"])
)
def test_every_unit_both_ways(number: int, unit: str) -> None:
    assert parse_size(f"{number}{unit}", "MiB") == number * factor(unit)
    assert parse_size(str(number), unit) == number * factor(unit)
