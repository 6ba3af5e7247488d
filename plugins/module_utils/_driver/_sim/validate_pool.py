# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What libvirt's schema and its parser refuse in a pool's document, as far as the simulation looks."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from ..._document.tree import Place, parse, text_of
from ..._errors import DriverError, InvalidDocument
from .pool_types import POOL_TYPES
from .validate import check_children, check_identity

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

# In the order in which libvirt writes them. Source: https://libvirt.org/formatstorage.html
POOL_ORDER = ("name", "uuid", "capacity", "allocation", "available", "features", "source", "target", "refresh")
SOURCE_ORDER = (
    "host",
    "device",
    "dir",
    "adapter",
    "name",
    "initiator",
    "format",
    "auth",
    "protocol",
    "vendor",
    "product",
)
TARGET_ORDER = ("path", "permissions")
MODE = re.compile("[0-7]{1,4}")


def read_pool(document: str, what: str) -> Element:
    """Parse a pool's document; raise InvalidDocument, DriverError for a type that the node does not have."""
    root = parse(document, what)
    if root.tag != "pool":
        raise InvalidDocument(f"{what}: the document is of the kind {root.tag!r}, not a pool.")
    kind = root.get("type", "")
    if kind not in POOL_TYPES:
        raise InvalidDocument(f"{what}: {kind!r} is not a type of pools.")
    check_children(root, POOL_ORDER, what)
    check_identity(root, what)
    for part, order in (("source", SOURCE_ORDER), ("target", (*TARGET_ORDER, "encryption"))):
        for element in root.iterchildren(part):
            check_children(element, order, what)
    known = POOL_TYPES[kind]
    if not known.supported:
        raise DriverError(f"{what}: the simulated node has no pools of the type {kind}.")
    for need in known.needs:
        if value_at(root, need) is None:
            raise InvalidDocument(f"{what}: a pool of the type {kind} needs {need}.")
    path = value_at(root, "target/path")
    if path is not None and not path.startswith("/"):
        raise InvalidDocument(f"{what}: {path!r} is not an absolute path.")
    form = value_at(root, "source/format/@type")
    if form is not None and known.formats and form not in known.formats:
        raise InvalidDocument(f"{what}: {form!r} is not a format of pools of the type {kind}.")
    check_permissions(root, what)
    return root


def check_permissions(root: Element, what: str) -> None:
    """Raise InvalidDocument for permissions that no file can have."""
    mode = root.findtext("target/permissions/mode")
    if mode is not None and not MODE.fullmatch(mode.strip()):
        raise InvalidDocument(f"{what}: {mode!r} is not an octal mode.")
    for who in ("owner", "group"):
        number = root.findtext(f"target/permissions/{who}")
        if number is not None and not re.fullmatch("-1|[0-9]{1,10}", number.strip()):
            raise InvalidDocument(f"{what}: {number!r} is not the number of an {who}.")


def value_at(root: Element, path: str) -> str | None:
    """Return what stands at a place, ``None`` when there is nothing; empty for an element that need not have text."""
    place = Place(path)
    element = place.find(root)
    if element is None:
        return None
    return text_of(element, place.attribute) or (None if place.attribute or not len(element.attrib) else "")


def place_of(root: Element) -> str:
    """Return where a pool's storage is in the node's ``storages``. The document is a complete one."""
    kind = root.get("type", "")
    path = value_at(root, POOL_TYPES[kind].place) if POOL_TYPES[kind].place else ""
    host = value_at(root, "source/host/@name")
    return " ".join(part for part in (kind, host, path) if part)


def clean_path(path: str) -> str:
    """Return a path without what says nothing, as libvirt writes it."""
    return posixpath.normpath("/" + path.lstrip("/")) if path.startswith("/") else path
