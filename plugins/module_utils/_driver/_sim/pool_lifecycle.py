# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The state rules of pools: what may follow what, as in libvirt's storage driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._document.tree import parse, serialize
from ..._errors import AlreadyExists, DriverError, NotFound, NotSupported, OperationInvalid
from ..storage import PoolState
from .complete_pool import complete_pool, make_pool_live
from .model import Pool, State, Storage
from .pool_types import POOL_TYPES, PoolType
from .validate import name_of, uuid_of
from .validate_pool import place_of, read_pool, value_at

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

MOUNTED = ("fs", "netfs")
"""Types whose folder is only where they are mounted: removing it removes no data."""


def find(state: State, name: str, what: str) -> Pool:
    """Return a pool; raise NotFound."""
    if name not in state.pools:
        raise NotFound(f"{what}: there is no pool {name!r} on this simulated node.")
    return state.pools[name]


def active(state: State, name: str, what: str) -> Pool:
    """Return a pool that is active; raise NotFound, OperationInvalid."""
    pool = find(state, name, what)
    if not pool.active:
        raise OperationInvalid(f"{what}: the pool {name!r} is not active.")
    return pool


def inactive(state: State, name: str, what: str) -> Pool:
    """Return a pool that is not active; raise NotFound, OperationInvalid."""
    pool = find(state, name, what)
    if pool.active:
        raise OperationInvalid(f"{what}: the pool {name!r} is active.")
    return pool


def persistent(state: State, name: str, what: str) -> Pool:
    """Return a pool that has a configuration; raise NotFound, OperationInvalid."""
    pool = find(state, name, what)
    if pool.config is None:
        raise OperationInvalid(f"{what}: the pool {name!r} is transient.")
    return pool


def define(state: State, document: str) -> None:
    """Create a pool, or replace the configuration of the one with this UUID."""
    root = read_pool(document, "defining a pool")
    name = name_of(root)
    what = f"defining the pool {name!r}"
    complete_pool(root)
    uuid = uuid_of(root) or ""
    for other, pool in state.pools.items():
        if (other == name) != (pool.uuid == uuid):
            raise AlreadyExists(f"{what}: the pool {other!r} already exists with the UUID {pool.uuid}.")
        if other != name and pool.storage == place_of(root):
            raise DriverError(f"{what}: the pool {other!r} has the same source.")
    if name not in state.pools:
        state.pools[name] = Pool(uuid=uuid, config=serialize(root), storage=place_of(root))
        return
    pool = state.pools[name]
    pool.config = serialize(root)
    if not pool.active:
        pool.storage = place_of(root)


def undefine(state: State, name: str) -> None:
    """Forget a pool that is not active; its storage stays, and is there for a pool with the same source."""
    inactive(state, name, f"undefining the pool {name!r}")
    del state.pools[name]


def build(state: State, name: str, overwrite: bool | None) -> None:
    """Make the storage of a pool that is not active."""
    what = f"building the pool {name!r}"
    pool = inactive(state, name, what)
    root = parse(pool.config or "", what)
    kind = _type_of(root)
    there = pool.storage in state.storages
    if kind.built == "folder" and overwrite is not None:
        raise OperationInvalid(f"{what}: it has no source device that could be formatted.")
    if root.get("type") == "zfs" and overwrite is not None:
        raise NotSupported(f"{what}: ZFS looks for itself what is there, and never overwrites it.")
    if kind.built == "group" and value_at(root, "source/device/@path") is None and not there:
        raise DriverError(f"{what}: it names no devices to make a group of.")
    # A folder is left as it is, and a file system is only made when somebody says what to do with another one.
    if kind.built in ("", "folder") or (kind.built == "file system" and overwrite is None):
        if kind.built == "folder":
            state.storages.setdefault(pool.storage, Storage())
        return
    if there and not overwrite:
        raise AlreadyExists(f"{what}: there is data already; building would destroy it.")
    before = state.storages.get(pool.storage, Storage())
    state.storages[pool.storage] = Storage(capacity=before.capacity)


def start(state: State, name: str) -> None:
    """Start a pool whose storage is there."""
    what = f"starting the pool {name!r}"
    pool = inactive(state, name, what)
    root = parse(pool.config or "", what)
    kind = _type_of(root)
    if pool.storage not in state.storages:
        if kind.built:
            raise DriverError(f"{what}: its storage is not there; it has to be built first.")
        state.storages[pool.storage] = Storage()
    make_pool_live(root)
    pool.config = pool.live = serialize(root)
    pool.state = PoolState.ACTIVE.value


def destroy(state: State, name: str) -> None:
    """Stop a pool; its storage stays, and a transient one is gone then."""
    what = f"destroying the pool {name!r}"
    pool = active(state, name, what)
    pool.live, pool.state = None, PoolState.INACTIVE.value
    if pool.config is None:
        del state.pools[name]
    else:
        pool.storage = place_of(parse(pool.config, what))


def delete(state: State, name: str) -> None:
    """Remove the storage of a pool that is not active."""
    what = f"deleting the storage of the pool {name!r}"
    pool = inactive(state, name, what)
    root = parse(pool.config or "", what)
    kind = _type_of(root)
    if not kind.built:
        raise NotSupported(f"{what}: a pool of the type {root.get('type')} cannot delete it.")
    storage = state.storages.get(pool.storage)
    if storage is None:
        raise DriverError(f"{what}: it is not there.")
    if root.get("type") in MOUNTED:
        return
    if kind.built == "folder" and storage.volumes:
        raise DriverError(f"{what}: the folder is not empty.")
    del state.storages[pool.storage]


def _type_of(root: Element) -> PoolType:
    return POOL_TYPES[root.get("type", "")]
