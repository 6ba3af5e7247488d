# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a simulated node tells of itself: always the same machine, whose free memory depends on what runs."""

from __future__ import annotations

import time

from ..base import Capability
from ..node import HostInterface, Hypervisor, NodeDevice, NodePart, NodeRecord, Processors
from . import report
from .complete import ARCH
from .model import State

CELLS = 2
CELL_CPUS = 4
CPUS = CELLS * CELL_CPUS
MEMORY = 16 * 1024 * 1024
"""KiB that the node has."""
OWN_MEMORY = 1024 * 1024
"""KiB of them that the node itself uses."""
PAGE = 4
"""KiB of a page."""
MAC = "52:54:00:00:00:01"
LINK = "<link speed='1000' state='up'/>"
INTERFACE = f"<interface type='ethernet' name='eth0'><mtu size='1500'/>{LINK}<mac address='{MAC}'/></interface>"
DEVICES = {
    "pci_0000_01_00_0": (
        "<parent>computer</parent><driver><name>virtio-pci</name></driver><capability type='pci'>"
        "<class>0x020000</class><domain>0</domain><bus>1</bus><slot>0</slot><function>0</function>"
        "<product id='0x1041'>Virtio network device</product><vendor id='0x1af4'>Red Hat, Inc.</vendor>"
        "<iommuGroup number='1'/><numa node='0'/></capability>"
    ),
    "net_eth0": (
        f"<parent>pci_0000_01_00_0</parent><capability type='net'><interface>eth0</interface><address>{MAC}</address>"
        f"{LINK}</capability>"
    ),
    "block_vda": (
        "<parent>computer</parent><capability type='storage'><block>/dev/vda</block><drive_type>disk</drive_type>"
        "<size>107374182400</size><logical_block_size>512</logical_block_size></capability>"
    ),
}
"""The documents of devices, without their names."""


def free_kibibytes(state: State) -> int:
    """Return how much memory is left by those that run; what was given out twice is nobody's."""
    used = sum(report.stats(name, domain)["balloon.current"] for name, domain in state.domains.items() if domain.active)
    return max(MEMORY - OWN_MEMORY - int(used), 0)


def describe(state: State, parts: frozenset[NodePart], capabilities: frozenset[Capability]) -> NodeRecord:
    """Describe the node, but for its capabilities document."""
    free = free_kibibytes(state)
    processors = NodePart.PROCESSORS in parts
    memory = NodePart.MEMORY in parts
    # Of ten nanoseconds of each CPU, one is used.
    spent = time.monotonic_ns() // 10 * CPUS
    return NodeRecord(
        hypervisor=Hypervisor("sim", False, "SIM", None, None, "sim") if NodePart.HYPERVISOR in parts else None,
        processors=Processors(ARCH, CPUS, 2000, 1, CELL_CPUS, 1) if processors else None,
        present=CPUS if processors else None,
        online=tuple(range(CPUS)) if processors else None,
        memory=MEMORY * 1024 if memory else None,
        free_memory=free * 1024 if memory else None,
        interfaces=(HostInterface("eth0", MAC, True, INTERFACE),)
        if NodePart.INTERFACES in parts and Capability.NODE_INTERFACES in capabilities
        else None,
        devices=tuple(
            NodeDevice(name, True, f"<device><name>{name}</name>{rest}</device>") for name, rest in DEVICES.items()
        )
        if NodePart.DEVICES in parts and Capability.NODE_DEVICES in capabilities
        else None,
        cpu_times={"user": spent, "kernel": 0, "idle": 9 * spent, "iowait": 0}
        if NodePart.STATISTICS in parts
        else None,
        memory_use={"total": MEMORY, "free": free, "buffers": 0, "cached": 0}
        if parts & {NodePart.STATISTICS, NodePart.MEMORY}
        else None,
    )
