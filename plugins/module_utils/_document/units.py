# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Sizes as people write them, and as libvirt does."""

from __future__ import annotations

import re

_BINARY = ("", "K", "M", "G", "T", "P", "E")
_FACTORS: dict[str, int] = {"b": 1, "byte": 1, "bytes": 1}
for _power, _letter in enumerate(_BINARY[1:], start=1):
    # Source: https://libvirt.org/formatdomain.html#memory-allocation ("k or KiB", "KB").
    _FACTORS[_letter.lower()] = 1024**_power
    _FACTORS[f"{_letter.lower()}ib"] = 1024**_power
    _FACTORS[f"{_letter.lower()}b"] = 1000**_power

_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*")


def factor(unit: str) -> int:
    """Return how many bytes one ``unit`` has; raise ValueError for an unknown one."""
    try:
        return _FACTORS[unit.lower()]
    except KeyError:
        raise ValueError(f"unknown unit {unit!r}") from None


def parse_size(text: str, unit: str) -> int:
    """Return a size in bytes; a bare number counts ``unit``. Raise ValueError when it makes no sense.

    ``2GiB``, ``2G`` and ``2048MiB`` are the same; ``2GB`` is 2 * 1000**3; fractions work where they give whole bytes.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size")
    number, word = match.groups()
    scale = factor(word or unit)
    whole, _dot, fraction = number.partition(".")
    numerator = int(whole + fraction) * scale
    denominator: int = 10 ** len(fraction)
    if numerator % denominator:
        raise ValueError(f"{text!r} is not a whole number of bytes")
    return numerator // denominator


def format_size(size: int) -> str:
    """Write a size in bytes with the largest binary unit that divides it: ``2GiB``, ``1536MiB``, ``7B``."""
    power = 0
    while size and size % 1024 == 0 and power < len(_BINARY) - 1:
        size //= 1024
        power += 1
    return f"{size}{_BINARY[power]}iB" if power else f"{size}B"
