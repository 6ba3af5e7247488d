# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is on a device is known by how it begins."""

from __future__ import annotations

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.signature import (
    NAMES_OF_FILE_SYSTEMS,
    SPAN,
    UNKNOWN,
    identify,
)


def beginning(*parts: tuple[int, bytes]) -> bytes:
    """Make the beginning of a device with these bytes at these offsets."""
    data = bytearray(SPAN)
    for offset, part in parts:
        data[offset : offset + len(part)] = part
    return bytes(data)


BOOT_SECTOR = (510, b"\x55\xaa")


def ext(compatible: int, incompatible: int, read_only: int = 0x3) -> bytes:
    """Source: the kernel's documentation of ext4, "The Super Block"."""
    features = ((0x45C, compatible), (0x460, incompatible), (0x464, read_only))
    return beginning((0x438, b"\x53\xef"), *((offset, bits.to_bytes(4, "little")) for offset, bits in features))


@pytest.mark.parametrize("data", [b"", bytes(512), bytes(SPAN)])
def test_nothing(data: bytes) -> None:
    assert identify(data) == ""


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("vmfs", beginning((0x200000, b"\x5e\xf1\xab\x2f"))),
        ("VMFS_volume_member", beginning((0x100000, b"\x0d\xd0\x01\xc0"))),
        ("jbd", ext(0, 0x8)),
        ("ext4", ext(0x3C, 0x2, 0x8)),
        ("ext2", ext(0x38, 0x2)),
        ("ext3", ext(0x3C, 0x2)),
        ("ext4", ext(0x3C, 0x2C2)),
        ("ext4", ext(0x38, 0x40)),
        ("xfs", beginning((0, b"XFSB"))),
        ("btrfs", beginning((0x10040, b"_BHRfS_M"))),
        ("vfat", beginning((0x52, b"FAT32   "), BOOT_SECTOR)),
        ("vfat", beginning((0x36, b"FAT16   "), BOOT_SECTOR)),
        ("ntfs", beginning((3, b"NTFS    "), BOOT_SECTOR)),
        ("iso9660", beginning((0x8001, b"CD001"))),
        ("udf", beginning((0x8001, b"BEA01"))),
        ("dos", beginning(BOOT_SECTOR)),
        ("gpt", beginning((512, b"EFI PART"), BOOT_SECTOR)),
        ("gpt", beginning((4096, b"EFI PART"), BOOT_SECTOR)),
        ("LVM2_member", beginning((0x218, b"LVM2 001"))),
        ("the remains of an LVM volume group", beginning((0x1004, b" LVM2 x[5A%r0N*>"))),
        ("crypto_LUKS", beginning((0, b"LUKS\xba\xbe"))),
        ("linux_raid_member", beginning((0x1000, b"\xfc\x4e\x2b\xa9"))),
        ("swap", beginning((4086, b"SWAPSPACE2"))),
        (UNKNOWN, beginning((700_000, b"x"))),
        (UNKNOWN, b"x"),
    ],
)
def test_what_is_there(name: str, data: bytes) -> None:
    assert identify(data) == name


EXT4 = (0x438, b"\x53\xef"), (0x460, b"\x40")


@pytest.mark.parametrize(
    ("name", "wanted", "parts"),
    [
        ("ext4", "ext4", [*EXT4, (0x10040, b"_BHRfS_M")]),
        ("btrfs", "xfs", [*EXT4, (0x10040, b"_BHRfS_M")]),
        ("dos", "dos", [*EXT4, BOOT_SECTOR]),
        ("gpt", "dos", [(512, b"EFI PART"), BOOT_SECTOR]),
        ("ntfs", "dos", [(3, b"NTFS    "), BOOT_SECTOR]),
        ("", "ext4", []),
    ],
)
def test_of_several_things_what_is_wanted_is_there(name: str, wanted: str, parts: list[tuple[int, bytes]]) -> None:
    assert identify(beginning(*parts), wanted) == name


def test_file_systems_have_the_names_that_libvirt_has() -> None:
    assert {"ext2", "ext3", "ext4", "xfs", "vfat", "iso9660", "udf", "gfs2", "ocfs2", "hfs+"} <= NAMES_OF_FILE_SYSTEMS
    assert not NAMES_OF_FILE_SYSTEMS & {"gpt", "dos", "LVM2_member", UNKNOWN}
