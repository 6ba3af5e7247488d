# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Facts about a node: only what was asked for, and in few round trips however much there is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from .._document import tree
from .._document.untrusted import known, line, mac, number, text
from .._driver.base import Driver
from .._driver.node import CellFree, NodePart, NodeRecord
from .._errors import AuthenticationFailed, DeadlineExceeded, DriverError, InputError, InvalidDocument, NotSupported
from .stated import check_timeout

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

Facts = dict[str, Any]
Told = TypeVar("Told")

WARNINGS_LIMIT = 10
DOMAIN_TYPES_LIMIT = 16
"""Types of domains about which a node is asked."""
CPU_TIMES = {"user": "user", "system": "kernel", "idle": "idle", "iowait": "iowait", "interrupts": "intr"}
"""Our words for what CPUs spend their time with, and libvirt's."""


class Gathering:
    """What is known of a node while its facts are put together. What takes further calls is asked for when needed."""

    def __init__(self, driver: Driver, subsets: frozenset[str]) -> None:
        self.driver = driver
        self.warnings: list[str] = []
        parts = frozenset(part for name in subsets for part in SUBSETS[name][0])
        self.record: NodeRecord = driver.node.describe(parts) if parts else NodeRecord()
        self.time = time.time_ns()
        self.warnings += self.record.refusals
        self._late = False
        # Counters of a node and of its domains are of use together: nothing else is asked in between.
        self.stats = self.told(driver.domains.stats) if "statistics" in subsets else None

    @cached_property
    def capabilities(self) -> Element | None:
        """The node's capabilities, ``None`` when it has none that can be read."""
        return self.parse(self.record.capabilities, "the node's capabilities")

    @cached_property
    def cells(self) -> list[Facts]:
        """The NUMA cells, with what does not change of them."""
        from .._document.node_capabilities import cells

        return [] if self.capabilities is None else cells(self.capabilities)

    @cached_property
    def free(self) -> dict[int, CellFree]:
        """What is free of the NUMA cells."""
        wanted = {cell["id"]: [pages["size"] for pages in cell["pages"]] for cell in self.cells}
        return self.told(lambda: self.driver.node.free_memory(wanted)) or {} if wanted else {}

    def parse(self, document: str | None, what: str) -> Element | None:
        """Parse a document; leave out one that is none."""
        if document is None:
            return None
        try:
            return tree.parse(document, what)
        except InvalidDocument as error:
            self.warnings.append(str(error))
            return None

    def told(self, ask: Callable[[], Told]) -> Told | None:
        """Ask for something; leave it out where the node does not have it, or refuses it.

        The first thing that hangs is left out, too. Raises DeadlineExceeded at the second: then it is the node.
        """
        try:
            return ask()
        except NotSupported:
            return None
        except DeadlineExceeded as error:
            if self._late:
                raise
            self._late = True
            self.warnings.append(str(error))
            return None
        except (DriverError, InvalidDocument, AuthenticationFailed) as error:
            self.warnings.append(str(error))
            return None


def load(params: Mapping[str, Any]) -> frozenset[str]:
    """Return the subsets that a task asks for, by the rules of ansible.builtin.setup; raise InputError."""
    check_timeout(params["timeout"])
    groups = {"all": frozenset(SUBSETS), "min": MINIMAL}
    added = set(MINIMAL)
    stated: set[str] = set()
    taken: set[str] = set()
    for word in params.get("gather_subset") or ("all",):
        name = word[1:] if word.startswith("!") else word
        if name not in groups and name not in SUBSETS:
            raise InputError(
                "gather_subset",
                f"there is no subset {name!r}.",
                hint=f"There are all, min, {', '.join(SUBSETS)}, and each of them with a ! before it.",
            )
        if name == word:
            added |= groups.get(name, {name})
            stated |= set() if name in groups else {name}
        else:
            taken |= groups["all"] - MINIMAL if name == "all" else groups.get(name, {name})
    return frozenset(added - (taken - stated))


def facts(driver: Driver, subsets: frozenset[str]) -> tuple[Facts, list[str]]:
    """Return the facts of these subsets by their names, and warnings about what was refused."""
    gathering = Gathering(driver, subsets)
    found = {name: read(gathering) for name, (_parts, read) in SUBSETS.items() if name in subsets}
    return {name: value for name, value in found.items() if value is not None}, _few(gathering.warnings)


def _few(warnings: Iterable[str]) -> list[str]:
    different = list(dict.fromkeys(line(each) for each in warnings))
    left = len(different) - WARNINGS_LIMIT
    return different[:WARNINGS_LIMIT] + ([f"There are {left} more refusals like these."] if left > 0 else [])


def _hypervisor(gathering: Gathering) -> Facts | None:
    told = gathering.record.hypervisor
    if told is None:
        return None
    return known(
        uri=gathering.driver.uri,
        driver=told.driver,
        type=text(told.kind),
        version=text(told.version),
        libvirt_version=text(told.library),
        hostname=text(told.hostname),
        encrypted=told.encrypted,
    )


def _capabilities(gathering: Gathering) -> Facts | None:
    root = gathering.capabilities
    if root is None:
        return None
    from .._document.capabilities import default_machine, guests, native_arch
    from .._document.domain_capabilities import domain_facts
    from .._document.node_capabilities import guest_facts, host

    arch = native_arch(root)
    kinds = dict.fromkeys(kind for guest in guests(root) if guest.arch == arch for kind in guest.virt_types)
    asked = [(arch, kind, default_machine(kind, arch)) for kind in kinds][:DOMAIN_TYPES_LIMIT]
    documents = gathering.told(lambda: gathering.driver.node.all_domain_capabilities(asked)) if asked else None
    parsed = [gathering.parse(each, "the capabilities of domains") for each in documents or ()]
    return {
        **host(root),
        "guests": guest_facts(root),
        "domains": [domain_facts(each) for each in parsed if each is not None],
    }


def _cpu(gathering: Gathering) -> Facts | None:
    from .._document.node_capabilities import cpu

    record = gathering.record
    found = {} if gathering.capabilities is None else cpu(gathering.capabilities)
    dies = found.pop("dies", None)
    told = record.processors
    if told is not None:
        found.setdefault("arch", text(told.arch))
        found.update(
            known(
                active=number(told.active),
                mhz=number(told.mhz) or None,
                topology=known(
                    sockets=number(told.sockets),
                    dies=dies,
                    cores=number(told.cores),
                    threads=number(told.threads),
                ),
            )
        )
    found.update(known(present=number(record.present), online=None if record.online is None else list(record.online)))
    return known(**found) or None


def _memory(gathering: Gathering) -> Facts | None:
    record = gathering.record
    pages: dict[int, Facts] = {}
    for cell in gathering.cells:
        for each in _pages(gathering, cell):
            whole = pages.setdefault(each["size"], {"size": each["size"], "total": 0, "free": 0})
            whole["total"] += each["total"]
            # Free pages of one cell alone say nothing about the node.
            whole["free"] = None if whole["free"] is None or "free" not in each else whole["free"] + each["free"]
    use = record.memory_use or {}
    return (
        known(
            total=number(record.memory),
            free=number(record.free_memory),
            buffers=_kibibytes(use.get("buffers")),
            cached=_kibibytes(use.get("cached")),
            pages=[known(**pages[each]) for each in sorted(pages)] or None,
        )
        or None
    )


def _numa(gathering: Gathering) -> Facts | None:
    cells = [
        {
            **cell,
            **known(free=number(gathering.free[cell["id"]].memory) if cell["id"] in gathering.free else None),
            "pages": _pages(gathering, cell),
        }
        for cell in gathering.cells
    ]
    return {"cells": cells} if cells else None


def _pages(gathering: Gathering, cell: Facts) -> list[Facts]:
    told = gathering.free[cell["id"]].pages if cell["id"] in gathering.free else {}
    return [{**pages, **known(free=number(told.get(pages["size"])))} for pages in cell["pages"]]


def _kibibytes(value: int | None) -> int | None:
    count = number(value)
    return None if count is None else number(count * 1024)


def _pools(gathering: Gathering) -> list[Facts] | None:
    pools = gathering.driver.pools
    records = None if pools is None else gathering.told(pools.describe)
    if records is None:
        return None
    found = []
    for record in sorted(records, key=lambda record: record.name):
        root = gathering.parse(record.live or record.config, f"the document of the pool {record.name}")
        facts = known(
            name=text(record.name),
            uuid=record.uuid,
            type=None if root is None else text(root.get("type")),
            state=record.state.value,
            persistent=record.persistent,
            autostart=record.autostart,
            path=None if root is None else text(root.findtext("target/path"), 4096),
        )
        if record.state.active:
            facts.update(
                known(
                    capacity=number(record.capacity),
                    allocation=number(record.allocation),
                    available=number(record.available),
                )
            )
        found.append(facts)
    return _named(found)


def _networks(gathering: Gathering) -> list[Facts] | None:
    networks = gathering.driver.networks
    records = None if networks is None else gathering.told(networks.describe)
    if records is None:
        return None
    found = []
    for record in sorted(records, key=lambda record: record.name):
        root = gathering.parse(record.live or record.config, f"the document of the network {record.name}")
        forward, bridge = (None, None) if root is None else (root.find("forward"), root.find("bridge"))
        found.append(
            known(
                name=text(record.name),
                uuid=record.uuid,
                state="active" if record.active else "inactive",
                persistent=record.persistent,
                autostart=record.autostart,
                # Without the word, a network that forwards does it by NAT.
                forward_mode=None if forward is None else text(forward.get("mode", "nat")),
                bridge=None if bridge is None else text(bridge.get("name")),
            )
        )
    return _named(found)


def _interfaces(gathering: Gathering) -> list[Facts] | None:
    if gathering.record.interfaces is None:
        return None
    from .._document.host_interface import interface_facts

    found = []
    for each in sorted(gathering.record.interfaces, key=lambda each: each.name):
        root = gathering.parse(each.document, f"the document of the interface {each.name[:100]!r}")
        told = {} if root is None else interface_facts(root)
        found.append({**known(name=text(each.name), mac=mac(each.mac), active=each.active), **told})
    return _named(found)


def _devices(gathering: Gathering) -> Facts | None:
    if gathering.record.devices is None:
        return None
    from .._document.node_device import GROUPS, device_facts

    found: dict[str, list[Facts]] = {group: [] for group in GROUPS}
    for each in sorted(gathering.record.devices, key=lambda each: each.name):
        root = gathering.parse(each.document, f"the document of the device {each.name[:100]!r}")
        for group, facts in () if root is None else device_facts(root, each.active):
            found[group].append(facts)
    return found


def _statistics(gathering: Gathering) -> Facts | None:
    from .domain_consumption import consumption

    times = gathering.record.cpu_times or {}
    use = gathering.record.memory_use or {}
    domains = gathering.stats
    cpu = {name: number(times.get(word)) for name, word in CPU_TIMES.items()}
    memory = {name: _kibibytes(use.get(name)) for name in ("total", "free", "buffers", "cached")}
    return known(
        time=gathering.time,
        cpu=known(**cpu) or None,
        memory=known(**memory) or None,
        domains=None
        if domains is None
        else {name: consumption(domains[name]) for name in sorted(domains) if text(name) == name},
    )


def _named(entries: Sequence[Facts]) -> list[Facts]:
    return [entry for entry in entries if "name" in entry]


SUBSETS: dict[str, tuple[tuple[NodePart, ...], Callable[[Gathering], Any]]] = {
    "hypervisor": ((NodePart.HYPERVISOR,), _hypervisor),
    "capabilities": ((NodePart.CAPABILITIES,), _capabilities),
    "cpu": ((NodePart.CAPABILITIES, NodePart.PROCESSORS), _cpu),
    "memory": ((NodePart.CAPABILITIES, NodePart.MEMORY), _memory),
    "numa": ((NodePart.CAPABILITIES,), _numa),
    "pools": ((), _pools),
    "networks": ((), _networks),
    "interfaces": ((NodePart.INTERFACES,), _interfaces),
    "devices": ((NodePart.DEVICES,), _devices),
    "statistics": ((NodePart.STATISTICS,), _statistics),
}
"""The parts of the node's description that each subset needs, and how it is made of them."""
MINIMAL = frozenset({"hypervisor"})
