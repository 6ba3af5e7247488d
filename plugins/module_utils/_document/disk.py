# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Disks: ``devices/disk``. Source: https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import InputError
from .field import Field, Group, Items, Spec, Table, Variants
from .identifier import Uuid
from .kind import ON_OFF, YES_NO, AbsolutePath, Integer, Line, Name, Presence, Size, Word
from .pairing import by

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

REMOVABLE = ("cdrom", "floppy")

_BUSES = {"vd": "virtio", "sd": "sata", "hd": "ide", "fd": "fdc", "xvd": "xen", "ubd": "uml"}
"""By the target's prefix. libvirt takes scsi for ``sd``, whose default controller most QEMU builds no longer have."""

_PLUGGABLE_BUSES = ("virtio", "scsi", "usb", "xen")
"""Source: QEMU's device_add; its IDE and AHCI buses do not support hot-plugging."""

_FORMATS = {".qcow2": "qcow2", ".qed": "qed", ".vmdk": "vmdk", ".vdi": "vdi", ".vhdx": "vhdx"}
"""By the file's suffix, when the task does not say. Never by looking inside: a guest writes what is inside a raw
image, and could make it look like another format that names a file of the node as its backing file."""

_PROTOCOLS = ("nbd", "iscsi", "rbd", "gluster", "http", "https", "ftp", "ftps", "tftp")


def _removable(disk: Element, _variant: str = "") -> str | None:
    return "update" if disk.get("device") in REMOVABLE else None


def _complete(disk: Element, spec: Spec) -> None:
    """Fill in what a new disk needs and its spec does not say."""
    device = spec.get("device", "disk")
    disk.set("type", "file")
    disk.set("device", device)
    DISK.write(disk, {"target": spec["target"], "bus": _bus(spec)})
    path = spec.get("file") or spec.get("volume") or ""
    if device == "disk" and source_of(spec) is not None:
        suffix = path[path.rfind(".") :] if "." in path else ""
        DISK.write(disk, {"format": _FORMATS.get(suffix, "raw")})


def _bus(spec: Spec) -> str:
    default = next((bus for prefix, bus in _BUSES.items() if spec.get("target", "").startswith(prefix)), "virtio")
    return str(spec.get("bus", default))


def _pluggable(spec: Spec) -> bool:
    return _bus(spec) in _PLUGGABLE_BUSES


def source_of(spec: Spec) -> str | None:
    """Return the option that says where a disk's data is, ``None`` when none does."""
    return next((option for option in ("file", "block", "volume", "network") if spec.get(option)), None)


def _check(spec: Spec, path: str) -> None:
    device = spec.get("device")
    if ("pool" in spec) != ("volume" in spec):
        raise InputError(path, "pool and volume go together.", hint="State both.")
    if device == "cdrom" and spec.get("read_only") is False:
        raise InputError(f"{path}.read_only", "a CD-ROM cannot be written to.", hint="Leave it out.")
    if device == "lun" and "file" in spec:
        raise InputError(f"{path}.file", "a LUN is a whole device, not a file.", hint="Give block, volume or network.")


def _check_auth(auth: Spec, path: str) -> None:
    if ("secret_uuid" in auth) == ("secret_usage" in auth):
        raise InputError(
            path, "the secret is named either by secret_uuid or by secret_usage.", hint="Give one of them."
        )


_AUTH = Group(
    "auth",
    "auth",
    Field("username", "@username", Line(), required=True),
    Field("secret_type", "secret/@type", Word("ceph", "iscsi"), required=True),
    Field("secret_uuid", "secret/@uuid", Uuid(), drops=("secret/@usage",)),
    Field("secret_usage", "secret/@usage", Line(), drops=("secret/@uuid",)),
    check=_check_auth,
)

_NETWORK = Group(
    "network",
    "source",
    Field("protocol", "@protocol", Word(*_PROTOCOLS), required=True),
    Field("name", "@name", Line()),
    Field("query", "@query", Line()),
    Field("tls", "@tls", YES_NO),
    Items(
        "hosts",
        "host",
        Field("name", "@name", Line()),
        Field("port", "@port", Integer(1, 65535)),
        Field("transport", "@transport", Word("tcp", "rdma", "unix", absent="tcp")),
        Field("socket", "@socket", AbsolutePath()),
        whole=True,
    ),
    _AUTH,
    Field("snapshot", "snapshot/@name", Line()),
    Field("config", "config/@file", AbsolutePath()),
    Field("initiator", "initiator/iqn/@name", Line()),
    Field("ssl_verify", "ssl/@verify", YES_NO),
)

_SOURCE = Variants(
    "type",
    {
        "file": Field("file", "source/@file", AbsolutePath()),
        "block": Field("block", "source/@dev", AbsolutePath()),
        "volume": Table(
            Field("pool", "source/@pool", Name()),
            Field("volume", "source/@volume", Line()),
            Field("volume_mode", "source/@mode", Word("host", "direct")),
        ),
        "network": _NETWORK,
    },
    live=_removable,
    stale=("backingStore", "mirror"),
    cleared="source",
)

_ENCRYPTION = Group(
    "encryption",
    "source/encryption",
    Field("format", "@format", Word("luks", "luks2", "qcow")),
    Field("engine", "@engine", Word("qemu", "librbd")),
    Field("secret_uuid", "secret[@type='passphrase']/@uuid", Uuid()),
)

_DRIVER = Table(
    Field("format", "driver/@type", Line()),
    Field("driver", "driver/@name", Line()),
    Field(
        "cache",
        "driver/@cache",
        Word("default", "none", "writethrough", "writeback", "directsync", "unsafe", absent="default"),
    ),
    Field("io", "driver/@io", Word("threads", "native", "io_uring")),
    Field("discard", "driver/@discard", Word("ignore", "unmap")),
    Field("detect_zeroes", "driver/@detect_zeroes", Word("off", "on", "unmap")),
    Field("error_policy", "driver/@error_policy", Word("stop", "report", "ignore", "enospace")),
    Field("rerror_policy", "driver/@rerror_policy", Word("stop", "report", "ignore")),
    Field("copy_on_read", "driver/@copy_on_read", ON_OFF),
    Field("iothread", "driver/@iothread", Integer(1)),
    Field("queues", "driver/@queues", Integer(1)),
    Field("queue_size", "driver/@queue_size", Integer(1)),
    Field("ioeventfd", "driver/@ioeventfd", ON_OFF),
    Field("event_idx", "driver/@event_idx", ON_OFF),
    Field("iommu", "driver/@iommu", ON_OFF),
    Field("packed", "driver/@packed", ON_OFF),
    Field("metadata_cache", "driver/metadata_cache/max_size", Size("B", bare="B")),
)

_BYTES = Size("B", bare="B", scaled=False)

_THROTTLING = Group(
    "throttling",
    "iotune",
    *(
        Field(f"{direction}_{what}{suffix}", f"{direction}_{what}_sec{suffix}", kind)
        for what, suffix, kind in (
            ("bytes", "", _BYTES),
            ("iops", "", Integer()),
            ("bytes", "_max", _BYTES),
            ("iops", "_max", Integer()),
            ("bytes", "_max_length", Integer()),
            ("iops", "_max_length", Integer()),
        )
        for direction in ("total", "read", "write")
    ),
    Field("size_iops", "size_iops_sec", Integer()),
    Field("group", "group_name", Line()),
    # The schema's validator wants what excludes a total side by side.
    sort=True,
)

DISK = Table(
    Field("target", "target/@dev", Name(), required=True),
    Field("device", "@device", Word("disk", "cdrom", "lun", "floppy", absent="disk")),
    _SOURCE,
    Field("startup_policy", "source/@startupPolicy", Word("mandatory", "requisite", "optional"), live="update"),
    _ENCRYPTION,
    Field("bus", "target/@bus", Word("virtio", "scsi", "sata", "ide", "usb", "fdc", "xen", "sd")),
    Field("removable", "target/@removable", ON_OFF),
    Field("rotation_rate", "target/@rotation_rate", Integer(1, 65534)),
    _DRIVER,
    Field("read_only", "readonly", Presence()),
    Field("shareable", "shareable", Presence()),
    Field("transient", "transient", Presence()),
    Field("snapshot", "@snapshot", Word("internal", "external", "no", "manual")),
    Field("rawio", "@rawio", YES_NO),
    Field("sgio", "@sgio", Word("filtered", "unfiltered")),
    Field("serial", "serial", Line()),
    Field("wwn", "wwn", Line()),
    Field("vendor", "vendor", Line()),
    Field("product", "product", Line()),
    Field("boot_order", "boot/@order", Integer(1)),
    Field("logical_block_size", "blockio/@logical_block_size", Size("B", bare="B", scaled=False)),
    Field("physical_block_size", "blockio/@physical_block_size", Size("B", bare="B", scaled=False)),
    Field("alias", "alias/@name", Line()),
    _THROTTLING,
)

DISKS = Items(
    "disks", "devices/disk", *DISK.nodes, identity=(by("target"),), hotplug=_pluggable, create=_complete, check=_check
)
