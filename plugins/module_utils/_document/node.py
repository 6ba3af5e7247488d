# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The declaration of options: one entry ties a spec option to its place in a document.

From the same tables come the argument spec, reading, writing, comparison and the diff. A *spec* is a dictionary of
canonical values (see kind.py) that holds only what was stated. Every node of a table knows five things about its
options: how a task states them (``argument_spec``, ``load``), what a document says (``read``), how to edit a document
in place (``write``), where the two differ (``differences``), and how a spec is printed (``show``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from .lxml import etree

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from .items import Items

Spec = dict[str, Any]
Live = Union[str, None, "Callable[[Element], str | None]"]
"""How a running domain takes a change: ``None`` at its next start only, ``update`` with its device, or the name of a
step of its own (``memory``, ``vcpus``, ``title``…). A function decides by the device's element."""


class Device(NamedTuple):
    """One entry of a list of devices that a difference belongs to."""

    items: Items
    label: str
    """``disks[vda]``"""
    element: Element | None
    """As the document has it; ``None`` when it is to be added."""
    wanted: Spec | None
    """``None`` when it is to be removed."""


class Difference(NamedTuple):
    """One place where a document is not as the spec wants it."""

    path: str
    before: Any
    after: Any
    live: str | None
    edit: Callable[[Element], None]
    """Makes just this change in an element like the one compared (of a device: like the device's element)."""
    device: Device | None = None
    removal: bool = False
    """An entry that ``exclusive`` makes go; its edit works on the compared document only."""


class Node:
    """One or several options of a table."""

    option: str = ""
    """Its name, where it is a single one; else nothing."""
    begins: frozenset[str] | None = None
    """The tags of the elements of which it needs one to read anything; ``None``: it may read something without."""

    def argument_spec(self) -> dict[str, dict[str, Any]]:
        """Return Ansible's argument spec of these options."""
        raise NotImplementedError

    def load(self, params: Mapping[str, Any], path: str) -> Spec:
        """Return what a task stated, in canonical form; raise InputError that names the option."""
        raise NotImplementedError

    def read(self, element: Element) -> Spec:
        """Return what a document says."""
        raise NotImplementedError

    def write(self, element: Element, spec: Spec) -> None:
        """Edit a document so that it says what is stated."""
        raise NotImplementedError

    def differences(self, element: Element, spec: Spec, path: str, exclusive: frozenset[str]) -> Iterator[Difference]:
        """Yield where a document is not as stated; entries of lists named in ``exclusive`` must be stated to stay."""
        raise NotImplementedError

    def show(self, spec: Spec) -> dict[str, Any]:
        """Return a spec as a person writes it, without secrets."""
        raise NotImplementedError

    def lists(self, path: str = "") -> Iterator[str]:
        """Yield the paths of the lists that ``exclusive`` can name."""
        return iter(())


class Table(Node):
    """Several nodes side by side."""

    def __init__(self, *nodes: Node) -> None:
        self.nodes = nodes
        # Of all that an object may have, a document says little: only what it says is looked at.
        self._always = tuple(index for index, node in enumerate(nodes) if node.begins is None)
        self._unnamed = tuple(index for index, node in enumerate(nodes) if not node.option)
        self._beginning: dict[str, list[int]] = {}
        self.named: dict[str, int] = {}
        """The places of nodes that are single options."""
        for index, node in enumerate(nodes):
            if node.option:
                self.named[node.option] = index
            for begin in node.begins or ():
                self._beginning.setdefault(begin, []).append(index)

    def only(self, *options: str) -> Table:
        """Return a table of some of the single options, which reads and shows nothing else."""
        return Table(*(self.nodes[self.named[option]] for option in options))

    def argument_spec(self) -> dict[str, dict[str, Any]]:
        return {name: option for node in self.nodes for name, option in node.argument_spec().items()}

    def load(self, params: Mapping[str, Any], path: str = "") -> Spec:
        return {name: value for node in self.nodes for name, value in node.load(params, path).items()}

    def read(self, element: Element) -> Spec:
        wanted = set(self._always)
        for tag in {child.tag for child in element}:
            wanted.update(self._beginning.get(tag, ()))
        spec: Spec = {}
        for index in sorted(wanted):
            spec.update(self.nodes[index].read(element))
        return spec

    def write(self, element: Element, spec: Spec) -> None:
        for node in self.nodes:
            node.write(element, spec)

    def differences(
        self, element: Element, spec: Spec, path: str = "", exclusive: frozenset[str] = frozenset()
    ) -> Iterator[Difference]:
        for node in self.nodes:
            yield from node.differences(element, spec, path, exclusive)

    def show(self, spec: Spec) -> dict[str, Any]:
        named = self.named
        shown: dict[str, Any] = {}
        for index in sorted([*self._unnamed, *(named[option] for option in spec if option in named)]):
            shown.update(self.nodes[index].show(spec))
        return shown

    def lists(self, path: str = "") -> Iterator[str]:
        for node in self.nodes:
            yield from node.lists(path)


def join(path: str, option: str) -> str:
    """Return the path of an option within another."""
    return f"{path}.{option}" if path else option


def nothing() -> Element:
    """Return an element that says nothing, to compare with where there is none."""
    return etree.Element("nothing")


def live_of(live: Live, element: Element) -> str | None:
    """Return how a running domain takes a change at this element."""
    return live(element) if callable(live) else live
