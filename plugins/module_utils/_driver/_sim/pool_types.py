# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The types of storage pools of a simulated node: what each is made of, and what it can do."""

from __future__ import annotations

from typing import NamedTuple

FILES = (
    "none",
    "raw",
    "dir",
    "bochs",
    "cloop",
    "dmg",
    "iso",
    "vpc",
    "vdi",
    "fat",
    "vhd",
    "ploop",
    "cow",
    "qcow",
    "qcow2",
    "qed",
    "vmdk",
)
FILE_SYSTEMS = ("auto", "ext2", "ext3", "ext4", "ufs", "iso9660", "udf", "gfs", "gfs2", "vfat", "hfs+", "xfs", "ocfs2")
PARTITIONS = ("none", "linux", "fat16", "fat32", "linux-swap", "linux-lvm", "linux-raid", "extended")


class PoolType(NamedTuple):
    """One type."""

    needs: tuple[str, ...]
    """What its document has to say, as paths of elements and attributes."""
    place: str
    """Path of what tells its storage from others of this type."""
    formats: tuple[str, ...] = ()
    """Formats of its source, the default one first."""
    built: str = ""
    """What building it makes: a ``folder``, a ``file system``, a partition ``table``, a ``group`` of devices. Where it
    makes nothing, the storage is there already."""
    makes_volumes: bool = True
    volume_formats: tuple[str, ...] = ()
    """Formats of its volumes."""
    volumes: str = "block"
    """What kind its volumes are of: ``file``, ``block`` or ``network``."""
    resizes: bool = False
    """Whether a volume can get another size."""
    found: bool = False
    """Whether the node can look for what one could be made of."""
    supported: bool = True

    @property
    def default_format(self) -> str | None:
        """The format of a volume when nobody says, ``None`` where volumes have none."""
        return "raw" if "raw" in self.volume_formats else next(iter(self.volume_formats), None)


TARGET = "target/path"
POOL_TYPES: dict[str, PoolType] = {
    "dir": PoolType((TARGET,), TARGET, built="folder", volume_formats=FILES, volumes="file", resizes=True),
    "fs": PoolType(
        ("source/device/@path", TARGET),
        "source/device/@path",
        formats=FILE_SYSTEMS,
        built="file system",
        volume_formats=FILES,
        volumes="file",
        resizes=True,
    ),
    "netfs": PoolType(
        ("source/host/@name", "source/dir/@path", TARGET),
        "source/dir/@path",
        formats=("auto", "nfs", "glusterfs", "cifs"),
        built="folder",
        volume_formats=FILES,
        volumes="file",
        resizes=True,
        found=True,
    ),
    "logical": PoolType((), "source/name", formats=("lvm2", "unknown"), built="group", resizes=True, found=True),
    "disk": PoolType(
        ("source/device/@path", TARGET),
        "source/device/@path",
        formats=("unknown", "dos", "dvh", "gpt", "mac", "bsd", "pc98", "sun", "lvm2"),
        built="table",
        volume_formats=PARTITIONS,
    ),
    "iscsi": PoolType(
        ("source/host/@name", "source/device/@path", TARGET), "source/device/@path", makes_volumes=False, found=True
    ),
    "iscsi-direct": PoolType(
        ("source/host/@name", "source/device/@path", "source/initiator/iqn/@name"),
        "source/device/@path",
        makes_volumes=False,
        volumes="network",
        found=True,
    ),
    "scsi": PoolType(("source/adapter", TARGET), "source/adapter/@name", makes_volumes=False),
    "mpath": PoolType((TARGET,), "", makes_volumes=False),
    "rbd": PoolType(
        ("source/host/@name", "source/name"), "source/name", volume_formats=("raw",), volumes="network", resizes=True
    ),
    "gluster": PoolType(
        ("source/host/@name", "source/name"), "source/name", volume_formats=FILES, volumes="network", found=True
    ),
    "zfs": PoolType((), "source/name", built="group"),
    "vstorage": PoolType(
        ("source/name", TARGET), "source/name", volume_formats=FILES, volumes="file", resizes=True, supported=False
    ),
    "sheepdog": PoolType(("source/host/@name", "source/name"), "source/name", volumes="network", supported=False),
}
NAMED_AFTER_POOL = {"logical": "/dev/{}", "zfs": "/dev/zvol/{}", "vstorage": ""}
"""Types whose source has the pool's name when it has none of its own, and where their volumes are then."""
