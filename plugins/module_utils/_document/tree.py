# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Documents as trees: safe parsing, and places within them."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from .._errors import InvalidDocument
from .lxml import etree, require_lxml

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

MAX_BYTES = 4 * 1024 * 1024
"""The longest string that libvirt's protocol carries."""

NAMESPACES = {
    "stratum": "urn:stratum.virt:domain:1",
    "network": "urn:stratum.virt:network:1",
    "qemu": "http://libvirt.org/schemas/domain/qemu/1.0",
    "lxc": "http://libvirt.org/schemas/domain/lxc/1.0",
    "fs": "http://libvirt.org/schemas/storagepool/fs/1.0",
    "rbd": "http://libvirt.org/schemas/storagepool/rbd/1.0",
}


def parse(text: str | bytes, what: str) -> Element:
    """Parse a document that may come from anybody; raise InvalidDocument that names ``what``.

    No document type, so no entities; no network; at most MAX_BYTES. Comments and layout are dropped.
    """
    require_lxml()
    data = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    if len(data) > MAX_BYTES:
        raise InvalidDocument(f"{what}: {len(data)} bytes are more than a document may have ({MAX_BYTES}).")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_blank_text=True,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
        encoding="utf-8" if isinstance(text, str) else None,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise InvalidDocument(f"{what}: not well-formed XML: {error.msg}.") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise InvalidDocument(f"{what}: it has a document type declaration, which could define entities.")
    return root


def serialize(element: Element) -> str:
    """Write a document, indented, without declaration."""
    tidy = clone(element)
    etree.indent(tidy)
    return etree.tostring(tidy, encoding="unicode", with_tail=False) + "\n"


def clone(element: Element) -> Element:
    """Copy an element out of its document."""
    return etree.fromstring(etree.tostring(element, with_tail=False))


def without_namespace(element: Element) -> Element:
    """Copy an element out of its document and its namespace: libvirt puts metadata into theirs by itself, and fails
    if they are there already."""
    copy = clone(element)
    for part in copy.iter():
        part.tag = etree.QName(part).localname
    etree.cleanup_namespaces(copy)
    return copy


class Step(NamedTuple):
    """One element on the way to a place."""

    tag: str
    """With its namespace, in Clark's notation."""
    prefix: str | None
    attribute: str | None
    """The step's element is the one whose ``attribute`` is ``value``."""
    value: str | None

    def find(self, parent: Element) -> Element | None:
        # Half the time of lxml's own find.
        for child in parent.iterchildren(self.tag):
            if self.attribute is None or child.get(self.attribute) == self.value:
                return child
        return None

    def make(self, parent: Element) -> Element:
        nsmap = {self.prefix: NAMESPACES[self.prefix]} if self.prefix else None
        made = etree.SubElement(parent, self.tag, nsmap=nsmap)
        if self.attribute is not None:
            made.set(self.attribute, self.value or "")
        return made


_STEP = re.compile(r"(?:(?P<prefix>\w+):)?(?P<name>[\w.-]+)(?:\[@(?P<attribute>[\w.-]+)='(?P<value>[^']*)'\])?")


class Place:
    """Where a value stands: ``a/b`` (an element's text), ``a/b/@c`` (an attribute), ``a[@b='c']/@d``.

    An empty path is the element itself.
    """

    __slots__ = ("attribute", "path", "steps")

    def __init__(self, path: str) -> None:
        self.path = path
        parts = path.split("/") if path else []
        self.attribute = parts.pop()[1:] if parts and parts[-1].startswith("@") else None
        self.steps = tuple(_step(part) for part in parts)

    @property
    def begins(self) -> frozenset[str] | None:
        """The tag of the child on the way to this place, ``None`` when there is none on it."""
        return frozenset((self.steps[0].tag,)) if self.steps else None

    def find(self, element: Element) -> Element | None:
        """Return the element at this place, ``None`` when there is none."""
        for step in self.steps:
            found = step.find(element)
            if found is None:
                return None
            element = found
        return element

    def make(self, element: Element) -> Element:
        """Return the element at this place, with everything on the way to it."""
        for step in self.steps:
            found = step.find(element)
            element = step.make(element) if found is None else found
        return element

    def find_all(self, element: Element) -> list[Element]:
        """Return all elements at this place: the siblings of its last step."""
        parent = self._parent(element)
        return [] if parent is None else list(parent.iterchildren(self.steps[-1].tag))

    def add(self, element: Element) -> Element:
        """Add one more element at this place."""
        for step in self.steps[:-1]:
            found = step.find(element)
            element = step.make(element) if found is None else found
        return self.steps[-1].make(element)

    def remove(self, element: Element) -> None:
        """Remove the value, and the elements on the way that hold nothing else."""
        trail = []
        for step in self.steps:
            found = step.find(element)
            if found is None:
                return
            trail.append(found)
            element = found
        if self.attribute is not None:
            if self.attribute in element.attrib:
                del element.attrib[self.attribute]
        elif trail:
            remove(trail.pop())
        else:
            element.text = None
        self._prune(trail)

    def tidy(self, element: Element) -> None:
        """Remove the elements on the way to this place that hold nothing."""
        trail = []
        for step in self.steps[:-1]:
            found = step.find(element)
            if found is None:
                break
            trail.append(found)
            element = found
        self._prune(trail)

    def _prune(self, trail: list[Element]) -> None:
        for index in range(len(trail) - 1, -1, -1):
            if not holds_nothing(trail[index], self.steps[index]):
                return
            remove(trail[index])

    def _parent(self, element: Element) -> Element | None:
        for step in self.steps[:-1]:
            found = step.find(element)
            if found is None:
                return None
            element = found
        return element


@cache
def _step(part: str) -> Step:
    match = _STEP.fullmatch(part)
    if match is None:
        raise ValueError(f"not a step of a place: {part!r}")
    prefix = match["prefix"]
    tag = f"{{{NAMESPACES[prefix]}}}{match['name']}" if prefix else match["name"]
    return Step(tag, prefix, match["attribute"], match["value"])


def remove(element: Element) -> None:
    """Take an element out of its document."""
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def holds_nothing(element: Element, step: Step) -> bool:
    """Whether an element says nothing beyond what its step says."""
    attributes = set(element.attrib) - {step.attribute}
    return not attributes and not len(element) and not (element.text or "").strip()


def text_of(element: Element, attribute: str | None) -> str | None:
    """Return an attribute, or the element's text without white space around it; ``None`` when it is not there."""
    if attribute is not None:
        return element.get(attribute)
    return (element.text or "").strip()
