# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What every driver is: small interfaces per kind of object, and the set of what it can do.

Documents cross these interfaces as text in libvirt's XML format. Names are unique per driver and kind. Every call
may raise ConnectionFailed, OutcomeUnknown, PeerError, DeadlineExceeded and the DriverError family; ``NotFound``
where the object is missing, ``NotSupported`` where the driver cannot.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set

    from .._host.base import Host
    from .domains import Domains
    from .networks import Networks
    from .node import CellFree, NodePart, NodeRecord
    from .storage import Pools, Volumes


class Capability(Enum):
    """What a driver, on this node, can do beyond the least: list, describe, define, undefine, start, destroy."""

    SHUTDOWN = "ask the guest to shut down"
    AGENT = "talk to the guest agent"
    SUSPEND = "pause and resume a running domain"
    START_PAUSED = "start a domain paused"
    MANAGED_SAVE = "save a domain's memory and restore it at the next start"
    AUTOSTART = "start domains with the node"
    RENAME = "rename a domain"
    HOTPLUG = "attach and detach devices of a running domain"
    UPDATE_DEVICE = "change devices of a running domain"
    LIVE_MEMORY = "change the memory of a running domain"
    LIVE_VCPUS = "change the vCPUs of a running domain"
    LIVE_METADATA = "change the title, description and metadata of a running domain"
    BLOCK_RESIZE = "resize the disk of a running domain"
    GUEST_ADDRESSES = "report the addresses of a domain's interfaces"
    STATS = "report statistics"
    EVENTS = "send events"
    NETWORKS = "manage virtual networks"
    NETWORK_UPDATE = "change parts of an active network"
    NETWORK_LEASES = "report the leases of a network"
    NETWORK_PORTS = "report what is plugged into a network"
    VOLUMES = "manage storage pools and volumes"
    POOL_CAPABILITIES = "report which pools the node can have"
    POOL_SOURCES = "look for what a pool can be made of"
    VOLUME_CONTENT = "write, read and wipe the content of volumes"
    VOLUME_RESIZE = "resize volumes"
    NODE_FILES = "use the node's files"
    DOMAIN_CAPABILITIES = "report what its domains may have"
    NODE_INTERFACES = "report the node's network interfaces"
    NODE_DEVICES = "report the node's devices"


class Node(ABC):
    """The node's own description."""

    @abstractmethod
    def capabilities(self) -> str:
        """Return the capabilities document."""

    @abstractmethod
    def domain_capabilities(
        self,
        *,
        emulator: str | None = None,
        arch: str | None = None,
        machine: str | None = None,
        virt_type: str | None = None,
    ) -> str:
        """Return what a domain of this kind may have, as a document."""

    @abstractmethod
    def all_domain_capabilities(self, kinds: Sequence[tuple[str, str, str | None]]) -> list[str | None]:
        """Return what domains of several kinds (architecture, domain type, machine) may have, in one round trip;
        ``None`` for a kind of which the node tells nothing."""

    @abstractmethod
    def describe(self, parts: Set[NodePart]) -> NodeRecord:
        """Describe the node: these parts, in two round trips however much there is.

        What it has no word for is left out, and what it refuses is left out and named.
        """

    @abstractmethod
    def free_memory(self, cells: Mapping[int, Sequence[int]]) -> dict[int, CellFree]:
        """Return what is free of NUMA cells, by their numbers, each with the sizes of pages (in bytes) that are asked
        for, in one round trip. What the node does not tell is left out."""


class Driver(ABC):
    """One open connection to one node's hypervisor. A context manager; leaving it closes the connection."""

    uri: str
    """The URI that was opened, as results show it."""
    machine: str | None = None
    """The machine that the URI names, ``None`` when that is the one that the task runs on."""
    capabilities: frozenset[Capability]
    host: Host
    """The node as a machine, with its files, where NODE_FILES is declared; else the one that the task runs on."""
    domains: Domains
    node: Node

    @property
    @abstractmethod
    def networks(self) -> Networks | None:
        """Return the networks, ``None`` when the driver has no such thing."""

    @property
    @abstractmethod
    def pools(self) -> Pools | None:
        """Return the storage pools, ``None`` when the driver has no such thing."""

    @property
    @abstractmethod
    def volumes(self) -> Volumes | None:
        """Return the storage volumes, which are there exactly when pools are."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection; closing again does nothing."""

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
