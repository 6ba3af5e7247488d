# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Kinds of values that name something: addresses, identifiers, sets of numbers."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .kind import Line, Value

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


class Mac(Line):
    """A MAC address; compared without regard to case."""

    _FORM = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")

    def parse(self, value: Any) -> Value:
        text = str(value).lower().replace("-", ":")
        if text.isdigit():
            # YAML 1.1 reads 52:54:00:12:34:56 without quotes as a number to the base of 60.
            text = ":".join(f"{digit:02}" for digit in _sexagesimal(int(text), 6))
        if not self._FORM.fullmatch(text):
            raise ValueError(f"{value!r} is not a MAC address like 52:54:00:12:34:56")
        if int(text[:2], 16) & 1:
            raise ValueError(f"{value!r} is a multicast address, which no interface can have")
        return text

    def of_document(self, text: str) -> Value:
        return text.lower()


class Uuid(Line):
    """A UUID; compared without regard to case and dashes."""

    _DIGITS = re.compile(r"[0-9a-f]{32}")

    def parse(self, value: Any) -> Value:
        try:
            return str(uuid.UUID(str(value)))
        except ValueError:
            raise ValueError(f"{value!r} is not a UUID") from None

    def of_document(self, text: str) -> Value:
        digits = text.lower().replace("-", "")
        return str(uuid.UUID(digits)) if self._DIGITS.fullmatch(digits) else text.lower()


class CpuSet(Line):
    """Numbers of CPUs or NUMA nodes: ``0-3,8,^2``; compared as sets."""

    def parse(self, value: Any) -> Value:
        try:
            return _ranges(members(str(value)))
        except ValueError:
            raise ValueError(f"{value!r} is not a set of numbers like 0-3,8") from None

    def of_document(self, text: str) -> Value:
        return _ranges(members(text))

    def removes(self, value: Value) -> bool:
        return False


def members(text: str) -> set[int]:
    """Return the numbers of a set; raise ValueError when it makes no sense."""
    members: set[int] = set()
    for part in text.split(","):
        word = part.strip()
        first, dash, last = word.lstrip("^").partition("-")
        start, end = int(first), int(last) if dash else int(first)
        if not 0 <= start <= end < 65536:
            raise ValueError(word)
        if word.startswith("^"):
            members.difference_update(range(start, end + 1))
        else:
            members.update(range(start, end + 1))
    if not members:
        raise ValueError(text)
    return members


def _ranges(members: set[int]) -> str:
    parts: list[list[int]] = []
    for number in sorted(members):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def _sexagesimal(number: int, count: int) -> list[int]:
    digits: list[int] = []
    for _position in range(count):
        number, digit = divmod(number, 60)
        digits.insert(0, digit)
    digits[0] += number * 60
    return digits


class PciAddress(Line):
    """A PCI device of the node: ``0000:03:00.0``, four attributes of its element."""

    _FORM = re.compile(r"(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])")
    _PARTS = ("domain", "bus", "slot", "function")

    def parse(self, value: Any) -> Value:
        text = str(value).lower()
        whole, dot, function = text.partition(".")
        if dot and whole.isdigit():
            # YAML 1.1 reads 0000:03:00.1 without quotes as a number to the base of 60.
            domain, bus, slot = _sexagesimal(int(whole), 3)
            text = f"{domain:04}:{bus:02}:{slot:02}.{function}"
        match = self._FORM.fullmatch(text)
        if match is None:
            raise ValueError(f"{value!r} is not a PCI address like 0000:03:00.0")
        return self._join([int(part or "0", 16) for part in match.groups()])

    def read(self, element: Element, attribute: str | None) -> Value | None:
        return self._join([int(element.get(part, "0"), 0) for part in self._PARTS])

    def write(self, element: Element, attribute: str | None, value: Value) -> None:
        match = self._FORM.fullmatch(value)
        if match is not None:
            for part, digits, text in zip(self._PARTS, (4, 2, 2, 1), match.groups()):
                element.set(part, f"0x{int(text, 16):0{digits}x}")

    @staticmethod
    def _join(numbers: Sequence[int]) -> str:
        domain, bus, slot, function = numbers
        return f"{domain:04x}:{bus:02x}:{slot:02x}.{function:x}"


class ContextId(Line):
    """A vsock address: a number from 3 on, or ``auto``; a running domain's document says both."""

    def parse(self, value: Any) -> Value:
        text = str(super().parse(value))
        if text != "auto" and not (text.isdigit() and 3 <= int(text) < 0xFFFFFFFF):
            raise ValueError(f"{value!r} is neither auto nor a number from 3 on")
        return text

    def read(self, element: Element, attribute: str | None) -> Value | None:
        return "auto" if element.get("auto") == "yes" else element.get("address")

    def write(self, element: Element, attribute: str | None, value: Value) -> None:
        if "address" in element.attrib:
            del element.attrib["address"]
        element.set("auto", "yes" if value == "auto" else "no")
        if value != "auto":
            element.set("address", value)
