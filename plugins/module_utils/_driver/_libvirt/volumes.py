# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Storage volumes through libvirt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from ..._errors import InputError, NotFound, OperationInvalid
from ..._host.base import ContentWriter, Extent, Host
from ..storage import VolumeRecord, Volumes
from . import protocol
from .client import Call, Client
from .objects import ONE_BY_ONE, Objects, whole
from .protocol import Pool, Volume

CREATE_PREALLOCATED, CREATE_REFLINK, CREATE_VALIDATE = 1 << 0, 1 << 1, 1 << 2
RESIZE_ALLOCATE, RESIZE_SHRINK = 1 << 0, 1 << 2
WIPES = ("zero", "nnsa", "dod", "bsi", "gutmann", "schneier", "pfitzner7", "pfitzner33", "random", "trim")
"""By their numbers."""


class LibvirtVolumes(Volumes):
    """Volumes of one libvirt connection. ``host`` is the machine on which their files are, ``None`` when none is."""

    def __init__(self, client: Client, pools: Objects, host: Host | None) -> None:
        self._client = client
        self._pools = pools
        self._host = host

    def describe(self, volumes: Mapping[str, Sequence[str] | None]) -> list[VolumeRecord]:
        found = self._find(volumes)
        answers = self._client.pipeline([(protocol.VOLUME_DOCUMENT, (volume, 0)) for volume in found])
        return [
            VolumeRecord(volume.pool, volume.name, volume.key, document)
            for volume, answer in zip(found, answers)
            for document in _there([answer])
        ]

    def paths(self, volumes: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
        wanted: dict[str, list[str]] = {}
        for pool, name in volumes:
            wanted.setdefault(pool, []).append(name)
        found = self._find(wanted)
        answers = self._client.pipeline([(protocol.VOLUME_PATH, (volume,)) for volume in found])
        return {(volume.pool, volume.name): path for volume, answer in zip(found, answers) for path in _there([answer])}

    def find(self, path: str) -> tuple[str, str] | None:
        volume = self._at(path)
        return None if volume is None else (volume.pool, volume.name)

    def create(
        self,
        pool: str,
        document: str,
        *,
        source: tuple[str, str] | None = None,
        preallocate_metadata: bool = False,
        reflink: bool = False,
    ) -> None:
        flags = CREATE_VALIDATE
        flags |= (CREATE_PREALLOCATED if preallocate_metadata else 0) | (CREATE_REFLINK if reflink else 0)
        if source is None:
            self._pools.call(protocol.VOLUME_CREATE, pool, document, flags=flags, optional=CREATE_VALIDATE)
        else:
            cloned = self._volume(*source)
            self._pools.call(protocol.VOLUME_CLONE, pool, document, cloned, flags=flags, optional=CREATE_VALIDATE)

    def delete(self, pool: str, name: str) -> None:
        self._client.call(protocol.VOLUME_DELETE, self._volume(pool, name), 0)

    def delete_path(self, path: str) -> bool:
        volume = self._at(path)
        if volume is None:
            return False
        self._client.call(protocol.VOLUME_DELETE, volume, 0)
        return True

    def rename(self, pool: str, name: str, new_name: str) -> None:
        from .files import rename

        rename(self._client, self._host, self._pools.get(pool), self._volume(pool, name), new_name)

    def resize(self, pool: str, name: str, capacity: int, *, shrink: bool = False, allocate: bool = False) -> None:
        flags = (RESIZE_SHRINK if shrink else 0) | (RESIZE_ALLOCATE if allocate else 0)
        self._client.call(protocol.VOLUME_RESIZE, self._volume(pool, name), capacity, flags)

    def wipe(self, pool: str, name: str, algorithm: str) -> None:
        if algorithm not in WIPES:
            raise InputError("wipe", f"{algorithm!r} is not known.", hint=f"Known: {', '.join(WIPES)}.")
        self._client.call(protocol.VOLUME_WIPE, self._volume(pool, name), WIPES.index(algorithm), 0)

    def upload(self, pool: str, name: str) -> AbstractContextManager[ContentWriter]:
        from .content import upload

        return upload(self._client, self._volume(pool, name))

    def download(self, pool: str, name: str) -> AbstractContextManager[Iterator[Extent]]:
        from .content import download

        return download(self._client, self._volume(pool, name))

    def mark(self, pool: str, name: str) -> str | None:
        from .files import own_file

        path = own_file(self._client, self._host, self._volume(pool, name))
        return None if path is None or self._host is None else self._host.mark(path)

    def set_mark(self, pool: str, name: str, mark: str) -> bool:
        from .files import own_file

        path = own_file(self._client, self._host, self._volume(pool, name))
        return path is not None and self._host is not None and self._host.set_mark(path, mark)

    def _volume(self, pool: str, name: str) -> Volume:
        volume: Volume = self._pools.call(protocol.VOLUME_BY_NAME, pool, name)
        return volume

    def _at(self, path: str) -> Volume | None:
        try:
            volume: Volume = self._client.call(protocol.VOLUME_BY_PATH, path)
        except NotFound:
            return None
        return volume

    def _find(self, volumes: Mapping[str, Sequence[str] | None]) -> list[Volume]:
        """Return the volumes that exist, pool by pool, in the order in which they are asked for, or else by name."""
        pools = [pool for pool, _facts in self._pools.choose(list(volumes), {})]
        calls = [call for pool in pools for call in _finding(pool, volumes[pool.name])]
        found: dict[str, dict[str, Volume]] = {pool: {} for pool in volumes}
        for answer in _there(self._client.pipeline(calls)):
            for volume in [answer] if isinstance(answer, Volume) else answer[0]:
                found.setdefault(volume.pool, {})[volume.name] = volume
        return [
            found[pool][name]
            for pool, names in volumes.items()
            for name in (sorted(found[pool]) if names is None else dict.fromkeys(names))
            if name in found[pool]
        ]


def _finding(pool: Pool, names: Sequence[str] | None) -> list[Call]:
    """Return the calls that find the volumes of these names in a pool, all when ``None``."""
    if names is None or len(names) > ONE_BY_ONE:
        return [(protocol.POOL_VOLUMES, (pool, 1, 0))]
    return [(protocol.VOLUME_BY_NAME, (pool, name)) for name in dict.fromkeys(names)]


def _there(answers: Iterable[Any]) -> list[Any]:
    """Return the answers less those about what is not there: a stopped pool has no volumes. Raise any other refusal."""
    return whole(answer for answer in answers if not isinstance(answer, (NotFound, OperationInvalid)))
