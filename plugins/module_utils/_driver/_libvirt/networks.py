# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Virtual networks through libvirt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._errors import NotFound, NotSupported, OperationInvalid, StratumError
from ..networks import Lease, NetworkPort, NetworkRecord, Networks, NetworkSection, NetworkUpdate
from . import protocol
from .client import Client
from .objects import Kind, Objects, Question, present, uuid_text, with_flags

NETWORK = Kind(protocol.LIST_NETWORKS, protocol.NETWORK_BY_NAME, protocol.NETWORK_BY_UUID)
LIST_ACTIVE, LIST_TRANSIENT, LIST_AUTOSTART = 1 << 1, 1 << 3, 1 << 4
XML_INACTIVE = 1 << 0
DEFINE_VALIDATE = 1 << 0
UPDATE_LIVE = 1 << 0
UPDATE_ORDER = 16
"""The feature of daemons that know that libvirt's library exchanged command and section of an update. It did so on
both ends; a daemon that lacks the feature takes them in the wrong order."""
FACTS = {
    "active": Question(protocol.NETWORK_ACTIVE, (), LIST_ACTIVE),
    "persistent": Question(protocol.NETWORK_PERSISTENT, (), LIST_TRANSIENT, listed=False),
    "autostart": Question(protocol.NETWORK_AUTOSTART, (), LIST_AUTOSTART),
}
DOCUMENTS = {
    "live": Question(protocol.NETWORK_DOCUMENT, (0,)),
    "config": Question(protocol.NETWORK_DOCUMENT, (XML_INACTIVE,)),
}
SECTIONS = {
    NetworkSection.DHCP_HOST: 4,
    NetworkSection.DHCP_RANGE: 5,
    NetworkSection.FORWARD_INTERFACE: 7,
    NetworkSection.PORTGROUP: 9,
    NetworkSection.DNS_HOST: 10,
    NetworkSection.DNS_TXT: 11,
    NetworkSection.DNS_SRV: 12,
}
COMMANDS = {NetworkUpdate.MODIFY: 1, NetworkUpdate.DELETE: 2, NetworkUpdate.ADD: 3}


class LibvirtNetworks(Networks):
    """Networks of one libvirt connection."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._networks = Objects(client, NETWORK)
        self._update_order: bool | None = None

    def names(self) -> list[str]:
        return self._networks.names()

    def describe(self, names: Sequence[str] | None = None, *, documents: bool = True) -> list[NetworkRecord]:
        found = self._networks.read(names, {**FACTS, **DOCUMENTS} if documents else FACTS)
        return [_record(network, known) for network, known in found]

    def find(self, uuid: str) -> str | None:
        return self._networks.find(uuid)

    def define(self, document: str) -> None:
        try:
            network = with_flags(
                self._client, protocol.NETWORK_DEFINE, (document,), DEFINE_VALIDATE, optional=DEFINE_VALIDATE
            )
        except NotSupported:
            # Daemons before 7.7 don't know the call. A network that cannot be is refused in the same way again.
            network = self._client.call(protocol.NETWORK_DEFINE_UNCHECKED, document)
        self._networks.keep([network])

    def undefine(self, name: str) -> None:
        self._networks.call(protocol.NETWORK_UNDEFINE, name)
        self._networks.forget(name)

    def start(self, name: str) -> None:
        self._networks.call(protocol.NETWORK_START, name)

    def destroy(self, name: str) -> None:
        self._networks.call(protocol.NETWORK_DESTROY, name)

    def set_autostart(self, name: str, enabled: bool) -> None:
        self._networks.call(protocol.NETWORK_SET_AUTOSTART, name, int(enabled))

    def update(
        self, name: str, section: NetworkSection, update: NetworkUpdate, element: str, *, parent: int = -1
    ) -> None:
        if self._update_order is None:
            self._update_order = self._client.call(protocol.CONNECT_FEATURE, UPDATE_ORDER)
        what = (COMMANDS[update], SECTIONS[section])
        first, second = what if self._update_order else what[::-1]
        self._networks.call(protocol.NETWORK_UPDATE, name, first, second, parent, element, UPDATE_LIVE)

    def leases(self, names: Sequence[str]) -> dict[str, list[Lease]]:
        from .addresses import leases as told

        networks = self._networks.present(names)
        # A network that was stopped keeps its leases in a file, which libvirt still reads.
        answers = self._client.pipeline(
            [
                call
                for network in networks
                for call in ((protocol.NETWORK_ACTIVE, (network,)), (protocol.NETWORK_LEASES, (network, None, 1, 0)))
            ]
        )
        found: dict[str, list[Lease]] = {name: [] for name in names}
        for network, active, answer in zip(networks, answers[::2], answers[1::2]):
            leases, _count = _unless_gone(answer, ([], 0))
            if _unless_gone(active, False):
                found[network.name] = told(leases)
        return found

    def ports(self, names: Sequence[str]) -> dict[str, list[NetworkPort]]:
        networks = self._networks.present(names)
        answers = self._client.pipeline([(protocol.NETWORK_PORTS, (network, 1, 0)) for network in networks])
        ports = [port for answer in answers for port in _unless_gone(answer, ([], 0))[0]]
        found: dict[str, list[NetworkPort]] = {name: [] for name in names}
        documents = self._client.pipeline([(protocol.NETWORK_PORT_DOCUMENT, (port, 0)) for port in ports])
        for port, document in zip(ports, documents):
            for present_document in present([document]):
                found[port.name].append(_port(present_document))
        return found


def _record(network: protocol.Network, known: dict[str, Any]) -> NetworkRecord:
    return NetworkRecord(
        name=network.name,
        uuid=uuid_text(network.uuid),
        active=known["active"],
        persistent=known["persistent"],
        autostart=known["autostart"],
        live=known.get("live") if known["active"] else None,
        # libvirt's own simulation has one document for both.
        config=known.get("config", known.get("live")) if known["persistent"] else None,
    )


def _unless_gone(answer: Any, otherwise: Any) -> Any:
    """Return an answer about a network, or something else when it is missing or not active; raise other refusals."""
    if isinstance(answer, (NotFound, OperationInvalid)):
        return otherwise
    if isinstance(answer, StratumError):
        raise answer
    return answer


def _port(document: str) -> NetworkPort:
    # Reading documents takes longer to import than everything else here.
    from ..._document.tree import parse

    root = parse(document, "a network port")
    mac = root.find("mac")
    return NetworkPort(
        owner=root.findtext("owner/name") or "",
        owner_uuid=root.findtext("owner/uuid") or "",
        mac=mac.get("address", "") if mac is not None else "",
    )
