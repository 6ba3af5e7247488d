# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of volumes do with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.stratum.virt.plugins.module_utils._document.tree import parse
from ansible_collections.stratum.virt.plugins.module_utils._driver.storage import VolumeRecord, Volumes
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Extent

MIB = 1024**2


def document(name: str, *, capacity: int = MIB, kind: str = "raw", backing: str | None = None) -> str:
    """Write the document of a volume that takes no space yet."""
    store = f"<backingStore><path>{backing}</path><format type='raw'/></backingStore>" if backing else ""
    return (
        f"<volume><name>{name}</name><capacity unit='bytes'>{capacity}</capacity><allocation>0</allocation>"
        f"<target><format type='{kind}'/></target>{store}</volume>"
    )


def read(volumes: Volumes, pool: str, name: str) -> VolumeRecord:
    (found,) = volumes.describe({pool: [name]})
    return found


def text(record: VolumeRecord, path: str) -> str | None:
    return parse(record.document, "a volume").findtext(path)


def put(volumes: Volumes, pool: str, name: str, extents: Sequence[Extent]) -> None:
    with volumes.upload(pool, name) as writer:
        for extent in extents:
            if extent.data:
                writer.write(extent.data)
            else:
                writer.hole(extent.hole)


def content(volumes: Volumes, pool: str, name: str) -> bytes:
    with volumes.download(pool, name) as extents:
        return joined(extents)


def joined(extents: Iterator[Extent] | Sequence[Extent]) -> bytes:
    return b"".join(extent.data or bytes(extent.hole) for extent in extents)
