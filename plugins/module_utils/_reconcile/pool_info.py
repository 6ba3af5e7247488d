# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Reading pools: many at once, and only what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .._document.volume import VOLUME
from .._driver.base import Driver
from .._driver.storage import VolumeRecord
from .pool_result import spec_of, summary, xml_of
from .pool_seen import parse, storage
from .selection import selected
from .stated import check_timeout
from .volume_seen import parse as parse_volume
from .volume_seen import path_of

GATHER = ("spec", "xml", "volumes")


class Query(NamedTuple):
    """What a task wants to know. An empty selection selects everything."""

    name: tuple[str, ...]
    """Names, or patterns as the shell knows them."""
    states: frozenset[str]
    gather: frozenset[str]


def load(params: Mapping[str, Any]) -> Query:
    """Return what a task asks for; raise InputError for what cannot be right."""
    check_timeout(params["timeout"])
    return Query(
        name=tuple(params.get("name") or ()),
        states=frozenset(params.get("states") or ()),
        gather=frozenset(params.get("gather") or ()),
    )


def pools(driver: Driver, query: Query) -> list[dict[str, Any]]:
    """Return the selected pools, sorted by name; what does not exist is not there."""
    known, _volumes = storage(driver)
    documents = bool(query.gather.intersection(("spec", "xml")))
    records = known.describe(selected(known.names, query.name), documents=documents)
    found: dict[str, dict[str, Any]] = {}
    for record in sorted(records, key=lambda record: record.name):
        if query.states and record.state.value not in query.states:
            continue
        found[record.name] = entry = summary(record)
        config = parse(record).config if documents else None
        if config is not None and "spec" in query.gather:
            entry["spec"] = spec_of(config)
        if config is not None and "xml" in query.gather:
            entry["xml"] = xml_of(config)
    if "volumes" in query.gather:
        _add_volumes(driver, found, [record.name for record in records if record.state.active])
    return list(found.values())


def _add_volumes(driver: Driver, found: dict[str, dict[str, Any]], active: list[str]) -> None:
    _pools, volumes = storage(driver)
    wanted = [name for name in active if name in found]
    for entry in found.values():
        entry["volumes"] = []
    for record in sorted(volumes.describe(dict.fromkeys(wanted)) if wanted else (), key=lambda record: record.name):
        found[record.pool]["volumes"].append(_volume(record))


def _volume(record: VolumeRecord) -> dict[str, Any]:
    document = parse_volume(record)
    spec = VOLUME.read(document)
    shown = {"name": record.name, "path": path_of(document) or record.key}
    return {**shown, **{option: spec[option] for option in ("capacity", "allocation", "format") if option in spec}}
