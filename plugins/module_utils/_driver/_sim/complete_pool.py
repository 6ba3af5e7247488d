# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""From a person's document to a pool's configuration, and on to an active pool's document."""

from __future__ import annotations

import uuid as uuids
from typing import TYPE_CHECKING

from ..._document.lxml import etree
from ..._document.tree import Place, parse, serialize
from .complete import sort_children
from .model import BLOCK, Pool, State
from .pool_types import NAMED_AFTER_POOL, POOL_TYPES
from .validate import name_of, uuid_of
from .validate_pool import POOL_ORDER, SOURCE_ORDER, TARGET_ORDER, clean_path, value_at

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

SIZES = ("capacity", "allocation", "available")
PARTITIONED = "dos"
"""How a disk is partitioned when nobody says."""
FOLDER = {"mode": "0711", "owner": "0", "group": "0"}
"""Permissions of what libvirt makes when nobody says."""


def complete_pool(root: Element) -> None:
    """Add to a valid document, in place, what the hypervisor would."""
    uuid = root.find("uuid")
    if uuid is None:
        uuid = etree.SubElement(root, "uuid")
    uuid.text = uuid_of(root) or str(uuids.uuid4())
    source = Place("source").make(root)
    kind = root.get("type", "")
    if kind in NAMED_AFTER_POOL:
        name = value_at(root, "source/name") or name_of(root)
        Place("source/name").make(root).text = name
        if NAMED_AFTER_POOL[kind]:
            Place("target/path").make(root).text = NAMED_AFTER_POOL[kind].format(name)
    adapter = source.find("adapter")
    if adapter is not None:
        adapter.set("type", adapter.get("type", "scsi_host"))
    formats = POOL_TYPES[kind].formats
    if formats and source.find("format") is None:
        etree.SubElement(source, "format", type=formats[0])
    path = root.find("target/path")
    if path is not None:
        path.text = clean_path(path.text or "")
    write_sizes(root, (0, 0, 0))
    _sort(root)


def make_pool_live(root: Element) -> None:
    """Say of a pool that starts, in place, what the node finds: who owns its folder, how its disk is partitioned."""
    form = root.find("source/format")
    if form is not None and root.get("type") == "disk" and form.get("type") == "unknown":
        form.set("type", PARTITIONED)
    if root.find("target/path") is None:
        return
    permissions = Place("target/permissions").make(root)
    for tag, value in FOLDER.items():
        if permissions.find(tag) is None:
            etree.SubElement(permissions, tag).text = value
    sort_children(permissions, tuple(FOLDER))
    _sort(root)


def sizes(state: State, pool: Pool) -> tuple[int, int, int]:
    """Return capacity, allocation and what is available in bytes; all 0 of a pool that is not active."""
    storage = state.storages.get(pool.storage)
    if storage is None or not pool.active:
        return 0, 0, 0
    allocation = sum(volume.taken for volume in storage.volumes.values())
    if POOL_TYPES[parse(pool.live or "", "a pool").get("type", "")].built != "group":
        # What says which volumes there are takes some, too.
        allocation += BLOCK
    return storage.capacity, allocation, max(0, storage.capacity - allocation)


def shown(state: State, pool: Pool, document: str | None) -> str | None:
    """Return a pool's document with the sizes that it has now."""
    if document is None or not pool.active or document != pool.live:
        return document
    root = parse(document, "a pool")
    write_sizes(root, sizes(state, pool))
    return serialize(root)


def write_sizes(root: Element, values: tuple[int, int, int]) -> None:
    """Set a pool's sizes, in place."""
    for tag, value in zip(SIZES, values):
        element = Place(tag).make(root)
        element.set("unit", "bytes")
        element.text = str(value)


def _sort(root: Element) -> None:
    sort_children(root, POOL_ORDER)
    for part, order in (("source", SOURCE_ORDER), ("target", TARGET_ORDER)):
        for element in root.iterchildren(part):
            sort_children(element, order)
