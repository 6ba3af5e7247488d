# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The module volume_info: its options, and its work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._argspec import CONNECTION, WAIT, ArgumentSpec

if TYPE_CHECKING:
    from .._module import Call


def argument_spec() -> ArgumentSpec:
    """Return the module's options."""
    from .._reconcile.volume_info import GATHER

    return {
        **CONNECTION,
        **WAIT,
        "pool": {"type": "list", "elements": "str"},
        "name": {"type": "list", "elements": "str"},
        "gather": {"type": "list", "elements": "str", "choices": list(GATHER)},
    }


def work(call: Call) -> dict[str, Any]:
    """Do what the module was asked."""
    from .._reconcile.volume_info import load, volumes

    query = load(call.params)
    with call.connect() as driver:
        return {"changed": False, "uri": driver.uri, "volumes": volumes(driver, query)}
