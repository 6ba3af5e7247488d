# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What the first bytes of an image file say of it.

Only of a file that somebody gives us as an image: the first bytes of a guest's raw disk are for the guest to write.
Source of qcow2's header: https://www.qemu.org/docs/master/interop/qcow2.html.
"""

from __future__ import annotations

from typing import NamedTuple

RAW, QCOW2 = "raw", "qcow2"
FORMATS = (RAW, QCOW2)
HEADER = 4096
"""How many bytes are enough to look at; a shorter image is looked at as it is."""

_QCOW2_MAGIC = b"QFI\xfb"
_QCOW2_HEADER = 72
_EXTERNAL_DATA_FILE = 0x04

_OTHERS = (
    (0, b"\x1f\x8b", "a file compressed by gzip"),
    (0, b"\xfd7zXZ\0", "a file compressed by xz"),
    (0, b"BZh", "a file compressed by bzip2"),
    (0, b"\x28\xb5\x2f\xfd", "a file compressed by zstd"),
    (0, b"PK\x03\x04", "a zip file"),
    (0, b"KDMV", "an image of the format vmdk"),
    (0, b"COWD", "an image of the format vmdk"),
    (0, b"# Disk DescriptorFile", "the description of an image of the format vmdk"),
    (0, b"vhdxfile", "an image of the format vhdx"),
    (0, b"conectix", "an image of the format vpc"),
    (0, b"QED\0", "an image of the format qed"),
    (64, b"\x7f\x10\xda\xbe", "an image of the format vdi"),
)
"""What is hardly ever meant to be the beginning of a disk. libvirt takes many of them for an image of that format."""


def stored(name: str | None) -> str:
    """Return the format by which a volume is made: the image of a CD is raw, although libvirt tells it from others."""
    return RAW if name in (None, "iso") else name


class ImageFormat(NamedTuple):
    """An image's format, and how many bytes the disk in it has (``None``: as many as the file)."""

    name: str
    capacity: int | None


def recognise(start: bytes, stated: str | None) -> ImageFormat:
    """Return what an image is that begins with these bytes, which must be what was stated of it.

    Raises ValueError for what is no image, is stated to be another one, or would read other files of the node.
    """
    if start.startswith(_QCOW2_MAGIC):
        if stated == RAW:
            raise ValueError("it is stated to be raw, and begins like a qcow2 image")
        return _qcow2(start)
    if stated == QCOW2:
        raise ValueError("it is stated to be qcow2, and does not begin like that")
    for offset, magic, words in _OTHERS:
        if start.startswith(magic, offset):
            raise ValueError(f"it is {words}, neither raw nor qcow2")
    return ImageFormat(RAW, None)


def _qcow2(header: bytes) -> ImageFormat:
    if len(header) < _QCOW2_HEADER:
        raise ValueError("it is a qcow2 image that ends within its header")
    version, backing, capacity = (int.from_bytes(header[at : at + size], "big") for at, size in _QCOW2_FIELDS)
    if version not in (2, 3):
        raise ValueError(f"it is a qcow2 image of version {version}, which nobody knows")
    if backing:
        raise ValueError("it is a qcow2 image that is built on another file, which could be any file of the node")
    if version == 3 and header[79:80] and header[79] & _EXTERNAL_DATA_FILE:
        raise ValueError("it is a qcow2 image with its data in another file, which could be any file of the node")
    return ImageFormat(QCOW2, capacity)


_QCOW2_FIELDS = ((4, 4), (8, 8), (24, 8))
