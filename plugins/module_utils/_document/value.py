# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Options that hold one value, or a list of plain ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._errors import InputError, InvalidDocument
from .kind import Kind
from .node import Difference, Live, Node, Spec, join, live_of
from .tree import Place, remove

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

HIDDEN = "(hidden)"


def unlogged(name: str, option: dict[str, Any]) -> dict[str, Any]:
    """Return an option with Ansible told that it is no secret, where its name could make Ansible think so."""
    if any(word in name for word in _SUSPICIOUS):
        option["no_log"] = False
    return option


_SUSPICIOUS = ("pass", "key", "secret", "token")


def _read(option: str, kind: Kind, element: Element, attribute: str | None) -> Any:
    try:
        return kind.read(element, attribute)
    except ValueError as error:
        raise InvalidDocument(f"{option} of a document: {error}.") from error


class Field(Node):
    """One value at one place.

    ``fallback`` is where it is read when the place is empty; ``also`` are places that repeat it and are kept the same
    where they exist; ``drops`` are places that describe the old value, and go with it.
    """

    def __init__(
        self,
        option: str,
        place: str,
        kind: Kind,
        *,
        live: Live = None,
        secret: bool = False,
        required: bool = False,
        fallback: str | None = None,
        also: Sequence[str] = (),
        drops: Sequence[str] = (),
    ) -> None:
        self.option = option
        self.place = Place(place)
        self.kind = kind
        self.live = live
        self.secret = secret
        self.required = required
        self.fallback = None if fallback is None else Place(fallback)
        self.begins = self.place.begins
        if self.begins is not None and self.fallback is not None:
            self.begins = None if self.fallback.begins is None else self.begins | self.fallback.begins
        self.also = tuple(Place(other) for other in also)
        self.drops = tuple(Place(other) for other in drops)

    def argument_spec(self) -> dict[str, dict[str, Any]]:
        option = dict(self.kind.argument)
        if self.required:
            option["required"] = True
        if self.secret:
            option["no_log"] = True
        return {self.option: option if self.secret else unlogged(self.option, option)}

    def load(self, params: Mapping[str, Any], path: str) -> Spec:
        value = params.get(self.option)
        if value is None:
            return {}
        try:
            return {self.option: self.kind.parse(value)}
        except ValueError as error:
            reason = "its value makes no sense" if self.secret else str(error)
            raise InputError(join(path, self.option), f"{reason}.") from None

    def read(self, element: Element) -> Spec:
        places = (self.place,) if self.fallback is None else (self.place, self.fallback)
        for place in places:
            found = place.find(element)
            value = None if found is None else _read(self.option, self.kind, found, place.attribute)
            if value is not None:
                return {self.option: value}
        return {}

    def write(self, element: Element, spec: Spec) -> None:
        if self.option in spec and not self._same(element, spec[self.option]):
            self._put(element, spec[self.option])

    def differences(self, element: Element, spec: Spec, path: str, exclusive: frozenset[str]) -> Iterator[Difference]:
        if self.option not in spec:
            return
        wanted = spec[self.option]
        if self._same(element, wanted):
            return
        found = self.read(element).get(self.option)
        before, after = (None if value is None else self.kind.show(value) for value in (found, wanted))
        if self.secret:
            before, after = (None if found is None else HIDDEN), f"{HIDDEN}, changed"
        yield Difference(
            path=join(path, self.option),
            before=before,
            after=after,
            live=live_of(self.live, element),
            edit=lambda target: self._put(target, wanted),
        )

    def show(self, spec: Spec) -> dict[str, Any]:
        return {self.option: self.kind.show(spec[self.option])} if self.option in spec and not self.secret else {}

    def _same(self, element: Element, wanted: Any) -> bool:
        found = self.read(element).get(self.option)
        return self.kind.same(wanted, found, self.place.find(element))

    def _put(self, element: Element, value: Any) -> None:
        for place in self.drops:
            place.remove(element)
        if self.kind.removes(value):
            for repeated in (self.place, self.fallback, *self.also):
                if repeated is not None:
                    repeated.remove(element)
            return
        self.kind.write(self.place.make(element), self.place.attribute, value)
        for place in self.also:
            found = place.find(element)
            if found is not None and (place.attribute is None or found.get(place.attribute) is not None):
                self.kind.write(found, place.attribute, value)


class Values(Node):
    """A list of plain values, an element each; compared as a whole, in order unless ``ordered`` is off."""

    def __init__(self, option: str, place: str, kind: Kind, *, live: Live = None, ordered: bool = True) -> None:
        self.option = option
        self.place = Place(place)
        self.begins = self.place.begins
        self.kind = kind
        self.live = live
        self.ordered = ordered

    def argument_spec(self) -> dict[str, dict[str, Any]]:
        element = dict(self.kind.argument)
        option = {"type": "list", "elements": element.pop("type"), **element}
        return {self.option: unlogged(self.option, option)}

    def load(self, params: Mapping[str, Any], path: str) -> Spec:
        values = params.get(self.option)
        if values is None:
            return {}
        loaded = []
        for index, value in enumerate(values):
            try:
                loaded.append(self.kind.parse(value))
            except ValueError as error:
                raise InputError(f"{join(path, self.option)}[{index}]", f"{error}.") from None
        return {self.option: loaded}

    def read(self, element: Element) -> Spec:
        attribute = self.place.attribute
        values = [_read(self.option, self.kind, found, attribute) for found in self.place.find_all(element)]
        stated = [value for value in values if value is not None]
        return {self.option: stated} if stated else {}

    def write(self, element: Element, spec: Spec) -> None:
        if self.option in spec and not self._same(element, spec[self.option]):
            self._put(element, spec[self.option])

    def differences(self, element: Element, spec: Spec, path: str, exclusive: frozenset[str]) -> Iterator[Difference]:
        if self.option not in spec or self._same(element, spec[self.option]):
            return
        wanted = spec[self.option]
        yield Difference(
            path=join(path, self.option),
            before=self.show(self.read(element)).get(self.option),
            after=self.show(spec)[self.option],
            live=live_of(self.live, element),
            edit=lambda target: self._put(target, wanted),
        )

    def show(self, spec: Spec) -> dict[str, Any]:
        return {self.option: [self.kind.show(value) for value in spec[self.option]]} if self.option in spec else {}

    def _same(self, element: Element, wanted: list[Any]) -> bool:
        found = self.read(element).get(self.option, [])
        return bool(wanted == found if self.ordered else sorted(wanted) == sorted(found))

    def _put(self, element: Element, values: list[Any]) -> None:
        for found in self.place.find_all(element):
            remove(found)
        for value in values:
            self.kind.write(self.place.add(element), self.place.attribute, value)
        if not values:
            self.place.tidy(element)


class Constant(Node):
    """What the format wants beside stated options, and nobody has to state."""

    begins = frozenset()

    def __init__(self, place: str, text: str) -> None:
        self.place = Place(place)
        self.text = text

    def argument_spec(self) -> dict[str, dict[str, Any]]:
        return {}

    def load(self, params: Mapping[str, Any], path: str) -> Spec:
        return {}

    def read(self, element: Element) -> Spec:
        return {}

    def write(self, element: Element, spec: Spec) -> None:
        made = self.place.make(element)
        if self.place.attribute is None:
            made.text = self.text
        else:
            made.set(self.place.attribute, self.text)

    def differences(self, element: Element, spec: Spec, path: str, exclusive: frozenset[str]) -> Iterator[Difference]:
        return iter(())

    def show(self, spec: Spec) -> dict[str, Any]:
        return {}
