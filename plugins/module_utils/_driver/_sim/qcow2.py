# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Images of the format qcow2, as small as they can be: real ones, which QEMU reads.

Source: https://www.qemu.org/docs/master/interop/qcow2.html.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from ..._errors import DriverError, NotSupported
from .content import Content

MAGIC = b"QFI\xfb"
HEADER = struct.Struct(">4sIQIIQIIQQIIQ")
"""Up to the fields that only version 3 has."""
EXTRA = struct.Struct(">QQQII")
"""Features: incompatible, compatible, to be cleared; refcounts of 16 bits; length of the header."""
BACKING_FORMAT, NO_EXTENSION = 0xE2792ACA, 0
LAZY_REFCOUNTS, COPIED, COMPRESSED, ZERO = 1, 1 << 63, 1 << 62, 1
OFFSET = (1 << 56) - (1 << 9)
"""The bits of a table's entry that say where its cluster is."""
HARMLESS = 1 | 1 << 3
"""Incompatible features that mean nothing to who reads: refcounts that may be wrong, a kind of compression."""
TOP_LIMIT = 32 * 1024**2 // 8
"""Entries of the topmost table; QEMU opens no image with more."""
CLUSTER_BITS = range(9, 22)


class Image(NamedTuple):
    """What an image's header says."""

    capacity: int
    """Bytes."""
    version: int = 2
    cluster_size: int = 65536
    backing: str | None = None
    backing_format: str | None = None
    lazy_refcounts: bool = False


def probe(content: Content) -> Image | None:
    """Return what an image's header says, ``None`` when it is no such image, or a broken one."""
    fields = HEADER.unpack(content.read(0, HEADER.size))
    magic, version, name_at, name_size, bits, capacity, _encryption, top = fields[:8]
    if magic != MAGIC or version not in (2, 3) or bits not in CLUSTER_BITS or top > TOP_LIMIT:
        return None
    compatible, length = 0, HEADER.size
    if version == 3:
        _incompatible, compatible, _clear, _order, length = EXTRA.unpack(content.read(HEADER.size, EXTRA.size))
    backing = content.read(name_at, min(name_size, 1023)).decode(errors="replace") if name_at else None
    return Image(
        capacity=capacity,
        version=version,
        cluster_size=1 << bits,
        backing=backing,
        backing_format=_backing_format(content, length),
        lazy_refcounts=bool(compatible & LAZY_REFCOUNTS),
    )


def read(content: Content, image: Image, below: Content | None, what: str) -> Content:
    """Return what a guest sees: the image, and ``below`` it the one it is built on; raise NotSupported."""
    (encryption,), (features,) = struct.unpack(">I", content.read(32, 4)), struct.unpack(">Q", content.read(72, 8))
    if encryption or (image.version == 3 and features & ~HARMLESS):
        raise NotSupported(f"{what}: the simulated node cannot read images with such features.")
    guest = Content()
    for offset, data in below.runs() if below is not None else ():
        guest.write(offset, data)
    guest.resize(image.capacity)
    size = image.cluster_size
    for index, entry in _entries(content, image):
        if entry & COMPRESSED:
            raise NotSupported(f"{what}: the simulated node cannot read compressed images.")
        at = index * size
        room = min(size, image.capacity - at)
        if entry & ZERO:
            guest.clear(at, room)
        elif entry & OFFSET:
            guest.write(at, content.read(entry & OFFSET, room))
    return guest


def write(guest: Content, image: Image) -> Content:
    """Return an image of what a guest is to see."""
    size = image.cluster_size
    per_table = size // 8
    used = sorted({at // size for offset, data in guest.runs() for at in range(offset, offset + len(data), 512)})
    tables = sorted({index // per_table for index in used})
    top = max(1, -(-image.capacity // (size * per_table)))
    if top > TOP_LIMIT:
        raise DriverError(f"making an image of {image.capacity} bytes: clusters of {size} bytes are too small for it.")
    top_clusters = -(-top * 8 // size)
    counted = 1 + top_clusters + len(tables) + len(used)
    blocks, map_clusters = _refcounts(counted, size)
    total = counted + blocks + map_clusters
    content = Content(total * size)
    place = 1 + map_clusters + blocks
    _write_header(content, image, top, top_at=place * size, map_clusters=map_clusters)
    for block in range(blocks):
        content.write(size + block * 8, struct.pack(">Q", (1 + map_clusters + block) * size))
    content.write((1 + map_clusters) * size, struct.pack(">H", 1) * total)
    places = {table: place + top_clusters + number for number, table in enumerate(tables)}
    for table, at in places.items():
        content.write(place * size + table * 8, struct.pack(">Q", at * size | COPIED))
    for number, index in enumerate(used, place + top_clusters + len(tables)):
        entry = places[index // per_table] * size + index % per_table * 8
        content.write(entry, struct.pack(">Q", number * size | COPIED))
        content.write(number * size, guest.read(index * size, size))
    return content


def _entries(content: Content, image: Image) -> Iterator[tuple[int, int]]:
    """Yield the clusters of an image that say anything: their numbers, and their entries."""
    top_size, top_at = struct.unpack(">IQ", content.read(36, 12))
    per_table = image.cluster_size // 8
    last = -(-image.capacity // image.cluster_size)
    for table, (entry,) in enumerate(struct.iter_unpack(">Q", content.read(top_at, top_size * 8))):
        if not entry & OFFSET:
            continue
        entries = content.read(entry & OFFSET, image.cluster_size)
        for number, (found,) in enumerate(struct.iter_unpack(">Q", entries), table * per_table):
            if found and number < last:
                yield number, found


def _refcounts(counted: int, size: int) -> tuple[int, int]:
    """Return how many clusters of refcounts, and of pointers to them, count these clusters and themselves."""
    blocks = pointers = 1
    while True:
        wanted = -(-(counted + blocks + pointers) * 2 // size)
        if (wanted, -(-wanted * 8 // size)) == (blocks, pointers):
            return blocks, pointers
        blocks, pointers = wanted, -(-wanted * 8 // size)


def _write_header(content: Content, image: Image, top: int, *, top_at: int, map_clusters: int) -> None:
    extra = EXTRA.pack(0, LAZY_REFCOUNTS * image.lazy_refcounts, 0, 4, HEADER.size + EXTRA.size)
    extra = extra if image.version == 3 else b""
    if image.backing_format is not None:
        form = image.backing_format.encode()
        extra += struct.pack(">II", BACKING_FORMAT, len(form)) + form.ljust(-(-len(form) // 8) * 8, b"\0")
    extra += struct.pack(">II", NO_EXTENSION, 0)
    name = (image.backing or "").encode()
    name_at = HEADER.size + len(extra) if name else 0
    bits = image.cluster_size.bit_length() - 1
    places = (image.capacity, 0, top, top_at, image.cluster_size, map_clusters, 0, 0)
    content.write(0, HEADER.pack(MAGIC, image.version, name_at, len(name), bits, *places) + extra + name)


def _backing_format(content: Content, at: int) -> str | None:
    for _extension in range(16):
        kind, size = struct.unpack(">II", content.read(at, 8))
        if kind == BACKING_FORMAT:
            return content.read(at + 8, min(size, 16)).decode(errors="replace")
        if kind == NO_EXTENSION:
            return None
        at += 8 + -(-size // 8) * 8
    return None
