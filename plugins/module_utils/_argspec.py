# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Argument specs, in pieces that modules put together; each has its twin among the documentation fragments."""

from __future__ import annotations

from typing import Any

ArgumentSpec = dict[str, dict[str, Any]]

CONNECTION: ArgumentSpec = {
    "uri": {"type": "str"},
}

WAIT: ArgumentSpec = {
    "timeout": {"type": "int", "default": 120},
}

CONDITIONS = ("running", "paused", "stopped", "saved", "suspended", "crashed", "shutting down")


def domain() -> ArgumentSpec:
    """Return the options of the module domain."""
    from ._document.domain import DOMAIN
    from ._reconcile.domain_state import WANTED

    return {
        **CONNECTION,
        **WAIT,
        **DOMAIN.argument_spec(),
        "name": {"type": "str"},
        "state": {"type": "str", "choices": list(WANTED), "default": "present"},
        "autostart": {"type": "bool"},
        "xml": {"type": "str", "no_log": True},
        "exclusive": {"type": "list", "elements": "str", "choices": list(DOMAIN.lists())},
        "restart": {"type": "str", "choices": ["never", "if_needed"], "default": "never"},
        "force": {"type": "bool", "default": False},
        "wait_for": {"type": "list", "elements": "str", "choices": ["agent", "address"]},
        "remove_storage": {"type": "list", "elements": "str"},
    }


def domain_info() -> ArgumentSpec:
    """Return the options of the module domain_info."""
    from ._reconcile.domain_info import GATHER

    return {
        **CONNECTION,
        **WAIT,
        "name": {"type": "list", "elements": "str"},
        "states": {"type": "list", "elements": "str", "choices": list(CONDITIONS)},
        "tags": {"type": "list", "elements": "str"},
        "gather": {"type": "list", "elements": "str", "choices": list(GATHER)},
    }
