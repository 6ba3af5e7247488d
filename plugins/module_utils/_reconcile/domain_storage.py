# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What becomes of a removed domain's disks. Data is never lost by accident: only what was asked for by name goes, and
never what is an ISO image, read-only, shared, somebody else's, or the backing file of another image."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Union

from .._document import tree
from .._document.disk import REMOVABLE
from .._driver.base import Capability, Driver
from .._errors import InputError, StratumError, names
from .._host.base import Host

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

OWNED = "owned"

FileKey = Union[str, tuple[int, int]]

_QCOW2_MAGIC = b"QFI\xfb"
_HEADER = 4096
_LONGEST_CHAIN = 64


class Disk(NamedTuple):
    """One disk of the domain, with where its data is and why it must stay."""

    target: str
    path: str | None
    """``None`` when it is no file of this node."""
    obstacle: str | None


def select(
    driver: Driver, host: Host, name: str, document: Element, requested: Sequence[str]
) -> tuple[list[Disk], list[Disk]]:
    """Return the disks to delete and those of the requested that stay.

    ``requested`` are targets, or the word ``owned``: every disk that may go. A target that does not exist or must
    not go is an InputError, raised before anything is removed.
    """
    if not requested:
        return [], []
    disks = list(_disks(driver, host, name, document))
    if OWNED in requested:
        return [disk for disk in disks if disk.obstacle is None], [disk for disk in disks if disk.obstacle]
    by_target = {disk.target: disk for disk in disks}
    for target in requested:
        if target not in by_target:
            known = names(sorted(by_target)) or "none"
            raise InputError("remove_storage", f"{name} has no disk {target}.", hint=f"Its disks: {known}.")
        obstacle = by_target[target].obstacle
        if obstacle is not None:
            raise InputError("remove_storage", f"{target} of {name} is not removed: {obstacle}.")
    return [by_target[target] for target in dict.fromkeys(requested)], []


def delete(driver: Driver, host: Host, disk: Disk) -> bool:
    """Delete a disk's data: through its pool where one knows it, else the file itself. Return False when no pool does
    and the domain's files are not this host's."""
    if disk.path is None:
        raise StratumError(f"deleting {disk.target}: it has no path on this node.")
    if driver.volumes is not None and driver.volumes.delete_path(disk.path):
        return True
    if Capability.NODE_FILES not in driver.capabilities:
        return False
    host.remove(disk.path)
    return True


def _disks(driver: Driver, host: Host, name: str, document: Element) -> Iterator[Disk]:
    elements = document.findall("devices/disk")
    paths = _paths(driver, elements)
    # Others' disks and their backing files are read once, for all disks of this domain.
    used = _used_by_others(driver, host, name)
    for element, path in zip(elements, paths):
        target = element.find("target")
        label = "" if target is None else target.get("dev", "")
        yield Disk(label, path, _obstacle(driver, host, element, path, used))


def _obstacle(driver: Driver, host: Host, disk: Element, path: str | None, used: dict[FileKey, str]) -> str | None:
    device = disk.get("device", "disk")
    if device in REMOVABLE:
        return f"it is a {device}"
    if disk.find("readonly") is not None:
        return "it is read-only"
    if disk.find("shareable") is not None:
        return "it is shareable"
    if path is None:
        return f"its storage ({disk.get('type')}) is no file of this node"
    key = _key(driver, host, path)
    if key in used:
        return f"{path} is {used[key]}"
    if Capability.NODE_FILES in driver.capabilities:
        status = host.status(path)
        if status is not None and status.kind != "file":
            return f"{path} is not a regular file"
    return None


def _key(driver: Driver, host: Host, path: str) -> FileKey:
    """Return what a file is known by: one file can have many paths, through links and by their spelling."""
    status = host.status(path) if Capability.NODE_FILES in driver.capabilities else None
    return posixpath.normpath(path) if status is None else (status.device, status.inode)


def _used_by_others(driver: Driver, host: Host, name: str) -> dict[FileKey, str]:
    """Return how other domains use files: as a disk, or as the backing file of one."""
    used: dict[FileKey, str] = {}

    def note(path: str, use: str) -> None:
        used.setdefault(_key(driver, host, path), f"{use} of {record.name}")

    for record in driver.domains.describe():
        if record.name == name:
            continue
        for document in (record.config, record.live):
            if document is None:
                continue
            root = tree.parse(document, f"the document of {record.name}")
            elements = root.findall("devices/disk")
            for element, path in zip(elements, _paths(driver, elements)):
                if path is not None:
                    note(path, "a disk")
                    for backing in _backing_files(driver, host, element, path):
                        note(backing, "a backing file")
            for source in root.iterfind("devices/disk//backingStore/source[@file]"):
                note(source.get("file", ""), "a backing file")
    return used


def _paths(driver: Driver, disks: Sequence[Element]) -> list[str | None]:
    """Return where each disk's data is on this node, ``None`` where it is elsewhere or nothing is inserted."""
    volumes = [_volume(disk) for disk in disks if disk.get("type") == "volume"]
    known = driver.volumes.paths(volumes) if volumes and driver.volumes is not None else {}
    paths: list[str | None] = []
    for disk in disks:
        source = disk.find("source")
        if source is None:
            paths.append(None)
        elif disk.get("type") == "volume":
            paths.append(known.get(_volume(disk)))
        else:
            paths.append(source.get("file") or source.get("dev"))
    return paths


def _volume(disk: Element) -> tuple[str, str]:
    source = disk.find("source")
    return ("", "") if source is None else (source.get("pool", ""), source.get("volume", ""))


def _backing_files(driver: Driver, host: Host, disk: Element, path: str) -> Iterator[str]:
    """Yield the chain of files that a qcow2 image is built on, by reading the images' headers.

    Only where the domain reads it as qcow2, too: what a raw image begins with is for its guest to write.
    """
    image_format = disk.find("driver[@type='qcow2']")
    left = [path] if image_format is not None and Capability.NODE_FILES in driver.capabilities else []
    for _link in range(_LONGEST_CHAIN):
        if not left:
            return
        for backing in _built_on(host, left.pop(0)):
            yield backing
            left.append(backing)


def _built_on(host: Host, path: str) -> list[str]:
    """Return the files that an image's header names.

    Source: https://www.qemu.org/docs/master/interop/qcow2.html (offset and length at bytes 8 and 16).
    """
    status = host.status(path)
    if status is None or status.kind != "file" or not status.size:
        return []
    header = host.read(path, _HEADER)
    offset, length = int.from_bytes(header[8:16], "big"), int.from_bytes(header[16:20], "big")
    if header[:4] != _QCOW2_MAGIC or not offset or not 0 < length <= 1023:
        return []
    folder = path.rpartition("/")[0]
    stated = _files_of(host.read(path, length, offset=offset).decode("utf-8", "replace"))
    return [name if name.startswith("/") else f"{folder}/{name}" for name in stated if "\0" not in name]


def _files_of(backing: str) -> Iterator[str]:
    """Yield the files of a backing name, which is a path, ``file:`` with one, or ``json:`` with a whole description."""
    if not backing.startswith("json:"):
        yield backing[len("file:") :] if backing.startswith("file:") else backing
        return
    try:
        left = [json.loads(backing[len("json:") :])]
    except ValueError:
        return
    while left:
        part = left.pop()
        for name, value in part.items() if isinstance(part, dict) else ():
            if isinstance(value, str) and name.rpartition(".")[2] == "filename":
                yield value
            left.append(value)
