# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Devices of the node given to the guest, its controllers, and its shared folders.

Source: https://libvirt.org/formatdomain.html#host-device-assignment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import InputError
from .field import Field, Group, Items, Spec, Variants
from .identifier import PciAddress, Uuid
from .kind import ON_OFF, YES_NO, AbsolutePath, Hexadecimal, Integer, Line, Presence, Size, Word
from .pairing import by, known_by, like
from .resolved import SourcePath

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


def _check_usb(usb: Spec, path: str) -> None:
    for first, second in (("vendor", "product"), ("bus", "device")):
        if (first in usb) != (second in usb):
            raise InputError(path, f"{first} and {second} go together.", hint="State both.")


def _check_hostdev(entry: Spec, path: str) -> None:
    if not any(option in entry for option in ("pci", "usb", "mdev")):
        raise InputError(path, "it does not say which device of the node.", hint="State pci, usb or mdev.")


def _complete_hostdev(device: Element, entry: Spec) -> None:
    device.set("mode", "subsystem")
    defaults: dict[str, Spec] = {"pci": {"managed": True}, "mdev": {"model": "vfio-pci"}}
    for option, values in defaults.items():
        if option in entry:
            HOSTDEVS.table.write(device, {name: entry.get(name, value) for name, value in values.items()})


HOSTDEVS = Items(
    "hostdevs",
    "devices/hostdev",
    Variants(
        "type",
        {
            "pci": Field("pci", "source/address", PciAddress()),
            "usb": Group(
                "usb",
                "source",
                Field("vendor", "vendor/@id", Hexadecimal(4)),
                Field("product", "product/@id", Hexadecimal(4)),
                Field("bus", "address/@bus", Integer(0)),
                Field("device", "address/@device", Integer(0)),
                check=_check_usb,
            ),
            "mdev": Field("mdev", "source/address/@uuid", Uuid()),
        },
        cleared="source",
    ),
    Field("managed", "@managed", YES_NO),
    Field("model", "@model", Word("vfio-pci", "vfio-ccw", "vfio-ap")),
    Field("display", "@display", ON_OFF),
    Field("ramfb", "@ramfb", ON_OFF),
    Field("driver", "driver/@name", Word("vfio", "kvm", "xen")),
    Field("startup_policy", "source/@startupPolicy", Word("mandatory", "requisite", "optional")),
    Group(
        "rom",
        "rom",
        Field("enabled", "@enabled", YES_NO),
        Field("bar", "@bar", ON_OFF),
        Field("file", "@file", AbsolutePath()),
    ),
    Field("boot_order", "boot/@order", Integer(1)),
    Field("alias", "alias/@name", Line()),
    identity=(
        *(by(option) for option in ("alias", "pci", "mdev")),
        like("usb.vendor", "usb.product", "usb.bus", "usb.device"),
        known_by("usb.vendor", "usb.product"),
        known_by("usb.bus", "usb.device"),
    ),
    hotplug=True,
    create=_complete_hostdev,
    check=_check_hostdev,
)


def _is_scsi(entry: Spec) -> bool:
    return entry.get("type") == "scsi"


CONTROLLERS = Items(
    "controllers",
    "devices/controller",
    Field(
        "type",
        "@type",
        Word("pci", "usb", "scsi", "virtio-serial", "sata", "ide", "fdc", "ccid", "xenbus"),
        required=True,
    ),
    Field("index", "@index", Integer(0)),
    Field("model", "@model", Line()),
    Field("ports", "@ports", Integer(1)),
    Field("vectors", "@vectors", Integer(0)),
    Field("iothread", "driver/@iothread", Integer(1)),
    Field("queues", "driver/@queues", Integer(1)),
    Field("cmd_per_lun", "driver/@cmd_per_lun", Integer(1)),
    Field("max_sectors", "driver/@max_sectors", Integer(1)),
    identity=(like("type", "index", "model"), known_by("type", "index"), like("type", "model"), like("type")),
    implied=True,
    hotplug=_is_scsi,
)


def _is_virtiofs(entry: Spec) -> bool:
    return entry.get("driver") == "virtiofs"


def _complete_filesystem(filesystem: Element, entry: Spec) -> None:
    filesystem.set("type", entry.get("type", "mount"))


def _check_filesystem(entry: Spec, path: str) -> None:
    if "source" in entry and "socket" in entry:
        raise InputError(f"{path}.socket", "it takes the place of source.", hint="Give one of them.")


FILESYSTEMS = Items(
    "filesystems",
    "devices/filesystem",
    Field("target", "target/@dir", Line(), required=True),
    Field("type", "@type", Word("mount", "template", "file", "block", "bind", absent="mount"), drops=("source",)),
    Field("source", "source", SourcePath()),
    Field("socket", "source/@socket", AbsolutePath()),
    Field("driver", "driver/@type", Word("path", "handle", "virtiofs", "loop", "nbd")),
    Field("format", "driver/@format", Line()),
    Field("write_policy", "driver/@wrpolicy", Word("immediate")),
    Field("queue", "driver/@queue", Integer(1)),
    Field("model", "@model", Word("virtio", "virtio-transitional", "virtio-non-transitional")),
    Field("accessmode", "@accessmode", Word("passthrough", "mapped", "squash", absent="passthrough")),
    Field("multidevs", "@multidevs", Word("default", "remap", "forbid", "warn", absent="default")),
    Field("fmode", "@fmode", Line()),
    Field("dmode", "@dmode", Line()),
    Field("readonly", "readonly", Presence()),
    Group(
        "binary",
        "binary",
        Field("path", "@path", AbsolutePath()),
        Field("xattr", "@xattr", ON_OFF),
        Field("cache", "cache/@mode", Word("none", "always")),
        Field("sandbox", "sandbox/@mode", Word("namespace", "chroot")),
        Field("posix_lock", "lock/@posix", ON_OFF),
        Field("flock", "lock/@flock", ON_OFF),
        Field("thread_pool", "thread_pool/@size", Integer(0)),
    ),
    Field("space_hard_limit", "space_hard_limit", Size("B", bare="B")),
    Field("space_soft_limit", "space_soft_limit", Size("B", bare="B")),
    Field("boot_order", "boot/@order", Integer(1)),
    identity=(by("target"),),
    hotplug=_is_virtiofs,
    create=_complete_filesystem,
    check=_check_filesystem,
)
