# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a driver does with storage pools and volumes. See base.py for what all of its calls have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import Enum
from typing import NamedTuple

from .._host.base import ContentWriter, Extent


class PoolState(Enum):
    """What a pool is doing, in the words that results use."""

    INACTIVE = "inactive"
    BUILDING = "building"
    ACTIVE = "active"
    DEGRADED = "degraded"
    INACCESSIBLE = "inaccessible"

    @property
    def active(self) -> bool:
        """Whether its volumes can be reached through the hypervisor."""
        return self is not PoolState.INACTIVE


class PoolRecord(NamedTuple):
    """One storage pool as it was at one moment. Sizes in bytes, 0 while it is not active."""

    name: str
    uuid: str
    state: PoolState
    persistent: bool
    autostart: bool
    capacity: int
    allocation: int
    available: int
    live: str | None
    """The active pool's document; ``None`` when it is not active, or documents were not asked for."""
    config: str | None
    """The document for the next start; ``None`` when it is transient, or documents were not asked for."""


class Pools(ABC):
    """Storage pools of one node."""

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names of all pools, active or not, sorted."""

    @abstractmethod
    def describe(self, names: Sequence[str] | None = None, *, documents: bool = True) -> list[PoolRecord]:
        """Describe the pools of these names, all when ``None``, in as few round trips as the driver can.

        Pools that do not exist, or vanish while being read, are left out.
        """

    @abstractmethod
    def find(self, uuid: str) -> str | None:
        """Return the name of the pool with this UUID, ``None`` when there is none."""

    @abstractmethod
    def capabilities(self) -> str:
        """Return the document that says which types of pools, and which formats in them, the node has."""

    @abstractmethod
    def sources(self, kind: str, source: str | None = None) -> str:
        """Look for what a pool of this type could be made of; ``source`` is a document that narrows it down. Returns a
        document: ``<sources><source>…``."""

    @abstractmethod
    def define(self, document: str) -> None:
        """Create a pool or replace the configuration of the one with this UUID; the document is validated. An active
        pool goes on as it is."""

    @abstractmethod
    def undefine(self, name: str) -> None:
        """Forget a pool that is not active; its storage stays."""

    @abstractmethod
    def build(self, name: str, *, overwrite: bool | None = None) -> None:
        """Make the storage of a pool that is not active: its folder, file system, volume group or partition table.

        ``overwrite=False`` fails where there is data already, ``True`` destroys it; ``None`` for types that know
        neither (folders, which are made and never emptied).
        """

    @abstractmethod
    def start(self, name: str) -> None:
        """Start it: mount, log in, look for its volumes."""

    @abstractmethod
    def destroy(self, name: str) -> None:
        """Stop it; its storage stays, and a transient pool is gone then."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove the storage of a pool that is not active: its folder (which must be empty), its volume group."""

    @abstractmethod
    def refresh(self, name: str) -> None:
        """Look for volumes that came or went behind the hypervisor's back."""

    @abstractmethod
    def set_autostart(self, name: str, enabled: bool) -> None:
        """Start it with the node, or not."""


class VolumeRecord(NamedTuple):
    """One storage volume as it was at one moment."""

    pool: str
    name: str
    key: str
    """What names it on the whole node: its path, for most types of pools."""
    document: str


class Volumes(ABC):
    """Storage volumes of one node. A volume of a pool that is not active is not there."""

    @abstractmethod
    def describe(self, volumes: Mapping[str, Sequence[str] | None]) -> list[VolumeRecord]:
        """Describe volumes, by pool: those of these names, all of the pool when ``None``; in as few round trips as the
        driver can. What does not exist, or vanishes while being read, is left out."""

    @abstractmethod
    def paths(self, volumes: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """Return the path of each ``(pool, volume)`` that exists."""

    @abstractmethod
    def find(self, path: str) -> tuple[str, str] | None:
        """Return pool and name of the volume that has this path, ``None`` when no active pool knows it."""

    @abstractmethod
    def create(
        self,
        pool: str,
        document: str,
        *,
        source: tuple[str, str] | None = None,
        preallocate_metadata: bool = False,
        reflink: bool = False,
    ) -> None:
        """Create a volume; ``source`` is the pool and name of one whose content it gets, converted to its format.

        Returns when it is there with all its content. ``reflink``: share the blocks of ``source``, or fail.
        """

    @abstractmethod
    def delete(self, pool: str, name: str) -> None:
        """Delete a volume with its content."""

    @abstractmethod
    def delete_path(self, path: str) -> bool:
        """Delete the volume that has this path; return False when no pool knows it."""

    @abstractmethod
    def rename(self, pool: str, name: str, new_name: str) -> None:
        """Give a volume another name, in one step that happens or does not, replacing the volume that has it; raise
        NotSupported where the storage, or our rights on it, allow no such step."""

    @abstractmethod
    def resize(self, pool: str, name: str, capacity: int, *, shrink: bool = False, allocate: bool = False) -> None:
        """Change the capacity to so many bytes; ``shrink`` consents to the loss of what is beyond."""

    @abstractmethod
    def wipe(self, pool: str, name: str, algorithm: str) -> None:
        """Overwrite the content; ``algorithm`` in the words of ``virsh vol-wipe`` (``zero``, ``nnsa``, ``dod``…)."""

    @abstractmethod
    def upload(self, pool: str, name: str) -> AbstractContextManager[ContentWriter]:
        """Write a volume's content. Leaving the context returns when the hypervisor has all of it; leaving it by an
        exception gives up, and leaves what was written so far. Nothing else can be asked in between."""

    @abstractmethod
    def download(self, pool: str, name: str) -> AbstractContextManager[Iterator[Extent]]:
        """Read a volume's content. Nothing else can be asked in between."""

    @abstractmethod
    def mark(self, pool: str, name: str) -> str | None:
        """Return what ``set_mark`` has left on a volume; ``None`` when nothing, or when this storage keeps no marks."""

    @abstractmethod
    def set_mark(self, pool: str, name: str, mark: str) -> bool:
        """Leave a short text on a volume that stays as long as it does, through renaming too; return whether this
        storage keeps it."""
