# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Reading domains: many at once, and only what was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .._document.domain import DOMAIN
from .._driver.base import Driver
from .domain_result import spec_of, summary, xml_of
from .domain_seen import parse
from .domain_wait import ADDRESS_SOURCES, show
from .selection import selected
from .stated import check_timeout

GATHER = ("spec", "xml", "addresses", "stats")


class Query(NamedTuple):
    """What a task wants to know. An empty selection selects everything."""

    name: tuple[str, ...]
    """Names, or patterns as the shell knows them."""
    states: frozenset[str]
    tags: frozenset[str]
    """A domain must have all of them."""
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


def domains(driver: Driver, query: Query) -> list[dict[str, Any]]:
    """Return the selected domains, sorted by name; what does not exist is not there."""
    documents = bool(query.tags or query.gather.intersection(("spec", "xml")))
    records = driver.domains.describe(selected(driver.domains.names, query.name), documents=documents)
    found: dict[str, dict[str, Any]] = {}
    for record in sorted(records, key=lambda record: record.name):
        entry = summary(record)
        if query.states and entry["state"] not in query.states:
            continue
        if documents:
            config = parse(record).config
            if config is None:
                continue
            if not query.tags.issubset(DOMAIN.read(config).get("tags", ())):
                continue
            if "spec" in query.gather:
                entry["spec"] = spec_of(config)
            if "xml" in query.gather:
                entry["xml"] = xml_of(config)
        found[record.name] = entry
    _add_addresses(driver, query, found, [record.name for record in records if record.state.active])
    if "stats" in query.gather and found:
        stats = driver.domains.stats(list(found))
        for name, entry in found.items():
            entry["stats"] = stats.get(name, {})
    return list(found.values())


def _add_addresses(driver: Driver, query: Query, found: dict[str, dict[str, Any]], active: Sequence[str]) -> None:
    if "addresses" not in query.gather:
        return
    running = [name for name in active if name in found]
    addresses = driver.domains.addresses(running, ADDRESS_SOURCES) if running else {}
    for name, entry in found.items():
        entry["addresses"] = [show(address) for address in addresses.get(name, [])]
