# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Virtual networks through libvirt."""

from __future__ import annotations

from ..base import Networks
from . import protocol
from .client import Client


class LibvirtNetworks(Networks):
    """Networks of one libvirt connection."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def names(self) -> list[str]:
        networks, _count = self._client.call(protocol.LIST_NETWORKS, 1, 0)
        return sorted(network.name for network in networks)
