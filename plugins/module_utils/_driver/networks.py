# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a driver does with virtual networks. See base.py for what all of its calls have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple


class NetworkRecord(NamedTuple):
    """One virtual network as it was at one moment."""

    name: str
    uuid: str
    active: bool
    persistent: bool
    autostart: bool
    live: str | None
    """The active network's document; ``None`` when it is not active, or documents were not asked for."""
    config: str | None
    """The document for the next start; ``None`` when it is transient, or documents were not asked for."""


class Lease(NamedTuple):
    """An address that a network's DHCP server gave away. What a guest chose of it is untrusted."""

    mac: str
    family: str
    """``ipv4`` or ``ipv6``."""
    address: str
    prefix: int | None
    hostname: str | None
    client_id: str | None
    expires: int
    """Seconds since the epoch; 0 when it never does."""


class NetworkPort(NamedTuple):
    """Something that is plugged into an active network."""

    owner: str
    """The name of the domain, of whichever hypervisor of the node."""
    owner_uuid: str
    mac: str


class NetworkSection(Enum):
    """The parts of an active network that can be changed, in the words of ``virsh net-update``."""

    DHCP_HOST = "ip-dhcp-host"
    DHCP_RANGE = "ip-dhcp-range"
    FORWARD_INTERFACE = "forward-interface"
    PORTGROUP = "portgroup"
    DNS_HOST = "dns-host"
    DNS_TXT = "dns-txt"
    DNS_SRV = "dns-srv"


class NetworkUpdate(Enum):
    """What is done to an entry of a section. Only DHCP hosts and port groups can be modified in place."""

    ADD = "add"
    MODIFY = "modify"
    DELETE = "delete"


class Networks(ABC):
    """Virtual networks of one node."""

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names of all networks, active or not, sorted."""

    @abstractmethod
    def describe(self, names: Sequence[str] | None = None, *, documents: bool = True) -> list[NetworkRecord]:
        """Describe the networks of these names, all when ``None``, in as few round trips as the driver can.

        Networks that do not exist, or vanish while being read, are left out.
        """

    @abstractmethod
    def find(self, uuid: str) -> str | None:
        """Return the name of the network with this UUID, ``None`` when there is none."""

    @abstractmethod
    def define(self, document: str) -> None:
        """Create a network or replace the configuration of the one with this UUID; the document is validated. An
        active network goes on as it is."""

    @abstractmethod
    def undefine(self, name: str) -> None:
        """Remove the configuration; an active network becomes transient."""

    @abstractmethod
    def start(self, name: str) -> None:
        """Start it; returns when its bridge and its servers are there."""

    @abstractmethod
    def destroy(self, name: str) -> None:
        """Stop it; a transient one is gone then. Interfaces of domains stay, without a connection."""

    @abstractmethod
    def set_autostart(self, name: str, enabled: bool) -> None:
        """Start it with the node, or not."""

    @abstractmethod
    def update(
        self, name: str, section: NetworkSection, update: NetworkUpdate, element: str, *, parent: int = -1
    ) -> None:
        """Change one entry (its document) of the active network; the configuration is left alone.

        ``parent`` is the index of the ``ip`` element that holds a DHCP entry; -1 is the first that fits.
        """

    @abstractmethod
    def leases(self, names: Sequence[str]) -> dict[str, list[Lease]]:
        """Return the leases of networks by name; one that is missing or not active has none."""

    @abstractmethod
    def ports(self, names: Sequence[str]) -> dict[str, list[NetworkPort]]:
        """Return what is plugged into networks by name; nothing for one that is missing or not active."""
