# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Kinds of values: how a person writes one, how it stands in a document, and when two are the same.

A *canonical* value is what the rest of the engine works with: sizes are bytes (int), cpusets sorted ranges (str),
MAC addresses lower case, switches booleans. ``parse`` makes it of a task's value, ``read`` of a document's, ``show``
makes what a spec prints, which ``parse`` accepts again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .tree import text_of
from .units import factor, format_size, parse_size

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

Value = Any


_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f]")
"""The control characters that XML cannot hold, and the carriage return, which it does not keep."""


def _is_writable(text: str) -> bool:
    # Not one expression for all of it: compiling that took longer than making the whole table.
    surrogates = any("\ud800" <= character <= "\udfff" for character in text) if not text.isascii() else False
    return not (surrogates or "\ufffe" in text or "\uffff" in text or _UNWRITABLE.search(text))


class Kind:
    """Free text; white space around it does not count. ``""`` stands for nothing: writing it removes the place."""

    argument: dict[str, Any] = {"type": "str"}
    """The part of an argument spec that says which values are accepted."""

    def __init__(self, *, absent: Value | None = None) -> None:
        self.absent = absent
        """What a document means that does not say it; ``None``: nothing, or what the hypervisor decides."""

    def parse(self, value: Any) -> Value:
        """Return the canonical form of a task's value; raise ValueError when it makes no sense."""
        text = str(value).strip()
        if not _is_writable(text):
            raise ValueError("it has characters that XML cannot hold")
        return text

    def read(self, element: Element, attribute: str | None) -> Value | None:
        """Return the canonical value at an element, ``None`` when there is none."""
        text = text_of(element, attribute)
        return None if text is None or text == "" else self.of_document(text)

    def of_document(self, text: str) -> Value:
        """Return the canonical form of a document's text."""
        return text

    def write(self, element: Element, attribute: str | None, value: Value) -> None:
        """Write a canonical value."""
        text = self.to_document(value)
        if attribute is None:
            element.text = text
        else:
            element.set(attribute, text)

    def to_document(self, value: Value) -> str:
        """Return a canonical value as the document writes it."""
        return str(value)

    def removes(self, value: Value) -> bool:
        """Whether writing this value means that its place goes away."""
        return bool(value == "")

    def same(self, wanted: Value, found: Value | None, element: Element | None) -> bool:
        """Whether a document that says ``found`` (at ``element``) has what is wanted."""
        if found is None:
            return self.removes(wanted) or bool(self.absent is not None and wanted == self.absent)
        return bool(wanted == found)

    def show(self, value: Value) -> Any:
        """Return a canonical value as a spec prints it."""
        return value


class Line(Kind):
    """Text on one line."""

    def parse(self, value: Any) -> Value:
        text = str(super().parse(value))
        if "\n" in text:
            raise ValueError("it must be one line")
        return text


class Name(Line):
    """The name of an object: libvirt makes file names of it."""

    def parse(self, value: Any) -> Value:
        text = str(super().parse(value))
        if not text.strip():
            raise ValueError("a name cannot be empty")
        if "/" in text or text in (".", ".."):
            raise ValueError(f"{text!r} cannot be a name, which has no slash and is neither . nor ..")
        if len(text.encode()) > 255:
            raise ValueError("a name has at most 255 bytes")
        return text


class Time(Line):
    """A moment, in UTC: ``2027-01-01T00:00:00``."""

    _FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")

    def parse(self, value: Any) -> Value:
        # YAML reads it without quotes as a time of its own, which is printed with a blank.
        text = str(super().parse(value)).replace(" ", "T")
        if text and not self._FORM.fullmatch(text):
            raise ValueError(f"{value!r} is not a time like 2027-01-01T00:00:00")
        return text


class AbsolutePath(Line):
    """The absolute path of a file on the node."""

    argument = {"type": "str"}

    def parse(self, value: Any) -> Value:
        text = str(super().parse(value))
        if text and not text.startswith("/"):
            raise ValueError(f"{text!r} is not an absolute path")
        return text


class Word(Kind):
    """One of the words that a task may use; a document may say others."""

    def __init__(self, *words: str, absent: str | None = None) -> None:
        super().__init__(absent=absent)
        self.argument = {"type": "str", "choices": list(words)}


class Integer(Kind):
    """A whole number; documents may write it in hexadecimal."""

    argument = {"type": "int"}

    def __init__(self, minimum: int | None = 0, maximum: int | None = None, *, absent: int | None = None) -> None:
        super().__init__(absent=absent)
        self.minimum = minimum
        self.maximum = maximum

    def parse(self, value: Any) -> Value:
        number = int(value)
        if self.minimum is not None and number < self.minimum:
            raise ValueError(f"{number} is less than {self.minimum}")
        if self.maximum is not None and number > self.maximum:
            raise ValueError(f"{number} is more than {self.maximum}")
        return number

    def of_document(self, text: str) -> Value:
        return int(text, 0) if text.lower().startswith(("0x", "-0x")) else int(text)

    def removes(self, value: Value) -> bool:
        return False


class Hexadecimal(Integer):
    """A number that documents and people write in hexadecimal: ``0x1b36``."""

    argument = {"type": "str"}

    def __init__(self, digits: int) -> None:
        super().__init__(0, 16**digits - 1)
        self.digits = digits

    def parse(self, value: Any) -> Value:
        return super().parse(int(str(value), 0))

    def to_document(self, value: Value) -> str:
        return f"0x{value:0{self.digits}x}"

    def show(self, value: Value) -> Any:
        return self.to_document(value)


class Size(Kind):
    """An amount of memory or storage: bytes here, ``unit`` in the document.

    Beside an element's text stands its ``unit`` attribute; beside an attribute of the same element, too, unless the
    format fixes the unit (``scaled=False``). ``bare`` is the unit of a number that a person writes without one.
    """

    argument = {"type": "str"}

    def __init__(self, unit: str, *, bare: str = "MiB", scaled: bool = True) -> None:
        super().__init__()
        self.unit = unit
        self.bare = bare
        self.scaled = scaled

    def parse(self, value: Any) -> Value:
        size = parse_size(str(value), self.bare)
        if size % factor(self.unit):
            raise ValueError(f"{value} is not a whole number of {self.unit}")
        return size

    def read(self, element: Element, attribute: str | None) -> Value | None:
        text = text_of(element, attribute)
        if not text:
            return None
        unit = element.get("unit") if self.scaled else None
        return parse_size(text, unit or self.unit)

    def write(self, element: Element, attribute: str | None, value: Value) -> None:
        if self.scaled:
            element.set("unit", self.unit)
        super().write(element, attribute, value // factor(self.unit))

    def removes(self, value: Value) -> bool:
        return False

    def show(self, value: Value) -> Any:
        return format_size(value)


class Flag(Kind):
    """A switch that the document writes with two words: ``yes``/``no``, ``on``/``off``."""

    argument = {"type": "bool"}

    def __init__(self, true: str = "yes", false: str = "no", *, absent: bool | None = None) -> None:
        super().__init__(absent=absent)
        self.true = true
        self.false = false

    def parse(self, value: Any) -> Value:
        return bool(value)

    def of_document(self, text: str) -> Value:
        return text == self.true

    def to_document(self, value: Value) -> str:
        return self.true if value else self.false

    def removes(self, value: Value) -> bool:
        return False


ON_OFF = Flag("on", "off")
YES_NO = Flag("yes", "no")


class Presence(Kind):
    """A switch that is on when its element is there: ``<readonly/>``. ``<apic state='off'/>`` counts as off."""

    argument = {"type": "bool"}

    def parse(self, value: Any) -> Value:
        return bool(value)

    def read(self, element: Element, attribute: str | None) -> Value | None:
        return element.get("state") != "off"

    def write(self, element: Element, attribute: str | None, value: Value) -> None:
        if element.get("state") == "off":
            element.set("state", "on")

    def removes(self, value: Value) -> bool:
        return not value

    def same(self, wanted: Value, found: Value | None, element: Element | None) -> bool:
        return bool(wanted == bool(found))


class Switch(Flag):
    """A switch that an element is by its ``state``; ``<smm/>`` alone counts as on."""

    def __init__(self, *, absent: bool | None = None) -> None:
        super().__init__("on", "off", absent=absent)

    def read(self, element: Element, attribute: str | None) -> Value | None:
        return element.get("state") != "off"

    def write(self, element: Element, attribute: str | None, value: Value) -> None:
        element.set("state", self.to_document(value))


class Stateful(Kind):
    """A value beside a ``state``: ``<spinlocks state='on' retries='8191'/>``. 0, or nothing, takes the element away."""

    def __init__(self, attribute: str, kind: Kind) -> None:
        super().__init__()
        self.beside = attribute
        self.kind = kind
        self.argument = kind.argument

    def parse(self, value: Any) -> Value:
        return self.kind.parse(value)

    def read(self, element: Element, attribute: str | None) -> Value | None:
        return None if element.get("state") == "off" else self.kind.read(element, self.beside)

    def write(self, element: Element, attribute: str | None, value: Value) -> None:
        element.set("state", "on")
        self.kind.write(element, self.beside, value)

    def removes(self, value: Value) -> bool:
        return not value


class Is(Kind):
    """A switch that is on when its place says one certain word; it cannot be switched off, only something else on."""

    argument = {"type": "bool"}

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word

    def parse(self, value: Any) -> Value:
        if not value:
            raise ValueError("it can only be true; leave it out, and state another one instead")
        return True

    def read(self, element: Element, attribute: str | None) -> Value | None:
        return True if text_of(element, attribute) == self.word else None

    def to_document(self, value: Value) -> str:
        return self.word
