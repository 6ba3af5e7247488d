# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""From a person's document to a network's configuration, and on to an active network's document."""

from __future__ import annotations

import random
import uuid as uuids
from collections.abc import Container
from typing import TYPE_CHECKING

from ..._document.lxml import etree
from .complete import sort_children
from .validate import uuid_of
from .validate_network import MANAGED, NETWORK_ORDER, mode_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

PARTS_ORDER = {
    "forward": ("driver", "nat", "pf", "interface", "address"),
    "dns": ("forwarder", "txt", "srv", "host"),
    "ip/dhcp": ("range", "host", "bootp"),
    "ip": ("tftp", "dhcp"),
}
FIRST_PORT, LAST_PORT = "1024", "65535"
"""What translated connections use when nobody says."""


def complete_network(root: Element, taken: Container[str]) -> None:
    """Add to a valid document, in place, what the hypervisor would. ``taken`` are the bridges of other networks."""
    root.attrib.pop("connections", "")
    uuid = root.find("uuid")
    if uuid is None:
        uuid = etree.SubElement(root, "uuid")
    uuid.text = uuid_of(root) or str(uuids.uuid4())
    forward = root.find("forward")
    if forward is not None:
        _complete_forward(forward)
    if mode_of(root) in MANAGED:
        _complete_bridge(root, taken)
    sort_network(root)


def make_network_live(root: Element) -> None:
    """Turn a copy of a configuration, in place, into the document of an active network."""
    forward = root.find("forward")
    if forward is None or mode_of(root) != "nat":
        return
    nat = forward.find("nat")
    if nat is None:
        nat = etree.Element("nat")
        forward.insert(0, nat)
    if nat.find("port") is None:
        etree.SubElement(nat, "port", start=FIRST_PORT, end=LAST_PORT)


def sort_network(root: Element) -> None:
    """Put all parts into libvirt's order. The first device that is forwarded to is named twice, as libvirt does."""
    for path, order in PARTS_ORDER.items():
        for part in root.iterfind(path):
            sort_children(part, order)
    sort_children(root, NETWORK_ORDER)
    forward = root.find("forward")
    if forward is None:
        return
    forward.attrib.pop("dev", "")
    first = forward.find("interface")
    if first is not None:
        forward.set("dev", first.get("dev", ""))


def _complete_forward(forward: Element) -> None:
    forward.set("mode", forward.get("mode", "nat"))
    if forward.get("dev") and forward.find("interface") is None:
        etree.SubElement(forward, "interface", dev=forward.get("dev", ""))
    for device in forward:
        device.attrib.pop("connections", "")


def _complete_bridge(root: Element, taken: Container[str]) -> None:
    bridge, mac = root.find("bridge"), root.find("mac")
    if bridge is None:
        bridge = etree.SubElement(root, "bridge")
    name = bridge.get("name", "")
    if not name or "%" in name:
        bridge.set("name", _free(name.partition("%")[0] or "virbr", taken))
    bridge.set("stp", bridge.get("stp", "on"))
    bridge.set("delay", bridge.get("delay", "0"))
    if mac is None:
        mac = etree.SubElement(root, "mac")
    address = mac.get("address") or "52:54:00:" + ":".join(f"{random.randrange(256):02x}" for _byte in range(3))
    mac.set("address", address.lower())


def _free(prefix: str, taken: Container[str]) -> str:
    number = 0
    while f"{prefix}{number}" in taken:
        number += 1
    return f"{prefix}{number}"
