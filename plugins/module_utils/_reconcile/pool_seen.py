# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A pool as it was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._document import tree
from .._driver.base import Driver
from .._driver.storage import PoolRecord, Pools, Volumes
from .._errors import NotSupported

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


class Seen(NamedTuple):
    """One pool with its documents parsed; everything is ``None`` when it does not exist."""

    record: PoolRecord | None
    config: Element | None
    """The document for the next start; of a transient pool, the active one's."""
    live: Element | None

    @property
    def condition(self) -> str:
        """``absent``, or what the pool is in."""
        return "absent" if self.record is None else self.record.state.value


NOTHING = Seen(None, None, None)


def storage(driver: Driver) -> tuple[Pools, Volumes]:
    """Return the driver's storage; raise NotSupported when it has none."""
    if driver.pools is None or driver.volumes is None:
        raise NotSupported(f"{driver.uri} has no storage pools.")
    return driver.pools, driver.volumes


def read(driver: Driver, name: str, uuid: str | None) -> Seen:
    """Read a pool by its name, or else by its UUID."""
    pools, _volumes = storage(driver)
    found = pools.describe([name])
    if not found and uuid is not None:
        other = pools.find(uuid)
        found = pools.describe([other]) if other is not None else []
    return parse(found[0]) if found else NOTHING


def parse(record: PoolRecord) -> Seen:
    """Parse a record's documents."""
    what = f"the document of {record.name}"
    live = tree.parse(record.live, what) if record.live else None
    config = tree.parse(record.config, what) if record.config else None
    return Seen(record, live if config is None else config, live)
