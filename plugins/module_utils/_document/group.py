# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Options that hold other options: groups, single devices, and those that exclude each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._errors import InputError
from .node import Difference, Live, Node, Spec, Table, join, live_of, nothing
from .tree import Place, remove
from .value import Field, unlogged

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


class Group(Node):
    """Options below one option, at places below one place.

    ``create`` completes the element when it is new; ``stale`` are places beside it that repeat what it says, and go
    when it changes; ``live`` says how its changes are taken, by the element that the group stands in; ``sort`` keeps
    the elements below in the order of the table.
    """

    def __init__(
        self,
        option: str,
        place: str,
        *nodes: Node,
        create: Callable[[Element, Spec], None] | None = None,
        check: Callable[[Spec, str], None] | None = None,
        stale: Sequence[str] = (),
        live: Live = None,
        sort: bool = False,
    ) -> None:
        self.option = option
        self.place = Place(place)
        self.begins = self.place.begins
        self.table = Table(*nodes)
        self.create = create
        self.check = check
        self.stale = tuple(Place(other) for other in stale)
        self.live = live
        self.order = _order(nodes) if sort else {}

    def argument_spec(self) -> dict[str, dict[str, Any]]:
        return {self.option: unlogged(self.option, {"type": "dict", "options": self.table.argument_spec()})}

    def load(self, params: Mapping[str, Any], path: str) -> Spec:
        value = params.get(self.option)
        spec = {} if value is None else self.table.load(value, join(path, self.option))
        if spec and self.check is not None:
            self.check(spec, join(path, self.option))
        return {self.option: spec} if spec else {}

    def read(self, element: Element) -> Spec:
        found = self.place.find(element)
        spec = {} if found is None else self.table.read(found)
        return {self.option: spec} if spec else {}

    def write(self, element: Element, spec: Spec) -> None:
        if not spec.get(self.option):
            return
        may_be_idle = self.place.find(element) is None or self.stale
        if may_be_idle and not any(True for _difference in self.differences(element, spec, "", frozenset())):
            return
        self.table.write(self._make(element, spec), spec[self.option])
        self._tidy(element)

    def differences(self, element: Element, spec: Spec, path: str, exclusive: frozenset[str]) -> Iterator[Difference]:
        if not spec.get(self.option):
            return
        found = self.place.find(element)
        target = nothing() if found is None else found
        for difference in self.table.differences(target, spec[self.option], join(path, self.option), exclusive):
            live = difference.live if self.live is None else live_of(self.live, element)
            yield difference._replace(live=live, edit=self._within(difference.edit, spec))

    def show(self, spec: Spec) -> dict[str, Any]:
        shown = self.table.show(spec[self.option]) if self.option in spec else {}
        return {self.option: shown} if shown else {}

    def lists(self, path: str = "") -> Iterator[str]:
        return self.table.lists(join(path, self.option))

    def _within(self, edit: Callable[[Element], None], spec: Spec) -> Callable[[Element], None]:
        def edit_below(element: Element) -> None:
            edit(self._make(element, spec))
            self._tidy(element)

        return edit_below

    def _make(self, element: Element, spec: Spec) -> Element:
        """Return the group's element, which is about to be edited."""
        for place in self.stale:
            place.remove(element)
        found = self.place.find(element)
        if found is not None:
            return found
        made = self.place.make(element)
        if self.create is not None:
            self.create(made, spec[self.option])
        return made

    def _tidy(self, element: Element) -> None:
        if not self.place.steps:
            return
        made = self.place.find(element)
        if made is None:
            return
        if self.order:
            made[:] = sorted(made, key=lambda child: self.order.get(str(child.tag), len(self.order)))
        if not made.attrib and not len(made) and not made.text:
            self.place.remove(element)


def _order(nodes: Sequence[Node]) -> dict[str, int]:
    tags = [node.place.steps[0].tag for node in nodes if isinstance(node, Field)]
    return {tag: position for position, tag in enumerate(tags)}


class Single(Group):
    """A part of which an object has one or none: stating ``model: none`` (or of another ``switch``) takes it away."""

    def __init__(self, *nodes: Any, switch: str = "model", **options: Any) -> None:
        super().__init__(*nodes, **options)
        self.switch = switch

    def write(self, element: Element, spec: Spec) -> None:
        wanted = spec.get(self.option)
        if wanted and wanted.get(self.switch) == "none":
            self.place.remove(element)
        elif wanted:
            self.table.write(self._make(element, spec), wanted)

    def differences(self, element: Element, spec: Spec, path: str, exclusive: frozenset[str]) -> Iterator[Difference]:
        wanted = spec.get(self.option)
        if not wanted:
            return
        found = self.place.find(element)
        if (found is None) == (wanted.get(self.switch) == "none"):
            if found is not None:
                yield from super().differences(element, spec, path, exclusive)
            return
        yield Difference(
            path=join(path, self.option),
            before=None if found is None else self.table.show(self.table.read(found)),
            after=None if found is not None else self.table.show(wanted),
            live=None,
            edit=lambda target: self.write(target, spec),
        )


class Variants(Node):
    """Options of which a device states one: what its ``attribute`` (``type``) says decides which.

    Changing the variant, or what it says, drops what described the old one (``stale`` elements too). ``live`` says
    by the device's element and the wanted variant how a running domain takes the change.
    """

    def __init__(
        self,
        attribute: str,
        variants: Mapping[str, Node],
        *,
        live: Callable[[Element, str], str | None] | None = None,
        stale: Sequence[str] = (),
        cleared: str | None = None,
    ) -> None:
        self.attribute = attribute
        self.variants = variants
        self.live = live
        self.stale = tuple(stale)
        self.cleared = cleared
        """The element that is emptied when something else comes into its place."""

    def argument_spec(self) -> dict[str, dict[str, Any]]:
        return {name: option for node in self.variants.values() for name, option in node.argument_spec().items()}

    def load(self, params: Mapping[str, Any], path: str) -> Spec:
        stated = {variant: node.load(params, path) for variant, node in self.variants.items()}
        chosen = [spec for spec in stated.values() if spec]
        if len(chosen) > 1:
            options = sorted(option for spec in chosen for option in spec)
            raise InputError(path, f"{' and '.join(options)} exclude each other.", hint="Give one of them.")
        return chosen[0] if chosen else {}

    def read(self, element: Element) -> Spec:
        node = self.variants.get(element.get(self.attribute, ""))
        return {} if node is None else node.read(element)

    def write(self, element: Element, spec: Spec) -> None:
        if any(True for _difference in self.differences(element, spec, "", frozenset())):
            self._put(element, spec)

    def differences(self, element: Element, spec: Spec, path: str, exclusive: frozenset[str]) -> Iterator[Difference]:
        variant = self._variant(spec)
        if variant is None:
            return
        node = self.variants[variant]
        found = element if element.get(self.attribute) == variant else nothing()
        changes = list(node.differences(found, spec, path, exclusive))
        if not changes:
            return
        live = None if self.live is None else self.live(element, variant)

        def edit(target: Element) -> None:
            self._put(target, spec)

        left = self.show(self.read(element)) if element.get(self.attribute) != variant else {}
        for option, value in left.items():
            if option not in spec:
                yield Difference(join(path, option), value, None, live, edit)
        for change in changes:
            yield change._replace(live=live, edit=edit)

    def show(self, spec: Spec) -> dict[str, Any]:
        variant = self._variant(spec)
        return {} if variant is None else self.variants[variant].show(spec)

    def _variant(self, spec: Spec) -> str | None:
        for variant, node in self.variants.items():
            if any(option in spec for option in node.argument_spec()):
                return variant
        return None

    def _put(self, element: Element, spec: Spec) -> None:
        variant = self._variant(spec)
        if variant is None:
            return
        cleared = None if self.cleared is None else element.find(self.cleared)
        if cleared is not None and element.get(self.attribute) != variant:
            cleared.clear()
        for tag in self.stale:
            for child in element.findall(tag):
                remove(child)
        element.set(self.attribute, variant)
        self.variants[variant].write(element, spec)
