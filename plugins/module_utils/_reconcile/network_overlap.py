# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Finding out that a network would take what the node has already: addresses, and the name of a bridge."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from .._document import tree
from .._document.address import Network, network_of
from .._document.field import Spec
from .._document.network import NETWORK
from .._document.network_check import mode_of
from .._document.network_forward import MANAGED
from .._document.network_ip import IP
from .._driver.base import Capability, Driver
from .._errors import InputError, PeerError
from .._host.base import Host, Piece
from .network_seen import networks_of

_ROUTES = "/proc/net/route"
_ROUTES_6 = "/proc/net/ipv6_route"
_TRIE = "/proc/net/fib_trie"
_PROGRAM = "/proc/self/exe"
_BIG_ENDIAN = b"\2"
"""What the sixth byte of a program says on a node with that byte order. Source: elf(5), EI_DATA."""
_LARGEST = 1024 * 1024
_UP, _GATEWAY, _REJECT = 0x1, 0x2, 0x200
_POINT_TO_POINT = 0x10
"""Of an interface: what is at its other end is one machine, and behind it a network that may be of any size."""


class Route(NamedTuple):
    """One route of the node."""

    interface: str
    network: Network
    direct: bool
    """Whether the addresses are at this interface, and not behind a gateway."""


def check_free(driver: Driver, name: str, spec: Spec, bridges: frozenset[str]) -> None:
    """Raise InputError when the addresses or the bridge of a network that will be active are taken.

    ``bridges`` are its own, whose routes are its own, too.
    """
    stated = spec.get("bridge", {}).get("name") if mode_of(spec) in MANAGED else None
    wanted = [(f"ip[{IP.label(entry, index)}]", network_of(entry)) for index, entry in enumerate(spec.get("ip", ()))]
    if not wanted and stated is None:
        return
    own: list[Network | None] = []
    for record in networks_of(driver).describe():
        document = record.live or record.config
        if document is None:
            continue
        other = NETWORK.read(tree.parse(document, f"the document of {record.name}"))
        if record.name == name:
            own = [network_of(entry) for entry in other.get("ip", ())] if record.active else []
            continue
        if stated is not None and mode_of(other) in MANAGED and other.get("bridge", {}).get("name") == stated:
            raise InputError("bridge.name", f"{stated} is the bridge of the network {record.name}.")
        for path, network in wanted if record.active else ():
            for entry in other.get("ip", ()):
                taken = network_of(entry)
                if network is not None and taken is not None and overlap(network, taken):
                    raise InputError(path, f"{network} overlaps {taken} of the active network {record.name}.")
    if Capability.NODE_FILES not in driver.capabilities:
        return
    for route in routes(driver.host):
        for path, network in wanted if route.interface not in bridges else ():
            if network is not None and _collides(network, route):
                raise InputError(
                    path, f"{network} overlaps {route.network} at {route.interface} of {driver.host.name}."
                )
    for address in addresses(driver.host):
        for path, network in wanted if not any(each is not None and address in each for each in own) else ():
            if network is not None and address in network:
                raise InputError(path, f"{network} has {address} in it, which is an address of {driver.host.name}.")


def overlap(one: Network, other: Network) -> bool:
    """Whether two networks have an address in common."""
    return one.version == other.version and one.overlaps(other)


def _collides(network: Network, route: Route) -> bool:
    """Whether packets could go astray. Of two ways, the kernel takes that to the smaller network: what is behind a
    gateway collides only when it is the same, which is what libvirt refuses, too."""
    return overlap(network, route.network) if route.direct else network == route.network


def routes(host: Host) -> list[Route]:
    """Return the routes of a host, less those to everywhere and those within a link; raise PeerError for what no kernel
    says."""
    found = []
    for path, parse in ((_ROUTES, _route_4), (_ROUTES_6, _route_6)):
        if host.status(path) is None:
            continue
        big_endian = host.read(_PROGRAM, 6)[5:] == _BIG_ENDIAN
        with _understood(host, path):
            for line in host.read(path, _LARGEST).decode("ascii", "replace").splitlines():
                route = parse(line.split(), big_endian)
                if route is not None and route.network.prefixlen > 0:
                    found.append(route)
    others = _point_to_point(host, {route.interface for route in found})
    return [route._replace(direct=False) if route.interface in others else route for route in found]


def addresses(host: Host) -> list[ipaddress.IPv4Address]:
    """Return a host's own IPv4 addresses: one that is all of its network (/32) is in none of the routes above."""
    if host.status(_TRIE) is None:
        return []
    found = []
    address = ""
    with _understood(host, _TRIE):
        for line in host.read(_TRIE, _LARGEST).decode("ascii", "replace").splitlines():
            words = line.split()
            if words[:1] == ["|--"]:
                address = words[1]
            elif words == ["/32", "host", "LOCAL"] and not address.startswith("127."):
                found.append(ipaddress.IPv4Address(address))
    return found


def _point_to_point(host: Host, interfaces: Collection[str]) -> set[str]:
    """Return those of the interfaces at whose other end is one machine."""
    flags = {f"/sys/class/net/{interface}/flags": interface for interface in interfaces}
    there = [path for path, status in zip(flags, host.statuses(list(flags))) if status is not None]
    found = set()
    for path, content in zip(there, host.read_all([Piece(path, 64) for path in there])):
        with _understood(host, path):
            if int(content, 16) & _POINT_TO_POINT:
                found.add(flags[path])
    return found


@contextmanager
def _understood(host: Host, path: str) -> Iterator[None]:
    """Say of which file it is what makes no sense."""
    try:
        yield
    except (ValueError, IndexError, OverflowError) as error:
        raise PeerError(f"{path} of {host.name} is not what a kernel says there.") from error


def _route_4(words: list[str], big_endian: bool) -> Route | None:
    """Parse a line: interface, destination, gateway, flags, …, mask as the eighth. Numbers in the node's byte order."""
    if len(words) < 8 or words[1] == "Destination":
        return None
    destination, flags, mask = (int(words[index], 16) for index in (1, 3, 7))
    if not flags & _UP or flags & _REJECT:
        return None
    address = ipaddress.IPv4Address(destination.to_bytes(4, "big" if big_endian else "little"))
    network = ipaddress.ip_network((address, f"{mask:b}".count("1")), strict=False)
    return Route(words[0], network, not flags & _GATEWAY)


def _route_6(words: list[str], _big_endian: bool) -> Route | None:
    """Parse a line: destination and its prefix, source and its prefix, next hop, three counts, flags, interface."""
    if len(words) < 10:
        return None
    flags, interface = int(words[8], 16), words[9]
    if not flags & _UP or flags & _REJECT or interface == "lo":
        return None
    network = ipaddress.ip_network((int(words[0], 16), int(words[1], 16)), strict=False)
    if network.is_link_local or network.is_multicast:
        return None
    return Route(interface, network, not flags & _GATEWAY)
