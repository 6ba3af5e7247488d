# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The variables of a host: what is known of its domain, and how its guest is reached."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...module_utils._reconcile.domain_survey import on_network
from .selection import PREFIX

FACTS = ("name", "uuid", "state", "reason", "persistent", "autostart", "spec", "tags", "networks", "addresses")
HOST_VARIABLES = tuple(f"{PREFIX}{name}" for name in (*FACTS, "node", "uri"))
FAMILIES = {"ipv4": ("ipv4",), "ipv6": ("ipv6",), "any": ("ipv4", "ipv6")}
GUEST_AGENT = "stratum.virt.guest_agent"


class Way(NamedTuple):
    """How guests are reached."""

    connection: str
    sources: tuple[str, ...]
    """Who is asked for addresses, the first choice first."""
    network: str | None
    """An address in this one is the first choice."""
    family: str


def of_domain(node: str, uri: str, facts: Mapping[str, Any], *, spec: bool = True) -> dict[str, Any]:
    """Return the variables that say what a domain is, of those facts that are known, with its spec or without."""
    known = {f"{PREFIX}{name}": facts[name] for name in FACTS if name in facts and (spec or name != "spec")}
    return {**known, f"{PREFIX}node": node, f"{PREFIX}uri": uri}


def of_connection(facts: Mapping[str, Any], way: Way) -> dict[str, Any]:
    """Return Ansible's own variables for the way to a guest."""
    if way.connection == "guest_agent":
        return {"ansible_connection": GUEST_AGENT}
    address = best_address(facts, way) if way.connection == "ssh" else None
    return {} if address is None else {"ansible_host": address}


def best_address(facts: Mapping[str, Any], way: Way) -> str | None:
    """Return the address at which a guest is reached best, ``None`` when there is none.

    In the preferred network before elsewhere, then in the order of the sources, IPv4 before IPv6. Sources say what they
    like, a guest's agent above all, so only an address that one host alone can have counts.
    """
    families = FAMILIES[way.family]
    preferred = on_network(facts["spec"], way.network) if way.network else set()

    def rank(address: Mapping[str, Any]) -> tuple[bool, int, int]:
        elsewhere = address["mac"].lower() not in preferred
        return elsewhere, way.sources.index(address["source"]), families.index(address["family"])

    fitting = [
        address
        for address in facts["addresses"]
        if address["source"] in way.sources and address["family"] in families and _is_usable(address["address"])
    ]
    return min(fitting, key=rank)["address"] if fitting else None


def groups_of(variables: Mapping[str, Any], kinds: Sequence[str]) -> dict[str, list[str]]:
    """Return what a host belongs to, by kind of group: ``{"state": ["running"]}``."""
    values = {
        "state": [variables[f"{PREFIX}state"]],
        "node": [variables[f"{PREFIX}node"]],
        "network": variables[f"{PREFIX}networks"],
        "tag": variables[f"{PREFIX}tags"],
    }
    return {kind: values[kind] for kind in kinds}


def _is_usable(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    # Reserved are, among others, all IPv6 addresses with an IPv4 address in them: ::ffff:127.0.0.1.
    special = address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified
    return not (special or address.is_reserved)
