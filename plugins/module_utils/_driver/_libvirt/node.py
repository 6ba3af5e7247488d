# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The node's own description, through libvirt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._errors import StratumError
from ..._uri import Uri
from ..base import Node
from . import protocol
from .client import Client

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set

    from ..node import CellFree, NodePart, NodeRecord

ENCRYPTED = ("ssh", "libssh", "libssh2", "tls")
"""Transports. A URI that names a machine and none of them means tls."""


class LibvirtNode(Node):
    """The node of one libvirt connection, which was opened by this URI."""

    def __init__(self, client: Client, uri: Uri) -> None:
        self._client = client
        self._encrypted = uri.transport in ENCRYPTED or (uri.transport is None and uri.host is not None)

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

    def all_domain_capabilities(self, kinds: Sequence[tuple[str, str, str | None]]) -> list[str | None]:
        answers = self._client.pipeline(
            [
                (protocol.CONNECT_DOMAIN_CAPABILITIES, (None, arch, machine, virt_type, 0))
                for arch, virt_type, machine in kinds
            ]
        )
        return [None if isinstance(answer, StratumError) else answer for answer in answers]

    def describe(self, parts: Set[NodePart]) -> NodeRecord:
        from .node_parts import describe

        return describe(self._client, parts, encrypted=self._encrypted)

    def free_memory(self, cells: Mapping[int, Sequence[int]]) -> dict[int, CellFree]:
        from .node_parts import free_memory

        return free_memory(self._client, cells)
