# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A volume as it was read, and the pool that it is in."""

from __future__ import annotations

import posixpath
import time
from typing import TYPE_CHECKING, NamedTuple

from .._deadline import Deadline
from .._document import tree
from .._driver.base import Capability, Driver
from .._driver.storage import PoolRecord, Pools, VolumeRecord, Volumes
from .._errors import Denied, DriverError, NotSupported
from .volume_request import COPYING

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_RETRY = 0.2
"""Seconds."""


class Seen(NamedTuple):
    """One volume with its document parsed; ``None`` where there is none."""

    pool: PoolRecord | None
    record: VolumeRecord | None
    document: Element | None
    incomplete: bool = False
    """Whether a copy to the volume's name broke off: what has the name then counts for nothing."""

    @property
    def pool_type(self) -> str:
        """The type of the pool (``dir``, ``logical``…), ``""`` when there is no pool."""
        text = None if self.pool is None else self.pool.live or self.pool.config
        return "" if text is None else tree.parse(text, "the pool's document").get("type", "")


def storage(driver: Driver) -> tuple[Pools, Volumes]:
    """Return the driver's storage; raise NotSupported when it has none."""
    if driver.pools is None or driver.volumes is None:
        raise NotSupported(f"pool: {driver.uri} has no storage pools.", option="pool")
    return driver.pools, driver.volumes


def read(driver: Driver, pool: str, name: str, timeout: float) -> Seen:
    """Read a volume. The hypervisor does not notice files that come or go by other ways: it is told to look again where
    there is one that it does not know, or none although it knows one."""
    pools, volumes = storage(driver)
    found = pools.describe([pool])
    if not found:
        return Seen(None, None, None)
    record, incomplete = find(volumes, pool, name)
    if record is None and not incomplete and found[0].state.active:
        is_listed = bool(volumes.paths([(pool, name)]))
        if is_listed or _is_file(driver, found[0], name):
            look_again(pools, pool, timeout)
            record, incomplete = find(volumes, pool, name)
    return Seen(found[0], record, None if record is None else parse(record), incomplete)


def find(volumes: Volumes, pool: str, name: str) -> tuple[VolumeRecord | None, bool]:
    """Return a volume, ``None`` when there is none that is complete, and whether there is a sign that it is not."""
    found = {record.name: record for record in volumes.describe({pool: [name, name + COPYING]})}
    incomplete = name + COPYING in found
    return None if incomplete else found.get(name), incomplete


def parse(record: VolumeRecord) -> Element:
    """Parse a record's document."""
    return tree.parse(record.document, f"the document of {record.name}")


def path_of(document: Element) -> str | None:
    """Return where a volume is on its node, as its document says."""
    return document.findtext("target/path") or None


def _is_file(driver: Driver, pool: PoolRecord, name: str) -> bool:
    folder = None if pool.live is None else tree.parse(pool.live, "the pool's document").findtext("target/path")
    if not folder or Capability.NODE_FILES not in driver.capabilities:
        return False
    try:
        return driver.host.status(posixpath.join(folder, name)) is not None
    except Denied:
        # What this user may not see, the hypervisor will say when it gets there.
        return False


def look_again(pools: Pools, pool: str, timeout: float) -> None:
    """Have the hypervisor look through a pool, which it does not do while a volume of the pool is being made.

    What it knew before does not do instead: a file that it does not know would be taken for none, and replaced.
    """
    deadline = Deadline(timeout)
    while True:
        try:
            pools.refresh(pool)
            return
        except DriverError:
            if deadline.passed:
                raise
        time.sleep(_RETRY)
