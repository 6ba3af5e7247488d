# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The node's own description, through libvirt."""

from __future__ import annotations

from ..base import Node
from . import protocol
from .client import Client


class LibvirtNode(Node):
    """The node of one libvirt connection."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def capabilities(self) -> str:
        return str(self._client.call(protocol.CONNECT_CAPABILITIES))

    def domain_capabilities(
        self,
        *,
        emulator: str | None = None,
        arch: str | None = None,
        machine: str | None = None,
        virt_type: str | None = None,
    ) -> str:
        return str(self._client.call(protocol.CONNECT_DOMAIN_CAPABILITIES, emulator, arch, machine, virt_type, 0))
