# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a simulated node remembers."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass, field

from ..domains import DomainState, EventKind
from ..storage import PoolState
from .initial import NETWORK, NETWORK_UUID, POOL, POOL_STORAGE, POOL_UUID

FORMAT = 2
"""Raised when an older version of the driver could not read the file any more."""
EVENT_LIMIT = 1000
"""Events that are kept; a watch that falls further behind misses the oldest."""
DUE_ACTIONS = ("boot", "power off", "reboot", "unplug", "balloon")
REACTION = 0.1
"""Seconds after which a guest does what it was asked, when nobody says."""
BLOCK = 4096
"""Bytes of a volume that are kept or left out together."""
STORAGE_CAPACITY = 100 * 1024**3
"""Bytes that fit into the storage of a pool."""


@dataclass
class Guest:
    """How the operating system in a domain behaves."""

    acpi: bool = True
    """Whether it powers off when the button is pressed."""
    unplug: bool = True
    """Whether it lets go of devices and vCPUs."""
    balloon: bool = True
    """Whether it gives memory back, and takes it."""
    agent: bool = False
    """Whether it runs the guest agent, in a domain that has the channel for it."""
    network: bool = True
    """Whether it asks for an address."""
    reaction: float = REACTION
    """Seconds until it does what it was asked."""


@dataclass
class Due:
    """Something that the guest does when its time has come."""

    at: float
    """Seconds since the epoch: other processes must understand it too."""
    action: str
    """One of ``DUE_ACTIONS``."""
    detail: str = ""


@dataclass
class Domain:
    """One domain."""

    uuid: str
    config: str | None
    live: str | None = None
    saved: str | None = None
    """The document of the managed save image, ``None`` when there is no image."""
    state: str = DomainState.STOPPED.value
    reason: str = "unknown"
    autostart: bool = False
    identifier: int = 0
    """libvirt's id of the running instance."""
    since: float = 0.0
    """When the running instance was started, in seconds since the epoch."""
    booted: bool = False
    """Whether the guest's operating system is up: it has its address and its agent."""
    guest: Guest = field(default_factory=Guest)
    due: list[Due] = field(default_factory=list)
    capacities: dict[str, int] = field(default_factory=dict)
    """Bytes of the disks that were resized, by target."""

    @property
    def active(self) -> bool:
        return self.live is not None


@dataclass
class Event:
    """One event, in the order of ``sequence``."""

    sequence: int
    kind: str
    uuid: str
    name: str
    detail: str


@dataclass
class Fault:
    """A call that is to fail. See docs/sim.md."""

    call: str
    """``start``, ``node.capabilities``… A name without a dot is one of the domains' calls."""
    when: str = "before"
    """``before`` the effect, or ``after`` it."""
    times: int = 1
    """How many times yet."""
    error: str = "refused"
    """Before the effect: ``refused``, ``denied``, ``invalid``, ``unsupported``, ``connection`` or ``deadline``."""


@dataclass
class Piece:
    """Some of a volume's bytes that are not zeros."""

    offset: int
    data: str
    """In base64."""


@dataclass
class Volume:
    """One storage volume."""

    path: str
    capacity: int = 0
    """Bytes that a guest sees."""
    allocation: int = 0
    """Bytes that were set aside for it when it was made; what its content takes may be more."""
    document: str = ""
    """What else was said of it when it was made; empty for a plain raw volume."""
    content: list[Piece] = field(default_factory=list)
    """The bytes of its file, in their order. What is in no piece reads as zeros."""
    length: int | None = None
    """Bytes of its file; ``None``: as many as its capacity."""
    mark: str | None = None

    @property
    def taken(self) -> int:
        """Bytes that it takes from its pool."""
        sizes = (len(piece.data) // 4 * 3 - piece.data.count("=") for piece in self.content)
        return max(self.allocation, sum(-(-size // BLOCK) * BLOCK for size in sizes))


@dataclass
class Storage:
    """What a pool is made of: a folder, a volume group… It is there whether or not a pool uses it."""

    capacity: int = STORAGE_CAPACITY
    volumes: dict[str, Volume] = field(default_factory=dict)


@dataclass
class Pool:
    """One storage pool."""

    uuid: str
    config: str | None
    storage: str
    """Its place in the node's ``storages``; there is nothing at that place until the storage was built."""
    live: str | None = None
    state: str = PoolState.INACTIVE.value
    autostart: bool = False

    @property
    def active(self) -> bool:
        return self.live is not None


@dataclass
class Network:
    """One virtual network."""

    uuid: str
    config: str | None
    live: str | None = None
    autostart: bool = False
    ports: list[str] = field(default_factory=list)
    """The ids of the ports into which interfaces of running domains are plugged; they go when the network stops."""

    @property
    def active(self) -> bool:
        return self.live is not None


def _first_networks() -> dict[str, Network]:
    return {"default": Network(NETWORK_UUID, config=NETWORK, live=NETWORK, autostart=True)}


def _first_pools() -> dict[str, Pool]:
    active = PoolState.ACTIVE.value
    return {"default": Pool(POOL_UUID, config=POOL, storage=POOL_STORAGE, live=POOL, state=active, autostart=True)}


@dataclass
class State:
    """Everything that a simulated node remembers."""

    format: int = FORMAT
    host_uuid: str = field(default_factory=lambda: str(uuids.uuid4()))
    sequence: int = 0
    next_identifier: int = 1
    domains: dict[str, Domain] = field(default_factory=dict)
    networks: dict[str, Network] = field(default_factory=_first_networks)
    pools: dict[str, Pool] = field(default_factory=_first_pools)
    storages: dict[str, Storage] = field(default_factory=lambda: {POOL_STORAGE: Storage()})
    events: list[Event] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def volumes(self, pool: str) -> dict[str, Volume]:
        """Return the volumes in the storage of a pool, active or not, by name. They may be changed."""
        return self.storages[self.pools[pool].storage].volumes

    def tell(self, kind: EventKind, name: str, detail: str) -> None:
        """Add an event."""
        self.sequence += 1
        self.events.append(Event(self.sequence, kind.value, self.domains[name].uuid, name, detail))
        del self.events[:-EVENT_LIMIT]
