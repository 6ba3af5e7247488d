# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Describing a node in two round trips: first what is there, then the documents of all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from ..._errors import NotFound, NotSupported, StratumError
from ..node import CellFree, HostInterface, Hypervisor, NodeDevice, NodePart, NodeRecord, Processors
from . import protocol
from .client import Call, Client
from .protocol import NodeInfo

ACTIVE_INTERFACES = 1 << 1
ACTIVE_DEVICES = 1 << 31
ALL_CPUS = ALL_CELLS = -1
COUNTERS_LIMIT = 16
"""The most counters that libvirt takes an order for."""
VERSION_LIMIT = 10**9
"""No number of a version is as large: it has three digits of a major version at most."""
SYSTEM_ERROR = 38
"""What a daemon answers, among other things, that finds no daemon for another kind of objects."""

_INFO: Call = (protocol.NODE_INFO, ())
# Counters are only told to those who know how many there are, which is what none at all asks for.
_MEMORY_USE: Call = (protocol.NODE_MEMORY_STATS, (0, ALL_CELLS, 0))
FIRST: dict[NodePart, dict[str, Call]] = {
    NodePart.HYPERVISOR: {
        "kind": (protocol.CONNECT_TYPE, ()),
        "version": (protocol.CONNECT_VERSION, ()),
        "library": (protocol.CONNECT_LIBRARY_VERSION, ()),
        "hostname": (protocol.CONNECT_HOSTNAME, ()),
    },
    NodePart.CAPABILITIES: {"capabilities": (protocol.CONNECT_CAPABILITIES, ())},
    NodePart.PROCESSORS: {"info": _INFO, "cpu_map": (protocol.NODE_CPU_MAP, (1, 1, 0))},
    NodePart.MEMORY: {"info": _INFO, "free_memory": (protocol.NODE_FREE_MEMORY, ()), "memory_use": _MEMORY_USE},
    NodePart.STATISTICS: {"cpu_times": (protocol.NODE_CPU_STATS, (ALL_CPUS, 0, 0)), "memory_use": _MEMORY_USE},
    NodePart.INTERFACES: {
        "interfaces": (protocol.LIST_HOST_INTERFACES, (1, 0)),
        "active_interfaces": (protocol.LIST_HOST_INTERFACES, (1, ACTIVE_INTERFACES)),
    },
    NodePart.DEVICES: {
        "devices": (protocol.LIST_NODE_DEVICES, (1, 0)),
        "active_devices": (protocol.LIST_NODE_DEVICES, (1, ACTIVE_DEVICES)),
    },
}
"""What is asked first about each part, by the names under which the answers are kept."""
DOCUMENTS = {"interfaces": protocol.HOST_INTERFACE_DOCUMENT, "devices": protocol.NODE_DEVICE_DOCUMENT}
"""What is asked then about each entry of a list. The answer is kept under the name of the list and the entry."""
FROM_OTHERS = frozenset(name for part in (NodePart.INTERFACES, NodePart.DEVICES) for name in FIRST[part])
"""What modular daemons ask each other for. Any of them can be left out."""


def describe(client: Client, parts: Set[NodePart], *, encrypted: bool) -> NodeRecord:
    """Describe a node, as Node.describe says."""
    first = {name: call for part in NodePart if part in parts for name, call in FIRST[part].items()}
    refusals: list[str] = []
    known = dict(_told(client, first, refusals))
    known.update(_told(client, dict(_second(known)), refusals))
    info: NodeInfo | None = NodeInfo._make(known["info"]) if "info" in known else None
    present, online = _cpu_map(known)
    return NodeRecord(
        hypervisor=_hypervisor(known, encrypted) if NodePart.HYPERVISOR in parts else None,
        capabilities=known.get("capabilities"),
        processors=_processors(info) if info is not None and NodePart.PROCESSORS in parts else None,
        present=present,
        online=online,
        memory=info.memory * 1024 if info is not None and NodePart.MEMORY in parts else None,
        free_memory=known.get("free_memory"),
        interfaces=_interfaces(known),
        devices=_devices(known),
        cpu_times=_counters(known, "cpu_times"),
        memory_use=_counters(known, "memory_use"),
        refusals=tuple(dict.fromkeys(refusals)),
    )


def free_memory(client: Client, cells: Mapping[int, Sequence[int]]) -> dict[int, CellFree]:
    """Return what is free of NUMA cells, as Node.free_memory says.

    Each cell is asked for by itself: their numbers may have gaps, and cells may have pages of different sizes.
    """
    calls: list[Call] = []
    for cell, sizes in cells.items():
        calls.append((protocol.NODE_CELLS_FREE_MEMORY, (cell, 1)))
        calls.append((protocol.NODE_FREE_PAGES, ([size // 1024 for size in sizes], cell, 1, 0)))
    answers = client.pipeline(calls)
    found = {}
    for (cell, sizes), memory, pages in zip(cells.items(), answers[::2], answers[1::2]):
        found[cell] = CellFree(
            memory=memory[0] if isinstance(memory, list) and memory else None,
            pages=dict(zip(sizes, pages)) if isinstance(pages, list) else {},
        )
    return found


def _told(client: Client, calls: Mapping[Any, Call], refusals: list[str]) -> Iterator[tuple[Any, Any]]:
    """Ask for all of it at once; yield the answers, and note the refusals that say more than that there is no such
    thing, or that it has gone since."""
    if not calls:
        return
    for name, answer in zip(calls, client.pipeline(list(calls.values()))):
        if not isinstance(answer, StratumError):
            yield name, answer
        elif not isinstance(answer, (NotSupported, NotFound)) and not (
            name in FROM_OTHERS and getattr(answer, "code", None) == SYSTEM_ERROR
        ):
            refusals.append(str(answer))


def _second(known: Mapping[Any, Any]) -> Iterator[tuple[Any, Call]]:
    """Yield what only can be asked when the first answers are known."""
    for name, procedure, arguments in (
        ("cpu_times", protocol.NODE_CPU_STATS, lambda count: (ALL_CPUS, count, 0)),
        ("memory_use", protocol.NODE_MEMORY_STATS, lambda count: (count, ALL_CELLS, 0)),
    ):
        _none, count = known.get(name, (None, 0))
        if 0 < count <= COUNTERS_LIMIT:
            yield name, (procedure, arguments(count))
    for kind, procedure in DOCUMENTS.items():
        for each in known.get(kind, ([], 0))[0]:
            yield (kind, each), (procedure, (each, 0))


def _hypervisor(known: Mapping[str, Any], encrypted: bool) -> Hypervisor:
    return Hypervisor(
        driver="libvirt",
        encrypted=encrypted,
        kind=known.get("kind"),
        version=_version(known.get("version")),
        library=_version(known.get("library")),
        hostname=known.get("hostname"),
    )


def _version(number: int | None) -> str | None:
    """Write the one number that libvirt makes of a version as people do."""
    if not number or number >= VERSION_LIMIT:
        return None
    return f"{number // 1000000}.{number // 1000 % 1000}.{number % 1000}"


def _processors(info: NodeInfo) -> Processors:
    return Processors(info.arch, info.cpus, info.mhz, info.sockets, info.cores, info.threads)


def _cpu_map(known: Mapping[str, Any]) -> tuple[int | None, tuple[int, ...] | None]:
    """Return how many CPUs there are, and which of them are online: a bit each, the lowest of the first byte first."""
    if "cpu_map" not in known:
        return None, None
    bits, _online, present = known["cpu_map"]
    online = (number for number in range(len(bits) * 8) if bits[number // 8] >> number % 8 & 1)
    return present, tuple(number for number in online if number < present)


def _listed(known: Mapping[Any, Any], kind: str) -> Iterator[tuple[Any, bool | None, str]]:
    """Yield the entries of a list that have a document, and whether they are active, with it."""
    # A daemon that does not know how to list those that are active has no others.
    active = set(known[f"active_{kind}"][0]) if f"active_{kind}" in known else None
    for each in known[kind][0]:
        if (kind, each) in known:
            yield each, None if active is None else each in active, known[kind, each]


def _interfaces(known: Mapping[Any, Any]) -> tuple[HostInterface, ...] | None:
    if "interfaces" not in known:
        return None
    return tuple(
        HostInterface(each.name, each.mac, active, document) for each, active, document in _listed(known, "interfaces")
    )


def _devices(known: Mapping[Any, Any]) -> tuple[NodeDevice, ...] | None:
    if "devices" not in known:
        return None
    return tuple(NodeDevice(*entry) for entry in _listed(known, "devices"))


def _counters(known: Mapping[Any, Any], name: str) -> dict[str, int] | None:
    counters, _count = known.get(name, ([], 0))
    return dict(counters) or None
