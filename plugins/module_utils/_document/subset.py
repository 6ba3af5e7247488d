# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Documents that hold a part of another: merging one in, and telling what is missing.

A wanted document says only some things; everything else stays. Elements are paired as the tables pair them (disks by
target, interfaces by MAC address…), others by the attributes that name them, and those that nothing names by their
order among their like.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from .field import HIDDEN, Items, Table
from .pairing import pair
from .secrets import SECRET_ELEMENTS
from .tree import clone
from .units import parse_size

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_NAMED_BY: Mapping[str, tuple[str, ...]] = {
    "boot": ("dev",),
    "cell": ("id",),
    "controller": ("type", "index"),
    "entry": ("name",),
    "feature": ("name",),
    "iothreadpin": ("iothread",),
    "memnode": ("cellid",),
    "parameter": ("name",),
    "timer": ("name",),
    "vcpu": ("id",),
    "vcpupin": ("vcpu",),
}
"""Attributes that name an element among its like, by tag."""

_SIZES = frozenset(
    ("memory", "currentMemory", "maxMemory", "hard_limit", "soft_limit", "swap_hard_limit", "min_guarantee")
)
"""Elements whose text is a size in KiB when no unit stands beside it."""

_WITHOUT_CASE = frozenset(("address", "uuid"))
"""Attributes in which capital letters make no difference: a MAC address, a UUID."""

_CHOSEN = frozenset(("port", "tlsPort", "websocket"))
"""Attributes of which -1 says that the hypervisor chooses: what it chose is as wanted."""


class Missing(NamedTuple):
    """Something that a document does not say as wanted."""

    path: str
    before: str | None
    after: str | None


def lists_of(table: Table) -> dict[str, Items]:
    """Return the lists of devices of a table by their place (``devices/disk``)."""
    return {node.place.path: node for node in table.nodes if isinstance(node, Items)}


def merge(document: Element, wanted: Element, lists: Mapping[str, Items]) -> None:
    """Edit a document so that it says what is wanted, and keeps all else."""
    for name, value in wanted.attrib.items():
        if not _same(wanted, document, str(name), str(value), document.get(name)):
            document.set(name, value)
    text = (wanted.text or "").strip()
    if text and not _same_text(wanted, document):
        document.text = text
        if "unit" in wanted.attrib:
            document.set("unit", wanted.attrib["unit"])
        elif "unit" in document.attrib:
            del document.attrib["unit"]
    for child, found in _pairs(document, wanted, lists):
        if found is None:
            document.append(clone(child))
        else:
            merge(found, child, _below(lists, child))


def missing(document: Element, wanted: Element, lists: Mapping[str, Items], path: str = "xml") -> Iterator[Missing]:
    """Yield what a document does not say as wanted."""
    for key, value in wanted.attrib.items():
        name, found = str(key), document.get(key)
        if not _same(wanted, document, name, str(value), found):
            yield Missing(f"{path}/@{name}", found, str(value))
    text = (wanted.text or "").strip()
    if text and not _same_text(wanted, document):
        before = (document.text or "").strip() or None
        is_secret = wanted.tag in SECRET_ELEMENTS
        yield Missing(path, before and HIDDEN, f"{HIDDEN}, changed") if is_secret else Missing(path, before, text)
    for child, other in _pairs(document, wanted, lists):
        here = f"{path}/{_short(child)}"
        if other is None:
            if not _says_nothing(child):
                yield Missing(here, None, "present")
        else:
            yield from missing(other, child, _below(lists, child), here)


def _below(lists: Mapping[str, Items], child: Element) -> dict[str, Items]:
    prefix = f"{child.tag}/"
    return {place[len(prefix) :]: items for place, items in lists.items() if place.startswith(prefix)}


def _pairs(document: Element, wanted: Element, lists: Mapping[str, Items]) -> Iterator[tuple[Element, Element | None]]:
    by_tag: dict[str, list[Element]] = {}
    for child in wanted:
        by_tag.setdefault(str(child.tag), []).append(child)
    for tag, children in by_tag.items():
        items = lists.get(tag)
        found = list(document.iterchildren(tag))
        if items is not None:
            yield from _pairs_by_identity(items, children, found)
        else:
            yield from _pairs_by_name(children, found)


def _pairs_by_identity(
    items: Items, children: list[Element], found: list[Element]
) -> Iterator[tuple[Element, Element | None]]:
    entries = [items.table.read(child) for child in children]
    places = pair(entries, [items.table.read(other) for other in found], items.identity)
    free = [other for place, other in enumerate(found) if place not in places]
    for child, entry, place in zip(children, entries, places):
        match = None if place is None else found[place]
        if match is None and all(identity.of(entry) is None for identity in items.identity):
            # Nothing names it: it is there already if one of those that are left says all that it says.
            match = next((other for other in free if not any(True for _part in missing(other, child, {}))), None)
            if match is not None:
                free.remove(match)
        yield child, match


def _pairs_by_name(children: list[Element], found: list[Element]) -> Iterator[tuple[Element, Element | None]]:
    free = list(found)
    for child in children:
        keys = [key for key in _NAMED_BY.get(str(child.tag), ()) if child.get(key) is not None]
        match = next((other for other in free if all(other.get(key) == child.get(key) for key in keys)), None)
        if match is not None:
            free.remove(match)
        yield child, match


def _says_nothing(child: Element) -> bool:
    """Whether an element says no more than its absence: libvirt drops what virt-install writes for a unix socket whose
    path libvirt chooses."""
    return child.tag == "source" and child.items() == [("mode", "bind")] and not len(child)


def _short(child: Element) -> str:
    tag = str(child.tag).rpartition("}")[2]
    keys = [key for key in _NAMED_BY.get(tag, ()) if child.get(key) is not None]
    return tag + "".join(f"[@{key}='{child.get(key)}']" for key in keys)


def _same(wanted: Element, found: Element, name: str, value: str, other: str | None) -> bool:
    if name == "unit" and (wanted.text or "").strip():
        return True  # compared with the text
    if other is None:
        return False
    if value == other or (name in _WITHOUT_CASE and value.lower() == other.lower()):
        return True
    if name in _CHOSEN and value == "-1":
        return True
    if name == "machine":
        return other.startswith("pc-i440fx-" if value == "pc" else (f"pc-{value}-", f"{value}-"))
    return _number(value) is not None and _number(value) == _number(other)


def _same_text(wanted: Element, found: Element) -> bool:
    text, other = (wanted.text or "").strip(), (found.text or "").strip()
    if text == other and wanted.get("unit") == found.get("unit"):
        return True
    if wanted.get("unit") or found.get("unit") or wanted.tag in _SIZES:
        default = "KiB" if wanted.tag in _SIZES else "B"
        try:
            return parse_size(text, wanted.get("unit") or default) == parse_size(other, found.get("unit") or default)
        except ValueError:
            return False
    return text == other or (wanted.tag == "uuid" and _digits(text) == _digits(other))


def _digits(uuid: str) -> str:
    return uuid.lower().replace("-", "")


def _number(text: str) -> int | None:
    try:
        return int(text, 0)
    except ValueError:
        return None
