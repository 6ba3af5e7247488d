# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The state rules of networks: what may follow what, as in libvirt's network driver."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..._document.tree import parse, serialize
from ..._errors import AlreadyExists, DriverError, NotFound, OperationInvalid
from .complete_network import complete_network, make_network_live
from .model import Network, State
from .validate import name_of, uuid_of
from .validate_network import MANAGED, Interface, bridge_of, interface_of, mode_of, read_network

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


def find(state: State, name: str, what: str) -> Network:
    """Return a network; raise NotFound."""
    if name not in state.networks:
        raise NotFound(f"{what}: there is no network {name!r} on this simulated node.")
    return state.networks[name]


def active(state: State, name: str, what: str) -> Network:
    """Return a network that is active; raise NotFound, OperationInvalid."""
    network = find(state, name, what)
    if not network.active:
        raise OperationInvalid(f"{what}: the network {name!r} is not active.")
    return network


def persistent(state: State, name: str, what: str) -> Network:
    """Return a network that has a configuration; raise NotFound, OperationInvalid."""
    network = find(state, name, what)
    if network.config is None:
        raise OperationInvalid(f"{what}: the network {name!r} is transient.")
    return network


def define(state: State, document: str) -> None:
    """Create a network, or replace the configuration of the one with this UUID."""
    root = read_network(document, "defining a network")
    name = name_of(root)
    what = f"defining the network {name!r}"
    taken = {bridge_of(other) for key, other in _documents(state, what) if key != name}
    bridge = bridge_of(root) if mode_of(root) in MANAGED else ""
    complete_network(root, taken)
    uuid = uuid_of(root) or ""
    for other, network in state.networks.items():
        if (other == name) != (network.uuid == uuid):
            raise AlreadyExists(f"{what}: the network {other!r} already exists with the UUID {network.uuid}.")
    if bridge and bridge in taken:
        raise DriverError(f"{what}: another network has the bridge {bridge!r}.")
    if name in state.networks:
        state.networks[name].config = serialize(root)
    else:
        state.networks[name] = Network(uuid=uuid, config=serialize(root))


def undefine(state: State, name: str) -> None:
    """Remove the configuration; an active network goes on without one."""
    network = persistent(state, name, f"undefining the network {name!r}")
    network.config, network.autostart = None, False
    if not network.active:
        del state.networks[name]


def start(state: State, name: str) -> None:
    """Start a network, unless another one has its bridge or its addresses."""
    what = f"starting the network {name!r}"
    network = find(state, name, what)
    if network.active:
        raise OperationInvalid(f"{what}: it is already active.")
    root = parse(network.config or "", what)
    if mode_of(root) == "hostdev":
        raise DriverError(f"{what}: the simulated node has no devices with virtual functions.")
    if mode_of(root) in MANAGED:
        _check_host(state, root, what)
    make_network_live(root)
    network.live = serialize(root)


def destroy(state: State, name: str) -> None:
    """Stop a network; a transient one is gone with it, and nothing is plugged into it any more."""
    network = active(state, name, f"destroying the network {name!r}")
    network.live = None
    network.ports.clear()
    if network.config is None:
        del state.networks[name]


def _check_host(state: State, root: Element, what: str) -> None:
    """Raise DriverError when the node has the bridge, or a route to one of the addresses, already."""
    for other, network in state.networks.items():
        if network.live is None:
            continue
        there = parse(network.live, what)
        if mode_of(there) not in MANAGED:
            continue
        if bridge_of(there) == bridge_of(root):
            raise DriverError(f"{what}: the bridge {bridge_of(root)} exists already; it is that of {other!r}.")
        # As in libvirt, only routes to exactly the same network are in the way, and only those of IPv4.
        taken = {each.network for each in _interfaces(there, what)}
        for interface in _interfaces(root, what):
            if isinstance(interface, ipaddress.IPv4Interface) and interface.network in taken:
                raise DriverError(f"{what}: its addresses, {interface.network}, are in use by {bridge_of(there)}.")


def _interfaces(root: Element, what: str) -> Iterator[Interface]:
    for ip in root.iterchildren("ip"):
        yield interface_of(ip, what)


def _documents(state: State, what: str) -> Iterator[tuple[str, Element]]:
    for name, network in state.networks.items():
        for document in (network.config, network.live):
            if document is not None:
                yield name, parse(document, what)
