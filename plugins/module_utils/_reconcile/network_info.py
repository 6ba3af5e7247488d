# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Reading networks: many at once, and only what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .._document import tree
from .._document.network import NETWORK
from .._driver.base import Capability, Driver
from .network_result import spec_of, summary
from .network_seen import networks_of, parse
from .selection import selected
from .stated import check_timeout

GATHER = ("spec", "xml", "leases", "domains")
STATES = ("active", "inactive")


class Query(NamedTuple):
    """What a task wants to know. An empty selection selects everything."""

    name: tuple[str, ...]
    """Names, or patterns as the shell knows them."""
    states: frozenset[str]
    tags: frozenset[str]
    """A network must have all of them."""
    gather: frozenset[str]


def load(params: Mapping[str, Any]) -> Query:
    """Return what a task asks for; raise InputError for what cannot be right."""
    check_timeout(params["timeout"])
    return Query(
        name=tuple(params.get("name") or ()),
        states=frozenset(params.get("states") or ()),
        tags=frozenset(params.get("tags") or ()),
        gather=frozenset(params.get("gather") or ()),
    )


def networks(driver: Driver, query: Query) -> list[dict[str, Any]]:
    """Return the selected networks, sorted by name; what does not exist is not there."""
    there = networks_of(driver)
    documents = bool(query.tags or query.gather.intersection(("spec", "xml")))
    records = there.describe(selected(there.names, query.name), documents=documents)
    found: dict[str, dict[str, Any]] = {}
    for record in sorted(records, key=lambda record: record.name):
        entry = summary(record)
        if query.states and entry["state"] not in query.states:
            continue
        if documents:
            config = parse(record).config
            if config is None or not query.tags.issubset(NETWORK.read(config).get("tags", ())):
                continue
            if "spec" in query.gather:
                entry["spec"] = spec_of(config)
            if "xml" in query.gather:
                entry["xml"] = tree.serialize(config)
        found[record.name] = entry
    _add_leases(driver, query, found)
    _add_domains(driver, query, found)
    return list(found.values())


def _active(found: dict[str, dict[str, Any]]) -> list[str]:
    return [name for name, entry in found.items() if entry["state"] == "active"]


def _add_leases(driver: Driver, query: Query, found: dict[str, dict[str, Any]]) -> None:
    if "leases" not in query.gather:
        return
    can = Capability.NETWORK_LEASES in driver.capabilities
    leases = networks_of(driver).leases(_active(found)) if can else {}
    for name, entry in found.items():
        entry["leases"] = [dict(lease._asdict()) for lease in leases.get(name, [])]


def _add_domains(driver: Driver, query: Query, found: dict[str, dict[str, Any]]) -> None:
    if "domains" not in query.gather:
        return
    from .network_connected import all_connections

    connected = all_connections(driver, _active(found))
    for name, entry in found.items():
        entry["domains"] = [
            {"name": each.domain, "uuid": each.uuid, "mac": each.mac, "target": each.target}
            for each in connected.get(name, [])
            if each.plugged
        ]
