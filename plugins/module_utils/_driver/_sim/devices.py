# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Changes of a running domain: its devices, its memory, its vCPUs, its words."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from ..._document.lxml import etree
from ..._document.tree import parse, serialize
from ..._errors import DriverError, InvalidDocument, NotFound, NotSupported, OperationInvalid
from ..domains import EventKind
from . import guest, images
from .complete import complete_device, sort_devices, write_vcpus
from .disk_use import volume_of
from .lifecycle import active, check_network
from .live import make_device_live, taken_names
from .model import Domain, State
from .plugs import plug, stay_plugged, unplug
from .validate import check_unique, kibibytes, mac_of, read_device, target_of, vcpus

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

FIXED = {"disk": ("target", "bus"), "interface": ("model", "type")}
"""What of a device cannot change while it is plugged in: a child and its attribute, by the kind of device."""
NOT_PLUGGABLE = frozenset({"video", "graphics", "memballoon", "console", "serial", "parallel", "panic", "iommu", "tpm"})
PREFIX = re.compile(r"[A-Za-z_][\w.-]*")


def attach(state: State, name: str, document: str) -> None:
    """Plug a device in."""
    what = f"attaching a device to the domain {name!r}"
    domain = active(state, name, what)
    device = read_device(document, what)
    if device.tag in NOT_PLUGGABLE:
        raise NotSupported(f"{what}: a {device.tag} cannot be plugged into a running domain.")
    check_network(state, device, what)
    root, devices = _tree(domain, name)
    complete_device(device)
    devices.append(device)
    check_unique(devices, what)
    others = [parse(other.live, what) for other in state.domains.values() if other.live is not None]
    make_device_live(device, devices, taken_names(others))
    plug(state, device)
    sort_devices(devices)
    domain.live = serialize(root)
    state.tell(EventKind.DEVICE_ADDED, name, _alias(device))


def detach(state: State, name: str, document: str) -> None:
    """Ask the guest to let go of a device."""
    what = f"detaching a device from the domain {name!r}"
    domain = active(state, name, what)
    wanted = read_device(document, what)
    _root, devices = _tree(domain, name)
    device = _match(devices, wanted, what)
    # As with PCI hot-plug, asking again before the guest has answered is no error.
    if domain.guest.unplug:
        guest.plan(domain, guest.UNPLUG, time.time(), _alias(device))


def update(state: State, name: str, document: str) -> None:
    """Change a device."""
    what = f"changing a device of the domain {name!r}"
    domain = active(state, name, what)
    wanted = read_device(document, what)
    if wanted.tag not in ("disk", "interface", "graphics", "memballoon", "memory"):
        raise NotSupported(f"{what}: a {wanted.tag} of a running domain cannot be changed.")
    check_network(state, wanted, what)
    root, devices = _tree(domain, name)
    device = _match(devices, wanted, what)
    complete_device(wanted)
    _check_fixed(device, wanted, what)
    # What the hypervisor gave the device stays with it.
    for tag in ("alias", "address"):
        kept = device.find(tag)
        given = wanted.find(tag)
        if given is not None:
            wanted.remove(given)
        if kept is not None:
            wanted.append(kept)
    if wanted.tag == "interface":
        _keep_tap(device, wanted)
        # As in libvirt, an interface of the same network stays as it is, even if that has been restarted since.
        if not stay_plugged(device, wanted):
            unplug(state, device)
            plug(state, wanted)
    if wanted.tag == "graphics" and wanted.get("port") == "-1":
        wanted.set("port", device.get("port", "-1"))
    devices.replace(device, wanted)
    domain.live = serialize(root)


def set_memory(state: State, name: str, size: int) -> None:
    """Ask the guest to give memory back or take it, in KiB."""
    what = f"setting the memory of the domain {name!r} to {size} KiB"
    domain = active(state, name, what)
    root, devices = _tree(domain, name)
    ceiling = kibibytes(root, "memory", what) or 0
    if not 0 < size <= ceiling:
        raise DriverError(f"{what}: it is not between 1 and its ceiling, {ceiling} KiB.")
    balloon = devices.find("memballoon")
    if balloon is None or balloon.get("model") == "none":
        raise OperationInvalid(f"{what}: it has no balloon.")
    if domain.guest.balloon:
        guest.plan(domain, guest.BALLOON, time.time(), str(size))


def set_vcpus(state: State, name: str, count: int) -> None:
    """Plug vCPUs in or out."""
    what = f"setting the vCPUs of the domain {name!r} to {count}"
    domain = active(state, name, what)
    root, _devices = _tree(domain, name)
    ceiling, current = vcpus(root, what)
    if not 0 < count <= ceiling:
        raise DriverError(f"{what}: it is not between 1 and its ceiling, {ceiling}.")
    if count < current and not domain.guest.unplug:
        # libvirt waits for the guest here and fails when it does not answer, unlike with devices.
        raise DriverError(f"{what}: the guest did not let go of its vCPUs.")
    write_vcpus(root, count)
    domain.live = serialize(root)


def set_word(state: State, name: str, tag: str, text: str | None) -> None:
    """Set or remove the title or the description."""
    what = f"setting the {tag} of the domain {name!r}"
    domain = active(state, name, what)
    if tag == "title" and text and "\n" in text:
        raise DriverError(f"{what}: it has more than one line.")
    root, _devices = _tree(domain, name)
    found = root.find(tag)
    if found is not None:
        root.remove(found)
    if text:
        made = etree.Element(tag)
        try:
            made.text = text
        except ValueError as error:
            raise InvalidDocument(f"{what}: it has characters that no document can hold.") from error
        uuid = root.find("uuid")
        place = 0 if uuid is None else list(root).index(uuid) + 1
        root.insert(place + (tag == "description" and root.find("title") is not None), made)
    domain.live = serialize(root)


def set_metadata(state: State, name: str, document: str | None, prefix: str, namespace: str) -> None:
    """Set or remove the metadata of one namespace."""
    what = f"setting the metadata {namespace!r} of the domain {name!r}"
    domain = active(state, name, what)
    root, _devices = _tree(domain, name)
    holder = root.find("metadata")
    if holder is None:
        holder = etree.Element("metadata")
        root.insert(
            sum(root.find(tag) is not None for tag in ("name", "uuid", "genid", "title", "description")), holder
        )
    for child in list(holder):
        if child.tag.startswith(f"{{{namespace}}}"):
            holder.remove(child)
    if document is not None:
        holder.append(_in_namespace(document, prefix, namespace, what))
    if not len(holder):
        root.remove(holder)
    domain.live = serialize(root)


def resize(state: State, name: str, target: str, size: int) -> None:
    """Give a disk another size, in bytes, and the volume behind it too."""
    what = f"resizing the disk {target!r} of the domain {name!r} to {size} bytes"
    domain = active(state, name, what)
    _root, devices = _tree(domain, name)
    disk = next((disk for disk in devices.iterchildren("disk") if target_of(disk) == target), None)
    if disk is None:
        raise DriverError(f"{what}: it has no such disk.")
    if disk.find("readonly") is not None:
        raise DriverError(f"{what}: it is read-only.")
    if size <= 0:
        raise DriverError(f"{what}: that is no size.")
    domain.capacities[target] = size
    volume = volume_of(state, disk)
    if volume is not None:
        images.resize(volume, size, what)


def _tree(domain: Domain, name: str) -> tuple[Element, Element]:
    root = guest.live_tree(domain, name)
    devices = root.find("devices")
    return root, etree.SubElement(root, "devices") if devices is None else devices


def _alias(device: Element) -> str:
    alias = device.find("alias")
    return alias.get("name", "") if alias is not None else ""


def _match(devices: Element, wanted: Element, what: str) -> Element:
    """Return the device that is meant: by target, by MAC, by alias, or the only one of its kind; raise NotFound."""
    for identity in (target_of, mac_of, _alias):
        value = identity(wanted)
        if value:
            found = [
                each for each in devices.iterchildren(wanted.tag) if (identity(each) or "").lower() == value.lower()
            ]
            break
    else:
        found = list(devices.iterchildren(wanted.tag))
    if len(found) != 1:
        raise NotFound(f"{what}: {len(found) or 'none'} of its devices of the kind {wanted.tag!r} match the document.")
    return found[0]


def _check_fixed(device: Element, wanted: Element, what: str) -> None:
    if device.get("type") != wanted.get("type") and device.tag == "graphics":
        raise NotSupported(f"{what}: its type cannot change while it is plugged in.")
    tag, attribute = FIXED.get(device.tag, ("", ""))
    before, after = (each.find(tag) if tag else None for each in (device, wanted))
    if before is not None and after is not None and before.get(attribute) != after.get(attribute):
        raise NotSupported(
            f"{what}: its {tag} cannot change from {before.get(attribute)} to {after.get(attribute)} while it is "
            "plugged in."
        )


def _keep_tap(device: Element, wanted: Element) -> None:
    target, given = device.find("target"), wanted.find("target")
    if target is None:
        return
    if given is not None:
        wanted.remove(given)
    wanted.append(target)


def _in_namespace(document: str, prefix: str, namespace: str, what: str) -> Element:
    """Put an element and all below it into a namespace, as libvirt does."""
    if not PREFIX.fullmatch(prefix) or not namespace:
        raise InvalidDocument(f"{what}: {prefix!r} is not a prefix of a namespace.")
    given = parse(document, what)
    made = etree.Element(f"{{{namespace}}}{etree.QName(given).localname}", nsmap={prefix: namespace})
    _copy_into(made, given, namespace)
    return made


def _copy_into(made: Element, given: Element, namespace: str) -> None:
    made.text, made.tail = given.text, None
    for attribute, value in given.attrib.items():
        made.set(attribute, value)
    for child in given:
        copied = etree.SubElement(made, f"{{{namespace}}}{etree.QName(child).localname}")
        _copy_into(copied, child, namespace)
        copied.tail = child.tail
