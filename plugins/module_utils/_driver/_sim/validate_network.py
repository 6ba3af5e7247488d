# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What libvirt's schema and its parser refuse in a network's document, as far as the simulation looks.

The kinds of errors are libvirt's: InvalidDocument for what the schema or the parser refuses, NotSupported for what is
well said and not possible, DriverError for the rest.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Union

from ..._document.tree import parse
from ..._errors import DriverError, InvalidDocument, NotSupported
from .validate import MAC, check_children, check_identity

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

Interface = Union[ipaddress.IPv4Interface, ipaddress.IPv6Interface]
Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

# In the order in which libvirt writes them. Source: https://libvirt.org/formatnetwork.html
NETWORK_ORDER = (
    "name",
    "uuid",
    "metadata",
    "forward",
    "bridge",
    "mtu",
    "mac",
    "domain",
    "dns",
    "vlan",
    "bandwidth",
    "port",
    "ip",
    "route",
    "virtualport",
    "portgroup",
)
ROUTED = frozenset({"nat", "route", "open"})
"""Modes of networks that lead somewhere through the node, which is what they need an address for."""
MANAGED = ROUTED | {""}
"""Modes of networks whose bridge libvirt makes; the empty one is that of an isolated network."""
MODES = MANAGED | {"bridge", "private", "vepa", "passthrough", "hostdev"}
MANAGED_ONLY = ("mac", "ip", "domain", "mtu", "dns/txt", "dns/host", "dns/srv")
"""What only a network with a bridge of libvirt's own can have."""
DEFAULT_PREFIXES = ((128, 8), (192, 16), (224, 24))
"""The prefix of an IPv4 address without one, by its first byte: libvirt goes by the old classes."""


WORDS = {
    "@ipv6": "yes|no",
    "@trustGuestRxFilters": "yes|no",
    "bridge/@stp": "on|off",
    "bridge/@delay": "[0-9]{1,19}",
    "bridge/@macTableManager": "kernel|libvirt",
    "mtu/@size": "[0-9]{1,9}",
    "domain/@localOnly": "yes|no",
    "dns/@enable": "yes|no",
    "dns/@forwardPlainNames": "yes|no",
    "forward/@managed": "yes|no",
    "forward/driver/@name": "kvm|vfio",
    "ip/@localPtr": "yes|no",
    "portgroup/@default": "yes|no",
}
"""What attributes may be, as regular expressions."""
LEASE_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600}
SHORTEST_LEASE = 120
"""Seconds; 0 is for ever."""


def read_network(document: str, what: str) -> Element:
    """Parse a network's document; raise InvalidDocument, NotSupported, DriverError."""
    root = parse(document, what)
    if root.tag != "network":
        raise InvalidDocument(f"{what}: the document is of the kind {root.tag!r}, not a network.")
    check_children(root, NETWORK_ORDER, what)
    check_identity(root, what)
    _check_words(root, what)
    check_network_parts(root, what)
    return root


def check_network_parts(root: Element, what: str) -> None:
    """Raise InvalidDocument, NotSupported or DriverError when the parts of a network do not fit together."""
    _check_mode(root, what)
    mac = root.find("mac")
    if mac is not None and (not MAC.fullmatch(mac.get("address", "")) or int(mac.get("address", "")[1], 16) & 1):
        raise InvalidDocument(f"{what}: {mac.get('address')!r} is not the MAC address of a bridge.")
    interfaces = [interface_of(ip, what) for ip in root.iterchildren("ip")]
    for ip, interface in zip(root.iterchildren("ip"), interfaces):
        _check_dhcp(ip, interface, what)
    for version in (4, 6):
        served = [
            ip for ip, each in zip(root.iterchildren("ip"), interfaces) if each.version == version and serves_dhcp(ip)
        ]
        if len(served) > 1:
            raise NotSupported(f"{what}: more than one IPv{version} address has DHCP.")
    for route in root.iterchildren("route"):
        _check_route(route, interfaces, what)
    _check_dns(root, what)
    _check_portgroups(root, what)


def mode_of(root: Element) -> str:
    """Return the forward mode of a network, empty for an isolated one."""
    forward = root.find("forward")
    return "" if forward is None else forward.get("mode", "nat")


def bridge_of(root: Element) -> str:
    """Return the bridge of a network, empty when it has none."""
    bridge = root.find("bridge")
    return "" if bridge is None else bridge.get("name", "")


def interface_of(ip: Element, what: str) -> Interface:
    """Return the address of an ``ip`` or ``route`` element with its prefix; raise InvalidDocument, NotSupported."""
    text = ip.get("address", "")
    address = address_of(text, what)
    if (ip.get("family", "ipv4") == "ipv6") != (address.version == 6):
        raise NotSupported(f"{what}: {text} is not of the family {ip.get('family', 'ipv4')}.")
    prefix, netmask = ip.get("prefix"), ip.get("netmask")
    if prefix is not None and netmask is not None:
        raise InvalidDocument(f"{what}: {text} has both a prefix and a netmask.")
    try:
        return ipaddress.ip_interface(f"{text}/{prefix or netmask or _default_prefix(address)}")
    except ValueError as error:
        raise NotSupported(f"{what}: {prefix or netmask} is no prefix of {text}.") from error


def address_of(text: str | None, what: str) -> Address:
    """Return an address; raise InvalidDocument."""
    try:
        return ipaddress.ip_address(text or "")
    except ValueError as error:
        raise InvalidDocument(f"{what}: {text!r} is not an address.") from error


def serves_dhcp(ip: Element) -> bool:
    """Whether addresses are given away beside this one."""
    return ip.find("dhcp/range") is not None or ip.find("dhcp/host") is not None


def check_range(entry: Element, interface: Interface, what: str) -> None:
    """Raise InvalidDocument or DriverError for a range that a DHCP server beside this address cannot have."""
    start, end = (address_of(entry.get(each), what) for each in ("start", "end"))
    network, words = interface.network, f"{what}: the range {start} to {end}"
    if start not in network or end not in network:
        raise DriverError(f"{words} is not within the network {network}.")
    if network.version == 4 and (start == network.network_address or end == network.broadcast_address):
        raise DriverError(f"{words} has the network's own address, or that for all of it.")
    if int(start) >> 16 != int(end) >> 16:
        raise DriverError(f"{words} is too large.")
    if int(start) > int(end):
        raise DriverError(f"{words} is reversed.")
    _check_lease(entry, what)


def check_host(entry: Element, interface: Interface, what: str) -> None:
    """Raise InvalidDocument or NotSupported for a guest that a DHCP server beside this address cannot know."""
    mac = entry.get("mac")
    if mac is not None and (not MAC.fullmatch(mac) or int(mac[1], 16) & 1):
        raise InvalidDocument(f"{what}: {mac!r} is not the MAC address of a guest.")
    if mac is not None and interface.version == 6:
        raise InvalidDocument(f"{what}: an IPv6 address is given by id or name, not by MAC address.")
    if mac is None and entry.get("name") is None and entry.get("id") is None:
        raise InvalidDocument(f"{what}: a host needs a MAC address, an id or a name.")
    address_of(entry.get("ip"), what)
    _check_lease(entry, what)


def check_dns_entry(entry: Element, what: str) -> None:
    """Raise InvalidDocument for an entry that a DNS server cannot have."""
    if entry.tag == "host":
        address_of(entry.get("ip"), what)
        if not any((name.text or "").strip() for name in entry.iterchildren("hostname")):
            raise InvalidDocument(f"{what}: the DNS entry of {entry.get('ip')} has no name.")
    if entry.tag == "txt" and (not entry.get("name") or " " in entry.get("name", "") or not entry.get("value")):
        raise InvalidDocument(f"{what}: a TXT entry of the DNS needs a name without spaces, and a value.")
    if entry.tag == "srv" and (not entry.get("service") or not entry.get("protocol")):
        raise InvalidDocument(f"{what}: a SRV entry of the DNS needs a service and a protocol.")


def _check_words(root: Element, what: str) -> None:
    for place, known in WORDS.items():
        path, _at, attribute = place.rpartition("@")
        for element in root.iterfind(path.rstrip("/")) if path else [root]:
            word = element.get(attribute)
            if word is not None and not re.fullmatch(known, word):
                raise InvalidDocument(f"{what}: {word!r} is not possible for {place}.")


def _check_mode(root: Element, what: str) -> None:
    mode, forward, bridge = mode_of(root), root.find("forward"), root.find("bridge")
    if mode not in MODES or (forward is not None and not mode):
        raise InvalidDocument(f"{what}: {mode!r} is not a mode of forwarding.")
    devices = [] if forward is None else _devices(forward)
    if mode in ROUTED and root.find("ip") is None:
        raise InvalidDocument(f"{what}: the mode {mode} needs an address.")
    if mode in ROUTED and len(devices) > (mode != "open"):
        raise InvalidDocument(f"{what}: the mode {mode} forwards to {len(devices)} devices, which are too many.")
    if forward is not None and (forward.find("interface") is not None and mode == "hostdev"):
        raise NotSupported(f"{what}: devices of the mode hostdev are named by their PCI addresses.")
    if forward is not None and (forward.find("address") is not None):
        raise NotSupported(f"{what}: the simulated node has no such PCI device.")
    if mode in MANAGED:
        return
    if root.find("bandwidth/*") is not None and (mode != "bridge" or not bridge_of(root)):
        raise NotSupported(f"{what}: a bandwidth of the whole network is not possible with the mode {mode}.")
    for path in MANAGED_ONLY:
        if root.find(path) is not None:
            kind = InvalidDocument if path == "mtu" else NotSupported
            raise kind(f"{what}: {path} is not possible with the mode {mode}.")
    if bridge is None:
        return
    if mode != "bridge" or set(bridge.keys()) - {"name", "macTableManager"}:
        raise InvalidDocument(f"{what}: the mode {mode} does not go with such a bridge.")
    if bridge.get("name") and devices:
        raise InvalidDocument(f"{what}: it names a bridge and a device to forward to.")


def _devices(forward: Element) -> list[str]:
    """Return the devices that a network forwards to; the first one is named twice."""
    named = [forward.get("dev"), *(each.get("dev") for each in forward.iterfind("interface"))]
    named += [each.get("dev") for each in forward.iterfind("pf")]
    return list(dict.fromkeys(name for name in named if name))


def _check_dhcp(ip: Element, interface: Interface, what: str) -> None:
    for entry in ip.iterfind("dhcp/range"):
        check_range(entry, interface, what)
    for entry in ip.iterfind("dhcp/host"):
        check_host(entry, interface, what)


def _check_lease(entry: Element, what: str) -> None:
    lease = entry.find("lease")
    if lease is None:
        return
    expiry, unit = lease.get("expiry", ""), lease.get("unit", "minutes")
    if not (expiry.isascii() and expiry.isdigit()) or unit not in LEASE_UNITS:
        raise InvalidDocument(f"{what}: {expiry} {unit} is not the time of a lease.")
    if 0 < int(expiry) * LEASE_UNITS[unit] < SHORTEST_LEASE:
        raise NotSupported(f"{what}: a lease of {expiry} {unit} is too short.")


def _check_route(route: Element, interfaces: list[Interface], what: str) -> None:
    interface_of(route, what)
    gateway = address_of(route.get("gateway"), what)
    if not any(gateway in each.network for each in interfaces if each.version == gateway.version):
        raise NotSupported(f"{what}: the gateway {gateway} cannot be reached in this network.")


def _check_dns(root: Element, what: str) -> None:
    for entry in root.iterfind("dns/*"):
        check_dns_entry(entry, what)


def _check_portgroups(root: Element, what: str) -> None:
    groups = list(root.iterchildren("portgroup"))
    names = [group.get("name") for group in groups]
    for name in names:
        if not name:
            raise InvalidDocument(f"{what}: a port group has no name.")
        if names.count(name) > 1:
            raise NotSupported(f"{what}: two port groups have the name {name!r}.")
    if len([group for group in groups if group.get("default") == "yes"]) > 1:
        raise NotSupported(f"{what}: more than one port group is the default.")
    for part in _tagged(root):
        # Tags need a switch that knows them. A port group has the network's when it has none of its own.
        port = part.find("virtualport")
        port = root.find("virtualport") if port is None else port
        tagging = port is not None and port.get("type") == "openvswitch" and mode_of(root) == "bridge"
        if mode_of(root) not in ("hostdev", "passthrough") and not tagging:
            raise NotSupported(f"{what}: a network of this mode knows no vlan.")


def _tagged(root: Element) -> Iterator[Element]:
    """Yield the network and those of its port groups that have VLAN tags."""
    for part in (root, *root.iterchildren("portgroup")):
        if part.find("vlan") is not None:
            yield part


def _default_prefix(address: Address) -> int:
    if address.version == 6:
        return 64
    first = address.packed[0]
    return next((prefix for limit, prefix in DEFAULT_PREFIXES if first < limit), 24)
