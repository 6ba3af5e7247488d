# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a driver does with domains. See base.py for what all of its calls have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from enum import Enum
from typing import Any, NamedTuple

from .._deadline import Deadline


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


STATES = {
    0: DomainState.RUNNING,  # hypervisors that do not say more about a domain that is there
    1: DomainState.RUNNING,
    2: DomainState.RUNNING,  # blocked on a resource
    3: DomainState.PAUSED,
    4: DomainState.SHUTTING_DOWN,
    5: DomainState.STOPPED,
    6: DomainState.CRASHED,
    7: DomainState.SUSPENDED,
}
"""libvirt's numbers, which statistics have, too."""


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


class Surveyed(NamedTuple):
    """One domain of a survey, with its documents."""

    record: DomainRecord
    """Without the running domain's document where there is a configuration, unless it was asked for."""
    addresses: list[Address]


Choose = Callable[[DomainRecord], bool]
"""Says of a domain, whose documents are not known yet, whether it is wanted."""


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
    def survey(
        self, choose: Choose, sources: Sequence[str], deadline: Deadline, *, live: bool = False
    ) -> list[Surveyed]:
        """Describe, by name, all domains that ``choose`` wants, with what these sources (``lease``, ``arp``) say of
        the addresses of those that run.

        Two round trips however many there are, all before the deadline; raises DeadlineExceeded. ``choose`` is asked in
        between, and sees every reason as ``unknown``. ``live`` asks for the running domains' documents, too. A domain
        whose documents the hypervisor cannot give has none.
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
    def addresses(
        self, names: Sequence[str], sources: Sequence[str], deadline: Deadline | None = None
    ) -> dict[str, list[Address]]:
        """Return the addresses of running domains by name, from these sources (``lease``, ``agent``, ``arp``).

        A source that a domain does not have (no agent, no lease) is no error, and with a deadline neither is one that
        has not answered by then.
        """

    @abstractmethod
    def stats(self, names: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
        """Return statistics by name in libvirt's dotted keys (``balloon.current``, ``block.0.rd.bytes``).

        A domain that hangs costs one wait, and then has only what is known without asking it.
        """

    @abstractmethod
    def agent(self, name: str, command: str, deadline: Deadline) -> str:
        """Send one command (JSON) to the guest agent and return its answer (JSON, untrusted)."""

    @abstractmethod
    def watch(self, name: str) -> AbstractContextManager[Watch]:
        """Collect the events of one domain until the context ends."""
