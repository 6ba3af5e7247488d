# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Pools of a simulated node: each call under its name, with its rules elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..._errors import DriverError, NotSupported
from ..storage import PoolRecord, Pools, PoolState
from . import pool_lifecycle
from .complete_pool import shown, sizes
from .model import Pool, State
from .node import pool_capabilities
from .pool_types import POOL_TYPES
from .session import Session
from .validate import wanted_uuid


class SimPools(Pools):
    """Pools of one simulated node."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def names(self) -> list[str]:
        with self._session.call("pools.names", "listing the pools") as state:
            return sorted(state.pools)

    def describe(self, names: Sequence[str] | None = None, *, documents: bool = True) -> list[PoolRecord]:
        with self._session.call("pools.describe", "reading pools") as state:
            wanted = sorted(state.pools) if names is None else dict.fromkeys(names)
            return [
                _record(state, name, state.pools[name], documents=documents) for name in wanted if name in state.pools
            ]

    def find(self, uuid: str) -> str | None:
        wanted = wanted_uuid(uuid)
        with self._session.call("pools.find", f"looking for the pool {wanted}") as state:
            return next((name for name, pool in state.pools.items() if pool.uuid == wanted), None)

    def capabilities(self) -> str:
        with self._session.call("pools.capabilities", "reading the capabilities of pools"):
            return pool_capabilities()

    def sources(self, kind: str, source: str | None = None) -> str:
        what = f"looking for sources of pools of the type {kind!r}"
        with self._session.call("pools.sources", what):
            if kind not in POOL_TYPES:
                raise DriverError(f"{what}: there is no such type.")
            if not POOL_TYPES[kind].found:
                raise NotSupported(f"{what}: pools of this type have none that could be looked for.")
            if source is None and "source/host/@name" in POOL_TYPES[kind].needs:
                raise DriverError(f"{what}: it has to be said on which host.")
            return "<sources/>\n"

    def define(self, document: str) -> None:
        with self._session.call("pools.define", "defining a pool") as state:
            pool_lifecycle.define(state, document)

    def undefine(self, name: str) -> None:
        with self._change("undefine", name) as state:
            pool_lifecycle.undefine(state, name)

    def build(self, name: str, *, overwrite: bool | None = None) -> None:
        with self._change("build", name) as state:
            pool_lifecycle.build(state, name, overwrite)

    def start(self, name: str) -> None:
        with self._change("start", name) as state:
            pool_lifecycle.start(state, name)

    def destroy(self, name: str) -> None:
        with self._change("destroy", name) as state:
            pool_lifecycle.destroy(state, name)

    def delete(self, name: str) -> None:
        with self._change("delete", name) as state:
            pool_lifecycle.delete(state, name)

    def refresh(self, name: str) -> None:
        # Volumes that come or go in the state file are seen at once.
        with self._change("refresh", name) as state:
            pool_lifecycle.active(state, name, f"refreshing the pool {name!r}")

    def set_autostart(self, name: str, enabled: bool) -> None:
        what = f"setting the autostart of the pool {name!r}"
        with self._change("set_autostart", name) as state:
            pool_lifecycle.persistent(state, name, what).autostart = enabled

    @contextmanager
    def _change(self, call: str, name: str) -> Iterator[State]:
        with self._session.call(f"pools.{call}", f"{call} of the pool {name!r}") as state:
            yield state


def _record(state: State, name: str, pool: Pool, *, documents: bool) -> PoolRecord:
    capacity, allocation, available = sizes(state, pool)
    return PoolRecord(
        name=name,
        uuid=pool.uuid,
        state=PoolState(pool.state),
        persistent=pool.config is not None,
        autostart=pool.autostart,
        capacity=capacity,
        allocation=allocation,
        available=available,
        live=shown(state, pool, pool.live) if documents else None,
        config=shown(state, pool, pool.config) if documents else None,
    )
