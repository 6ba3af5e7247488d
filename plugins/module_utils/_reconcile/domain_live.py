# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Changing a running domain: which differences can be applied at once, how, and which have to wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .._deadline import Deadline
from .._document import tree
from .._document.domain import DOMAIN
from .._document.field import Device, Difference, Items, Spec
from .._document.units import factor
from .._driver.base import Capability, Driver
from .._driver.domains import DomainRecord
from .._errors import DeadlineExceeded, DriverError, NotSupported, OperationInvalid, StratumError
from .domain_request import CEILINGS, DomainRequest
from .domain_want import Wanted
from .plan import NEXT_START, Effect, Plan
from .wait import wait_until

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

PATIENCE = 10.0
"""Seconds that a guest has to react to a change that needs its help. A guest without an operating system never does;
the change then waits for the next start."""

SETTLING = 3.0
"""Seconds that a value which was configured before has to arrive, until the guest is asked again."""

_NEEDS = {
    "memory": Capability.LIVE_MEMORY,
    "vcpus": Capability.LIVE_VCPUS,
    "title": Capability.LIVE_METADATA,
    "description": Capability.LIVE_METADATA,
    "tags": Capability.LIVE_METADATA,
    "hotplug": Capability.HOTPLUG,
    "update": Capability.UPDATE_DEVICE,
}


class LivePlanner:
    """Plans and applies changes of one running domain.

    ``reasons`` collects, by field, why the hypervisor or the guest did not take a change.
    """

    def __init__(self, driver: Driver, request: DomainRequest, wanted: Wanted, reasons: dict[str, str]) -> None:
        self._domains = driver.domains
        self._capabilities = driver.capabilities
        self._name = request.name
        self._spec = wanted.spec
        self._timeout = request.timeout
        self._configured_now = frozenset(item.path for item in wanted.differences)
        self._reasons = reasons

    def plan(self, plan: Plan, live: Element, differences: Iterable[Difference], *, paused: bool) -> None:
        """Add a step for every difference that the running domain can take, and note the others as pending."""
        ceilings = DOMAIN.read(live)
        updates: dict[str, list[Difference]] = {}
        for difference in differences:
            reason = self._obstacle(difference, ceilings, paused)
            if reason is not None:
                plan.wait(difference.path, reason)
            elif difference.live == "update" and difference.device is not None:
                updates.setdefault(difference.device.label, []).append(difference)
            elif difference.live == "hotplug" and difference.device is not None:
                self._plug(plan, difference, difference.device)
            else:
                self._adjust(plan, difference)
        for label, changes in updates.items():
            device = changes[0].device
            if device is not None:
                plan.add(f"update {label}", Effect.LIVE, self._updating(device, changes), uncertain=True)

    def _obstacle(self, difference: Difference, live: Spec, paused: bool) -> str | None:
        if difference.live is None:
            return NEXT_START
        need = _NEEDS[difference.live]
        if need not in self._capabilities:
            return f"{NEXT_START}: this hypervisor cannot {need.value}"
        ceiling = CEILINGS.get(difference.live)
        if ceiling is not None and self._spec[difference.live] > live.get(ceiling, 0):
            return f"{NEXT_START}: it is more than the {ceiling} of the running domain"
        if difference.live == "memory" and paused:
            return "waits for the guest, which is paused"
        return None

    def _adjust(self, plan: Plan, difference: Difference) -> None:
        path, value = difference.path, self._spec[difference.path]
        action = f"set {path}"
        asked = self._asked(path)
        if difference.live == "memory":
            kibibytes = value // factor("KiB")
            run = self._asking(path, lambda: self._domains.set_memory(self._name, kibibytes), value)
            plan.add(f"{action} to {difference.after}", Effect.LIVE, run, uncertain=True, asked=asked)
        elif difference.live == "vcpus":
            run = self._asking(path, lambda: self._domains.set_vcpus(self._name, value), value)
            plan.add(f"{action} to {difference.after}", Effect.LIVE, run, uncertain=True, asked=asked)
        else:
            plan.add(action, Effect.LIVE, self._describing(path, value))

    def _describing(self, path: str, value: Any) -> Callable[[], None]:
        def title() -> None:
            self._domains.set_title(self._name, value or None)

        def description() -> None:
            self._domains.set_description(self._name, value or None)

        def tags() -> None:
            scratch = tree.parse("<domain/>", "the tags")
            DOMAIN.write(scratch, {"tags": value})
            element = scratch.find("metadata/*")
            text = None if element is None else tree.serialize(tree.without_namespace(element))
            self._domains.set_metadata(self._name, text, "stratum", tree.NAMESPACES["stratum"])

        return {"title": title, "description": description, "tags": tags}[path]

    def _asking(self, path: str, act: Callable[[], None], value: Any) -> Callable[[], bool]:
        """Return a step that asks the guest for a value, and says whether it moved towards it."""

        def look() -> bool | None:
            return True if self._now(path) == value else None

        def run() -> bool:
            if self._asked(path) and self._settles(look):
                return False
            before = self._now(path)
            self._try(path, look, act)
            return bool(self._now(path) != before)

        return run

    def _asked(self, path: str) -> str | None:
        """Return the field when its configuration is as wanted already, so that the guest has been asked before."""
        return None if path in self._configured_now else path

    def _settles(self, look: Callable[[], bool | None]) -> bool:
        """Whether a guest that was asked before gets there by itself: one that boots gives memory back bit by bit."""
        return bool(wait_until(self._domains, self._name, look, Deadline(min(SETTLING, self._timeout)), recheck=0.2))

    def _plug(self, plan: Plan, difference: Difference, device: Device) -> None:
        if device.wanted is None:
            asked = self._asked(difference.path)
            plan.add(f"detach {device.label}", Effect.LIVE, self._detaching(device), uncertain=True, asked=asked)
        else:
            plan.add(f"attach {device.label}", Effect.LIVE, self._attaching(device, device.wanted), uncertain=True)

    def _attaching(self, device: Device, wanted: Spec) -> Callable[[], bool]:
        index = next(place for place, entry in enumerate(self._spec[device.items.option]) if entry is wanted)

        def run() -> bool:
            record = self._record()
            live = _parsed(record, record.live)
            found = self._configured(record, device.items, index)
            element = found if found is not None else device.items.add(tree.parse("<domain/>", "a new device"), wanted)
            text = tree.serialize(_fitting(element, live))
            # Nothing is wrong with a device for which only the running domain has no place.
            homeless = _on_missing_bus(element, live)
            return self._takes([device.label], lambda: self._domains.attach_device(self._name, text), homeless)

        return run

    def _takes(self, fields: Iterable[str], act: Callable[[], None], any_refusal: bool = False) -> bool:
        """Whether the running domain takes a change; keep the reason when it can only be made at the next start."""
        try:
            act()
        except DriverError as error:
            if not any_refusal and not isinstance(error, (NotSupported, OperationInvalid)):
                raise
            self._reasons.update((field, f"{NEXT_START}: {error.reason}") for field in fields)
            return False
        return True

    def _configured(self, record: DomainRecord, items: Items, index: int) -> Element | None:
        """Return the device as the configuration has it, with what libvirt chose for it (its MAC address, say), so
        that it is the same device after the next start."""
        if record.config is None:
            return None
        pairs, _left = items.pairs(_parsed(record, record.config), self._spec[items.option])
        return pairs[index][1]

    def _detaching(self, device: Device) -> Callable[[], bool]:
        def run() -> bool:
            element = device.element
            if element is None:
                return False
            text = tree.serialize(element)
            return self._try(
                device.label,
                lambda: None if self._has(device.items, element) else True,
                lambda: self._domains.detach_device(self._name, text),
            )

        return run

    def _has(self, items: Items, element: Element) -> bool:
        record = self._record()
        wanted = _address_of(element) or tree.serialize(element)
        return any(
            (_address_of(other) or tree.serialize(other)) == wanted
            for other in items.elements(_parsed(record, record.live))
        )

    def _updating(self, device: Device, changes: list[Difference]) -> Callable[[], bool]:
        def run() -> bool:
            if device.element is None:
                return False
            element = tree.clone(device.element)
            for change in changes:
                change.edit(element)
            text = tree.serialize(element)
            fields = [change.path for change in changes]
            return self._takes(fields, lambda: self._domains.update_device(self._name, text))

        return run

    def _try(self, path: str, look: Callable[[], bool | None], act: Callable[[], None]) -> bool:
        """Ask the guest for something and wait until it is seen; keep the reason when it is not."""
        patience = min(PATIENCE, self._timeout)
        refused: list[DriverError | DeadlineExceeded] = []

        def ask() -> None:
            try:
                act()
            except NotSupported:
                raise
            except (DriverError, DeadlineExceeded) as error:
                refused.append(error)

        deadline = Deadline(patience)
        seen = wait_until(
            self._domains, self._name, lambda: look() or (False if refused else None), deadline, after=ask
        )
        if not seen:
            self._reasons[path] = str(refused[0]) if refused else f"the guest has not done it within {patience:g} s"
        return bool(seen)

    def _now(self, path: str) -> Any:
        record = self._record()
        return DOMAIN.read(_parsed(record, record.live)).get(path)

    def _record(self) -> DomainRecord:
        found = self._domains.describe([self._name], secrets=True)
        if not found or found[0].live is None:
            raise StratumError(f"the domain {self._name} stopped while it was being changed.")
        return found[0]


def _parsed(record: DomainRecord, document: str | None) -> Element:
    return tree.parse(document or "<domain/>", f"the document of {record.name}")


def _address_of(element: Element) -> tuple[str, ...] | None:
    """Return what names a device within its running domain: its alias, always there and unique."""
    alias = element.find("alias")
    return None if alias is None else (str(element.tag), alias.get("name", ""))


def _fitting(element: Element, live: Element) -> Element:
    """Return a configured device as the running domain can take it.

    Its address is kept, so that the guest finds it at the same place after the next start, unless another device
    has that address now or the bus that it is on is not there.
    """
    device = tree.clone(element)
    alias = device.find("alias")
    if alias is not None and not alias.get("name", "").startswith("ua-"):
        device.remove(alias)
    address = device.find("address")
    if address is not None:
        taken = {_key(other) for other in live.iterfind("devices/*/address")}
        if _key(address) in taken or _on_missing_bus(device, live):
            device.remove(address)
    return device


def _on_missing_bus(device: Element, live: Element) -> bool:
    """Whether the configuration has put a device on a PCI bus that the running domain does not have."""
    address = device.find("address")
    if address is None or address.get("type") != "pci":
        return False
    buses = {other.get("index", "0") for other in live.iterfind("devices/controller[@type='pci']")}
    return str(int(address.get("bus", "0"), 0)) not in buses


def _key(address: Element) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((str(name), str(value)) for name, value in address.attrib.items()))
