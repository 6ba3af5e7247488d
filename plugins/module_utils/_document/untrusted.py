# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What others tell, as values of a type and of bounded size. What makes no sense is ``None``, never an error."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .units import parse_size

TEXT_LIMIT = 256
"""Characters of a text that is taken."""
NUMBER_LIMIT = 2**63
"""No number is as large: libvirt means ``unknown`` by the largest that it has."""
LIST_LIMIT = 4096
"""Entries of a list that are taken."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DIGITS = re.compile(r"[0-9]{1,19}|0x[0-9a-f]{1,15}", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_WITHIN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}", re.IGNORECASE)
_YES = {"yes": True, "on": True, "no": False, "off": False}


def known(**values: Any) -> dict[str, Any]:
    """Return the values that are not ``None``, by their names."""
    return {name: value for name, value in values.items() if value is not None}


def text(value: object, limit: int = TEXT_LIMIT) -> str | None:
    """Return a line of text without white space around it; ``None`` when it is empty, too long, or no such line."""
    if not isinstance(value, str) or len(value) > 4 * limit:
        return None
    stripped = value.strip()
    return None if not stripped or len(stripped) > limit or _CONTROL.search(stripped) else stripped


def line(value: str, limit: int = 4 * TEXT_LIMIT) -> str:
    """Return a message that quotes others as one line of bounded length."""
    return _CONTROL.sub(" ", value[:limit])


def number(value: object) -> int | None:
    """Return a whole number from 0 on, also from a text (decimal, or hexadecimal with ``0x``)."""
    if isinstance(value, str):
        stripped = value.strip() if len(value) < TEXT_LIMIT else ""
        base = 16 if stripped[:2].lower() == "0x" else 10
        value = int(stripped, base) if _DIGITS.fullmatch(stripped) else None
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value < NUMBER_LIMIT else None


def size(value: object, unit: str | None, bare: str = "bytes") -> int | None:
    """Return a size in bytes, from a number and its unit (``bare`` where none is told)."""
    count = number(value)
    if count is None:
        return None
    try:
        return number(parse_size(str(count), text(unit) or bare))
    except ValueError:
        return None


def flag(value: object) -> bool | None:
    """Return what ``yes``, ``no``, ``on`` and ``off`` mean."""
    return _YES.get(value) if isinstance(value, str) else None


def mac(value: object) -> str | None:
    """Return a MAC address in lower case."""
    return value.lower() if isinstance(value, str) and _MAC.fullmatch(value) else None


def texts(values: Iterable[object]) -> list[str]:
    """Return those that are texts."""
    found: list[str] = []
    for value in values:
        word = text(value)
        if word is not None:
            found.append(word)
        if len(found) == LIST_LIMIT:
            break
    return found


def name(value: object) -> str | None:
    """Return a libvirt word as the name of a fact: ``maxESGuests`` is ``max_es_guests``."""
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        return None
    return re.sub(r"[.-]", "_", _WITHIN_WORDS.sub("_", value)).lower()


def numbers(value: object, limit: int = LIST_LIMIT) -> list[int] | None:
    """Return the members of a set like ``0-3,8``; ``None`` when it makes no sense or has more than ``limit``."""
    found: list[int] = []
    for part in (text(value, limit * 4) or "").split(","):
        start, _dash, end = (part if "-" in part else f"{part}-{part}").partition("-")
        first, last = number(start), number(end)
        if first is None or last is None or not 0 <= last - first < limit - len(found):
            return None
        found += range(first, last + 1)
    return sorted(set(found))
