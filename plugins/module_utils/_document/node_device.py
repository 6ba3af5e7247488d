# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Devices of a node as facts, by what they are. Source: https://libvirt.org/formatnode.html."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from .untrusted import LIST_LIMIT, known, mac, number, text, texts

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

Facts = dict[str, Any]

_PCI = (("domain", 0xFFFFFFFF), ("bus", 0xFF), ("slot", 0x1F), ("function", 7))
"""The parts of a PCI address, and how large they are at most."""
TYPES_LIMIT = 256
"""Types of mediated devices of one parent."""


def device_facts(root: Element, active: bool | None) -> Iterator[tuple[str, Facts]]:
    """Yield what a device is, with the list that it belongs to; nothing for kinds that nobody passes to a guest.

    A device that can have mediated devices belongs to the list of their types, too, once for each type.
    """
    label = text(root.findtext("name"))
    if label is None:
        return
    common = known(name=label, parent=text(root.findtext("parent")), driver=text(root.findtext("driver/name")))
    for capability in islice(root.iterfind("capability"), TYPES_LIMIT):
        kind = capability.get("type", "")
        if kind in _KINDS:
            group, read = _KINDS[kind]
            facts = {**common, **read(capability, root)}
            if kind == "mdev" and active is not None:
                facts["active"] = active
            yield group, facts
        # Channels and matrices of other architectures have such types themselves.
        for each in islice(capability.iterfind("capability[@type='mdev_types']/type"), TYPES_LIMIT):
            yield "mediated_types", {"parent": label, **_mediated_type(each)}


def _address(element: Element, read: Callable[[Element, str], str | None]) -> str | None:
    """Return a PCI address like ``0000:03:00.1`` from the four numbers that make it up."""
    parts = []
    for part, limit in _PCI:
        value = number(read(element, part))
        if value is None or value > limit:
            return None
        parts.append(value)
    domain, bus, slot, function = parts
    return f"{domain:04x}:{bus:02x}:{slot:02x}.{function:x}"


def _addresses(element: Element) -> list[str]:
    found = (
        _address(each, lambda element, part: element.get(part))
        for each in islice(element.iterfind("address"), LIST_LIMIT)
    )
    return texts(found)


def _maker(capability: Element) -> Facts:
    """Return who made a device and what it is, as numbers in hexadecimal and in words."""
    found: Facts = {}
    for part in ("vendor", "product"):
        element = capability.find(part)
        if element is not None:
            found.update(known(**{f"{part}_id": text(element.get("id")), part: text(element.text)}))
    return found


def _attribute(capability: Element, path: str, attribute: str) -> int | None:
    element = capability.find(path)
    return None if element is None else number(element.get(attribute))


def _pci(capability: Element, _root: Element) -> Facts:
    virtual = capability.find("capability[@type='virt_functions']")
    physical = capability.find("capability[@type='phys_function']")
    return {
        **known(
            address=_address(capability, lambda element, part: element.findtext(part)),
            **{"class": text(capability.findtext("class"))},
        ),
        **_maker(capability),
        **known(
            iommu_group=_attribute(capability, "iommuGroup", "number"),
            numa_cell=_attribute(capability, "numa", "node"),
            virtual_functions=None if virtual is None else _addresses(virtual),
            virtual_functions_max=None if virtual is None else number(virtual.get("maxCount")),
            physical_function=None if physical is None else next(iter(_addresses(physical)), None),
        ),
    }


def _usb(capability: Element, _root: Element) -> Facts:
    numbers = known(bus=number(capability.findtext("bus")), device=number(capability.findtext("device")))
    return {**numbers, **_maker(capability)}


def _storage(capability: Element, root: Element) -> Facts:
    removable = capability.find("capability[@type='removable']")
    # What can be taken out says how large it is at another place.
    sizes = capability if removable is None else removable
    medium = None if removable is None else number(removable.findtext("media_available"))
    return known(
        path=text(capability.findtext("block")),
        links=sorted(texts(each.text for each in root.iterfind("devnode[@type='link']"))),
        type=text(capability.findtext("drive_type")),
        bus=text(capability.findtext("bus")),
        vendor=text(capability.findtext("vendor")),
        model=text(capability.findtext("model")),
        serial=text(capability.findtext("serial")),
        size=number(sizes.findtext("size" if removable is None else "media_size")),
        logical_block_size=number(sizes.findtext("logical_block_size")),
        removable=removable is not None,
        medium=None if medium is None else medium > 0,
    )


def _net(capability: Element, _root: Element) -> Facts:
    link = capability.find("link")
    return known(
        interface=text(capability.findtext("interface")),
        mac=mac(capability.findtext("address")),
        link_state=None if link is None else text(link.get("state")),
        speed=None if link is None else number(link.get("speed")),
        features=sorted(texts(each.get("name") for each in capability.iterfind("feature"))),
    )


def _scsi_host(capability: Element, _root: Element) -> Facts:
    channel, ports = "capability[@type='fc_host']", "capability[@type='vport_ops']"
    return known(
        host=number(capability.findtext("host")),
        unique_id=number(capability.findtext("unique_id")),
        wwnn=text(capability.findtext(f"{channel}/wwnn")),
        wwpn=text(capability.findtext(f"{channel}/wwpn")),
        fabric_wwn=text(capability.findtext(f"{channel}/fabric_wwn")),
        virtual_ports=number(capability.findtext(f"{ports}/vports")),
        virtual_ports_max=number(capability.findtext(f"{ports}/max_vports")),
    )


def _mediated(capability: Element, _root: Element) -> Facts:
    kind = capability.find("type")
    return known(
        uuid=text(capability.findtext("uuid")),
        type=None if kind is None else text(kind.get("id")),
        parent_address=text(capability.findtext("parent_addr")),
        iommu_group=_attribute(capability, "iommuGroup", "number"),
    )


def _mediated_type(element: Element) -> Facts:
    return known(
        id=text(element.get("id")),
        name=text(element.findtext("name")),
        api=text(element.findtext("deviceAPI")),
        available=number(element.findtext("availableInstances")),
    )


_KINDS: dict[str, tuple[str, Callable[[Element, Element], Facts]]] = {
    "pci": ("pci", _pci),
    "usb_device": ("usb", _usb),
    "storage": ("storage", _storage),
    "net": ("net", _net),
    "scsi_host": ("scsi_hosts", _scsi_host),
    "mdev": ("mediated", _mediated),
}
"""The list that a device belongs to, and how it is read, by the type of its capability."""

GROUPS = (*(group for group, _read in _KINDS.values()), "mediated_types")
