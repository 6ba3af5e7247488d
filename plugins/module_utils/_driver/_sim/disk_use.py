# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Which volumes are the disks of which running domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._document.tree import parse
from .images import at_path
from .model import State, Volume

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


def volume_of(state: State, disk: Element) -> Volume | None:
    """Return the volume that a disk has, ``None`` when it has something else."""
    source = disk.find("source")
    if source is None:
        return None
    pool, name = source.get("pool"), source.get("volume")
    if pool is None or name is None:
        path = source.get("file") or source.get("dev")
        return at_path(state, path) if path else None
    return state.volumes(pool).get(name) if pool in state.pools and state.pools[pool].active else None


def writer_of(state: State, volume: Volume) -> str | None:
    """Return the running domain that locks a volume because it may write to it, ``None`` when there is none."""
    for name, domain in state.domains.items():
        if domain.live is None:
            continue
        for disk in parse(domain.live, f"the running domain {name}").iterfind("devices/disk"):
            if disk.find("readonly") is None and volume_of(state, disk) is volume:
                return name
    return None
