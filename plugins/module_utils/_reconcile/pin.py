# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Pinning: a wanted device becomes one particular device of the configuration. No I/O here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._document.field import Items, Spec, Table

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


def pin(table: Table, config: Element, spec: Spec) -> Spec:
    """Return the spec with every device that is paired with a configured one given that one's identity.

    ``interfaces: [{network: default}]`` may be any interface on that network; from here on it is the one with its MAC
    address, so that the running domain's document is searched for the very same.
    """
    pinned = dict(spec)
    for node in table.nodes:
        if isinstance(node, Items) and node.hotplug and node.option in spec:
            pairs, _left = node.pairs(config, spec[node.option])
            pinned[node.option] = [
                entry if element is None else {**_identity(node, element), **entry} for entry, element in pairs
            ]
    return pinned


def _identity(items: Items, element: Element) -> Spec:
    there = items.table.read(element)
    wanted = {option for identity in items.identity if identity.unique for option in identity.options}
    return {option: value for option, value in there.items() if option in wanted}
