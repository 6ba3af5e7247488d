# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a document says beyond the options of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .field import Field, Group, Items, Node, Table, Values
from .tree import clone, remove

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


def remainder(table: Table, document: Element) -> Element:
    """Return a copy of a document less all that options say: how that is written does not matter any more."""
    left = clone(document)
    for node in table.nodes:
        _take_out(node, left)
    return left


def _take_out(node: Node, element: Element) -> None:
    if isinstance(node, Field):
        node.place.remove(element)
    elif isinstance(node, Values):
        for found in node.place.find_all(element):
            _take_out_of(found, node.place.attribute)
        _prune(node.place.find(element))
    elif isinstance(node, (Group, Items)):
        group = node.place.find(element)
        entries = [] if group is None else [group]
        for found in node.elements(element) if isinstance(node, Items) else entries:
            for part in node.table.nodes:
                _take_out(part, found)
            _prune(found)


def _take_out_of(found: Element, attribute: str | None) -> None:
    if attribute is None:
        found.text = None
    elif attribute in found.attrib:
        del found.attrib[attribute]
    _prune(found)


def _prune(element: Element | None) -> None:
    """Remove an element that says nothing any more, and those around it that held nothing else."""
    while element is not None and not element.attrib and not len(element) and not (element.text or "").strip():
        parent = element.getparent()
        if parent is None:
            return
        remove(element)
        element = parent
