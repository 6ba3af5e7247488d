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
from .._host.base import FileStatus, Piece

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
_LARGEST_CLUSTER = 2097152
"""Bytes. The name of what an image is built on is in its first cluster."""
_LONGEST_PATH, _LONGEST_NAME = 4096, 255
"""Bytes, the first with the NUL at its end. Source: linux/limits.h."""
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


def uses(driver: Driver, *, besides: str | None = None) -> Iterator[Use]:
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
    images = _Images(driver, [path for (_document, disk), path in zip(disks, places) if path and _is_qcow2(disk)])
    for (document, disk), path in zip(disks, places):
        volume = volume_of(disk)
        if path is not None or volume is not None:
            target, writable = _target(disk), disk.find("readonly") is None
            yield Use(document.domain, "a disk", document.running, path, volume, target, writable, document.saved)
        for backing in images.below(path) if path and _is_qcow2(disk) else ():
            yield Use(document.domain, "a backing file", document.running, backing, None, "", False, document.saved)
    for document in documents:
        yield from _other_uses(document)


def by_file(driver: Driver, found: Iterable[Use]) -> dict[FileKey, list[Use]]:
    """Return uses by what their file is known by."""
    placed = [(use.path, use) for use in found if use.path is not None]
    known: dict[FileKey, list[Use]] = {}
    for key, (_path, use) in zip(file_keys(driver, [path for path, _use in placed]), placed):
        known.setdefault(key, []).append(use)
    return known


def file_keys(driver: Driver, paths: Sequence[str]) -> list[FileKey]:
    """Return what files are known by: one file can have many paths, through links and by their spelling."""
    unknown: list[FileStatus | None] = [None] * len(paths)
    known = driver.host.statuses(paths) if Capability.NODE_FILES in driver.capabilities else unknown
    return [
        posixpath.normpath(path) if status is None else (status.device, status.inode)
        for path, status in zip(paths, known)
    ]


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


def _is_qcow2(disk: Element) -> bool:
    """Whether the domain reads a disk as qcow2: what a raw image begins with is for its guest to write."""
    return disk.find("driver[@type='qcow2']") is not None


class _Images:
    """What qcow2 images are built on, and where their data is, by their headers.

    All images are looked into together, then all that they are built on: a far node is asked a few times, however many
    there are.
    """

    def __init__(self, driver: Driver, images: Iterable[str]) -> None:
        self._host = driver.host
        self._data: dict[str, list[str]] = {}
        self._backing: dict[str, list[str]] = {}
        left = list(dict.fromkeys(images)) if Capability.NODE_FILES in driver.capabilities else []
        most = _LONGEST_CHAIN * len(left)
        while left and len(self._backing) < most:
            self._look(left)
            backing = dict.fromkeys(path for image in left for path in self._backing[image])
            left = [path for path in backing if path not in self._backing]

    def below(self, path: str) -> Iterator[str]:
        """Yield the chain of files that an image is built on, and those with its data."""
        left = [path]
        for _link in range(_LONGEST_CHAIN):
            if not left:
                return
            image = left.pop(0)
            # What is in these is for the guest to write, and leads nowhere.
            yield from self._data.get(image, ())
            for backing in self._backing.get(image, ()):
                yield backing
                left.append(backing)

    def _look(self, images: Sequence[str]) -> None:
        headers = self._headers(images)
        named = [(image, _backing_name(image, headers[image])) for image in images]
        names = iter(self._host.read_all([piece for _image, piece in named if piece is not None]))
        for image, piece in named:
            stated = () if piece is None else _files_of(next(names).decode("utf-8", "surrogateescape"))
            self._data[image] = list(_beside(image, _data_file(headers[image])))
            self._backing[image] = list(_beside(image, stated))

    def _headers(self, images: Sequence[str]) -> dict[str, bytes]:
        """Return what qcow2 images begin with, nothing of any other file.

        Source of what is in it: https://www.qemu.org/docs/master/interop/qcow2.html.
        """
        statuses = self._host.statuses(images)
        files = [image for image, status in zip(images, statuses) if status and status.kind == "file" and status.size]
        headers = dict.fromkeys(images, b"")
        for image, header in zip(files, self._host.read_all([Piece(image, _HEADER) for image in files])):
            headers[image] = header if header.startswith(_QCOW2_MAGIC) else b""
        return headers


def _beside(path: str, stated: Iterable[str]) -> Iterator[str]:
    """Yield the paths of files as an image states them."""
    folder = path.rpartition("/")[0]
    named = (name if name.startswith("/") else f"{folder}/{name}" for name in stated)
    return (each for each in named if _can_be_a_file(each))


def _can_be_a_file(path: str) -> bool:
    """Whether a file can have this path at all: Linux would not even look for one that is too long or no text."""
    try:
        encoded = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return b"\0" not in encoded and len(encoded) < _LONGEST_PATH and max(map(len, encoded.split(b"/"))) <= _LONGEST_NAME


def _backing_name(path: str, header: bytes) -> Piece | None:
    """Return where the name of what an image is built on is, by offset and length at bytes 8 and 16 of its header."""
    offset, length = _number(header, 8, 8), _number(header, 16)
    return Piece(path, length, offset) if 0 < offset < _LARGEST_CLUSTER and 0 < length <= 1023 else None


def _data_file(header: bytes) -> Iterator[str]:
    """Yield the file with an image's data, when that is another one: it is in one of the header's extensions."""
    at = _number(header, 100) if _number(header, 4) == 3 else 0
    while 104 <= at < len(header) and (kind := _number(header, at)):
        length = _number(header, at + 4)
        if kind == _DATA_FILE:
            yield from _files_of(header[at + 8 : at + 8 + length].decode("utf-8", "surrogateescape"))
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
