# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Storage pools through libvirt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..storage import PoolRecord, Pools, PoolState
from . import protocol
from .client import Client
from .objects import Kind, Objects, Question, uuid_text, with_flags

POOL = Kind(protocol.LIST_POOLS, protocol.POOL_BY_NAME, protocol.POOL_BY_UUID)
LIST_TRANSIENT, LIST_AUTOSTART = 1 << 3, 1 << 4
XML_INACTIVE = 1 << 0
DEFINE_VALIDATE = 1 << 0
BUILD = {None: 0, False: 1 << 2, True: 1 << 3}
"""Flags, by whether existing data may be overwritten."""
FACTS = {
    "persistent": Question(protocol.POOL_PERSISTENT, (), LIST_TRANSIENT, listed=False),
    "autostart": Question(protocol.POOL_AUTOSTART, (), LIST_AUTOSTART),
    "info": Question(protocol.POOL_INFO),
}
DOCUMENTS = {
    "live": Question(protocol.POOL_DOCUMENT, (0,)),
    "config": Question(protocol.POOL_DOCUMENT, (XML_INACTIVE,)),
}
STATES = {
    0: PoolState.INACTIVE,
    1: PoolState.BUILDING,
    2: PoolState.ACTIVE,
    3: PoolState.DEGRADED,
    4: PoolState.INACCESSIBLE,
}


class LibvirtPools(Pools):
    """Pools of one libvirt connection."""

    def __init__(self, client: Client, pools: Objects) -> None:
        self._client = client
        self._pools = pools

    def names(self) -> list[str]:
        return self._pools.names()

    def describe(self, names: Sequence[str] | None = None, *, documents: bool = True) -> list[PoolRecord]:
        found = self._pools.read(names, {**FACTS, **DOCUMENTS} if documents else FACTS)
        return [_record(pool, known) for pool, known in found]

    def find(self, uuid: str) -> str | None:
        return self._pools.find(uuid)

    def capabilities(self) -> str:
        return str(self._client.call(protocol.POOL_CAPABILITIES, 0))

    def sources(self, kind: str, source: str | None = None) -> str:
        return str(self._client.call(protocol.POOL_SOURCES, kind, source, 0))

    def define(self, document: str) -> None:
        flags = DEFINE_VALIDATE
        self._pools.keep([with_flags(self._client, protocol.POOL_DEFINE, (document,), flags, optional=flags)])

    def undefine(self, name: str) -> None:
        self._pools.call(protocol.POOL_UNDEFINE, name)
        self._pools.forget(name)

    def build(self, name: str, *, overwrite: bool | None = None) -> None:
        self._pools.call(protocol.POOL_BUILD, name, BUILD[overwrite])

    def start(self, name: str) -> None:
        self._pools.call(protocol.POOL_START, name, 0)

    def destroy(self, name: str) -> None:
        self._pools.call(protocol.POOL_DESTROY, name)

    def delete(self, name: str) -> None:
        self._pools.call(protocol.POOL_DELETE, name, 0)

    def refresh(self, name: str) -> None:
        self._pools.call(protocol.POOL_REFRESH, name, 0)

    def set_autostart(self, name: str, enabled: bool) -> None:
        self._pools.call(protocol.POOL_SET_AUTOSTART, name, int(enabled))


def _record(pool: protocol.Pool, known: dict[str, Any]) -> PoolRecord:
    info: protocol.PoolInfo = known["info"]
    state = STATES.get(info.state, PoolState.INACCESSIBLE)
    return PoolRecord(
        name=pool.name,
        uuid=uuid_text(pool.uuid),
        state=state,
        persistent=known["persistent"],
        autostart=known["autostart"],
        capacity=info.capacity if state.active else 0,
        allocation=info.allocation if state.active else 0,
        available=info.available if state.active else 0,
        live=known.get("live") if state.active else None,
        # libvirt's own simulation has one document for both.
        config=known.get("config", known.get("live")) if known["persistent"] else None,
    )
