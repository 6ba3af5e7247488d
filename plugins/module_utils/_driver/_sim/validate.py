# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What libvirt's schema and its parser refuse in a domain's document, as far as the simulation looks."""

from __future__ import annotations

import re
import uuid as uuids
from typing import TYPE_CHECKING

from ..._document.tree import parse
from ..._errors import InputError, InvalidDocument

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

# In the order in which libvirt writes them. Source: https://libvirt.org/formatdomain.html
DOMAIN_ORDER = (
    "name",
    "uuid",
    "genid",
    "title",
    "description",
    "metadata",
    "maxMemory",
    "memory",
    "currentMemory",
    "memoryBacking",
    "vcpu",
    "vcpus",
    "iothreads",
    "iothreadids",
    "defaultiothread",
    "blkiotune",
    "cputune",
    "memtune",
    "numatune",
    "resource",
    "sysinfo",
    "bootloader",
    "bootloader_args",
    "os",
    "idmap",
    "features",
    "cpu",
    "clock",
    "on_poweroff",
    "on_reboot",
    "on_crash",
    "on_lockfailure",
    "pm",
    "perf",
    "throttlegroups",
    "devices",
    "seclabel",
    "keywrap",
    "launchSecurity",
)
DEVICE_ORDER = (
    "emulator",
    "disk",
    "controller",
    "lease",
    "filesystem",
    "interface",
    "smartcard",
    "serial",
    "parallel",
    "console",
    "channel",
    "input",
    "tpm",
    "graphics",
    "sound",
    "audio",
    "video",
    "hostdev",
    "redirdev",
    "redirfilter",
    "hub",
    "watchdog",
    "memballoon",
    "rng",
    "nvram",
    "panic",
    "shmem",
    "memory",
    "iommu",
    "vsock",
    "crypto",
    "pstore",
)

UNITS = {
    "b": 1,
    "bytes": 1,
    "KB": 1000,
    "k": 1024,
    "K": 1024,
    "KiB": 1024,
    "MB": 1000**2,
    "M": 1024**2,
    "MiB": 1024**2,
    "GB": 1000**3,
    "G": 1024**3,
    "GiB": 1024**3,
    "TB": 1000**4,
    "T": 1024**4,
    "TiB": 1024**4,
}
MAC = re.compile(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}")
SIZE_LIMIT = 2**53
"""KiB; no machine has as much, and every JSON reader can still read it."""


def read_domain(document: str, what: str) -> Element:
    """Parse a domain's document; raise InvalidDocument."""
    root = parse(document, what)
    if root.tag != "domain":
        raise InvalidDocument(f"{what}: the document is of the kind {root.tag!r}, not a domain.")
    if not root.get("type"):
        raise InvalidDocument(f"{what}: the domain has no type.")
    check_children(root, DOMAIN_ORDER, what)
    check_identity(root, what)
    if root.find("os/type") is None and root.find("bootloader") is None:
        raise InvalidDocument(f"{what}: the document does not say what the domain runs (os/type).")
    if kibibytes(root, "memory", what) is None and root.find("cpu/numa") is None:
        raise InvalidDocument(f"{what}: the document says no memory.")
    maximum, current = vcpus(root, what)
    if not 1 <= current <= maximum:
        raise InvalidDocument(f"{what}: {current} of {maximum} vCPUs is not possible.")
    devices = root.find("devices")
    if devices is not None:
        check_children(devices, DEVICE_ORDER, what)
        for device in devices:
            _check_device(device, what)
        check_unique(devices, what)
    return root


def read_device(document: str, what: str) -> Element:
    """Parse the document of one device; raise InvalidDocument."""
    device = parse(document, what)
    if device.tag not in DEVICE_ORDER or device.tag == "emulator":
        raise InvalidDocument(f"{what}: {device.tag!r} is not a device.")
    _check_device(device, what)
    return device


def check_unique(devices: Element, what: str) -> None:
    """Raise InvalidDocument when two disks have one target, or two devices one alias."""
    targets = [target_of(disk) for disk in devices.iterchildren("disk")]
    aliases = [alias.get("name") for alias in devices.iterfind("*/alias")]
    for kind, values in (("target", targets), ("alias", aliases)):
        for value in values:
            if values.count(value) > 1:
                raise InvalidDocument(f"{what}: two devices have the {kind} {value!r}.")


def check_name(name: str, what: str) -> None:
    """Raise InvalidDocument for a name that no object can have."""
    if not name.strip():
        raise InvalidDocument(f"{what}: the name is empty.")
    for bad in ("/", "\n", "\0"):
        if bad in name:
            raise InvalidDocument(f"{what}: the name {name!r} has {bad!r} in it.")


def target_of(device: Element) -> str | None:
    """Return the target of a disk."""
    target = device.find("target") if device.tag == "disk" else None
    return target.get("dev") if target is not None else None


def mac_of(device: Element) -> str | None:
    """Return the MAC address of an interface as it is written."""
    mac = device.find("mac") if device.tag == "interface" else None
    return mac.get("address") if mac is not None else None


def network_of(device: Element) -> str | None:
    """Return the virtual network that an interface is plugged into."""
    if device.tag != "interface" or device.get("type") != "network":
        return None
    source = device.find("source")
    return source.get("network") if source is not None else None


def kibibytes(root: Element, tag: str, what: str) -> int | None:
    """Return a size in KiB, rounded up as libvirt does; ``None`` when it is not there."""
    element = root.find(tag)
    if element is None:
        return None
    text, unit = (element.text or "").strip(), element.get("unit", "KiB")
    if unit not in UNITS:
        raise InvalidDocument(f"{what}: {unit!r} is not a unit of {tag}.")
    size = -(-_number(text, tag, what) * UNITS[unit] // 1024)
    if not 0 < size < SIZE_LIMIT:
        raise InvalidDocument(f"{what}: {text} {unit} is not a size for {tag}.")
    return size


def vcpus(root: Element, what: str) -> tuple[int, int]:
    """Return the largest and the present number of vCPUs."""
    element = root.find("vcpu")
    if element is None:
        return 1, 1
    maximum = _number((element.text or "").strip() or "1", "vcpu", what)
    return maximum, _number(element.get("current", str(maximum)), "vcpu", what)


def name_of(root: Element) -> str:
    """Return the name in a document."""
    return root.findtext("name") or ""


def uuid_of(root: Element) -> str | None:
    """Return the UUID in a document in its usual form, ``None`` when there is none; raise ValueError."""
    text = (root.findtext("uuid") or "").strip()
    return str(uuids.UUID(text)) if text else None


def check_identity(root: Element, what: str) -> None:
    """Raise InvalidDocument for a document whose name is missing or impossible, or whose UUID is none."""
    if root.find("name") is None:
        raise InvalidDocument(f"{what}: the document has no name.")
    check_name(name_of(root), what)
    try:
        uuid_of(root)
    except ValueError as error:
        raise InvalidDocument(f"{what}: {root.findtext('uuid')!r} is not a UUID.") from error


def check_children(parent: Element, known: tuple[str, ...], what: str) -> None:
    """Raise InvalidDocument for a child that the schema does not know."""
    for child in parent:
        # Elements of other namespaces are the extensions of other tools and of drivers.
        if not child.tag.startswith("{") and child.tag not in known:
            raise InvalidDocument(f"{what}: {parent.tag} has an element {child.tag!r}, which is not known.")


def wanted_uuid(uuid: str) -> str:
    """Return the usual form of a UUID that somebody looks for; raise InputError."""
    try:
        return str(uuids.UUID(uuid))
    except ValueError as error:
        raise InputError("uuid", f"{uuid!r} is not a UUID.") from error


def _check_device(device: Element, what: str) -> None:
    if device.tag == "disk" and not target_of(device):
        raise InvalidDocument(f"{what}: a disk has no target.")
    mac = mac_of(device)
    # An odd first byte is the address of a group.
    if mac is not None and (not MAC.fullmatch(mac) or int(mac[1], 16) & 1):
        raise InvalidDocument(f"{what}: {mac!r} is not the MAC address of an interface.")
    if device.tag == "interface" and device.get("type") == "network" and not network_of(device):
        raise InvalidDocument(f"{what}: an interface of the type network names no network.")


def _number(text: str, tag: str, what: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 20:
        raise InvalidDocument(f"{what}: {text!r} is not a number for {tag}.")
    return int(text)
