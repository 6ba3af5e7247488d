# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A pool as results show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._document import tree
from .._document.pool import MEASURED, POOL
from .._document.statable import statable
from .._driver.storage import PoolRecord

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


def summary(record: PoolRecord) -> dict[str, Any]:
    """Return what is known of a pool without its documents."""
    return {
        "name": record.name,
        "uuid": record.uuid,
        "state": record.state.value,
        "persistent": record.persistent,
        "autostart": record.autostart,
        **{size: getattr(record, size) for size in MEASURED},
    }


def spec_of(document: Element) -> dict[str, Any]:
    """Return the options that would recreate the pool of a document."""
    return POOL.show(statable(POOL, POOL.read(document)))


def xml_of(document: Element) -> str:
    """Return a document as text, without the sizes, which change by themselves."""
    clean = tree.clone(document)
    for child in [child for child in clean if child.tag in MEASURED]:
        tree.remove(child)
    return tree.serialize(clean)
