# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What is plugged into networks: the ports of running domains' interfaces, and the addresses they were given."""

from __future__ import annotations

import time
import uuid as uuids
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..._document.tree import parse
from ..networks import Lease, NetworkPort
from .model import Domain, State
from .validate import mac_of, network_of
from .validate_network import address_of, bridge_of, interface_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

LEASE_TIME = 3600
"""Seconds for which libvirt's DHCP server gives an address away. A guest asks again after half of them."""


class Given(NamedTuple):
    """What a DHCP server gave to an interface."""

    address: str
    prefix: int
    hostname: str | None
    """The name that the network has for it, ``None`` when it has none."""


def plug(state: State, interface: Element) -> None:
    """Plug an interface of a running domain, whose network is active, into it."""
    network, source = state.networks.get(network_of(interface) or ""), interface.find("source")
    if network is None or network.live is None or source is None:
        return
    port = str(uuids.uuid4())
    network.ports.append(port)
    source.set("portid", port)
    bridge = bridge_of(parse(network.live, "an active network"))
    if bridge:
        source.set("bridge", bridge)


def unplug(state: State, interface: Element) -> None:
    """Pull an interface out of its network, if it is in one."""
    network = state.networks.get(network_of(interface) or "")
    if network is not None and _port_of(interface) in network.ports:
        network.ports.remove(_port_of(interface))


def stay_plugged(before: Element, after: Element) -> bool:
    """Keep an interface that is being changed where it is; return whether it is still one of the same network."""
    source, kept = after.find("source"), before.find("source")
    if network_of(before) is None or network_of(before) != network_of(after) or source is None or kept is None:
        return False
    for attribute in ("portid", "bridge"):
        if kept.get(attribute):
            source.set(attribute, kept.get(attribute, ""))
    return True


def given(state: State, domain: Domain, interface: Element) -> Given | None:
    """Return what DHCP gave an interface: the same to the same MAC for ever, as a real server would."""
    network, mac = state.networks.get(network_of(interface) or ""), mac_of(interface)
    if network is None or network.live is None or mac is None or not (domain.booted and domain.guest.network):
        return None
    if _port_of(interface) not in network.ports:
        return None
    what = "an active network"
    for ip in parse(network.live, what).iterchildren("ip"):
        place = interface_of(ip, what)
        if place.version != 4:
            continue
        for host in ip.iterfind("dhcp/host"):
            if host.get("mac", "").lower() == mac.lower():
                return Given(host.get("ip", ""), place.network.prefixlen, host.get("name"))
        for span in ip.iterfind("dhcp/range"):
            start, end = (address_of(span.get(each), what) for each in ("start", "end"))
            last = int(mac.replace(":", ""), 16) % (int(end) - int(start) + 1)
            return Given(str(start + last), place.network.prefixlen, None)
    return None


def leases(state: State, name: str) -> list[Lease]:
    """Return what a network's DHCP server gave away."""
    found = []
    for owner, domain, interface in _plugged(state, name):
        lease = given(state, domain, interface)
        mac = mac_of(interface)
        if lease is None or mac is None:
            continue
        renewals = int(time.time() - domain.since) // (LEASE_TIME // 2)
        found.append(
            Lease(
                mac=mac,
                family="ipv4",
                address=lease.address,
                prefix=lease.prefix,
                hostname=lease.hostname or owner,
                client_id=f"01:{mac}",
                expires=int(domain.since) + LEASE_TIME + renewals * (LEASE_TIME // 2),
            )
        )
    return found


def ports(state: State, name: str) -> list[NetworkPort]:
    """Return what is plugged into a network."""
    return [
        NetworkPort(owner, domain.uuid, mac_of(interface) or "") for owner, domain, interface in _plugged(state, name)
    ]


def _plugged(state: State, name: str) -> Iterator[tuple[str, Domain, Element]]:
    """Yield the interfaces in a network with their domains."""
    network = state.networks.get(name)
    if network is None or not network.ports:
        return
    for owner, domain in state.domains.items():
        if domain.live is None:
            continue
        for interface in parse(domain.live, f"the running domain {owner}").iterfind("devices/interface"):
            if network_of(interface) == name and _port_of(interface) in network.ports:
                yield owner, domain, interface


def _port_of(interface: Element) -> str:
    source = interface.find("source")
    return "" if source is None else source.get("portid", "")
