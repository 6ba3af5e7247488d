# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What libvirt refuses in a volume's document, as far as the simulation looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._document.tree import Place, parse
from ..._document.units import factor
from ..._errors import DriverError, InvalidDocument, NotSupported
from .pool_types import PARTITIONS, PoolType
from .validate import check_children, check_name, name_of
from .validate_pool import check_permissions, value_at

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

# In the order in which libvirt writes them. Source: https://libvirt.org/formatstorage.html#storage-volume-xml
VOLUME_ORDER = ("name", "key", "source", "capacity", "allocation", "physical", "target", "backingStore")
TARGET_ORDER = (
    "path",
    "format",
    "permissions",
    "timestamps",
    "encryption",
    "compat",
    "clusterSize",
    "features",
    "nocow",
)
RAW, QCOW2 = "raw", "qcow2"
PREALLOCATED = frozenset({RAW, *PARTITIONS})
"""Formats for which space is set aside when nobody says how much: all of it."""
COMPATS = ("0.10", "1.1")
SIZE_LIMIT = 2**63


def read_volume(document: str, kind: PoolType, what: str) -> Element:
    """Parse a volume's document, and give it a format; raise InvalidDocument, NotSupported, DriverError."""
    root = parse(document, what)
    if root.tag != "volume":
        raise InvalidDocument(f"{what}: the document is of the kind {root.tag!r}, not a volume.")
    check_children(root, VOLUME_ORDER, what)
    for target in root.iterchildren("target"):
        check_children(target, TARGET_ORDER, what)
    if root.find("name") is None:
        raise InvalidDocument(f"{what}: the document has no name.")
    check_name(name_of(root), what)
    if name_of(root) in (".", ".."):
        raise InvalidDocument(f"{what}: {name_of(root)!r} is a folder.")
    for tag in ("capacity", "allocation"):
        size_at(root, tag, what)
    if kind.default_format is not None and value_at(root, "target/format/@type") is None:
        Place("target/format").make(root).set("type", kind.default_format)
    if kind.default_format is None:
        Place("target/format/@type").remove(root)
    form = format_of(root)
    if kind.volume_formats and form not in kind.volume_formats:
        raise InvalidDocument(f"{what}: {form!r} is not a format of volumes.")
    compat = value_at(root, "target/compat")
    if compat is not None and compat not in COMPATS:
        raise InvalidDocument(f"{what}: {compat!r} is not a version of qcow2.")
    cluster = size_at(root, "target/clusterSize", what)
    if cluster is not None and (cluster & (cluster - 1) or not 512 <= cluster <= 2 * 1024**2):
        raise DriverError(f"{what}: {cluster} is not a power of two from 512 to 2 MiB, as clusters have to be.")
    if form == RAW and value_at(root, "backingStore/path") is not None:
        raise NotSupported(f"{what}: a raw volume cannot be built on another one.")
    if root.find("target/encryption") is not None and len(root.findall("target/encryption/secret")) != 1:
        raise DriverError(f"{what}: an encrypted volume needs exactly one secret.")
    check_permissions(root, what)
    return root


def format_of(root: Element) -> str:
    """Return the format that a volume's document says, or means."""
    return value_at(root, "target/format/@type") or RAW


def size_at(root: Element, path: str, what: str) -> int | None:
    """Return a size in bytes, ``None`` when it is not there; raise InvalidDocument, DriverError."""
    element = root.find(path)
    if element is None:
        return None
    text, unit = (element.text or "").strip(), element.get("unit", "bytes")
    if not (text.isascii() and text.isdigit()) or len(text) > 20:
        raise InvalidDocument(f"{what}: {text!r} is not a number for {element.tag}.")
    try:
        size = int(text) * factor(unit)
    except ValueError as error:
        raise InvalidDocument(f"{what}: {unit!r} is not a unit of {element.tag}.") from error
    if size >= SIZE_LIMIT:
        raise DriverError(f"{what}: {text} {unit} is too large for {element.tag}.")
    return size
