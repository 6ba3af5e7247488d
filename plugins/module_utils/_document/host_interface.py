# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Network interfaces of a node as facts. Source: libvirt's schema of interfaces, and netcf's."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from .untrusted import LIST_LIMIT, flag, known, mac, number, text, texts

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

Facts = dict[str, Any]

PREFIXES = {"ipv4": 32, "ipv6": 128}
"""The longest prefix of a network, in bits."""


def interface_facts(root: Element) -> Facts:
    """Return what an interface is, but for its name."""
    mtu, link, hardware = root.find("mtu"), root.find("link"), root.find("mac")
    bridge, bond, vlan = root.find("bridge"), root.find("bond"), root.find("vlan")
    return known(
        type=text(root.get("type")),
        mac=None if hardware is None else mac(hardware.get("address")),
        mtu=None if mtu is None else number(mtu.get("size")),
        link_state=None if link is None else text(link.get("state")),
        speed=None if link is None else number(link.get("speed")),
        addresses=_addresses(root),
        bridge=None if bridge is None else known(stp=flag(bridge.get("stp")), members=_members(bridge)),
        bond=None if bond is None else known(mode=text(bond.get("mode")), members=_members(bond)),
        vlan=None if vlan is None else _vlan(vlan),
    )


def _members(element: Element) -> list[str]:
    return sorted(texts(each.get("name") for each in element.iterfind("interface")))


def _vlan(vlan: Element) -> Facts:
    interface = vlan.find("interface")
    return known(tag=number(vlan.get("tag")), interface=None if interface is None else text(interface.get("name")))


def _addresses(root: Element) -> list[Facts]:
    # It takes milliseconds to import, and few nodes tell addresses.
    import ipaddress

    found = []
    for each in islice(root.iterfind("protocol/ip"), LIST_LIMIT):
        try:
            address = ipaddress.ip_address(text(each.get("address")) or "")
        except ValueError:
            continue
        family, prefix = f"ipv{address.version}", number(each.get("prefix"))
        fits = prefix is not None and prefix <= PREFIXES[family]
        found.append(known(family=family, address=str(address), prefix=prefix if fits else None))
    return found
