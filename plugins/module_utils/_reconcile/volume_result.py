# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A volume as results show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._document import tree
from .._document.statable import statable
from .._document.units import parse_size
from .._document.volume import VOLUME
from .._driver.storage import VolumeRecord

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_SIZES = ("capacity", "allocation", "physical")

_WORDS = {"path": "target/path", "backing_path": "backingStore/path"}


def summary(record: VolumeRecord, document: Element) -> dict[str, Any]:
    """Return what is known of a volume that exists."""
    return {"name": record.name, "pool": record.pool, "state": "present", "key": record.key, **facts(document)}


def facts(document: Element) -> dict[str, Any]:
    """Return what a document says of a volume, sizes in bytes; without what it does not say."""
    found: dict[str, Any] = {"type": document.get("type")}
    for fact, place in _WORDS.items():
        found[fact] = document.findtext(place)
    image_format = document.find("target/format")
    found["format"] = None if image_format is None else image_format.get("type")
    for fact in _SIZES:
        element = document.find(fact)
        if element is not None and element.text:
            found[fact] = parse_size(element.text, element.get("unit", "bytes"))
    return {fact: value for fact, value in found.items() if value is not None}


def spec_of(pool: str, document: Element) -> dict[str, Any]:
    """Return the options that would make the volume of a document, apart from its content."""
    return {"pool": pool, **VOLUME.show(statable(VOLUME, VOLUME.read(document)))}


def xml_of(document: Element) -> str:
    """Return a document as text."""
    return tree.serialize(document)
