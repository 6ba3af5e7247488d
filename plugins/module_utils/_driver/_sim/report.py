# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What can be read of simulated domains: records, addresses, statistics."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ..._document.tree import parse, serialize
from ..domains import Address, DomainRecord, DomainState
from .guest import live_tree
from .live import AGENT_CHANNEL, agent_channel, withhold_secrets
from .model import Domain, State
from .plugs import given
from .validate import kibibytes, mac_of, target_of, vcpus

STATE_NUMBERS = {
    DomainState.RUNNING: 1,
    DomainState.PAUSED: 3,
    DomainState.SHUTTING_DOWN: 4,
    DomainState.STOPPED: 5,
    DomainState.CRASHED: 6,
    DomainState.SUSPENDED: 7,
}
"""libvirt's numbers, which its statistics have."""
LOOPBACK = Address("lo", "00:00:00:00:00:00", "ipv4", "127.0.0.1", 8, "agent")


def record(name: str, domain: Domain, *, documents: bool, secrets: bool) -> DomainRecord:
    """Describe one domain."""
    return DomainRecord(
        name=name,
        uuid=domain.uuid,
        state=DomainState(domain.state),
        reason=domain.reason,
        persistent=domain.config is not None,
        autostart=domain.autostart,
        saved=domain.saved is not None,
        live=_shown(domain.live, name, secrets) if documents else None,
        config=_shown(domain.config, name, secrets) if documents else None,
    )


def _shown(document: str | None, name: str, secrets: bool) -> str | None:
    if document is None or secrets:
        return document
    root = parse(document, f"the domain {name!r}")
    withhold_secrets(root)
    return serialize(root)


def agent_connected(domain: Domain, name: str) -> bool:
    """Whether the guest agent of a running domain answers."""
    channel = agent_channel(live_tree(domain, name))
    return domain.booted and domain.guest.agent and channel is not None and channel.get("name") == AGENT_CHANNEL


def addresses(state: State, name: str, sources: Sequence[str]) -> list[Address]:
    """Return the addresses of a running domain, from these sources."""
    domain = state.domains[name]
    if not domain.booted:
        return []
    found: list[Address] = []
    for source in sources:
        if source == "agent":
            if agent_connected(domain, name):
                found += [LOOPBACK, *_of_interfaces(state, domain, name, source)]
        else:
            found += _of_interfaces(state, domain, name, source)
    return found


def _of_interfaces(state: State, domain: Domain, name: str, source: str) -> list[Address]:
    """Return what DHCP gave each interface."""
    found = []
    for index, interface in enumerate(live_tree(domain, name).iterfind("devices/interface")):
        lease, mac, target = given(state, domain, interface), mac_of(interface), interface.find("target")
        if lease is None or mac is None or target is None:
            continue
        found.append(
            Address(
                interface=f"eth{index}" if source == "agent" else target.get("dev", ""),
                mac=mac,
                family="ipv4",
                address=lease.address,
                prefix=None if source == "arp" else lease.prefix,
                source=source,
            )
        )
    return found


def stats(name: str, domain: Domain) -> dict[str, Any]:
    """Return the statistics of one domain in libvirt's dotted keys."""
    what = f"the domain {name!r}"
    root = parse(domain.live or domain.config or "", what)
    maximum, current = vcpus(root, what)
    ceiling = kibibytes(root, "memory", what) or 0
    values: dict[str, Any] = {
        "state.state": STATE_NUMBERS[DomainState(domain.state)],
        "balloon.current": kibibytes(root, "currentMemory", what) or ceiling,
        "balloon.maximum": ceiling,
        "vcpu.current": current,
        "vcpu.maximum": maximum,
    }
    if domain.active:
        # A guest that does nothing uses a tenth of a processor here.
        values["cpu.time"] = round((time.time() - domain.since) * 10**8)
    interfaces = root.findall("devices/interface")
    values["net.count"] = len(interfaces)
    for index, interface in enumerate(interfaces):
        target = interface.find("target")
        if target is not None:
            values[f"net.{index}.name"] = target.get("dev", "")
    _add_disks(values, domain, root.findall("devices/disk"))
    return values


def _add_disks(values: dict[str, Any], domain: Domain, disks: Sequence[Any]) -> None:
    values["block.count"] = len(disks)
    for index, disk in enumerate(disks):
        target = target_of(disk) or ""
        values[f"block.{index}.name"] = target
        source = disk.find("source")
        if source is not None and source.get("file"):
            values[f"block.{index}.path"] = source.get("file")
        if target in domain.capacities:
            values[f"block.{index}.capacity"] = domain.capacities[target]
