# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The node's capabilities as facts: the host, its CPU, its NUMA cells, and the guests that it offers.

Source: https://libvirt.org/formatcaps.html. Every function leaves out what the document does not say, or says in a way
that makes no sense.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from .capabilities import guests
from .untrusted import LIST_LIMIT, flag, known, number, numbers, size, text, texts

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

Facts = dict[str, Any]

CELLS_LIMIT = 1024
PAGES_LIMIT = 16
"""Sizes of pages of one cell."""
SIBLINGS_LIMIT = 64
"""Threads of one core."""


def host(root: Element) -> Facts:
    """Return what the host itself is able to do."""
    migration = root.find("host/migration_features")
    iommu = root.find("host/iommu")
    return known(
        uuid=text(root.findtext("host/uuid")),
        iommu=None if iommu is None else flag(iommu.get("support")),
        power_management=texts(str(each.tag) for each in root.iterfind("host/power_management/*")),
        live_migration=None if migration is None else migration.find("live") is not None,
        migration_transports=texts(each.text for each in root.iterfind(".//uri_transports/uri_transport")),
        security_models=[
            known(model=text(each.findtext("model")), doi=text(each.findtext("doi")))
            for each in islice(root.iterfind("host/secmodel"), PAGES_LIMIT)
            if text(each.findtext("model"))
        ],
    )


def guest_facts(root: Element) -> list[Facts]:
    """Return the guests that the node offers: a list entry for each kind of system and architecture."""
    found = []
    for guest in islice(guests(root), LIST_LIMIT):
        arch = guest.element.find("arch")
        if arch is None or text(guest.arch) is None:
            continue
        found.append(
            known(
                os_type=text(guest.os_type),
                arch=text(guest.arch),
                word_size=number(arch.findtext("wordsize")),
                emulator=text(arch.findtext("emulator")),
                domain_types=texts(guest.virt_types),
                machines=_machines(arch),
            )
        )
    return found


def _machines(arch: Element) -> list[Facts]:
    """Return the machines, each with the aliases that stand for it."""
    found: dict[str, Facts] = {}
    aliases: dict[str, list[str]] = {}
    for machine in islice(arch.iterfind(".//machine"), LIST_LIMIT):
        label, canonical = text(machine.text), text(machine.get("canonical"))
        if label is None:
            continue
        if canonical is not None and label not in aliases.setdefault(canonical, []):
            aliases[canonical].append(label)
        found.setdefault(
            label if canonical is None else canonical,
            known(vcpus_max=number(machine.get("maxCpus")), deprecated=flag(machine.get("deprecated")) or False),
        )
    return [{"name": label, "aliases": aliases.get(label, []), **facts} for label, facts in sorted(found.items())]


def cpu(root: Element) -> Facts:
    """Return what the host's CPU is."""
    element = root.find("host/cpu")
    if element is None:
        return {}
    topology, counter = element.find("topology"), element.find("counter[@name='tsc']")
    return known(
        arch=text(element.findtext("arch")),
        model=text(element.findtext("model")),
        vendor=text(element.findtext("vendor")),
        features=sorted(texts(each.get("name") for each in element.iterfind("feature"))),
        dies=None if topology is None else number(topology.get("dies")),
        tsc_frequency=None if counter is None else number(counter.get("frequency")),
    )


def cells(root: Element) -> list[Facts]:
    """Return the NUMA cells with what does not change of them; each has ``id``, ``pages``, ``cpus``, ``distances``."""
    found: dict[int, Facts] = {}
    left = LIST_LIMIT
    for cell in islice(root.iterfind("host/topology/cells/cell"), CELLS_LIMIT):
        identifier, memory = number(cell.get("id")), cell.find("memory")
        # The wire has 31 bits for it.
        if identifier is None or identifier >= 2**31 or identifier in found:
            continue
        cpus = _cpus(islice(cell.iterfind("cpus/cpu"), left))
        left -= len(cpus)
        found[identifier] = known(
            id=identifier,
            memory=None if memory is None else size(memory.text, memory.get("unit"), "KiB"),
            pages=_pages(cell),
            cpus=cpus,
            distances=[
                distance
                for distance in (
                    known(cell=number(each.get("id")), value=number(each.get("value")))
                    for each in islice(cell.iterfind("distances/sibling"), CELLS_LIMIT)
                )
                if len(distance) == 2
            ],
        )
    return [found[identifier] for identifier in sorted(found)]


def _pages(cell: Element) -> list[Facts]:
    """Return how many pages of each size there are; ``size`` in bytes."""
    found: dict[int, Facts] = {}
    for pages in islice(cell.iterfind("pages"), PAGES_LIMIT):
        page, total = size(pages.get("size"), pages.get("unit"), "KiB"), number(pages.text)
        # The wire has 32 bits for its KiB.
        if page and page % 1024 == 0 and page // 1024 < 2**32 and total is not None:
            found[page] = {"size": page, "total": total}
    return [found[page] for page in sorted(found)]


def _cpus(elements: Iterable[Element]) -> list[Facts]:
    return [
        known(
            id=number(each.get("id")),
            socket=number(each.get("socket_id")),
            die=number(each.get("die_id")),
            core=number(each.get("core_id")),
            siblings=numbers(each.get("siblings"), SIBLINGS_LIMIT),
        )
        for each in elements
        if number(each.get("id")) is not None
    ]
