# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Lists of entries: devices, and everything else that comes in numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Union

from .._errors import InputError
from .node import Device, Difference, Live, Node, Spec, Table, join, live_of
from .pairing import Identity, pair
from .tree import Place, remove

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


Hotplug = Union[bool, "Callable[[Spec], bool]"]


class Items(Node):
    """A list of entries of one kind, an element each.

    Entries are paired with what is there by ``identity`` (see pairing.py), never by position unless nothing else
    tells them apart; entries that a spec does not name stay. With ``whole`` the list is one value: what is not named
    goes, and the order counts. ``create`` completes a new entry's element before the spec is written into it.
    ``hotplug``: entries can come and go while the domain runs, or some of them, by their spec. ``device``: entries
    are devices of their own, which can at least be updated. ``implied``: the hypervisor adds entries that nobody
    stated, and adds them again when they are taken away, so ``exclusive`` cannot name the list. ``deep``: it can name
    the lists within the entries (``ip.dhcp.hosts``). ``check`` raises InputError when an entry makes no sense.
    """

    def __init__(
        self,
        option: str,
        place: str,
        *nodes: Node,
        identity: Sequence[Identity] = (),
        hotplug: Hotplug = False,
        device: bool = False,
        whole: bool = False,
        implied: bool = False,
        deep: bool = False,
        create: Callable[[Element, Spec], None] | None = None,
        check: Callable[[Spec, str], None] | None = None,
        live: Live = None,
    ) -> None:
        self.option = option
        self.place = Place(place)
        self.begins = self.place.begins
        self.table = Table(*nodes)
        self.identity = tuple(identity)
        self.hotplug = hotplug
        self.whole = whole
        self.implied = implied
        self.deep = deep
        self.create = create
        self.check = check
        self.device = device or bool(hotplug)
        self.live = live

    def argument_spec(self) -> dict[str, dict[str, Any]]:
        return {self.option: {"type": "list", "elements": "dict", "options": self.table.argument_spec()}}

    def load(self, params: Mapping[str, Any], path: str) -> Spec:
        values = params.get(self.option)
        if values is None:
            return {}
        here = join(path, self.option)
        loaded = []
        seen: set[tuple[Any, ...]] = set()
        for index, value in enumerate(values):
            entry = self.table.load(value, f"{here}[{index}]")
            for identity in self.identity:
                key = identity.of(entry)
                if identity.unique and key is not None:
                    if (identity.options, key) in seen:
                        what = " and ".join(f"{option} {part}" for option, part in zip(identity.options, key))
                        raise InputError(f"{here}[{index}]", f"{what} is there twice.", hint="Name each one once.")
                    seen.add((identity.options, key))
            if self.check is not None:
                self.check(entry, f"{here}[{index}]")
            loaded.append(entry)
        return {self.option: loaded}

    def read(self, element: Element) -> Spec:
        entries = [self.table.read(found) for found in self.elements(element)]
        return {self.option: entries} if entries else {}

    def elements(self, element: Element) -> list[Element]:
        """Return the elements of the entries that are there."""
        return self.place.find_all(element)

    def pairs(
        self, element: Element, wanted: Sequence[Spec]
    ) -> tuple[list[tuple[Spec, Element | None]], list[Element]]:
        """Return each wanted entry with the element it is paired with, and the elements that are left."""
        found = self.elements(element)
        places = pair(wanted, [self.table.read(entry) for entry in found], self.identity)
        taken = set(places)
        return (
            [(entry, None if place is None else found[place]) for entry, place in zip(wanted, places)],
            [entry for place, entry in enumerate(found) if place not in taken],
        )

    def write(self, element: Element, spec: Spec) -> None:
        if self.option not in spec:
            return
        if self.whole:
            if any(True for _difference in self.differences(element, spec, "", frozenset())):
                self._replace(element, spec[self.option])
            return
        for entry, found in self.pairs(element, spec[self.option])[0]:
            if found is None:
                self.add(element, entry)
            else:
                self.table.write(found, entry)

    def add(self, element: Element, entry: Spec) -> Element:
        """Add a new entry to a document."""
        made = self.place.add(element)
        if self.create is not None:
            self.create(made, entry)
        self.table.write(made, entry)
        return made

    def differences(self, element: Element, spec: Spec, path: str, exclusive: frozenset[str]) -> Iterator[Difference]:
        if self.option not in spec:
            return
        here = join(path, self.option)
        wanted = spec[self.option]
        if self.whole:
            yield from self._difference_as_a_whole(element, wanted, here)
            return
        pairs, left = self.pairs(element, wanted)
        for index, (entry, found) in enumerate(pairs):
            label = f"{here}[{self.label(entry, index)}]"
            device = Device(self, label, found, entry) if self.device else None
            if found is None:
                yield Difference(label, None, self.table.show(entry), self._plug(entry), self._writer(entry), device)
                continue
            for difference in self.table.differences(found, entry, label, _within(exclusive, here, label)):
                # Of a device, the edit is relative to its element; of any other entry, to the list's parent.
                edit = difference.edit if device else self._writer(entry)
                if difference.removal and not device:
                    edit = _editor(difference.edit, found)
                yield difference._replace(device=device or difference.device, edit=edit)
        for index, found in enumerate(left if here in exclusive else ()):
            entry = self.table.read(found)
            label = f"{here}[{self.label(entry, index)}]"
            device = Device(self, label, found, None) if self.device else None
            yield Difference(
                label, self.table.show(entry), None, self._plug(entry), _remover(found), device, removal=True
            )

    def show(self, spec: Spec) -> dict[str, Any]:
        if self.option not in spec:
            return {}
        return {self.option: [self.table.show(entry) for entry in spec[self.option]]}

    def lists(self, path: str = "") -> Iterator[str]:
        if self.whole:
            return
        if not self.implied:
            yield join(path, self.option)
        if self.deep:
            yield from self.table.lists(join(path, self.option))

    def same(self, found: Sequence[Element], wanted: Sequence[Spec]) -> bool:
        """Whether a list that is one value is as wanted."""
        if len(found) != len(wanted):
            return False
        return not any(True for entry, there in zip(wanted, found) for _change in self.table.differences(there, entry))

    def label(self, entry: Spec, index: int) -> str:
        """Return what tells this entry from its like: ``vda``, a MAC address, or its number from 0."""
        for identity in self.identity:
            key = identity.of(entry)
            if key:
                return ",".join(str(part) for part in key)
        return str(index)

    def _plug(self, entry: Spec) -> str | None:
        pluggable = self.hotplug(entry) if callable(self.hotplug) else self.hotplug
        return "hotplug" if pluggable else None

    def _writer(self, entry: Spec) -> Callable[[Element], None]:
        return lambda element: self.write(element, {self.option: [entry]})

    def _difference_as_a_whole(self, element: Element, wanted: list[Spec], path: str) -> Iterator[Difference]:
        found = self.elements(element)
        if self.same(found, wanted):
            return
        yield Difference(
            path=path,
            before=[self.table.show(self.table.read(entry)) for entry in found] or None,
            after=[self.table.show(entry) for entry in wanted],
            live=live_of(self.live, element),
            edit=lambda target: self._replace(target, wanted),
        )

    def _replace(self, element: Element, wanted: list[Spec]) -> None:
        for found in self.elements(element):
            remove(found)
        for entry in wanted:
            self.add(element, entry)


def _within(exclusive: frozenset[str], here: str, label: str) -> frozenset[str]:
    """Return the lists below ``here`` that ``exclusive`` names, as paths below one entry."""
    return frozenset(label + path[len(here) :] for path in exclusive if path.startswith(f"{here}."))


def _editor(edit: Callable[[Element], None], found: Element) -> Callable[[Element], None]:
    return lambda _element: edit(found)


def _remover(found: Element) -> Callable[[Element], None]:
    return lambda _element: remove(found)


def settle(table: Table, element: Element, spec: Spec, exclusive: frozenset[str] = frozenset()) -> None:
    """Edit a document so that nothing is left that differs from the spec."""
    for difference in list(table.differences(element, spec, "", exclusive)):
        if difference.removal:
            difference.edit(element)
    table.write(element, spec)
