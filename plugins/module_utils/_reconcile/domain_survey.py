# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What an inventory knows of a domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._document import tree
from .._document.domain import DOMAIN
from .._document.field import Table
from .._driver.domains import DomainRecord, Surveyed
from .._errors import InvalidDocument
from .domain_result import spec_of, summary

UNKNOWN = "the hypervisor does not give its document"

BRIEF = DOMAIN.only("tags", "interfaces")
"""What is needed of a domain by whoever does not want its spec, in a seventh of the time."""


def facts(seen: Surveyed, table: Table = DOMAIN) -> tuple[dict[str, Any], str | None]:
    """Return what is known of a domain, in values that JSON can hold, and why its spec is empty, where it is.

    The spec has what the table has.
    """
    record = seen.record
    spec, problem = _spec(record, table)
    return {
        **summary(record),
        "spec": spec,
        "tags": sorted(spec.get("tags", ())),
        "networks": networks(spec),
        "addresses": [dict(address._asdict()) for address in seen.addresses],
    }, problem


def networks(spec: Mapping[str, Any]) -> list[str]:
    """Return the names of the networks and bridges that a domain has interfaces in, sorted."""
    found = (_network(interface) for interface in spec.get("interfaces", ()))
    return sorted({name for name in found if name})


def has_agent(record: DomainRecord) -> bool:
    """Whether the guest agent of a domain, of which the running document was read, can be asked."""
    if not record.live:
        return False
    from .domain_power import agent_connected

    try:
        return agent_connected(tree.parse(record.live, f"the document of {record.name}"))
    except InvalidDocument:
        return False


def on_network(spec: Mapping[str, Any], name: str) -> set[str]:
    """Return the MAC addresses of the interfaces that a domain has in a network or bridge."""
    return {
        str(interface["mac"]).lower()
        for interface in spec.get("interfaces", ())
        if "mac" in interface and _network(interface) == name
    }


def _network(interface: Mapping[str, Any]) -> str | None:
    name = interface.get("network", interface.get("bridge"))
    return None if name is None else str(name)


def _spec(record: DomainRecord, table: Table) -> tuple[dict[str, Any], str | None]:
    document = record.config or record.live
    if not document:
        return {}, UNKNOWN
    try:
        return spec_of(tree.parse(document, f"the document of {record.name}"), table), None
    except InvalidDocument as error:
        return {}, error.reason
