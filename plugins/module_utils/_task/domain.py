# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The module domain: its options, and its work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._argspec import CONNECTION, WAIT, ArgumentSpec

if TYPE_CHECKING:
    from .._module import Call


def argument_spec() -> ArgumentSpec:
    """Return the module's options."""
    from .._document.domain import DOMAIN
    from .._reconcile.domain_state import WANTED

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


def work(call: Call) -> dict[str, Any]:
    """Do what the module was asked."""
    from .._document.domain import DOMAIN
    from .._document.secrets import secrets, unstated_secrets
    from .._reconcile.domain import DomainManager
    from .._reconcile.domain_request import load

    request = load(call.params)
    for secret in secrets(DOMAIN, request.spec):
        call.hide(secret)
    for secret in unstated_secrets(request.xml) if request.xml is not None else ():
        call.hide(secret)
    call.take_out("xml")
    return DomainManager(call.connect, call.host, request).run(check_mode=call.check_mode)
