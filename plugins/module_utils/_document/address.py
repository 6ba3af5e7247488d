# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""IP addresses: kinds of values, and what can be said of networks and ranges of them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Union

from .kind import Integer, Line, Value
from .pairing import Identity

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

RANGE_BITS = 16
"""The low bits in which the ends of a range may differ for libvirt."""


class IpAddress(Line):
    """An IPv4 or IPv6 address, or only one of ``version``, in its shortest form."""

    def __init__(self, version: int | None = None) -> None:
        super().__init__()
        self.version = version

    def parse(self, value: Any) -> Value:
        try:
            address = ipaddress.ip_address(str(value).strip())
        except ValueError:
            raise ValueError(f"{value!r} is not an IP address") from None
        if "%" in str(address):
            raise ValueError(f"{value!r} has a zone, which no address of a virtual network has")
        if self.version not in (None, address.version):
            raise ValueError(f"{value!r} is not an IPv{self.version} address")
        return str(address)

    def of_document(self, text: str) -> Value:
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            return text


class Prefix(Integer):
    """The length of a network's prefix in bits, at the element that has its address.

    A document may say an IPv4 netmask instead, or nothing: then the address's class decides.
    """

    def __init__(self) -> None:
        super().__init__(0, 128)

    def read(self, element: Element, attribute: str | None) -> Value | None:
        mask = element.get("netmask")
        if mask is not None and element.get("prefix") is None:
            return ipaddress.ip_network(f"0.0.0.0/{mask}").prefixlen
        return super().read(element, attribute)

    def write(self, element: Element, attribute: str | None, value: Value) -> None:
        if "netmask" in element.attrib:
            del element.attrib["netmask"]
        super().write(element, attribute, value)

    def same(self, wanted: Value, found: Value | None, element: Element | None) -> bool:
        if found is None and element is not None:
            address = parse_address(element.get("address", ""))
            found = None if address is None else default_prefix(address)
        return super().same(wanted, found, element)


class Exactly(Identity):
    """All of these options together; one that is missing tells entries apart, too."""

    def __init__(self, *options: str) -> None:
        super().__init__(*options, unique=True)

    def of(self, entry: Mapping[str, Any]) -> tuple[Any, ...] | None:
        return tuple(entry.get(option, "") for option in self.options)


class Family(Identity):
    """The protocol that an entry's address belongs to."""

    def of(self, entry: Mapping[str, Any]) -> tuple[Any, ...] | None:
        return (family_of(entry["address"]),) if "address" in entry else None


def family_of(address: str) -> str:
    """Return ``ipv4`` or ``ipv6``."""
    return "ipv6" if ":" in address else "ipv4"


def parse_address(text: str) -> Address | None:
    """Return the address of a document's text, ``None`` when it is none."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def default_prefix(address: Address) -> int | None:
    """Return the prefix that libvirt takes where none is stated, by the address's class; ``None``: it refuses."""
    if not int(address):
        return 0
    if address.version == 6:
        return 64
    first = address.packed[0]
    return next((prefix for limit, prefix in ((128, 8), (192, 16), (224, 24)) if first < limit), None)


def network_of(entry: Mapping[str, Any]) -> Network | None:
    """Return the network that an ``ip`` or route entry stands for, ``None`` when it makes no sense."""
    address = parse_address(entry.get("address", ""))
    if address is None:
        return None
    prefix = entry.get("prefix", default_prefix(address))
    if prefix is None or prefix > address.max_prefixlen:
        return None
    return ipaddress.ip_network((address, prefix), strict=False)


def problem_of_range(start: Address, end: Address, network: Network) -> str | None:
    """Return why libvirt does not take the addresses from ``start`` to ``end`` of a network; ``None``: it does."""
    if start.version != end.version:
        return f"{start} and {end} belong to different protocols"
    if int(start) > int(end):
        return f"{start} comes after {end}"
    for address in (start, end):
        if address not in network:
            return f"{address} is outside of {network}"
    if int(start) >> RANGE_BITS != int(end) >> RANGE_BITS:
        return f"{start} and {end} differ in more than their last {RANGE_BITS} bits"
    if network.version == 4 and start == network.network_address:
        return f"{start} is the address of the network itself"
    if network.version == 4 and end == network.broadcast_address:
        return f"{end} is the network's broadcast address"
    return None


def overlap(one: tuple[Address, Address], other: tuple[Address, Address]) -> bool:
    """Whether two ranges have an address in common."""
    if one[0].version != other[0].version:
        return False
    return int(one[0]) <= int(other[1]) and int(other[0]) <= int(one[1])
