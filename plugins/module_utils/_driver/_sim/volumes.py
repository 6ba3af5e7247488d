# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Volumes of a simulated node: each call under its name, with its rules elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from ..._host.base import ContentWriter, Extent
from ..base import Capability
from ..storage import VolumeRecord, Volumes
from . import volume_lifecycle
from .complete_volume import document_of
from .content import Upload, load
from .model import State
from .session import Session


class SimVolumes(Volumes):
    """Volumes of one simulated node. No real file is ever looked at, or deleted."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def describe(self, volumes: Mapping[str, Sequence[str] | None]) -> list[VolumeRecord]:
        what = "reading volumes"
        records = []
        with self._session.call("volumes.describe", what) as state:
            for pool, names in volumes.items():
                if pool not in state.pools or not state.pools[pool].active:
                    continue
                home = volume_lifecycle.home_of(state, pool, what)
                there = home.storage.volumes
                wanted = sorted(there) if names is None else [name for name in dict.fromkeys(names) if name in there]
                records += [
                    VolumeRecord(pool, name, there[name].path, document_of(name, there[name], home.kind))
                    for name in wanted
                ]
        return records

    def paths(self, volumes: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
        with self._session.call("volumes.paths", "looking volumes up") as state:
            return {
                (pool, name): state.volumes(pool)[name].path
                for pool, name in volumes
                if pool in state.pools and state.pools[pool].active and name in state.volumes(pool)
            }

    def find(self, path: str) -> tuple[str, str] | None:
        with self._session.call("volumes.find", f"looking for the volume {path}") as state:
            return volume_lifecycle.at_path(state, path)

    def create(
        self,
        pool: str,
        document: str,
        *,
        source: tuple[str, str] | None = None,
        preallocate_metadata: bool = False,
        reflink: bool = False,
    ) -> None:
        with self._session.call("volumes.create", f"creating a volume in the pool {pool!r}") as state:
            volume_lifecycle.create(
                state, pool, document, source, preallocate_metadata=preallocate_metadata, reflink=reflink
            )

    def delete(self, pool: str, name: str) -> None:
        with self._change("delete", pool, name) as state:
            volume_lifecycle.delete(state, pool, name)

    def delete_path(self, path: str) -> bool:
        with self._session.call("volumes.delete_path", f"deleting the volume {path}") as state:
            found = volume_lifecycle.at_path(state, path)
            if found is not None:
                volume_lifecycle.delete(state, *found)
        return found is not None

    def rename(self, pool: str, name: str, new_name: str) -> None:
        with self._change("rename", pool, name) as state:
            volume_lifecycle.rename(state, pool, name, new_name)

    def resize(self, pool: str, name: str, capacity: int, *, shrink: bool = False, allocate: bool = False) -> None:
        with self._change("resize", pool, name) as state:
            volume_lifecycle.resize(state, pool, name, capacity, shrink=shrink, allocate=allocate)

    def wipe(self, pool: str, name: str, algorithm: str) -> None:
        with self._change("wipe", pool, name) as state:
            volume_lifecycle.wipe(state, pool, name, algorithm)

    def upload(self, pool: str, name: str) -> AbstractContextManager[ContentWriter]:
        return self._upload(pool, name)

    @contextmanager
    def _upload(self, pool: str, name: str) -> Iterator[ContentWriter]:
        what = f"writing to the volume {name!r} of the pool {pool!r}"
        self._session.require(Capability.VOLUME_CONTENT, what)
        with self._session.glance(what) as state:
            volume_lifecycle.find(state, pool, name, what)
        writer = Upload()
        write = partial(volume_lifecycle.upload, pool=pool, name=name, written=writer)
        finished = False
        try:
            with self._session.busy(what):
                yield writer
            finished = True
        finally:
            if not finished:
                with self._session.aside() as state:
                    write(state, half=False)
        with self._session.call("volumes.upload", what, partly=partial(write, half=True)) as state:
            write(state, half=False)

    def download(self, pool: str, name: str) -> AbstractContextManager[Iterator[Extent]]:
        return self._download(pool, name)

    @contextmanager
    def _download(self, pool: str, name: str) -> Iterator[Iterator[Extent]]:
        what = f"reading the volume {name!r} of the pool {pool!r}"
        with self._session.call("volumes.download", what) as state:
            content = load(volume_lifecycle.find(state, pool, name, what))
        with self._session.busy(what):
            yield content.extents()

    def mark(self, pool: str, name: str) -> str | None:
        what = f"reading the mark of the volume {name!r} of the pool {pool!r}"
        with self._session.call("volumes.mark", what) as state:
            return volume_lifecycle.find(state, pool, name, what).mark

    def set_mark(self, pool: str, name: str, mark: str) -> bool:
        what = f"marking the volume {name!r} of the pool {pool!r}"
        with self._change("set_mark", pool, name) as state:
            volume = volume_lifecycle.find(state, pool, name, what)
            kept = volume_lifecycle.home_of(state, pool, what).kind.volumes == "file"
            volume.mark = mark if kept else None
        return kept

    @contextmanager
    def _change(self, call: str, pool: str, name: str) -> Iterator[State]:
        with self._session.call(f"volumes.{call}", f"{call} of the volume {name!r} of the pool {pool!r}") as state:
            yield state
