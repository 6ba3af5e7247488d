# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What becomes of a removed domain's disks. Data is never lost by accident: only what was asked for by name goes, and
never what is an ISO image, read-only, shared, somebody else's, or the backing file of another image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .._document.disk import REMOVABLE
from .._driver.base import Capability, Driver
from .._errors import InputError, StratumError, names
from .storage_use import Use, by_file, file_keys, paths, uses

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

OWNED = "owned"
UNREACHED = "no pool of the node knows it"
"""The obstacle that is nobody's mistake: the same disk goes where the node's files are reached."""


class Disk(NamedTuple):
    """One disk of the domain, with where its data is and why it must stay."""

    target: str
    path: str | None
    """``None`` when it is no file of this node."""
    obstacle: str | None


def select(driver: Driver, name: str, document: Element, requested: Sequence[str]) -> tuple[list[Disk], list[Disk]]:
    """Return the disks to delete and those of the requested that stay.

    ``requested`` are targets, or the word ``owned``: every disk that may go. A target that does not exist or must
    not go is an InputError, raised before anything is removed; one that cannot be reached stays.
    """
    if not requested:
        return [], []
    disks = list(_disks(driver, name, document))
    if OWNED in requested:
        return [disk for disk in disks if disk.obstacle is None], [disk for disk in disks if disk.obstacle]
    by_target = {disk.target: disk for disk in disks}
    for target in requested:
        if target not in by_target:
            known = names(sorted(by_target)) or "none"
            raise InputError("remove_storage", f"{name} has no disk {target}.", hint=f"Its disks: {known}.")
        obstacle = by_target[target].obstacle
        if obstacle not in (None, UNREACHED):
            raise InputError("remove_storage", f"{target} of {name} is not removed: {obstacle}.")
    chosen = [by_target[target] for target in dict.fromkeys(requested)]
    return [disk for disk in chosen if disk.obstacle is None], [disk for disk in chosen if disk.obstacle]


def delete(driver: Driver, disk: Disk) -> bool:
    """Delete a disk's data: through its pool where one knows it, else the file itself. Return False when no pool does
    and the node's files cannot be reached."""
    if disk.path is None:
        raise StratumError(f"deleting {disk.target}: it has no path on this node.")
    if driver.volumes is not None and driver.volumes.delete_path(disk.path):
        return True
    if Capability.NODE_FILES not in driver.capabilities:
        return False
    driver.host.remove(disk.path)
    return True


def _disks(driver: Driver, name: str, document: Element) -> Iterator[Disk]:
    elements = document.findall("devices/disk")
    # Others' disks and their backing files are read once, for all disks of this domain.
    used = by_file(driver, uses(driver, besides=name))
    places = paths(driver, elements)
    known = [path for path in places if path is not None]
    keys = dict(zip(known, file_keys(driver, known)))
    for element, path in zip(elements, places):
        target = element.find("target")
        label = "" if target is None else target.get("dev", "")
        others = () if path is None else used.get(keys[path], ())
        yield Disk(label, path, _obstacle(driver, element, path, others))


def _obstacle(driver: Driver, disk: Element, path: str | None, used: Sequence[Use]) -> str | None:
    device = disk.get("device", "disk")
    if device in REMOVABLE:
        return f"it is a {device}"
    if disk.find("readonly") is not None:
        return "it is read-only"
    if disk.find("shareable") is not None:
        return "it is shareable"
    if path is None:
        return f"its storage ({disk.get('type')}) is no file of this node"
    if used:
        return f"{path} is {used[0]}"
    if Capability.NODE_FILES in driver.capabilities:
        status = driver.host.status(path)
        if status is not None and status.kind != "file":
            return f"{path} is not a regular file"
    elif driver.volumes is None or driver.volumes.find(path) is None:
        return UNREACHED
    return None
