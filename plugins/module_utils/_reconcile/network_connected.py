# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What is connected to a network, and connecting it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .._document import tree
from .._driver.base import Capability, Driver
from .._errors import NotFound, OperationInvalid, names
from .network_seen import networks_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


class Connection(NamedTuple):
    """One interface of a running domain in a network."""

    domain: str
    uuid: str
    mac: str
    target: str | None
    """The node's end (``vnet0``)."""
    interface: Element | None
    """As the running domain's document has it; ``None`` of a domain of another hypervisor of the node."""
    plugged: bool
    """Whether the network knows it: one that was stopped in the meantime has forgotten."""

    @property
    def at_bridge(self) -> bool:
        """Whether it is at a bridge, so that it can move to another one while the domain runs."""
        return self.interface is not None and self.interface.get("type") in ("network", "bridge")

    def __str__(self) -> str:
        return f"{self.domain} ({self.mac})"


def connections(driver: Driver, name: str) -> list[Connection]:
    """Return which interfaces of running domains are in a network, sorted."""
    return all_connections(driver, [name])[name]


def all_connections(driver: Driver, networks: Iterable[str]) -> dict[str, list[Connection]]:
    """Return which interfaces of running domains are in networks, by their names."""
    known = list(networks)
    knows_ports = Capability.NETWORK_PORTS in driver.capabilities
    ports = networks_of(driver).ports(known) if knows_ports else {}
    left = {(name, port.owner_uuid, port.mac): port for name, found in ports.items() for port in found}
    connected: dict[str, list[Connection]] = {name: [] for name in known}
    for record in driver.domains.describe():
        for interface in _interfaces(record.name, record.live):
            # Of a network that is a bridge of the node, or a direct connection, libvirt shows that kind, not "network".
            network, mac = _attribute(interface, "source", "network"), _mac(interface)
            if network not in connected:
                continue
            plugged = left.pop((network, record.uuid, mac), None) is not None or not knows_ports
            target = _attribute(interface, "target", "dev") or None
            connected[network].append(Connection(record.name, record.uuid, mac, target, interface, plugged))
    for key, port in left.items():
        connected[key[0]].append(Connection(port.owner, port.owner_uuid, port.mac, None, None, True))
    return {name: sorted(found, key=lambda connection: connection[:3]) for name, found in connected.items()}


def half_connected(driver: Driver, network: str, bridge: str) -> list[Connection]:
    """Return the interfaces that somebody who was connecting them again has left on the network's bridge."""
    found = []
    for record in driver.domains.describe():
        live = {
            _mac(interface): interface
            for interface in _interfaces(record.name, record.live)
            if interface.get("type") == "bridge" and not _attribute(interface, "source", "network")
        }
        for configured in _interfaces(record.name, record.config) if live else ():
            mac, source = _mac(configured), configured.find("source")
            interface = live.get(mac)
            if interface is None or source is None or source.get("network") != network:
                continue
            if _attribute(interface, "source", "bridge") == bridge:
                whole = tree.parse(_plugged_into(interface, "network", dict(source.items())), "an interface")
                found.append(Connection(record.name, record.uuid, mac, None, whole, False))
    return found


def _interfaces(domain: str, document: str | None) -> list[Element]:
    return [] if document is None else tree.parse(document, f"the document of {domain}").findall("devices/interface")


def _mac(interface: Element) -> str:
    return _attribute(interface, "mac", "address")


def _attribute(element: Element, tag: str, name: str) -> str:
    found = element.find(tag)
    return "" if found is None else found.get(name, "")


def listed(found: Iterable[Connection]) -> str:
    """Write which interfaces these are."""
    return names([str(connection) for connection in found])


def reconnect(driver: Driver, network: str, connection: Connection) -> bool:
    """Connect an interface of a running domain again; return whether the domain was still there.

    libvirt attaches an interface to a bridge only when its kind or its bridge changes. So it becomes one of the bridge,
    and then what it was: one of the network.
    """
    if connection.interface is None:
        return False
    directly = _plugged_into(connection.interface, "bridge", {"bridge": _bridge_of(driver, network)})
    source = connection.interface.find("source")
    chosen = ("portid", "bridge")
    stated = {} if source is None else {name: value for name, value in source.items() if name not in chosen}
    again = _plugged_into(connection.interface, "network", stated)
    try:
        for document in (directly, again):
            driver.domains.update_device(connection.domain, document)
    except (NotFound, OperationInvalid):
        record = next(iter(driver.domains.describe([connection.domain], documents=False)), None)
        if record is not None and record.state.active:
            raise
        return False
    return True


def _plugged_into(interface: Element, kind: str, source: Mapping[Any, Any]) -> str:
    """Return an interface's document with another kind and source."""
    copy = tree.clone(interface)
    copy.set("type", kind)
    if kind != "network":
        # libvirt guarantees a rate in networks only, and refuses the wish anywhere else.
        tree.Place("bandwidth/inbound/@floor").remove(copy)
    place = tree.Place("source").make(copy)
    place.attrib.clear()
    for name, value in source.items():
        place.set(name, value)
    return tree.serialize(copy)


def _bridge_of(driver: Driver, network: str) -> str:
    record = next(iter(networks_of(driver).describe([network])), None)
    if record is None or record.live is None:
        raise NotFound(f"the network {network} is not active any more.")
    return _attribute(tree.parse(record.live, f"the document of {network}"), "bridge", "name")
