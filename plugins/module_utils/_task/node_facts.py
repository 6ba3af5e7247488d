# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The module node_facts: its options, and its work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._argspec import CONNECTION, WAIT, ArgumentSpec

if TYPE_CHECKING:
    from .._module import Call


KEY = "stratum_virt"
"""The one fact that all others are within."""


def argument_spec() -> ArgumentSpec:
    """Return the module's options."""
    return {
        **CONNECTION,
        **WAIT,
        "gather_subset": {"type": "list", "elements": "str", "default": ["all"]},
    }


def work(call: Call) -> dict[str, Any]:
    """Do what the module was asked."""
    from .._reconcile.node_facts import facts, load

    subsets = load(call.params)
    with call.connect() as driver:
        found, warnings = facts(driver, subsets)
        return {"changed": False, "uri": driver.uri, "ansible_facts": {KEY: found}, "warnings": warnings}
