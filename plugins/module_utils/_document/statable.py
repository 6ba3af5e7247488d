# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Which entries of a document's lists a task could state: some lack what their options require.

A channel of the type ``guestfwd`` has no name, for example. Such entries are within reach of ``xml`` alone.
"""

from __future__ import annotations

from functools import cache

from .field import Field, Group, Items, Spec, Table


def statable(table: Table, spec: Spec) -> Spec:
    """Return a spec that was read from a document, less the list entries that no task could state."""
    kept = dict(spec)
    for option in spec:
        node = table.nodes[table.named[option]] if option in table.named else None
        if not isinstance(node, (Group, Items)):
            continue
        if isinstance(node, Items):
            entries = [statable(node.table, entry) for entry in spec[node.option] if _is_complete(node.table, entry)]
            # A list that is one value would say something else without one of its entries.
            kept[node.option] = [] if node.whole and len(entries) < len(spec[node.option]) else entries
        else:
            kept[node.option] = statable(node.table, spec[node.option])
        if not kept[node.option]:
            del kept[node.option]
    return kept


def _is_complete(table: Table, entry: Spec) -> bool:
    return all(option in entry for option in _required(table))


@cache
def _required(table: Table) -> tuple[str, ...]:
    return tuple(node.option for node in table.nodes if isinstance(node, Field) and node.required)
