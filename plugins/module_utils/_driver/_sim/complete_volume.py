# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The document of a simulated volume, out of what was said of it and of what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._document.lxml import etree
from ..._document.tree import Place, parse, remove, serialize
from .complete import sort_children
from .model import Volume
from .pool_types import PoolType
from .qcow2 import Image
from .validate_pool import value_at
from .validate_volume import RAW, TARGET_ORDER, VOLUME_ORDER, format_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

FILE = {"mode": "0600", "owner": "0", "group": "0"}
"""Permissions of what libvirt makes when nobody says."""
SHOWN = ("key", "source", "capacity", "allocation", "physical")
"""What is not kept as it was said, but shown as it is."""
OF_IMAGES = ("compat", "clusterSize", "features")


def document_of(name: str, volume: Volume, kind: PoolType) -> str:
    """Write a volume's document as it is now."""
    root = tree_of(volume)
    root.set("type", "dir" if format_of(root) == "dir" else kind.volumes)
    length = volume.capacity if volume.length is None else volume.length
    for tag, text in (("name", name), ("key", volume.path)):
        Place(tag).make(root).text = text
    for tag, size in (("capacity", volume.capacity), ("allocation", volume.taken), ("physical", length)):
        element = Place(tag).make(root)
        element.text = str(size)
        element.set("unit", "bytes")
    Place("target/path").make(root).text = volume.path
    if kind.volume_formats:
        Place("target/format").make(root).set("type", format_of(root))
    permissions = Place("target/permissions").make(root)
    for tag, text in FILE.items():
        if permissions.find(tag) is None:
            etree.SubElement(permissions, tag).text = text
    sort_children(permissions, tuple(FILE))
    _sort(root)
    return serialize(root)


def tree_of(volume: Volume) -> Element:
    """Return what was said of a volume as a tree."""
    return parse(volume.document, f"the volume {volume.path}") if volume.document else etree.Element("volume")


def keep(volume: Volume, root: Element) -> None:
    """Keep what was said of a volume, less what is shown as it is."""
    for tag in SHOWN:
        for element in root.findall(tag):
            root.remove(element)
    _sort(root)
    volume.document = serialize(root)


def describe_image(root: Element, form: str, image: Image | None) -> None:
    """Say of a volume, in place, what its bytes say: their format, and which qcow2 image they are."""
    Place("target/format").make(root).set("type", form)
    for tag in OF_IMAGES:
        for element in root.findall(f"target/{tag}"):
            remove(element)
    for element in root.findall("backingStore"):
        root.remove(element)
    if image is None:
        return
    cluster = Place("target/clusterSize").make(root)
    cluster.text = str(image.cluster_size)
    cluster.set("unit", "B")
    if image.version == 3:
        Place("target/compat").make(root).text = "1.1"
        features = Place("target/features").make(root)
        if image.lazy_refcounts:
            etree.SubElement(features, "lazy_refcounts")
    if image.backing is not None:
        Place("backingStore/path").make(root).text = image.backing
        Place("backingStore/format").make(root).set("type", image.backing_format or RAW)


def image_of(root: Element, capacity: int, cluster_size: int | None) -> Image:
    """Return what a volume's document says that its image is to be."""
    lazy = root.find("target/features/lazy_refcounts") is not None
    modern = value_at(root, "target/compat") == "1.1" or root.find("target/features") is not None
    return Image(
        # qcow2 counts in sectors.
        capacity=-(-capacity // 512) * 512,
        version=3 if modern else 2,
        cluster_size=cluster_size or Image(0).cluster_size,
        backing=value_at(root, "backingStore/path"),
        backing_format=value_at(root, "backingStore/format/@type"),
        lazy_refcounts=lazy,
    )


def _sort(root: Element) -> None:
    sort_children(root, VOLUME_ORDER)
    for target in root.iterchildren("target"):
        sort_children(target, TARGET_ORDER)
