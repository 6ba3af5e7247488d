# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The module tls_certificate: its options, and its work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._argspec import ArgumentSpec

if TYPE_CHECKING:
    from .._module import Call


def argument_spec() -> ArgumentSpec:
    """Return the module's options."""
    from .._reconcile.certificate_request import KEY_TYPES, ROLES

    return {
        "role": {"type": "str", "choices": list(ROLES), "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "path": {"type": "path"},
        "common_name": {"type": "str"},
        "organization": {"type": "str"},
        "alternative_names": {"type": "list", "elements": "str"},
        "authority": {"type": "path"},
        "remote_src": {"type": "bool", "default": False},
        "authority_certificate": {"type": "str"},
        "certificate": {"type": "str"},
        "valid_for": {"type": "int"},
        "renew_before": {"type": "int", "default": 30},
        "key_type": {"type": "str", "choices": list(KEY_TYPES)},
        "key_size": {"type": "int"},
        "owner": {"type": "str"},
        "group": {"type": "str"},
        "force": {"type": "bool", "default": False},
    }


CONSTRAINTS: dict[str, Any] = {"required_if": [("state", "present", ("common_name",))]}


def work(call: Call) -> dict[str, Any]:
    """Do what the module was asked."""
    from .._reconcile.certificate import CertificateManager
    from .._reconcile.certificate_request import load

    return CertificateManager(call.host, load(call.params)).run(check_mode=call.check_mode)


class Signer:
    """The authority that a task names, on the machine that has it; for the controller's part of the module."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        """Read the authority; raise StratumError. ``params`` are all options of the task."""
        from .._certificate.cryptography import require_cryptography
        from .._reconcile.certificate_request import load
        from .._reconcile.certificate_seen import load_authority

        require_cryptography("signing certificates")
        self._request = load(params)
        self._authority = load_authority(str(params["authority"]))
        self.certificate: str = self._authority.certificate.pem().decode()

    def sign(self, request: str) -> str:
        """Return a certificate for the key of a request; what it says is said by the task."""
        from .._reconcile.certificate import sign

        return sign(request.encode(), self._request, self._authority).decode()
