# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The module pool: its options, and its work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._argspec import CONNECTION, WAIT, ArgumentSpec

if TYPE_CHECKING:
    from .._module import Call


def argument_spec() -> ArgumentSpec:
    """Return the module's options."""
    from .._document.pool import POOL
    from .._reconcile.pool_state import WANTED

    return {
        **CONNECTION,
        **WAIT,
        **POOL.argument_spec(),
        "name": {"type": "str"},
        "state": {"type": "str", "choices": list(WANTED), "default": "present"},
        "autostart": {"type": "bool"},
        "xml": {"type": "str"},
        "restart": {"type": "str", "choices": ["never", "if_needed"], "default": "never"},
        "overwrite": {"type": "bool", "default": False},
        "force": {"type": "bool", "default": False},
        "delete_storage": {"type": "bool", "default": False},
    }


def work(call: Call) -> dict[str, Any]:
    """Do what the module was asked."""
    from .._reconcile.pool import PoolManager
    from .._reconcile.pool_request import load

    return PoolManager(call.connect, call.host, load(call.params)).run(check_mode=call.check_mode)
