# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What is on a device, by how it begins. No I/O here.

The names are those of blkid, which libvirt uses for its formats, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

SPAN = 4 * 1024 * 1024
"""Bytes at a device's beginning within which everything known here shows itself."""

UNKNOWN = "something unknown"

_EXT_MAGIC = (0x438, b"\x53\xef")
_EXT_COMPATIBLE, _EXT_INCOMPATIBLE, _EXT_READ_ONLY = 0x45C, 0x460, 0x464
_HAS_JOURNAL = 0x4
_IS_JOURNAL = 0x8
_EXT3_INCOMPATIBLE = 0x2 | 0x4 | 0x10
"""File types in folders, a journal to recover, block groups with their descriptors."""
_EXT3_READ_ONLY = 0x1 | 0x2 | 0x4
"""Fewer superblocks, large files, folders as trees."""


class Signature(NamedTuple):
    """One thing that can be on a device."""

    name: str
    offset: int
    magic: bytes


FILE_SYSTEMS = (
    Signature("xfs", 0, b"XFSB"),
    Signature("btrfs", 0x10040, b"_BHRfS_M"),
    Signature("vfat", 0x36, b"FAT12   "),
    Signature("vfat", 0x36, b"FAT16   "),
    Signature("vfat", 0x52, b"FAT32   "),
    Signature("ntfs", 3, b"NTFS    "),
    Signature("exfat", 3, b"EXFAT   "),
    Signature("gfs2", 0x10000, b"\x01\x16\x19\x70\x00\x00\x00\x01"),
    Signature("ocfs2", 0x800, b"OCFSV2"),
    Signature("ocfs2", 0x1000, b"OCFSV2"),
    Signature("hfs+", 0x400, b"H+\x00\x04"),
    Signature("hfs+", 0x400, b"HX\x00\x05"),
    Signature("udf", 0x8001, b"BEA01"),
    Signature("iso9660", 0x8001, b"CD001"),
    Signature("vmfs", 0x200000, b"\x5e\xf1\xab\x2f"),
)
PARTITION_TABLES = (
    Signature("gpt", 512, b"EFI PART"),
    Signature("gpt", 4096, b"EFI PART"),
    Signature("sun", 508, b"\xda\xbe"),
    Signature("dvh", 0, b"\x0b\xe5\xa9\x41"),
    Signature("mac", 0, b"ER"),
    Signature("dos", 510, b"\x55\xaa"),
)
_OTHERS = (
    Signature("LVM2_member", 0x018, b"LVM2 001"),
    Signature("LVM2_member", 0x218, b"LVM2 001"),
    Signature("the remains of an LVM volume group", 0x1004, b" LVM2 x[5A%r0N*>"),
    Signature("crypto_LUKS", 0, b"LUKS\xba\xbe"),
    Signature("linux_raid_member", 0, b"\xfc\x4e\x2b\xa9"),
    Signature("linux_raid_member", 0x1000, b"\xfc\x4e\x2b\xa9"),
    Signature("swap", 4086, b"SWAPSPACE2"),
    Signature("qcow2", 0, b"QFI\xfb"),
    Signature("VMFS_volume_member", 0x100000, b"\x0d\xd0\x01\xc0"),
)

NAMES_OF_FILE_SYSTEMS = frozenset(("ext2", "ext3", "ext4", *(signature.name for signature in FILE_SYSTEMS)))
NAMES_OF_PARTITION_TABLES = frozenset(signature.name for signature in PARTITION_TABLES)

_WITH_BOOT_SECTOR = frozenset(("gpt", "vfat", "ntfs", "exfat"))
"""What begins as a partition table of the kind ``dos`` does, too."""


def identify(data: bytes, wanted: str = "") -> str:
    """Return the name of what is on a device that begins with ``data``, ``""`` when that is nothing but zeros.

    Signs of what was there before can be left, or in somebody's data: of several things, ``wanted`` is what is there.
    """
    if not data.strip(b"\0"):
        return ""
    # A boot sector can be that of a file system, and that of a partition table protects a newer one.
    found = [*_found(data, (*_OTHERS, *FILE_SYSTEMS)), *_found_ext(data), *_found(data, PARTITION_TABLES)]
    if wanted in found and not (wanted == "dos" and _WITH_BOOT_SECTOR.intersection(found)):
        return wanted
    return next(iter(found), UNKNOWN)


def _found(data: bytes, signatures: Iterable[Signature]) -> list[str]:
    return [signature.name for signature in signatures if data.startswith(signature.magic, signature.offset)]


def _found_ext(data: bytes) -> list[str]:
    return [_which_ext(data)] if data.startswith(_EXT_MAGIC[1], _EXT_MAGIC[0]) else []


def _which_ext(data: bytes) -> str:
    """Return which of its versions a file system of the ext family is, by its features, as blkid does."""
    compatible, incompatible, read_only = (
        int.from_bytes(data[offset : offset + 4], "little")
        for offset in (_EXT_COMPATIBLE, _EXT_INCOMPATIBLE, _EXT_READ_ONLY)
    )
    if incompatible & _IS_JOURNAL:
        return "jbd"
    if incompatible & ~_EXT3_INCOMPATIBLE or read_only & ~_EXT3_READ_ONLY:
        return "ext4"
    return "ext3" if compatible & _HAS_JOURNAL else "ext2"
