# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The door to the engine: everything that a table is declared with."""

from __future__ import annotations

from .group import Group, Single, Variants
from .items import Items, settle
from .node import Device, Difference, Live, Node, Spec, Table, join
from .value import HIDDEN, Constant, Field, Values

__all__ = [
    "HIDDEN",
    "Constant",
    "Device",
    "Difference",
    "Field",
    "Group",
    "Items",
    "Live",
    "Node",
    "Single",
    "Spec",
    "Table",
    "Values",
    "Variants",
    "join",
    "settle",
]
