# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Networks of a simulated node: each call under its name, with its rules elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..._document.tree import parse, serialize
from ..networks import Lease, NetworkPort, NetworkRecord, Networks, NetworkSection, NetworkUpdate
from . import network_lifecycle, network_sections, plugs
from .model import Network, State
from .session import Session
from .validate import wanted_uuid


class SimNetworks(Networks):
    """Networks of one simulated node."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def names(self) -> list[str]:
        with self._session.call("networks.names", "listing the networks") as state:
            return sorted(state.networks)

    def describe(self, names: Sequence[str] | None = None, *, documents: bool = True) -> list[NetworkRecord]:
        with self._session.call("networks.describe", "reading networks") as state:
            wanted = sorted(state.networks) if names is None else dict.fromkeys(names)
            return [
                _record(name, state.networks[name], documents=documents) for name in wanted if name in state.networks
            ]

    def find(self, uuid: str) -> str | None:
        wanted = wanted_uuid(uuid)
        with self._session.call("networks.find", f"looking for the network {wanted}") as state:
            return next((name for name, network in state.networks.items() if network.uuid == wanted), None)

    def define(self, document: str) -> None:
        with self._session.call("networks.define", "defining a network") as state:
            network_lifecycle.define(state, document)

    def undefine(self, name: str) -> None:
        with self._change("undefine", name) as state:
            network_lifecycle.undefine(state, name)

    def start(self, name: str) -> None:
        with self._change("start", name) as state:
            network_lifecycle.start(state, name)

    def destroy(self, name: str) -> None:
        with self._change("destroy", name) as state:
            network_lifecycle.destroy(state, name)

    def set_autostart(self, name: str, enabled: bool) -> None:
        what = f"setting the autostart of the network {name!r}"
        with self._change("set_autostart", name) as state:
            network_lifecycle.persistent(state, name, what).autostart = enabled

    def update(
        self, name: str, section: NetworkSection, update: NetworkUpdate, element: str, *, parent: int = -1
    ) -> None:
        with self._change("update", name) as state:
            network_sections.update(state, name, section, update, element, parent)

    def leases(self, names: Sequence[str]) -> dict[str, list[Lease]]:
        with self._session.call("networks.leases", "reading the leases of networks") as state:
            return {name: plugs.leases(state, name) for name in names}

    def ports(self, names: Sequence[str]) -> dict[str, list[NetworkPort]]:
        with self._session.call("networks.ports", "reading what is plugged into networks") as state:
            return {name: plugs.ports(state, name) for name in names}

    @contextmanager
    def _change(self, call: str, name: str) -> Iterator[State]:
        with self._session.call(f"networks.{call}", f"{call} of the network {name!r}") as state:
            yield state


def _record(name: str, network: Network, *, documents: bool) -> NetworkRecord:
    return NetworkRecord(
        name=name,
        uuid=network.uuid,
        active=network.active,
        persistent=network.config is not None,
        autostart=network.autostart,
        live=_counted(network) if documents else None,
        config=network.config if documents else None,
    )


def _counted(network: Network) -> str | None:
    """Return the active network's document, which says how many interfaces are plugged in."""
    if network.live is None or not network.ports:
        return network.live
    root = parse(network.live, "an active network")
    root.set("connections", str(len(network.ports)))
    return serialize(root)
