# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The rules of volumes, as in libvirt's storage driver."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from ..._document.tree import parse
from ..._errors import AlreadyExists, DriverError, InputError, InvalidDocument, NotFound, NotSupported
from . import images
from .complete_pool import sizes
from .complete_volume import keep, tree_of
from .content import Upload, load, save
from .disk_use import writer_of
from .model import Pool, State, Storage, Volume
from .pool_lifecycle import active
from .pool_types import POOL_TYPES, PoolType
from .validate import name_of
from .validate_pool import value_at
from .validate_volume import PREALLOCATED, RAW, format_of, read_volume, size_at

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

WIPES = ("zero", "nnsa", "dod", "bsi", "gutmann", "schneier", "pfitzner7", "pfitzner33", "random", "trim")


class Home(NamedTuple):
    """An active pool, and what volumes need of it."""

    pool: Pool
    document: Element
    kind: PoolType
    storage: Storage


def home_of(state: State, name: str, what: str) -> Home:
    """Return an active pool; raise NotFound, OperationInvalid."""
    pool = active(state, name, what)
    document = parse(pool.live or "", what)
    return Home(pool, document, POOL_TYPES[document.get("type", "")], state.storages[pool.storage])


def find(state: State, pool: str, name: str, what: str) -> Volume:
    """Return a volume of an active pool; raise NotFound, OperationInvalid."""
    volumes = home_of(state, pool, what).storage.volumes
    if name not in volumes:
        raise NotFound(f"{what}: there is no volume {name!r} in the pool {pool!r}.")
    return volumes[name]


def create(
    state: State,
    pool: str,
    document: str,
    source: tuple[str, str] | None,
    *,
    preallocate_metadata: bool,
    reflink: bool,
) -> None:
    """Create a volume, with the content of ``source`` if there is one."""
    what = f"creating a volume in the pool {pool!r}"
    home = home_of(state, pool, what)
    if not home.kind.makes_volumes:
        raise NotSupported(f"{what}: its volumes are made elsewhere.")
    root = read_volume(document, home.kind, what)
    name, form = name_of(root), format_of(root)
    what = f"creating the volume {name!r} in the pool {pool!r}"
    if name in home.storage.volumes:
        raise AlreadyExists(f"{what}: it exists already.")
    original = find(state, *source, what) if source is not None else None
    if preallocate_metadata and form == RAW:
        raise NotSupported(f"{what}: a raw volume has no metadata.")
    copied = original is not None and (form, format_of(tree_of(original))) == (RAW, RAW)
    if reflink and not copied:
        raise NotSupported(f"{what}: only raw volumes can share their blocks.")
    if original is not None and not copied:
        _check_unlocked(state, original, what)
    _check_backing(state, root, what)
    capacity = _capacity(state, root, original, what)
    allocation = size_at(root, "allocation", what)
    allocation = capacity if allocation is None else min(allocation, capacity)
    made = Volume(path=_path(home, name), capacity=capacity, allocation=allocation if form in PREALLOCATED else 0)
    keep(made, root)
    images.make(made, None if original is None else images.guest_of(state, original, what), what)
    made.allocation = capacity if preallocate_metadata else made.allocation
    _check_room(state, home, 0 if reflink else made.taken, what)
    home.storage.volumes[name] = made


def delete(state: State, pool: str, name: str) -> None:
    """Delete a volume with its content."""
    what = f"deleting the volume {name!r} of the pool {pool!r}"
    find(state, pool, name, what)
    del home_of(state, pool, what).storage.volumes[name]


def at_path(state: State, path: str) -> tuple[str, str] | None:
    """Return pool and name of the volume that has this path, in an active pool."""
    for pool, each in state.pools.items():
        if each.active:
            for name, volume in state.storages[each.storage].volumes.items():
                if volume.path == path:
                    return pool, name
    return None


def rename(state: State, pool: str, name: str, new_name: str) -> None:
    """Give a volume another name, and the place of the one that has it."""
    what = f"renaming the volume {name!r} of the pool {pool!r} to {new_name!r}"
    volume = find(state, pool, name, what)
    home = home_of(state, pool, what)
    if home.kind.volumes != "file":
        raise NotSupported(f"{what}: its volumes are no files.")
    if new_name in ("", ".", "..") or "/" in new_name:
        raise InputError("name", f"{new_name!r} cannot be the name of a file.")
    del home.storage.volumes[name]
    volume.path = posixpath.join(posixpath.dirname(volume.path), new_name)
    home.storage.volumes[new_name] = volume


def resize(state: State, pool: str, name: str, capacity: int, *, shrink: bool, allocate: bool) -> None:
    """Change the capacity."""
    what = f"resizing the volume {name!r} of the pool {pool!r} to {capacity} bytes"
    volume = find(state, pool, name, what)
    home = home_of(state, pool, what)
    if not home.kind.resizes:
        raise NotSupported(f"{what}: its volumes keep their size.")
    raw = format_of(tree_of(volume)) == RAW
    if allocate and not raw:
        raise NotSupported(f"{what}: only the space of raw volumes can be set aside.")
    if capacity < volume.capacity and not shrink:
        raise DriverError(f"{what}: it has {volume.capacity}, and nobody agreed that it becomes smaller.")
    if not raw:
        _check_unlocked(state, volume, what)
    if allocate or home.kind.volumes == "block":
        _check_room(state, home, max(0, capacity - volume.capacity), what)
        volume.allocation += max(0, capacity - volume.capacity)
    images.resize(volume, capacity, what)
    volume.allocation = min(volume.allocation, volume.capacity)


def wipe(state: State, pool: str, name: str, algorithm: str) -> None:
    """Overwrite the content."""
    what = f"wiping the volume {name!r} of the pool {pool!r}"
    if algorithm not in WIPES:
        raise InputError("wipe", f"{algorithm!r} is not known.", hint=f"Known: {', '.join(WIPES)}.")
    volume = find(state, pool, name, what)
    if algorithm == "trim":
        raise NotSupported(f"{what}: its storage cannot trim.")
    images.wipe(volume)


def upload(state: State, pool: str, name: str, written: Upload, *, half: bool) -> None:
    """Overwrite a volume's content from its beginning on, with what was written or only the first half of it."""
    what = f"writing to the volume {name!r} of the pool {pool!r}"
    volume = find(state, pool, name, what)
    home = home_of(state, pool, what)
    content = load(volume)
    size = content.size
    written.put_into(content, half=half)
    if home.kind.volumes == "block" and content.size > size:
        raise DriverError(f"{what}: it has room for {size} bytes only.")
    _check_room(state, home, content.allocation - volume.taken, what)
    is_image = home.kind.volumes == "file"
    save(volume, content, image=is_image)
    if is_image:
        # libvirt never looks into block devices.
        images.adopt(volume)


def _capacity(state: State, root: Element, original: Volume | None, what: str) -> int:
    """Return the capacity of a new volume: as much as was said, and room for what comes into it."""
    stated = size_at(root, "capacity", what)
    if original is not None:
        # Measured with libvirt 9.0.0: converting to another format makes the volume as large as its source.
        return max(stated or 0, original.capacity) if format_of(root) == RAW else original.capacity
    if stated is not None:
        return stated
    path = value_at(root, "backingStore/path")
    if path is None:
        raise InvalidDocument(f"{what}: the document says no capacity.")
    backing = images.at_path(state, path)
    if backing is None:
        raise DriverError(f"{what}: the backing file {path}, which is to say the capacity, is no volume of the node.")
    return backing.capacity


def _check_backing(state: State, root: Element, what: str) -> None:
    """Raise DriverError for a backing file that would be in the folder of a pool, and is not."""
    path = value_at(root, "backingStore/path")
    if path is None or images.at_path(state, path) is not None:
        return
    for pool in state.pools.values():
        folder = value_at(parse(pool.live or pool.config or "", what), "target/path")
        if posixpath.dirname(path) == folder:
            raise DriverError(f"{what}: the backing file {path} is not there.")


def _check_unlocked(state: State, volume: Volume, what: str) -> None:
    """Raise DriverError when a running domain keeps QEMU's tools, which know images, from opening a volume."""
    writer = writer_of(state, volume)
    if writer is not None:
        raise DriverError(f"{what}: the running domain {writer!r} has locked {volume.path}.")


def _check_room(state: State, home: Home, size: int, what: str) -> None:
    available = sizes(state, home.pool)[2]
    if size > available:
        raise DriverError(f"{what}: there is not enough space left in the pool; it needs {size} bytes of {available}.")


def _path(home: Home, name: str) -> str:
    folder = value_at(home.document, "target/path") or value_at(home.document, "source/name") or ""
    return f"{folder}/{name}"
