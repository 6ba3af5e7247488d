# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Kinds of values that the hypervisor replaces with what came of them, at the latest when the domain starts.

The document of a running domain then no longer says what was asked for, which must not look like a difference.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .kind import Flag, Integer, Kind, Line, Value, Word
from .tree import Place

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


def is_running(element: Element) -> bool:
    """Whether an element belongs to the document of a running domain, which alone has an ``id``."""
    root = element.getroottree().getroot()
    return root.tag == "domain" and root.get("id") is not None


class Machine(Line):
    """A machine type; an alias (``q35``) is the same as every version of it (``pc-q35-7.2``).

    Otherwise a newer hypervisor, where the alias means a newer version, would change the guest's hardware.
    """

    _PREFIXES = {"q35": "pc-q35-", "pc": "pc-i440fx-"}

    def same(self, wanted: Value, found: Value | None, element: Element | None) -> bool:
        if wanted == found:
            return True
        prefix = self._PREFIXES.get(wanted, f"{wanted}-")
        return found is not None and bool(re.fullmatch(re.escape(prefix) + r"\d.*", found))


class CpuMode(Word):
    """How the guest's CPU is chosen. libvirt writes out ``host-model`` as ``custom`` when the domain starts."""

    def __init__(self) -> None:
        super().__init__("custom", "host-model", "host-passthrough", "maximum")

    def same(self, wanted: Value, found: Value | None, element: Element | None) -> bool:
        if wanted == "host-model" and found == "custom" and element is not None:
            # Only the expansion of the host's own model names the vendor and fixes every feature.
            return element.find("vendor") is not None and element.get("match") == "exact"
        return super().same(wanted, found, element)


class Request(Word):
    """A word that asks for something, where a running domain's document says what came of it.

    ``replaced`` are the words that never appear there.
    """

    def __init__(self, *words: str, replaced: tuple[str, ...], absent: str | None = None) -> None:
        super().__init__(*words, absent=absent)
        self.replaced = replaced

    def same(self, wanted: Value, found: Value | None, element: Element | None) -> bool:
        if super().same(wanted, found, element):
            return True
        return wanted in self.replaced and found is not None and element is not None and is_running(element)


class Drifting(Line):
    """A value that the hypervisor keeps changing while the domain runs, such as the guest's clock's distance."""

    def same(self, wanted: Value, found: Value | None, element: Element | None) -> bool:
        return super().same(wanted, found, element) or (element is not None and is_running(element))


class Firmware(Word):
    """``bios`` or ``uefi``, of which the hypervisor chooses the file; at ``os``.

    Until 9.1 libvirt writes the file that it chose into the running domain's document instead of the word.
    """

    _WORDS = {"uefi": "efi", "bios": "bios"}

    def __init__(self) -> None:
        super().__init__("bios", "uefi")

    def read(self, element: Element, attribute: str | None) -> Value | None:
        said = element.get("firmware")
        return next((word for word, other in self._WORDS.items() if other == said), None)

    def write(self, element: Element, attribute: str | None, value: Value) -> None:
        element.set("firmware", self._WORDS[value])
        # What was there describes another firmware, and none of it may stand beside the word.
        for tag in ("loader", "nvram", "firmware"):
            for child in element.findall(tag):
                element.remove(child)

    def same(self, wanted: Value, found: Value | None, element: Element | None) -> bool:
        if found is not None or element is None or not wanted:
            return super().same(wanted, found, element) or (element is None and wanted == "bios")
        flash = element.find("loader[@type='pflash']") is not None
        return flash if wanted == "uefi" else not flash


class FirmwareFeature(Flag):
    """What the firmware has to have, at ``os``: wished for when it is chosen, stated when its file is given."""

    _LOADER = Place("loader")

    def __init__(self, name: str, *, loader_attribute: str | None = None) -> None:
        super().__init__()
        self.feature = Place(f"firmware/feature[@name='{name}']/@enabled")
        self.loader_attribute = loader_attribute

    def read(self, element: Element, attribute: str | None) -> Value | None:
        feature, loader = self.feature.find(element), self._LOADER.find(element)
        if feature is not None:
            return feature.get("enabled") == "yes"
        said = None if loader is None or self.loader_attribute is None else loader.get(self.loader_attribute)
        return None if said is None else said == "yes"

    def write(self, element: Element, attribute: str | None, value: Value) -> None:
        if self.loader_attribute is None or element.get("firmware") is not None:
            self.feature.make(element).set("enabled", self.to_document(value))
            if self.loader_attribute is not None:
                Place(f"loader/@{self.loader_attribute}").remove(element)
        else:
            self._LOADER.make(element).set(self.loader_attribute, self.to_document(value))

    def same(self, wanted: Value, found: Value | None, element: Element | None) -> bool:
        if found is not None or element is None or element.get("firmware") is not None:
            return bool(wanted == found) or (element is None and not wanted)
        # Once chosen, a running domain's firmware no longer says why; without UEFI there is nothing to have.
        return not wanted or is_running(element)


class Port(Integer):
    """The port of a display; -1 lets the hypervisor choose, and a running domain says which one it chose.

    A port of its own switches the choice off (``automatic``), which the format keeps beside it.
    """

    def __init__(self, *, automatic: bool = True) -> None:
        super().__init__(-1, 65535)
        self.automatic = automatic

    def read(self, element: Element, attribute: str | None) -> Value | None:
        port = super().read(element, attribute)
        return None if port == -1 or element.get("autoport") == "yes" else port

    def write(self, element: Element, attribute: str | None, value: Value) -> None:
        super().write(element, attribute, value)
        if self.automatic or value != -1:
            element.set("autoport", "yes" if value == -1 else "no")

    def same(self, wanted: Value, found: Value | None, element: Element | None) -> bool:
        if wanted == -1 and found is None:
            return element is not None and (element.get("autoport") == "yes" or not self.automatic)
        return bool(wanted == found)


class Chosen(Integer):
    """A number; -1 lets the hypervisor choose, and a running domain says which one it chose."""

    def same(self, wanted: Value, found: Value | None, element: Element | None) -> bool:
        return bool(wanted == found) or (wanted == -1 and element is not None and is_running(element))


class SourcePath(Kind):
    """Where a filesystem comes from: the attribute of ``source`` that its type says."""

    _ATTRIBUTES = {"mount": "dir", "bind": "dir", "file": "file", "block": "dev", "template": "name"}

    def read(self, element: Element, attribute: str | None) -> Value | None:
        return element.get(self._attribute(element))

    def write(self, element: Element, attribute: str | None, value: Value) -> None:
        element.set(self._attribute(element), value)

    def parse(self, value: Any) -> Value:
        text = super().parse(value)
        if not text or "\n" in text:
            raise ValueError("it must be a path or a name")
        return text

    def _attribute(self, element: Element) -> str:
        parent = element.getparent()
        return self._ATTRIBUTES.get("mount" if parent is None else parent.get("type", "mount"), "dir")
