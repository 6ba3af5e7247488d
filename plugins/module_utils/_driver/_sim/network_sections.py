# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Changes of parts of an active network, matched as libvirt matches them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ..._document.lxml import etree
from ..._document.tree import parse, remove, serialize
from ..._errors import InvalidDocument, NotSupported, OperationInvalid
from ..networks import NetworkSection, NetworkUpdate
from .complete_network import sort_network
from .model import State
from .network_lifecycle import active
from .validate_network import (
    address_of,
    check_dns_entry,
    check_host,
    check_network_parts,
    check_range,
    interface_of,
    serves_dhcp,
)

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

Matcher = Callable[["Element", "Element"], bool]


def update(state: State, name: str, section: NetworkSection, change: NetworkUpdate, document: str, parent: int) -> None:
    """Change one entry of the active network."""
    what = f"changing the section {section.value} of the network {name!r}"
    network = active(state, name, what)
    rules = SECTIONS[section]
    entry = parse(document, what)
    if entry.tag != rules.tag:
        raise InvalidDocument(f"{what}: the document is of the kind {entry.tag!r}, not {rules.tag!r}.")
    if change is NetworkUpdate.MODIFY and not rules.modifiable:
        raise NotSupported(f"{what}: an entry cannot be modified, only added or deleted.")
    root = parse(network.live or "", what)
    home = rules.home(root, parent, what)
    if change is not NetworkUpdate.DELETE or not rules.partial:
        rules.check(entry, home, what)
    same = rules.matches_partly if change is NetworkUpdate.DELETE else rules.matches
    found = [each for each in home.iterchildren(rules.tag) if same(entry, each)]
    if change is NetworkUpdate.ADD:
        if found:
            raise OperationInvalid(f"{what}: there is such an entry already.")
        _check_only_dhcp(root, home, what)
        home.append(entry)
    else:
        _replace(found, entry if change is NetworkUpdate.MODIFY else None, rules, what)
    _drop_empty(home)
    sort_network(root)
    check_network_parts(root, what)
    network.live = serialize(root)


def _replace(found: list[Element], entry: Element | None, rules: _Rules, what: str) -> None:
    if not found:
        raise OperationInvalid(f"{what}: there is no such entry.")
    if len(found) > 1 and rules.single:
        raise OperationInvalid(f"{what}: more than one entry is like that.")
    home = found[0].getparent()
    if entry is None:
        remove(found[0])
    elif home is not None:
        home.replace(found[0], entry)


def _drop_empty(home: Element) -> None:
    if home.tag in ("dhcp", "dns") and not len(home) and not home.attrib:
        remove(home)


def _check_only_dhcp(root: Element, home: Element, what: str) -> None:
    ip = home.getparent()
    if home.tag != "dhcp" or ip is None or serves_dhcp(ip):
        return
    version = interface_of(ip, what).version
    for other in root.iterchildren("ip"):
        if interface_of(other, what).version == version and serves_dhcp(other):
            raise OperationInvalid(f"{what}: another IPv{version} address of it has DHCP already.")


def _child(parent: Element, tag: str) -> Element:
    found = parent.find(tag)
    return etree.SubElement(parent, tag) if found is None else found


# Where the entries of a section are, and what they are checked against.


def _root(root: Element, _parent: int, _what: str) -> Element:
    return root


def _dns(root: Element, _parent: int, _what: str) -> Element:
    return _child(root, "dns")


def _forward(root: Element, _parent: int, what: str) -> Element:
    forward = root.find("forward")
    if forward is None:
        raise OperationInvalid(f"{what}: it is isolated, and forwards nothing.")
    return forward


def _dhcp(root: Element, parent: int, what: str) -> Element:
    ips = list(root.iterchildren("ip"))
    if parent >= 0:
        chosen = ips[parent : parent + 1]
    else:
        first = sorted(ips, key=lambda ip: interface_of(ip, what).version)
        chosen = [ip for ip in ips if serves_dhcp(ip)] + first
    if not chosen:
        raise OperationInvalid(f"{what}: it has no such ip element.")
    return _child(chosen[0], "dhcp")


def _check_dhcp_host(entry: Element, home: Element, what: str) -> None:
    ip = home.getparent()
    if ip is None:
        return
    interface = interface_of(ip, what)
    check_host(entry, interface, what)
    if address_of(entry.get("ip"), what).version != interface.version:
        raise OperationInvalid(f"{what}: {entry.get('ip')} is not of the family of {interface}.")


def _check_dhcp_range(entry: Element, home: Element, what: str) -> None:
    ip = home.getparent()
    if ip is not None:
        check_range(entry, interface_of(ip, what), what)


def _check_device(entry: Element, _home: Element, what: str) -> None:
    if not entry.get("dev"):
        raise InvalidDocument(f"{what}: the interface names no device.")


def _check_portgroup(entry: Element, home: Element, what: str) -> None:
    if not entry.get("name"):
        raise InvalidDocument(f"{what}: the port group has no name.")
    others = [each for each in home.iterchildren("portgroup") if each.get("name") != entry.get("name")]
    if entry.get("default") == "yes" and any(each.get("default") == "yes" for each in others):
        raise OperationInvalid(f"{what}: another port group is the default already.")


def _check_dns(entry: Element, _home: Element, what: str) -> None:
    check_dns_entry(entry, what)


# Which entries are meant: ``wanted`` is the caller's, ``there`` the network's.


def _any_of(*attributes: str) -> Matcher:
    def matches(wanted: Element, there: Element) -> bool:
        return any(_value(wanted, each) and _value(wanted, each) == _value(there, each) for each in attributes)

    return matches


def _all_of(*attributes: str) -> Matcher:
    def matches(wanted: Element, there: Element) -> bool:
        return all(not _value(wanted, each) or _value(wanted, each) == _value(there, each) for each in attributes)

    return matches


def _value(entry: Element, attribute: str) -> str:
    return entry.get(attribute, "").lower() if attribute == "mac" else entry.get(attribute, "")


def _host_partly(wanted: Element, there: Element) -> bool:
    # An entry without a MAC address is one for any of them (libvirt 9.0.0).
    mac = not wanted.get("mac") or not there.get("mac") or _value(wanted, "mac") == _value(there, "mac")
    return mac and _all_of("name", "ip")(wanted, there)


def _dns_host_partly(wanted: Element, there: Element) -> bool:
    names = [{name.text for name in each.iterchildren("hostname")} for each in (wanted, there)]
    return _any_of("ip")(wanted, there) or bool(names[0] & names[1])


class _Rules(NamedTuple):
    """One section."""

    tag: str
    home: Callable[[Element, int, str], Element]
    check: Callable[[Element, Element, str], None]
    matches: Matcher
    matches_partly: Matcher
    """For deleting."""
    modifiable: bool = False
    partial: bool = False
    """Whether an entry can be deleted that is only partly named."""
    single: bool = False
    """Whether more than one match is refused; else the first one is meant."""


_range = _all_of("start", "end")
_name = _all_of("name")
_srv = _all_of("domain", "service", "protocol", "target")
SECTIONS: dict[NetworkSection, _Rules] = {
    NetworkSection.DHCP_HOST: _Rules(
        "host", _dhcp, _check_dhcp_host, _any_of("mac", "ip", "name"), _host_partly, modifiable=True, partial=True
    ),
    NetworkSection.DHCP_RANGE: _Rules("range", _dhcp, _check_dhcp_range, _range, _range),
    NetworkSection.FORWARD_INTERFACE: _Rules("interface", _forward, _check_device, _all_of("dev"), _all_of("dev")),
    NetworkSection.PORTGROUP: _Rules("portgroup", _root, _check_portgroup, _name, _name, modifiable=True),
    NetworkSection.DNS_HOST: _Rules(
        "host", _dns, _check_dns, _any_of("ip"), _dns_host_partly, partial=True, single=True
    ),
    NetworkSection.DNS_TXT: _Rules("txt", _dns, _check_dns, _name, _name, partial=True),
    NetworkSection.DNS_SRV: _Rules("srv", _dns, _check_dns, _srv, _srv, partial=True, single=True),
}
