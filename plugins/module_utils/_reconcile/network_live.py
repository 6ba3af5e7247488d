# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Changing an active network: which differences can be applied at once, how, and which have to wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from .._document import tree
from .._document.field import Device, Difference, Items
from .._document.network import PORTGROUPS
from .._document.network_dns import DNS_HOSTS, SRV, TXT
from .._document.network_ip import HOSTS, IP, RANGES
from .._driver.base import Capability, Driver
from .._driver.networks import NetworkSection, NetworkUpdate
from .._errors import NotSupported, OperationInvalid
from .network_request import NetworkRequest
from .network_seen import networks_of
from .plan import NEXT_START, Effect, Plan

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

INTERFACES = "forward.interfaces"

_SECTIONS: Mapping[Items, NetworkSection] = {
    RANGES: NetworkSection.DHCP_RANGE,
    HOSTS: NetworkSection.DHCP_HOST,
    DNS_HOSTS: NetworkSection.DNS_HOST,
    TXT: NetworkSection.DNS_TXT,
    SRV: NetworkSection.DNS_SRV,
    PORTGROUPS: NetworkSection.PORTGROUP,
}


class Update(NamedTuple):
    """One thing that is done to an entry of an active network."""

    section: NetworkSection
    update: NetworkUpdate
    element: str
    parent: int = -1


class Change(NamedTuple):
    """One entry that becomes as wanted, in one step."""

    action: str
    """``add``, ``change`` or ``remove``."""
    label: str
    updates: tuple[Update, ...]
    last: bool = False
    """It takes what another entry gives up first."""
    makes_way: bool = False
    """Its entry cannot be modified: it is taken out, and added as it is to be."""


class LivePlanner:
    """Plans the changes of one active network.

    ``reasons`` collects, by entry, why the hypervisor did not take a change.
    """

    def __init__(
        self, driver: Driver, request: NetworkRequest, live: Element, document: Element, reasons: dict[str, str]
    ) -> None:
        self._driver = driver
        self._request = request
        self._live = live
        self._document = document
        self._reasons = reasons

    def pending(self, differences: Iterable[Difference]) -> Iterator[tuple[str, str]]:
        """Yield the fields that have to wait, with the reason."""
        capable = Capability.NETWORK_UPDATE in self._driver.capabilities
        moved = tuple(f"{path}." for path, parent in self._parents().items() if parent is None)
        for difference in differences:
            if difference.device is None and difference.path != INTERFACES:
                yield difference.path, NEXT_START
            elif not capable:
                yield difference.path, f"{NEXT_START}: this hypervisor cannot {Capability.NETWORK_UPDATE.value}"
            elif difference.path.startswith(moved):
                yield difference.path, f"{NEXT_START}, with the address"

    def plan(self, plan: Plan, differences: Iterable[Difference], waiting: frozenset[str]) -> None:
        """Add a step for every entry that the active network can take."""
        for change in _in_order(self._changes([item for item in differences if item.path not in waiting])):
            plan.add(f"{change.action} {change.label}", Effect.LIVE, self._updating(change), uncertain=True)

    def _parents(self) -> dict[str, int | None]:
        """Return, by the path of each stated address, which ``ip`` of the active network it is; ``None`` when it is
        none, or will be another one."""
        elements = IP.elements(self._live)
        wanted = self._request.spec.get("ip", [])
        parents: dict[str, int | None] = {}
        for index, (entry, element) in enumerate(IP.pairs(self._live, wanted)[0]):
            stays = element is not None and not any(
                item.path in ("address", "prefix", "family") for item in IP.table.differences(element, entry)
            )
            parents[f"ip[{IP.label(entry, index)}]"] = (
                elements.index(element) if stays and element is not None else None
            )
        return parents

    def _changes(self, differences: list[Difference]) -> Iterator[Change]:
        devices: dict[str, Device] = {}
        for difference in differences:
            if difference.device is not None:
                devices.setdefault(difference.device.label, difference.device)
            elif difference.path == INTERFACES:
                yield self._interfaces(difference)
        parents = self._parents()
        for label, device in devices.items():
            parent = parents.get(_address_of(label) or "")
            yield self._change(device, -1 if parent is None else parent)

    def _change(self, device: Device, parent: int) -> Change:
        section = _SECTIONS[device.items]

        def update(what: NetworkUpdate, element: Element) -> Update:
            return Update(section, what, tree.serialize(element), parent)

        if device.wanted is None and device.element is not None:
            return Change("remove", device.label, (update(NetworkUpdate.DELETE, device.element),))
        new = self._configured(device)
        if device.element is None:
            return Change("add", device.label, (update(NetworkUpdate.ADD, new),))
        known = section is NetworkSection.PORTGROUP or device.element.get("mac") is not None
        updates = (
            (update(NetworkUpdate.MODIFY, new),)
            if known
            else (update(NetworkUpdate.DELETE, device.element), update(NetworkUpdate.ADD, new))
        )
        return Change("change", device.label, updates, new.get("default") == "yes", makes_way=not known)

    def _configured(self, device: Device) -> Element:
        """Return an entry as the configuration is to have it, so that both are the same."""
        wanted = device.wanted or {}
        for scope in self._scopes(_address_of(device.label)):
            for _entry, element in device.items.pairs(scope, [wanted])[0]:
                if element is not None:
                    return element
        return device.items.add(tree.parse("<network/>", "a new entry"), wanted)

    def _scopes(self, address: str | None) -> list[Element]:
        """Return where in the configuration an entry can stand: at the address with this path, or outside of all."""
        if address is None:
            return [self._document, *self._document.iterfind("dns")]
        pairs = IP.pairs(self._document, self._request.spec.get("ip", []))[0]
        found = {f"ip[{IP.label(entry, index)}]": element for index, (entry, element) in enumerate(pairs)}
        element = found.get(address)
        return [] if element is None else element.findall("dhcp")

    def _interfaces(self, difference: Difference) -> Change:
        before, after = difference.before or [], difference.after or []
        updates = [(NetworkUpdate.DELETE, name) for name in before if name not in after]
        updates += [(NetworkUpdate.ADD, name) for name in after if name not in before]
        return Change("change", INTERFACES, tuple(_interface(update, name) for update, name in updates))

    def _updating(self, change: Change) -> Callable[[], bool]:
        networks, name = networks_of(self._driver), self._request.name

        def run() -> bool:
            try:
                for update in change.updates:
                    networks.update(name, update.section, update.update, update.element, parent=update.parent)
            except (NotSupported, OperationInvalid) as error:
                self._reasons[change.label] = f"{NEXT_START}: {error.reason}"
                return False
            return True

        return run


def _in_order(changes: Iterable[Change]) -> list[Change]:
    """Sort changes so that each finds free what it takes. Of the entries of a section that make way for themselves,
    the first takes out all of them, because they may exchange what they have."""
    order = {"remove": 0, "change": 1, "add": 2}
    ordered = sorted(changes, key=lambda change: (order[change.action], change.makes_way, change.last))
    taken_out: dict[NetworkSection, list[Update]] = {}
    for change in ordered:
        if change.makes_way:
            taken_out.setdefault(change.updates[0].section, []).append(change.updates[0])
    return [
        change._replace(updates=(*taken_out.pop(change.updates[0].section, ()), change.updates[1]))
        if change.makes_way
        else change
        for change in ordered
    ]


def _address_of(label: str) -> str | None:
    """Return the path of the address that an entry belongs to (``ip[192.0.2.1]``), ``None`` when it does to none."""
    return f"{label.partition('].')[0]}]" if label.startswith("ip[") else None


def _interface(update: NetworkUpdate, name: str) -> Update:
    element = tree.parse("<interface/>", "an interface")
    element.set("dev", name)
    return Update(NetworkSection.FORWARD_INTERFACE, update, tree.serialize(element))
