# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Secrets in specs and documents: finding them, so that they can be masked, and taking them out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .field import Field, Group, Items, Node, Spec, Table, Variants

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


SECRET_ELEMENTS = ("cookie",)
"""Elements without an option whose text libvirt withholds as it withholds passwords: of a disk that is read by HTTP."""


def unstated_secrets(element: Element) -> Iterator[str]:
    """Yield every secret of a document that no option can state."""
    for found in element.iter(*SECRET_ELEMENTS):
        if found.text:
            yield found.text.strip()


def secrets(node: Node, spec: Spec) -> Iterator[str]:
    """Yield every secret that a spec states."""
    if isinstance(node, Field):
        if node.secret and node.option in spec:
            yield str(spec[node.option])
    elif isinstance(node, Group):
        yield from secrets(node.table, spec.get(node.option, {}))
    elif isinstance(node, Items):
        for entry in spec.get(node.option, []):
            yield from secrets(node.table, entry)
    else:
        for part in _parts(node):
            yield from secrets(part, spec)


def scrub(table: Table, document: Element) -> None:
    """Take every secret out of a document."""
    for found in document.iter(*SECRET_ELEMENTS):
        found.text = None
    _scrub(table, document)


def _scrub(node: Node, element: Element) -> None:
    if isinstance(node, Field):
        if node.secret:
            node.place.remove(element)
    elif isinstance(node, Group):
        found = node.place.find(element)
        if found is not None:
            _scrub(node.table, found)
    elif isinstance(node, Items):
        for found in node.elements(element):
            _scrub(node.table, found)
    else:
        for part in _parts(node):
            _scrub(part, element)


def _parts(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Table):
        return tuple(node.nodes)
    return tuple(node.variants.values()) if isinstance(node, Variants) else ()
