# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What tasks on every kind of object state alike: a raw document, lists that are exclusive, a time. No I/O here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .._document import tree
from .._document.field import Spec, Table
from .._document.statable import statable
from .._errors import InputError, InvalidDocument

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


def parse_xml(text: str | None, kind: str) -> Element | None:
    """Return the document that the option ``xml`` gives of this kind of object (``domain``, its root, too)."""
    if text is None:
        return None
    try:
        root = tree.parse(text, "the document")
    except InvalidDocument as error:
        raise InputError("xml", str(error)) from error
    if root.tag != kind:
        raise InputError("xml", f"its root is <{root.tag}>.", hint=f"A {kind}'s document begins with <{kind}>.")
    return root


def stated_by(table: Table, xml: Element) -> Spec:
    """Return what a raw document says of the options of a table."""
    try:
        spec = statable(table, table.read(xml))
    except InvalidDocument as error:
        raise InputError("xml", f"a value in it makes no sense: {error}") from error
    # What an option would refuse as a name is refused here, too: libvirt does so only at the end.
    return {**spec, **table.load({"name": spec.get("name")})}


def joined(from_xml: Spec, stated: Spec) -> Spec:
    """Return what both say; an option wins over the same one of the document, and leaves those beside it."""
    spec = dict(from_xml)
    for option, value in stated.items():
        there = spec.get(option)
        spec[option] = joined(there, value) if isinstance(there, dict) and isinstance(value, dict) else value
    return spec


def check_name(spec: Spec, xml: Element | None) -> str:
    """Return the object's name; raise InputError when it is missing, or ``name`` and ``xml`` contradict each other."""
    name = spec.get("name")
    if name is None:
        raise InputError("name", "it is missing.", hint="Give name, or xml with a name in it.")
    named = None if xml is None else xml.findtext("name")
    if named is not None and named.strip() != name:
        raise InputError("name", f"it is {name}, but xml says {named.strip()}.", hint="Say the same in both.")
    return str(name)


def check_exclusive(lists: Iterable[str], spec: Spec) -> None:
    """Raise InputError for a list that is to hold nothing else, and that the task does not state."""
    for path in lists:
        if not _is_stated(spec, path.split(".")):
            raise InputError(
                "exclusive",
                f"it names {path}, which the task does not state.",
                hint="State what is to stay, [] for nothing.",
            )


def _is_stated(value: Any, options: list[str]) -> bool:
    if not options:
        return value is not None
    if isinstance(value, list):
        # Of a list within the entries of another one, one entry that states it is enough.
        return any(_is_stated(entry, options) for entry in value)
    return isinstance(value, Mapping) and _is_stated(value.get(options[0]), options[1:])


def check_timeout(seconds: int) -> None:
    """Raise InputError for a time in which nothing can happen."""
    if seconds <= 0:
        raise InputError("timeout", f"{seconds} is no time to wait.", hint="Give a number of seconds above zero.")
