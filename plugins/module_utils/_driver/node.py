# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a driver tells of its node. See base.py for what all of its calls have in common.

Numbers are as the node tells them, and may make no sense.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class NodePart(Enum):
    """What can be asked about a node."""

    HYPERVISOR = "hypervisor"
    CAPABILITIES = "capabilities"
    PROCESSORS = "processors"
    MEMORY = "memory"
    INTERFACES = "interfaces"
    DEVICES = "devices"
    STATISTICS = "statistics"


class Hypervisor(NamedTuple):
    """Who answers."""

    driver: str
    """``libvirt`` or ``sim``."""
    encrypted: bool
    """Whether what is said passes through an encrypted connection."""
    kind: str | None
    """The hypervisor's name for itself: ``QEMU``."""
    version: str | None
    """The hypervisor's version: ``7.2.22``."""
    library: str | None
    """libvirt's version on the node."""
    hostname: str | None


class Processors(NamedTuple):
    """The node's logical CPUs."""

    arch: str
    active: int
    mhz: int
    sockets: int
    """In one NUMA cell."""
    cores: int
    """In one socket."""
    threads: int
    """Of one core."""


class HostInterface(NamedTuple):
    """One network interface of the node, with its document."""

    name: str
    mac: str
    active: bool | None
    """``None`` when the node does not tell: it only knows those that are."""
    document: str


class NodeDevice(NamedTuple):
    """One device of the node, with its document."""

    name: str
    active: bool | None
    """``None`` when the node does not tell: it only knows those that are."""
    document: str


class NodeRecord(NamedTuple):
    """A node as it was at one moment: what was asked for. What the node cannot tell is ``None``, too."""

    hypervisor: Hypervisor | None = None
    capabilities: str | None = None
    """The capabilities document."""
    processors: Processors | None = None
    present: int | None = None
    """How many logical CPUs there are, online or not."""
    online: tuple[int, ...] | None = None
    """The numbers of the logical CPUs that are online."""
    memory: int | None = None
    """In bytes."""
    free_memory: int | None = None
    """In bytes."""
    interfaces: tuple[HostInterface, ...] | None = None
    devices: tuple[NodeDevice, ...] | None = None
    cpu_times: dict[str, int] | None = None
    """Nanoseconds that all CPUs together spent, by ``user``, ``kernel``, ``idle``, ``iowait``…"""
    memory_use: dict[str, int] | None = None
    """KiB by ``total``, ``free``, ``buffers``, ``cached``."""
    refusals: tuple[str, ...] = ()
    """What the node should have been able to tell and did not, as sentences."""


class CellFree(NamedTuple):
    """What is free of one NUMA cell."""

    memory: int | None
    """In bytes; ``None`` where the node does not tell."""
    pages: dict[int, int]
    """How many pages, by their size in bytes."""
