# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What becomes of a removed pool's storage. Data is never lost by accident: it goes only when the task says so, nothing
goes that anybody needs, and what is no volume of the pool stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .._document.field import Spec
from .._document.volume import VOLUME
from .._driver.base import Capability, Driver
from .._driver.storage import VolumeRecord
from .._errors import InputError, OperationInvalid, names
from .pool_seen import storage
from .storage_use import file_keys
from .volume_seen import parse, path_of
from .volume_use import users

_FIXED = ("iscsi", "iscsi-direct", "scsi", "mpath")
"""Types whose volumes libvirt cannot delete."""

_REMAINS = {
    "dir": "the folder {path}",
    "fs": "the folder {path}",
    "netfs": "the folder {path}",
    "vstorage": "the folder {path}",
    "logical": "the volume group {name}",
}
"""By type, what the volumes were in, and libvirt can delete, too. A ZFS pool it would destroy with all file systems."""


_LVM = "It stays. Look at it with lvs, and remove what is not needed any more."


class Doomed(NamedTuple):
    """A volume that is to be deleted."""

    name: str
    path: str


def select(driver: Driver, name: str, whole: Spec) -> list[Doomed]:
    """Return the volumes of an active pool, in the order in which they can be deleted.

    Raises InputError when there are some that must stay, or that the hypervisor cannot delete.
    """
    if whole["type"] in _FIXED:
        raise InputError("delete_storage", f"libvirt cannot delete the volumes of a pool of the type {whole['type']}.")
    records = storage(driver)[1].describe({name: None})
    doomed = [Doomed(record.name, _path(record)) for record in records]
    if whole["type"] == "logical":
        _check_listed(driver, name, records)
    _check_idle(driver, doomed)
    _check_domains(driver, name, doomed)
    _check_volumes(driver, name, doomed)
    # Folders are only deleted when they are empty. If one is not, nothing else is lost.
    folders = {record.name for record in records if parse(record).get("type") in ("dir", "netdir")}
    return sorted(doomed, key=lambda volume: (volume.name not in folders, volume.name))


def check_emptied(driver: Driver, name: str, whole: Spec) -> None:
    """Raise OperationInvalid when there is still something in the volume group of a pool whose volumes are deleted."""
    if whole["type"] != "logical":
        return
    pools, _volumes = storage(driver)
    pools.refresh(name)
    for record in pools.describe([name], documents=False):
        if record.allocation:
            raise OperationInvalid(f"deleting {remains(whole)}: it has more in it than volumes.", hint=_LVM)


def remains(whole: Spec) -> str | None:
    """Return in words what is left of a pool's storage without its volumes, ``None`` when that stays."""
    words = _REMAINS.get(whole["type"])
    path, name = (whole.get(group, {}).get(option, "") for group, option in (("target", "path"), ("source", "name")))
    return None if words is None else words.format(path=path, name=name)


def _check_listed(driver: Driver, name: str, records: Sequence[VolumeRecord]) -> None:
    """Raise InputError when a volume group has more in it than volumes, which would go with it.

    libvirt shows neither what is not active nor thin pools.
    """
    allocations = [VOLUME.read(parse(record)).get("allocation") or 0 for record in records]
    for pool in storage(driver)[0].describe([name], documents=False):
        if pool.allocation > sum(allocations):
            raise InputError("delete_storage", f"the volume group of {name} has more in it than volumes.", hint=_LVM)


def _check_idle(driver: Driver, doomed: Sequence[Doomed]) -> None:
    """Raise InputError when the node itself works with a volume."""
    if Capability.NODE_FILES not in driver.capabilities:
        return
    for volume, status in zip(doomed, driver.host.statuses([volume.path for volume in doomed])):
        if status is not None and status.kind == "block" and driver.host.is_held(volume.path):
            raise InputError("delete_storage", f"the node works with {volume.name} ({volume.path}).")


def _check_domains(driver: Driver, name: str, doomed: Sequence[Doomed]) -> None:
    found = users(driver, [((name, volume.name), volume.path) for volume in doomed])
    kept = [
        f"{volume.name} is {names(list(dict.fromkeys(str(use) for use in uses)))}"
        for volume, uses in zip(doomed, found)
        if uses
    ]
    if kept:
        domains = sorted({use.domain for uses in found for use in uses})
        raise InputError(
            "delete_storage",
            f"{names(kept)}.",
            hint="Remove these domains first, or take the disks out of them.",
            domains=domains,
        )


def _check_volumes(driver: Driver, name: str, doomed: Sequence[Doomed]) -> None:
    """Raise InputError when a volume of another pool is built on one of these."""
    pools, volumes = storage(driver)
    others = [record.name for record in pools.describe(documents=False) if record.state.active and record.name != name]
    keys = dict(zip(file_keys(driver, [volume.path for volume in doomed]), (volume.name for volume in doomed)))
    built = [
        (record, backing)
        for record in (volumes.describe(dict.fromkeys(others)) if keys and others else ())
        for backing in [parse(record).findtext("backingStore/path")]
        if backing
    ]
    below = file_keys(driver, [backing for _record, backing in built])
    own = file_keys(driver, [_path(record) for record, _backing in built])
    for (record, _backing), base, itself in zip(built, below, own):
        if base in keys and itself not in keys:
            raise InputError("delete_storage", f"{record.name} of the pool {record.pool} is built on {keys[base]}.")


def _path(record: VolumeRecord) -> str:
    return path_of(parse(record)) or record.key
