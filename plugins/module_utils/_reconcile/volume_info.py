# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Reading volumes: many at once, and only what was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .._driver.base import Driver
from .._driver.storage import VolumeRecord
from .._errors import NotFound
from .selection import has_pattern, matches, selected
from .stated import check_timeout
from .volume_result import spec_of, summary, xml_of
from .volume_seen import parse, storage

GATHER = ("spec", "xml", "domains", "content")


class Query(NamedTuple):
    """What a task wants to know. An empty selection selects everything."""

    pool: tuple[str, ...]
    """Names, or patterns as the shell knows them."""
    name: tuple[str, ...]
    """Likewise."""
    gather: frozenset[str]


def load(params: Mapping[str, Any]) -> Query:
    """Return what a task asks for; raise InputError for what cannot be right."""
    check_timeout(params["timeout"])
    return Query(
        pool=tuple(params.get("pool") or ()),
        name=tuple(params.get("name") or ()),
        gather=frozenset(params.get("gather") or ()),
    )


def volumes(driver: Driver, query: Query) -> list[dict[str, Any]]:
    """Return the selected volumes of active pools, sorted by pool and name; what does not exist is not there."""
    found = sorted(_records(driver, query), key=lambda record: (record.pool, record.name))
    entries = []
    for record in found:
        document = parse(record)
        entry = summary(record, document)
        if "spec" in query.gather:
            entry["spec"] = spec_of(record.pool, document)
        if "xml" in query.gather:
            entry["xml"] = xml_of(document)
        entries.append(entry)
    if "domains" in query.gather and entries:
        _add_domains(driver, entries)
    if "content" in query.gather:
        _add_content(driver, entries)
    return entries


def _records(driver: Driver, query: Query) -> list[VolumeRecord]:
    pools, volumes_ = storage(driver)
    there = pools.describe(selected(pools.names, query.pool), documents=False)
    names = None if not query.name or has_pattern(query.name) else list(dict.fromkeys(query.name))
    active = {pool.name: names for pool in there if pool.state.active}
    found = volumes_.describe(active) if active else []
    return [record for record in found if not query.name or matches(record.name, query.name)]


def _add_domains(driver: Driver, entries: Sequence[dict[str, Any]]) -> None:
    from .volume_use import users

    places = [((entry["pool"], entry["name"]), entry.get("path")) for entry in entries]
    for entry, uses in zip(entries, users(driver, places)):
        # A running domain uses it now, and again at its next start.
        running: dict[tuple[str, str, str], bool] = {}
        for use in uses:
            key = (use.domain, use.how, use.target)
            running[key] = running.get(key, False) or use.running
        entry["domains"] = [
            {"name": domain, "how": how, "target": target or None, "running": now}
            for (domain, how, target), now in sorted(running.items())
        ]


def _add_content(driver: Driver, entries: Sequence[dict[str, Any]]) -> None:
    from .volume_content import read_mark

    for entry in entries:
        try:
            mark = read_mark(storage(driver)[1].mark(entry["pool"], entry["name"]))
        except NotFound:
            # It went since it was read.
            mark = None
        entry["content"] = None if mark is None else mark.origin
