# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Who uses which storage: domains' disks, the images that these are built on, and what domains boot from."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Union

from .._document import tree
from .._driver.base import Capability, Driver
from .._host.base import Host

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

FileKey = Union[str, tuple[int, int]]

_SOURCES = {
    "devices/disk//backingStore/source": "a backing file",
    "devices/disk//dataStore/source": "the data of a disk",
    "devices/disk/mirror/source": "the copy of a disk",
    "devices/filesystem/source": "a file system",
    "os/nvram/source": "the firmware's memory",
}
_BOOT_FILES = {
    "os/kernel": "the kernel",
    "os/initrd": "the initial file system",
    "os/dtb": "the device tree",
    "os/loader": "the firmware",
    "os/nvram": "the firmware's memory",
}

_QCOW2_MAGIC = b"QFI\xfb"
_DATA_FILE = 0x44415441
_HEADER = 4096
_LONGEST_CHAIN = 64


class Use(NamedTuple):
    """One use of one file or volume by one domain."""

    domain: str
    how: str
    """``a disk``, ``a backing file``, ``the kernel``…"""
    running: bool
    """Whether the running domain uses it now; otherwise it will at its next start."""
    path: str | None
    """Where it is on this node; ``None`` when that is not known, as of a volume whose pool is not active."""
    volume: tuple[str, str] | None
    """Pool and name, when the domain knows it by these."""
    target: str = ""
    """Which of the domain's disks it is, when it is one."""
    writable: bool = True
    """Whether the domain may write to it."""
    saved: bool = False
    """Whether the domain will go on from a managed save image, which counts on what is in it."""

    def __str__(self) -> str:
        return f"{self.how} of {self.domain}"


class _Document(NamedTuple):
    domain: str
    running: bool
    saved: bool
    root: Element


def uses(driver: Driver, host: Host, *, besides: str | None = None) -> Iterator[Use]:
    """Yield every use of storage by the node's domains, by both their documents, apart from one domain's own."""
    documents = [
        _Document(record.name, running, record.saved, tree.parse(text, f"the document of {record.name}"))
        for record in driver.domains.describe()
        if record.name != besides
        for running, text in ((False, record.config), (True, record.live))
        if text is not None
    ]
    disks = [(document, disk) for document in documents for disk in document.root.iterfind("devices/disk")]
    # Asked for together: one round trip, however many domains there are.
    places = paths(driver, [disk for _document, disk in disks])
    for (document, disk), path in zip(disks, places):
        volume = volume_of(disk)
        if path is not None or volume is not None:
            target, writable = _target(disk), disk.find("readonly") is None
            yield Use(document.domain, "a disk", document.running, path, volume, target, writable, document.saved)
        for backing in () if path is None else backing_files(driver, host, disk, path):
            yield Use(document.domain, "a backing file", document.running, backing, None, "", False, document.saved)
    for document in documents:
        yield from _other_uses(document)


def by_file(driver: Driver, host: Host, found: Iterable[Use]) -> dict[FileKey, list[Use]]:
    """Return uses by what their file is known by."""
    known: dict[FileKey, list[Use]] = {}
    for use in found:
        if use.path is not None:
            known.setdefault(file_key(driver, host, use.path), []).append(use)
    return known


def file_key(driver: Driver, host: Host, path: str) -> FileKey:
    """Return what a file is known by: one file can have many paths, through links and by their spelling."""
    status = host.status(path) if Capability.NODE_FILES in driver.capabilities else None
    return posixpath.normpath(path) if status is None else (status.device, status.inode)


def paths(driver: Driver, disks: Sequence[Element]) -> list[str | None]:
    """Return where each disk's data is on this node, ``None`` where it is elsewhere or nothing is inserted."""
    volumes = [volume for volume in map(volume_of, disks) if volume is not None]
    known = driver.volumes.paths(volumes) if volumes and driver.volumes is not None else {}
    places: list[str | None] = []
    for disk in disks:
        source, volume = disk.find("source"), volume_of(disk)
        if source is None:
            places.append(None)
        elif volume is not None:
            places.append(known.get(volume))
        else:
            places.append(source.get("file") or source.get("dev"))
    return places


def _target(disk: Element) -> str:
    target = disk.find("target")
    return "" if target is None else target.get("dev", "")


def volume_of(disk: Element) -> tuple[str, str] | None:
    """Return pool and name of a disk's volume, ``None`` when the disk is given in another way."""
    source = disk.find("source") if disk.get("type") == "volume" else None
    return None if source is None else (source.get("pool", ""), source.get("volume", ""))


def _other_uses(document: _Document) -> Iterator[Use]:
    found = [
        (how, source.get("file") or source.get("dev"))
        for place, how in _SOURCES.items()
        for source in document.root.iterfind(place)
    ]
    found.extend((how, document.root.findtext(place, "").strip()) for place, how in _BOOT_FILES.items())
    for how, path in found:
        if path:
            yield Use(document.domain, how, document.running, path, None, saved=document.saved)


def backing_files(driver: Driver, host: Host, disk: Element, path: str) -> Iterator[str]:
    """Yield the chain of files that a qcow2 image is built on, and those with its data, by the images' headers.

    Only where the domain reads it as qcow2, too: what a raw image begins with is for its guest to write.
    """
    image_format = disk.find("driver[@type='qcow2']")
    left = [path] if image_format is not None and Capability.NODE_FILES in driver.capabilities else []
    for _link in range(_LONGEST_CHAIN):
        if not left:
            return
        image = left.pop(0)
        header = _qcow2_header(host, image)
        # What is in these is for the guest to write, and leads nowhere.
        yield from _beside(image, _data_file(header))
        for backing in _beside(image, _built_on(host, image, header)):
            yield backing
            left.append(backing)


def _qcow2_header(host: Host, path: str) -> bytes:
    """Return what a qcow2 image begins with, nothing of any other file.

    Source of what is in it: https://www.qemu.org/docs/master/interop/qcow2.html.
    """
    status = host.status(path)
    if status is None or status.kind != "file" or not status.size:
        return b""
    header = host.read(path, _HEADER)
    return header if header.startswith(_QCOW2_MAGIC) else b""


def _beside(path: str, stated: Iterable[str]) -> Iterator[str]:
    """Yield the paths of files as an image states them."""
    folder = path.rpartition("/")[0]
    return (name if name.startswith("/") else f"{folder}/{name}" for name in stated if "\0" not in name)


def _built_on(host: Host, path: str, header: bytes) -> Iterator[str]:
    """Return the files that an image is built on, by offset and length at bytes 8 and 16 of its header."""
    offset, length = _number(header, 8, 8), _number(header, 16)
    if not offset or not 0 < length <= 1023:
        return iter(())
    return _files_of(host.read(path, length, offset=offset).decode("utf-8", "replace"))


def _data_file(header: bytes) -> Iterator[str]:
    """Yield the file with an image's data, when that is another one: it is in one of the header's extensions."""
    at = _number(header, 100) if _number(header, 4) == 3 else 0
    while 104 <= at < len(header) and (kind := _number(header, at)):
        length = _number(header, at + 4)
        if kind == _DATA_FILE:
            yield from _files_of(header[at + 8 : at + 8 + length].decode("utf-8", "replace"))
        at += 8 + -(-length // 8) * 8


def _number(header: bytes, at: int, size: int = 4) -> int:
    return int.from_bytes(header[at : at + size], "big")


def _files_of(backing: str) -> Iterator[str]:
    """Yield the files of a backing name, which is a path, ``file:`` with one, or ``json:`` with a whole description."""
    if not backing.startswith("json:"):
        yield backing[len("file:") :] if backing.startswith("file:") else backing
        return
    try:
        left = [json.loads(backing[len("json:") :])]
    except (ValueError, RecursionError):
        return
    while left:
        part = left.pop()
        if isinstance(part, list):
            left.extend(part)
        for name, value in part.items() if isinstance(part, dict) else ():
            if isinstance(value, str) and name.rpartition(".")[2] == "filename":
                yield value
            left.append(value)
