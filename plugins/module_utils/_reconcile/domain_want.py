# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a domain's configuration is to become."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._document import tree
from .._document.disk import DISKS
from .._document.domain import DOMAIN, complete, write
from .._document.field import Difference, Spec
from .._document.statable import statable
from .._document.subset import Missing, lists_of, merge, missing
from .._driver.base import Capability, Driver
from .._errors import InputError
from .domain_request import CEILINGS, DomainRequest
from .domain_seen import Seen
from .pin import pin

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_LISTS = lists_of(DOMAIN)


class Wanted(NamedTuple):
    """The configuration that a request asks for."""

    spec: Spec
    """What was stated, completed and pinned to the devices that are there."""
    document: Element
    differences: list[Difference]
    """Where the configuration is not as stated; empty for a new domain."""
    raw: list[Missing]
    """What ``xml`` says beyond the options, and the configuration does not."""


def want(driver: Driver, request: DomainRequest, seen: Seen) -> Wanted:
    """Work out what the configuration is to become; raise InputError for what cannot be."""
    record = seen.record
    base = _new(driver, request) if seen.config is None else seen.config
    there = None if record is None else DOMAIN.read(base)
    spec = complete(request.spec, there)
    if there is not None and seen.live is not None:
        spec = _with_waiting_ceilings(spec, there, DOMAIN.read(seen.live))
    spec = _same_storage(driver, base, pin(DOMAIN, base, spec))
    document = tree.clone(base)
    if request.xml is not None and base is not request.xml:
        merge(document, request.xml, _LISTS)
    write(document, spec, request.exclusive)
    if record is None:
        return Wanted(spec, document, [], [])
    raw: list[Missing] = []
    if request.xml is not None:
        typed = tree.clone(base)
        write(typed, spec, request.exclusive)
        raw = missing_of_xml(typed, request)
    return Wanted(spec, document, differences(base, spec, request), raw)


def _with_waiting_ceilings(spec: Spec, config: Spec, live: Spec) -> Spec:
    """Add the ceilings that an earlier task has raised, and that the running domain needs and does not have yet."""
    waiting = {
        ceiling: config[ceiling]
        for now, ceiling in CEILINGS.items()
        if now in spec and ceiling in config and spec[now] > live.get(ceiling, spec[now])
    }
    return {**waiting, **spec}


def differences(document: Element, spec: Spec, request: DomainRequest) -> list[Difference]:
    """Return where a document of the domain is not as the request wants it."""
    return list(DOMAIN.differences(document, spec, "", request.exclusive))


def missing_of_xml(document: Element, request: DomainRequest) -> list[Missing]:
    """Return what a document does not say of the request's ``xml``, apart from what options can say: that is in the
    spec, where the task's own options have won over it."""
    if request.xml is None:
        return []
    known = tree.parse("<domain/>", "nothing")
    write(known, statable(DOMAIN, DOMAIN.read(request.xml)))
    beyond = tuple(f"{item.path}/" for item in missing(known, request.xml, _LISTS))
    return [item for item in missing(document, request.xml, _LISTS) if f"{item.path}/".startswith(beyond)]


def raw_differences(live: Element, config: Element, request: DomainRequest) -> list[Missing]:
    """Return what only ``xml`` says, the configuration has, and the running domain does not."""
    ignored = {item.path for item in missing_of_xml(config, request)}
    return [item for item in missing_of_xml(live, request) if item.path not in ignored]


def _new(driver: Driver, request: DomainRequest) -> Element:
    if request.xml is not None and request.xml.find("os/type") is not None:
        # A whole document of somebody who knows what is in it: nothing is added.
        return request.xml
    if "memory" not in request.spec and "memory_max" not in request.spec:
        raise InputError("memory", f"{request.name} does not exist yet, and a new domain needs memory.")
    from .._document.defaults import new_domain

    capabilities = tree.parse(driver.node.capabilities(), "the node's capabilities")
    return new_domain(request.spec, capabilities, _cpu_flags(driver))


def _cpu_flags(driver: Driver) -> frozenset[str] | None:
    if Capability.NODE_FILES not in driver.capabilities or driver.host.status("/proc/cpuinfo") is None:
        return None
    lines = driver.host.read("/proc/cpuinfo", 65536).decode("utf-8", "replace").splitlines()
    return frozenset(word for line in lines if line.startswith("flags") for word in line.split())


def _same_storage(driver: Driver, base: Element, spec: Spec) -> Spec:
    """Leave out the source of a disk that names, in the other way, what it has: a volume by its path or a path by its
    volume."""
    if driver.volumes is None or not spec.get("disks"):
        return spec
    there = {entry.get("target"): entry for entry in DISKS.read(base).get("disks", [])}
    disks = []
    for entry in spec["disks"]:
        found = there.get(entry["target"], {})
        by_volume, by_path = (entry, found) if "volume" in entry else (found, entry)
        volume = (by_volume.get("pool", ""), by_volume["volume"]) if "volume" in by_volume else None
        path = by_path.get("file") or by_path.get("block")
        if volume is not None and path and driver.volumes.paths([volume]).get(volume) == path:
            entry = {name: value for name, value in entry.items() if name not in ("file", "block", "pool", "volume")}
        disks.append(entry)
    return {**spec, "disks": disks}
