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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import Enum
from typing import Any, NamedTuple

from .._deadline import Deadline
from .._host.base import ContentWriter, Extent


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
    NODE_FILES = "use files of the host that the driver runs on"
    DOMAIN_CAPABILITIES = "report what its domains may have"


class DomainState(Enum):
    """What a domain is doing, in the words that results use."""

    RUNNING = "running"
    PAUSED = "paused"
    SHUTTING_DOWN = "shutting down"
    STOPPED = "stopped"
    CRASHED = "crashed"
    SUSPENDED = "suspended"
    """Asleep by the guest's own wish (ACPI S3)."""

    @property
    def active(self) -> bool:
        """Whether the hypervisor holds an instance of the domain."""
        return self is not DomainState.STOPPED


class DomainRecord(NamedTuple):
    """One domain as it was at one moment."""

    name: str
    uuid: str
    state: DomainState
    reason: str
    """Why it is in that state, in libvirt's words with spaces (``booted``, ``destroyed``, ``from snapshot``)."""
    persistent: bool
    autostart: bool
    saved: bool
    """Whether a managed save image waits for the next start."""
    live: str | None
    """The running domain's document; ``None`` when it is not active, or documents were not asked for."""
    config: str | None
    """The document for the next start; ``None`` when it is transient, or documents were not asked for."""


class Address(NamedTuple):
    """One address of one interface of a guest."""

    interface: str
    """The host's name for it (``vnet0``) from leases and ARP, the guest's (``eth0``) from the agent."""
    mac: str
    family: str
    """``ipv4`` or ``ipv6``."""
    address: str
    prefix: int | None
    source: str
    """``lease``, ``agent`` or ``arp``."""


class EventKind(Enum):
    """What an event tells."""

    LIFECYCLE = "lifecycle"
    AGENT = "agent"
    DEVICE_ADDED = "device added"
    DEVICE_REMOVED = "device removed"
    DEVICE_REMOVAL_FAILED = "device removal failed"
    BALLOON = "balloon"


class DomainEvent(NamedTuple):
    """Something that happened to a domain."""

    kind: EventKind
    name: str
    detail: str
    """Lifecycle: ``started``, ``stopped``…; agent: ``connected`` or ``disconnected``; device: its alias."""


class Watch(ABC):
    """Events of one domain, from the moment it was opened."""

    @abstractmethod
    def next(self, deadline: Deadline) -> DomainEvent | None:
        """Return the next event, ``None`` when the deadline passes first."""


class Shutdown(Enum):
    """How a guest is asked to shut down or reboot."""

    ACPI = "acpi"
    AGENT = "agent"
    INITCTL = "initctl"
    """Containers: a message to their init, or else a signal."""


class Domains(ABC):
    """Domains of one node."""

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names of all domains, active or not, sorted."""

    @abstractmethod
    def describe(
        self, names: Sequence[str] | None = None, *, documents: bool = True, secrets: bool = False
    ) -> list[DomainRecord]:
        """Describe the domains of these names, all when ``None``, in as few round trips as the driver can.

        Domains that do not exist, or vanish while being read, are left out. ``secrets`` asks for documents with
        passwords in them, which the hypervisor otherwise withholds.
        """

    @abstractmethod
    def find(self, uuid: str) -> str | None:
        """Return the name of the domain with this UUID, ``None`` when there is none."""

    @abstractmethod
    def define(self, document: str) -> None:
        """Create a domain or replace the configuration of the one with this UUID; the document is validated."""

    @abstractmethod
    def undefine(self, name: str) -> None:
        """Remove the configuration with all that belongs to the hypervisor: NVRAM, TPM state, managed save,
        snapshot and checkpoint metadata. Storage volumes stay."""

    @abstractmethod
    def start(self, name: str, *, paused: bool = False, fresh: bool = False) -> None:
        """Start it, from its managed save image when there is one and ``fresh`` is not set."""

    @abstractmethod
    def shutdown(self, name: str, how: Shutdown) -> None:
        """Ask the guest to power off; returns at once."""

    @abstractmethod
    def reboot(self, name: str, how: Shutdown) -> None:
        """Ask the guest to reboot; returns at once."""

    @abstractmethod
    def reset(self, name: str) -> None:
        """Press the reset button: the guest starts anew without having been asked."""

    @abstractmethod
    def destroy(self, name: str, *, graceful: bool = False) -> None:
        """Pull the plug. ``graceful``: fail rather than kill a process that does not end by itself."""

    @abstractmethod
    def suspend(self, name: str) -> None:
        """Stop the vCPUs."""

    @abstractmethod
    def resume(self, name: str) -> None:
        """Let the vCPUs run again; wakes a guest that sleeps (ACPI S3) where the driver can."""

    @abstractmethod
    def save(self, name: str) -> None:
        """Write the memory to a managed save image and stop; returns when it is done."""

    @abstractmethod
    def discard_save(self, name: str) -> None:
        """Remove the managed save image."""

    @abstractmethod
    def set_autostart(self, name: str, enabled: bool) -> None:
        """Start it with the node, or not."""

    @abstractmethod
    def rename(self, name: str, new_name: str) -> None:
        """Rename a stopped domain."""

    @abstractmethod
    def attach_device(self, name: str, device: str) -> None:
        """Plug a device (its document) into the running domain; the configuration is left alone."""

    @abstractmethod
    def detach_device(self, name: str, device: str) -> None:
        """Ask the running domain to let go of a device (its live document). Some guests never answer: wait for
        DEVICE_REMOVED or read again."""

    @abstractmethod
    def update_device(self, name: str, device: str) -> None:
        """Change a device of the running domain to this document (medium, link, password…)."""

    @abstractmethod
    def set_memory(self, name: str, kibibytes: int) -> None:
        """Set the running domain's memory (balloon). The guest may take its time, or never do it."""

    @abstractmethod
    def set_vcpus(self, name: str, count: int) -> None:
        """Set the running domain's number of vCPUs."""

    @abstractmethod
    def set_title(self, name: str, title: str | None) -> None:
        """Set or remove the running domain's title."""

    @abstractmethod
    def set_description(self, name: str, description: str | None) -> None:
        """Set or remove the running domain's description."""

    @abstractmethod
    def set_metadata(self, name: str, element: str | None, prefix: str, namespace: str) -> None:
        """Set or remove the element of one namespace in the running domain's metadata."""

    @abstractmethod
    def resize_disk(self, name: str, target: str, size: int) -> None:
        """Tell the running domain that a disk now has ``size`` bytes, growing the image where it is one."""

    @abstractmethod
    def addresses(self, names: Sequence[str], sources: Sequence[str]) -> dict[str, list[Address]]:
        """Return the addresses of running domains by name, from these sources (``lease``, ``agent``, ``arp``).

        A source that a domain does not have (no agent, no lease) is no error.
        """

    @abstractmethod
    def stats(self, names: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
        """Return statistics by name in libvirt's dotted keys (``balloon.current``, ``block.0.rd.bytes``)."""

    @abstractmethod
    def agent(self, name: str, command: str, deadline: Deadline) -> str:
        """Send one command (JSON) to the guest agent and return its answer (JSON, untrusted)."""

    @abstractmethod
    def watch(self, name: str) -> AbstractContextManager[Watch]:
        """Collect the events of one domain until the context ends."""


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


class PoolState(Enum):
    """What a pool is doing, in the words that results use."""

    INACTIVE = "inactive"
    BUILDING = "building"
    ACTIVE = "active"
    DEGRADED = "degraded"
    INACCESSIBLE = "inaccessible"

    @property
    def active(self) -> bool:
        """Whether its volumes can be reached through the hypervisor."""
        return self is not PoolState.INACTIVE


class PoolRecord(NamedTuple):
    """One storage pool as it was at one moment. Sizes in bytes, 0 while it is not active."""

    name: str
    uuid: str
    state: PoolState
    persistent: bool
    autostart: bool
    capacity: int
    allocation: int
    available: int
    live: str | None
    """The active pool's document; ``None`` when it is not active, or documents were not asked for."""
    config: str | None
    """The document for the next start; ``None`` when it is transient, or documents were not asked for."""


class Pools(ABC):
    """Storage pools of one node."""

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names of all pools, active or not, sorted."""

    @abstractmethod
    def describe(self, names: Sequence[str] | None = None, *, documents: bool = True) -> list[PoolRecord]:
        """Describe the pools of these names, all when ``None``, in as few round trips as the driver can.

        Pools that do not exist, or vanish while being read, are left out.
        """

    @abstractmethod
    def find(self, uuid: str) -> str | None:
        """Return the name of the pool with this UUID, ``None`` when there is none."""

    @abstractmethod
    def capabilities(self) -> str:
        """Return the document that says which types of pools, and which formats in them, the node has."""

    @abstractmethod
    def sources(self, kind: str, source: str | None = None) -> str:
        """Look for what a pool of this type could be made of; ``source`` is a document that narrows it down. Returns a
        document: ``<sources><source>…``."""

    @abstractmethod
    def define(self, document: str) -> None:
        """Create a pool or replace the configuration of the one with this UUID; the document is validated. An active
        pool goes on as it is."""

    @abstractmethod
    def undefine(self, name: str) -> None:
        """Forget a pool that is not active; its storage stays."""

    @abstractmethod
    def build(self, name: str, *, overwrite: bool | None = None) -> None:
        """Make the storage of a pool that is not active: its folder, file system, volume group or partition table.

        ``overwrite=False`` fails where there is data already, ``True`` destroys it; ``None`` for types that know
        neither (folders, which are made and never emptied).
        """

    @abstractmethod
    def start(self, name: str) -> None:
        """Start it: mount, log in, look for its volumes."""

    @abstractmethod
    def destroy(self, name: str) -> None:
        """Stop it; its storage stays, and a transient pool is gone then."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove the storage of a pool that is not active: its folder (which must be empty), its volume group."""

    @abstractmethod
    def refresh(self, name: str) -> None:
        """Look for volumes that came or went behind the hypervisor's back."""

    @abstractmethod
    def set_autostart(self, name: str, enabled: bool) -> None:
        """Start it with the node, or not."""


class VolumeRecord(NamedTuple):
    """One storage volume as it was at one moment."""

    pool: str
    name: str
    key: str
    """What names it on the whole node: its path, for most types of pools."""
    document: str


class Volumes(ABC):
    """Storage volumes of one node. A volume of a pool that is not active is not there."""

    @abstractmethod
    def describe(self, volumes: Mapping[str, Sequence[str] | None]) -> list[VolumeRecord]:
        """Describe volumes, by pool: those of these names, all of the pool when ``None``; in as few round trips as the
        driver can. What does not exist, or vanishes while being read, is left out."""

    @abstractmethod
    def paths(self, volumes: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """Return the path of each ``(pool, volume)`` that exists."""

    @abstractmethod
    def find(self, path: str) -> tuple[str, str] | None:
        """Return pool and name of the volume that has this path, ``None`` when no active pool knows it."""

    @abstractmethod
    def create(
        self,
        pool: str,
        document: str,
        *,
        source: tuple[str, str] | None = None,
        preallocate_metadata: bool = False,
        reflink: bool = False,
    ) -> None:
        """Create a volume; ``source`` is the pool and name of one whose content it gets, converted to its format.

        Returns when it is there with all its content. ``reflink``: share the blocks of ``source``, or fail.
        """

    @abstractmethod
    def delete(self, pool: str, name: str) -> None:
        """Delete a volume with its content."""

    @abstractmethod
    def delete_path(self, path: str) -> bool:
        """Delete the volume that has this path; return False when no pool knows it."""

    @abstractmethod
    def rename(self, pool: str, name: str, new_name: str) -> None:
        """Give a volume another name, in one step that happens or does not, replacing the volume that has it; raise
        NotSupported where the storage, or our rights on it, allow no such step."""

    @abstractmethod
    def resize(self, pool: str, name: str, capacity: int, *, shrink: bool = False, allocate: bool = False) -> None:
        """Change the capacity to so many bytes; ``shrink`` consents to the loss of what is beyond."""

    @abstractmethod
    def wipe(self, pool: str, name: str, algorithm: str) -> None:
        """Overwrite the content; ``algorithm`` in the words of ``virsh vol-wipe`` (``zero``, ``nnsa``, ``dod``…)."""

    @abstractmethod
    def upload(self, pool: str, name: str) -> AbstractContextManager[ContentWriter]:
        """Write a volume's content. Leaving the context returns when the hypervisor has all of it; leaving it by an
        exception gives up, and leaves what was written so far. Nothing else can be asked in between."""

    @abstractmethod
    def download(self, pool: str, name: str) -> AbstractContextManager[Iterator[Extent]]:
        """Read a volume's content. Nothing else can be asked in between."""

    @abstractmethod
    def mark(self, pool: str, name: str) -> str | None:
        """Return what ``set_mark`` has left on a volume; ``None`` when nothing, or when this storage keeps no marks."""

    @abstractmethod
    def set_mark(self, pool: str, name: str, mark: str) -> bool:
        """Leave a short text on a volume that stays as long as it does, through renaming too; return whether this
        storage keeps it."""


class Driver(ABC):
    """One open connection to one node's hypervisor. A context manager; leaving it closes the connection."""

    uri: str
    """The URI that was opened, as results show it."""
    capabilities: frozenset[Capability]
    domains: Domains
    node: Node
    networks: Networks | None
    pools: Pools | None
    volumes: Volumes | None
    """There exactly when ``pools`` is."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection; closing again does nothing."""

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
