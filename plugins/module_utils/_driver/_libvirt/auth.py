# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Authentication at the daemon's door."""

from __future__ import annotations

from ..._errors import AuthenticationFailed, DriverError
from . import protocol
from .client import Client

NONE, SASL, POLKIT = 0, 1, 2


def authenticate(client: Client) -> None:
    """Do what the daemon asks for before anything else; raise AuthenticationFailed.

    The daemon offers one kind per socket and user: ``polkit`` is settled by the node's rules, without a question
    to a person; root and the members of the socket's group get ``none`` on most systems.
    """
    offered = client.call(protocol.AUTH_LIST)
    if NONE in offered:
        return
    if POLKIT in offered:
        try:
            client.call(protocol.AUTH_POLKIT)
        except (DriverError, AuthenticationFailed) as error:
            raise AuthenticationFailed(
                error.reason, hint="Use become, or add the user to the group libvirt."
            ) from error
        return
    if SASL in offered:
        raise AuthenticationFailed(
            "libvirt asks for a name and a password (SASL), which this collection does not send.",
            hint="Use the unix socket as root or as a member of the group libvirt.",
        )
    raise AuthenticationFailed("libvirt offers no way of authenticating that is known here.", offered=offered)
